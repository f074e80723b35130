"""`itamed-hf` as the harness uses it, on a tiny model in a folder."""

import json
from copy import deepcopy
from dataclasses import replace
from unittest.mock import Mock, patch

import numpy as np
import pytest
from itamed.benchmark.decoding.answer import ANSWER_HEADING, read_answer
from itamed.benchmark.engines.hf import lm as module
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from ...fakehub import Repo
from ..instances import question
from . import runs, tiny

OTHER = {"question": "?"}
"""A document of another project's task."""


def harness(kind, folder, **given):
    """Return a model of the harness, four answers at a time."""
    return kind(str(folder), **{"device": "cpu", "dtype": "float32", "batch_size": 4} | given)


def questions(count=5, **kwargs):
    """Return requests of various length whose answers are free."""
    prompts, _ = tiny.prompts(1, count)
    texts = [tiny.tokenizer().decode(prompt) for prompt in prompts]
    return [question(number, text, OTHER, max_gen_toks=20, **kwargs) for number, text in enumerate(texts)]


def test_each_answer_is_stored_when_it_is_complete(folder):
    lm, requests = harness(ItamedHF, folder, batch_size=2), questions(8)
    seen = []
    lm.cache_hook = Mock()
    lm.cache_hook.add_partial = lambda kind, arguments, answer: seen.append((kind, arguments, answer, lm.work.forwards))
    answers = lm.generate_until(requests)
    assert [kind for kind, *_ in seen] == ["generate_until"] * 8
    assert {arguments[0]: answer for _, arguments, answer, _ in seen} == {
        request.args[0]: answer for request, answer in zip(requests, answers, strict=True)
    }
    assert all(arguments in [request.args for request in requests] for _, arguments, *_ in seen), (
        "the harness's own keys"
    )
    assert len({forwards for *_, forwards in seen}) > 2


def test_the_batch_size_changes_no_answer(folder):
    requests = [*questions(), question(7, "### Compito\nuno")]
    plain = harness(ItamedHF, folder, batch_size=1).generate_until(requests)
    assert read_answer(plain[-1]).status == "valid"
    for size in (3, "auto"):
        assert harness(ItamedHF, folder, batch_size=size).generate_until(requests) == plain


def test_documents_of_other_tasks_are_answered_as_in_the_harness(folder):
    requests = questions()
    plain = harness(HFLM, folder).generate_until(requests)
    assert harness(ItamedHF, folder).generate_until(requests) == plain
    stop = sorted({text[6:8] for text in plain if text[6:8].isalpha()})
    requests = questions(until=stop)
    stopped = harness(HFLM, folder).generate_until(requests)
    assert stopped != plain
    assert harness(ItamedHF, folder).generate_until(requests) == stopped


@pytest.mark.parametrize("given", [{"add_bos_token": True}, {"add_bos_token": False}, {"max_length": 60}])
def test_prompts_are_read_as_in_the_harness(folder, given):
    requests = questions()
    plain = harness(HFLM, folder, **given).generate_until(requests)
    assert plain != harness(HFLM, folder).generate_until(requests) or given == {"add_bos_token": True}
    assert harness(ItamedHF, folder, **given).generate_until(requests) == plain


def test_chat_templates_begin_prompts_once(folder):
    ours, plain = harness(ItamedHF, folder), harness(HFLM, folder)
    prompt = ours.apply_chat_template([{"role": "user", "content": "Dove fa male?"}])
    assert prompt.startswith("<s>[user]")
    request = question(1, prompt, OTHER)
    with captured() as asked:
        ours.generate_until([request])
    assert asked[0].prompt[:2].tolist() == [0, tiny.encode("[")[0]]
    assert ours.generate_until([request]) == plain.generate_until([request])


@pytest.mark.parametrize("kind", [str, int])
def test_thoughts_are_left_out_of_free_answers_as_in_the_harness(folder, kind):
    requests = questions()
    text = harness(HFLM, folder).generate_until(requests)[0]
    tokens = tiny.encode(text)
    mark = next(token for token in tokens[2:] if tiny.tokenizer().decode(token).isalpha())
    given = {"think_end_token": mark if kind is int else tiny.tokenizer().decode(mark)}
    plain = harness(HFLM, folder, **given).generate_until(requests)
    assert plain[0] != text
    assert harness(ItamedHF, folder, **given).generate_until(requests) == plain


THINKING = """%llguidance {}
start: <think>? THOUGHT? </think> "{\\"answer\\":\\"" ("A" | "B") "\\"}"
THOUGHT: /(?s:.{1,5})/
"""


def test_the_mark_that_ends_a_thought_stays(folder, tmp_path, monkeypatch):
    """Where it is a special token it would be left out of a text as others are."""
    tokenizer = deepcopy(tiny.tokenizer())
    tokenizer.add_special_tokens({"additional_special_tokens": ["<think>", "</think>"]})
    tiny.speaking("qwen3").save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    monkeypatch.setattr("itamed.benchmark.engines.grammars.grammar_of", lambda *_: THINKING)
    lm = harness(ItamedHF, tmp_path, reasoning="think")
    answers = lm.generate_until([question(number, f"### Compito\n{number}") for number in range(4)])
    for answer in answers:
        assert answer.count("</think>") == 1
        assert read_answer(answer).status == "valid"
    assert lm.enable_thinking is True, "the chat template opens the thinking part"


DATED = (
    "{% if date_string is not defined %}{% set date_string = strftime_now('%d %b %Y') %}{% endif %}"
    "{{ date_string }}: {{ messages[0].content }}"
)


def test_prompts_do_not_change_with_the_day(folder):
    """Llama's templates print today's date unless they are given one."""
    lm = harness(ItamedHF, folder)
    lm.tokenizer.chat_template = DATED
    turns = [{"role": "user", "content": "?"}]
    assert lm.apply_chat_template(turns) == "26 Jul 2024: ?"
    lm = harness(ItamedHF, folder, chat_template_args={"date_string": "1 Jan 2025"})
    lm.tokenizer.chat_template = DATED
    assert lm.apply_chat_template(turns) == "1 Jan 2025: ?"


def captured():
    """Return a context in which the loop answers nothing; it gives the requests that the loop was asked."""

    class Captured:
        def __enter__(self):
            found = []
            self.patch = patch.object(module.Loop, "run", lambda _, requests: found.extend(requests) or iter(()))
            self.patch.start()
            return found

        def __exit__(self, *_):
            self.patch.stop()

    return Captured()


def test_a_long_prompt_loses_its_beginning_and_says_so(folder, caplog):
    (request, *_) = questions()
    lm = harness(ItamedHF, folder, max_length=60)
    tokens = lm.tok_encode(request.args[0])
    with captured() as asked, caplog.at_level("WARNING"):
        lm.generate_until([request])
    assert np.array_equal(asked[0].prompt, tokens[-40:])
    assert f"has {len(tokens)} tokens; the first {len(tokens) - 40} are left out" in caplog.text


def test_prompts_are_the_same_in_free_and_constrained_runs(folder):
    """The longer answers of constrained runs must not cost them what free ones see."""
    texts = [tiny.tokenizer().decode(prompt) for prompt in tiny.prompts(1, 3)[0]]
    requests = [question(number, text) for number, text in enumerate([*texts, "breve"])]
    sizes = [len(harness(ItamedHF, folder).tok_encode(request.args[0])) for request in requests]
    longest = sorted(sizes)[1] + 40
    with captured() as asked:
        harness(ItamedHF, folder, max_length=longest, constrained=False).generate_until(requests)
        harness(ItamedHF, folder, max_length=longest).generate_until(requests)
    free, constrained = asked[:4], asked[4:]
    assert [each.prompt.tolist() for each in free] == [each.prompt.tolist() for each in constrained]
    assert {each.budget for each in free} == {32}
    assert sorted(each.budget for each in constrained) == [32, 32, 40, 64]
    assert all(len(each.prompt) + each.budget <= longest for each in constrained)


def test_an_answer_that_leaves_no_room_for_a_prompt_is_a_clear_error(folder):
    lm = harness(ItamedHF, folder, max_length=60)
    with pytest.raises(ItamedError, match=r"task needs 60 tokens for an answer, the model takes 60 in all.*max_length"):
        lm.generate_until([question(1, max_gen_toks=60)])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mixed_precision_dtype": "bfloat16"}, r"does not take mixed_precision_dtype.*dtype=bfloat16"),
        ({"parallelize": True}, "does not take parallelize.*itamed-vllm with tensor_parallel_size=2"),
    ],
)
def test_arguments_of_the_harness_that_the_loop_does_not_follow_are_refused(folder, given, message):
    with pytest.raises(ItamedError, match=message):
        harness(ItamedHF, folder, **given)


def test_tasks_of_similar_length_are_answered_together(folder, monkeypatch):
    made = []
    monkeypatch.setattr(module, "Loop", lambda *given: Mock(run=lambda todo: made.append(todo) or iter(())))
    requests = [replace(question(number), metadata=(f"task{number % 3}", number, 1)) for number in range(6)]
    (prompt,), _ = tiny.prompts(1, 1)
    long, longest = (tiny.tokenizer().decode(prompt[:size]) for size in (100, 120))
    requests[0] = replace(requests[0], arguments=(longest, requests[0].args[1]))
    requests[4] = replace(requests[4], arguments=(long, requests[4].args[1]))
    harness(ItamedHF, folder).generate_until(requests)
    assert [[request.task for request in group] for group in made] == [["task0", "task1"] * 2, ["task2"] * 2]


def test_answers_in_groups_are_those_of_single_runs(folder):
    requests = [replace(request, metadata=(f"task{n}", n, 1)) for n, request in enumerate(questions())]
    requests += [replace(question(9, "### Compito\nuno"), metadata=("short", 9, 1))]
    lm = harness(ItamedHF, folder)
    assert len(module._groups([lm._request(request, None) for request in requests])) > 1
    assert lm.generate_until(requests) == [lm.generate_until([request])[0] for request in requests]


@pytest.mark.parametrize("given", [{"do_sample": True, "temperature": 0.7}, {"do_sample": None, "temperature": 0.7}])
def test_sampling_is_a_clear_error(folder, given):
    with pytest.raises(ItamedError, match="itamed-hf answers greedily; task asks for sampling: use --model hf"):
        harness(ItamedHF, folder).generate_until([question(1, **given)])


@pytest.mark.parametrize("given", [{"num_beams": 2}, {"repetition_penalty": 1.3}, {"no_repeat_ngram_size": 2}])
def test_what_is_not_plain_greedy_search_is_not_ignored(folder, given):
    requests = questions(**given)
    assert harness(HFLM, folder).generate_until(requests) != harness(HFLM, folder).generate_until(questions())
    with pytest.raises(ItamedError, match=f"(?s){next(iter(given))}.*--model hf"):
        harness(ItamedHF, folder).generate_until(requests)


def test_settings_that_come_with_a_model_are_not_ignored(tmp_path, caplog):
    """Some models ask for a penalty on repetition, which `generate()` applies to greedy answers too."""
    model = tiny.speaking("qwen3")
    model.generation_config.repetition_penalty = 1.3
    model.save_pretrained(tmp_path)
    tiny.tokenizer().save_pretrained(tmp_path)
    plain = harness(HFLM, tmp_path).generate_until(questions())
    with caplog.at_level("WARNING"):
        assert harness(ItamedHF, tmp_path).generate_until(questions()) == plain or "repetition_penalty" in caplog.text


@pytest.mark.parametrize("size", [0, -1])
def test_no_batch_at_all_is_a_clear_error(folder, size):
    with runs.within(5), pytest.raises(ItamedError, match="batch_size"):
        harness(ItamedHF, folder, batch_size=size).generate_until(questions(1))


def test_reasoning_gets_tokens_of_its_own(folder):
    requests = [question(1), question(2, doc=OTHER)]
    with captured() as asked:
        harness(ItamedHF, folder).generate_until(requests)
        harness(ItamedHF, folder, reasoning="cot").generate_until(requests)
    plain, other, longer, same = asked
    assert other.budget == same.budget == 32
    assert plain.budget == 64, "a grammar ends its answer"
    assert longer.budget > 500
    assert json.dumps(ANSWER_HEADING) in longer.grammar
    assert plain.stops == longer.stops == ()
    assert other.stops == same.stops == ("\n###", "</s>")


def test_thinking_needs_a_model_that_has_its_tokens(folder):
    lm = harness(ItamedHF, folder, reasoning="think")
    with pytest.raises(ItamedError, match=r"document q1 of task.*another reasoning=.*<think>"):
        lm.generate_until([question(1)])


def test_free_mode_has_no_grammars(folder):
    with captured() as asked:
        harness(ItamedHF, folder, constrained=False).generate_until([question(1)])
    assert asked[0].grammar is None
    assert asked[0].stops == ("\n###", "</s>")


def test_other_requests_of_the_harness_are_its_own(folder):
    lm, plain = harness(ItamedHF, folder), harness(HFLM, folder)
    pairs = [Instance("loglikelihood", OTHER, ("Ha dolore", f" {word}"), 0) for word in ("al torace", "alla mattina")]
    expected = plain.loglikelihood(pairs)
    assert lm.loglikelihood(pairs) == expected
    lm.generate_until(questions(2))
    assert lm.loglikelihood(pairs) == expected


def test_guesses_change_the_work_alone(folder):
    """The harness hands on what is written in the model arguments."""
    work = {}
    for guess in (True, False):
        lm = harness(ItamedHF, folder, guess=guess)
        answers = lm.generate_until(questions())
        work[guess] = lm.get_model_info()["itamed_work"]
        assert len(answers) == 5
    assert work[True]["answered"] == work[False]["answered"] > 0
    assert work[True]["guessed"] > work[False]["guessed"] == 0


@pytest.fixture(scope="module")
def adapter(folder, tmp_path_factory):
    """Return folders with a random adapter, and with the model that it was merged into."""
    peft = pytest.importorskip("peft")
    path = tmp_path_factory.mktemp("adapter")
    layers = ["q_proj", "v_proj", "down_proj"]
    config = peft.LoraConfig(r=2, target_modules=layers, init_lora_weights=False, task_type="CAUSAL_LM")
    adapted = peft.get_peft_model(tiny.speaking("qwen3"), config)
    adapted.save_pretrained(path / "adapter")
    adapted.merge_and_unload().save_pretrained(path / "merged")
    tiny.tokenizer().save_pretrained(path / "merged")
    return path / "adapter", path / "merged"


def test_an_adapter_answers_as_the_model_it_is_merged_into(folder, adapter):
    lora, merged = adapter
    requests = [*questions(), question(7, "### Compito\nuno")]
    found = harness(ItamedHF, folder, peft=str(lora)).generate_until(requests)
    assert found == harness(ItamedHF, merged).generate_until(requests)
    assert found != harness(ItamedHF, folder).generate_until(requests)
    assert found[:5] == harness(HFLM, folder, peft=str(lora)).generate_until(requests[:5])


def test_an_adapter_of_the_hub_is_taken_at_its_own_commit(folder, adapter, hub):
    lora, merged = adapter
    repo = hub.repos["lab/adapter"] = Repo({path.name: path.read_bytes() for path in lora.iterdir()})
    lm = harness(ItamedHF, folder, peft="lab/adapter", peft_revision=repo.sha, revision="main")
    assert lm.generate_until(questions()) == harness(ItamedHF, merged).generate_until(questions())
    assert lm.get_model_info()["peft_sha"] == repo.sha
    assert f"GET /api/models/lab/adapter/tree/{repo.sha}" in hub.calls
    with pytest.raises(ItamedError, match="lab/adapter has no such revision: check https://"):
        harness(ItamedHF, folder, peft="lab/adapter", peft_revision="moved")
    with pytest.raises(ItamedError, match="runs/gone/adapter is neither a folder that is here nor a name on the Hub"):
        harness(ItamedHF, folder, peft="runs/gone/adapter")
    with pytest.raises(ItamedError, match="is a folder, which has no revisions"):
        harness(ItamedHF, folder, peft=str(lora), peft_revision=repo.sha)
