"""Constrained answers from a server: each document's payload carries its own grammar."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from itamed.benchmark.engines.api import ItamedChatCompletions, ItamedCompletions
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.suite import suite
from lm_eval.api.model import CachingLM
from lm_eval.models.api_models import JsonChatStr
from lm_eval.models.openai_completions import LocalCompletionsAPI

from ...test_oracle import check_perfect, gold_answers
from .grammarserver import GrammarServer
from .instances import RIGHT, question


@pytest.fixture
def no_waiting(monkeypatch):
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)


@pytest.fixture(scope="module")
def answers():
    return gold_answers([task.mini_name for task in suite().values()])


@pytest.fixture
def server(answers):
    return GrammarServer(answers)


def stubbed(monkeypatch, text, kind=ItamedCompletions, **arguments):
    """Return a model whose server answers probes rightly and all else with `text`, and the payloads it gets.

    `text` may be a function of the payload.
    """
    sent = []

    def post(url, json, **_):
        sent.append(json)
        other = text(json) if callable(text) else text
        said = "</think>itamed" if "WORD" in json.get("structured_outputs", {}).get("grammar", "") else other
        reply = {"choices": [{"index": 0, "text": said, "message": {"content": said}}]}
        return SimpleNamespace(ok=True, raise_for_status=lambda: None, json=lambda: reply)

    monkeypatch.setattr("lm_eval.models.api_models.requests.post", post)
    return model("http://localhost", kind, **arguments), sent


def arguments(url):
    return f"base_url={url},model=oracle,tokenizer_backend=none,tokenized_requests=False,num_concurrent=8"


def model(url, kind=ItamedCompletions, **arguments):
    base = {"base_url": url, "model": "oracle", "tokenizer_backend": "none", "tokenized_requests": False}
    return kind(**base | arguments)


def check_run(server, folder):
    """Check that all 20 tasks were answered right, each document under its own grammar."""
    path = max(folder.rglob("results_*.json"))
    check_perfect(json.loads(path.read_text())["results"], [task.mini_name for task in suite().values()])
    assert len(server.payloads) > 100
    assert len(server.probes) == 1
    assert server.most_at_once > 1
    for payload in server.payloads:
        assert isinstance(payload.get("prompt", ""), str), "one prompt a payload, whatever the batch size"
        assert payload["structured_outputs"].keys() == {"grammar"}
        assert "stop" not in payload
        assert payload["temperature"] == 0


def test_the_command_line_answers_every_document_under_its_own_grammar_once(server, tmp_path):
    command = [sys.executable, "-m", "itamed.benchmark.cli", "eval", "--model", "itamed-completions", "--resume"]
    command += ["--tasks", "itamed-mini", "--num_fewshot", "2", "--batch_size", "4", "--output_path", str(tmp_path)]
    counts = []
    with server.running() as url:
        for _ in range(2):
            done = subprocess.run(
                [*command, "--model_args", arguments(url)],
                capture_output=True,
                text=True,
                env=os.environ | {"HF_HUB_OFFLINE": "1"},
                check=False,
            )
            assert done.returncode == 0, done.stderr[-4000:]
            check_run(server, tmp_path)
            counts.append(len(server.payloads))
    assert counts[0] == counts[1], "the second run takes every answer from the first one's"


def test_chats_are_answered_under_their_own_grammars(server, tmp_path):
    with server.running("/v1/chat/completions") as url:
        run = ["--model", "itamed-chat-completions", "--model_args", arguments(url), "--tasks", "itamed-mini"]
        evaluate([*run, "--apply_chat_template", "--num_fewshot", "1", "--output_path", str(tmp_path)])
    check_run(server, tmp_path)


@pytest.mark.parametrize("concurrent", [1, 4])
def test_free_mode_sends_what_the_harness_sends(server, concurrent):
    server.answers = {"### Compito\nuno": RIGHT, "### Compito\ndue": "B"}
    requests = [question(1), question(2, "### Compito\ndue", temperature=0.5, do_sample=True)]

    def sent(kind, **arguments):
        server.payloads.clear()
        answers = model(url, kind, num_concurrent=concurrent, **arguments).generate_until(requests)
        return answers, sorted(json.dumps(payload, sort_keys=True) for payload in server.payloads)

    with server.running() as url:
        plain = sent(LocalCompletionsAPI)
        assert plain == sent(ItamedCompletions, constrained="false")
    assert plain[0] == [RIGHT, "B"]
    assert "structured_outputs" not in plain[1][0]


def test_a_server_that_ignores_grammars_is_found_out_before_the_first_answer(server):
    server.obeys = False
    server.answers = {"### Compito\nuno": RIGHT}
    with server.running() as url, pytest.raises(ItamedError, match=r"allows itamed alone.*backend.*guidance"):
        model(url).generate_until([question(1)])
    assert len(server.payloads) == 1


def test_a_refusal_is_one_clear_message_and_is_not_repeated(server, no_waiting):
    server.statuses, server.reason = [400] * 9, "grammar\n" + "x" * 5000
    with (
        server.running() as url,
        pytest.raises(ItamedError, match=r"document 1 of task: 400.*127.0.0.1.*guidance") as raised,
    ):
        model(url, num_concurrent=4).generate_until([question(1), question(2)])
    assert len(server.statuses) == 8
    assert len(str(raised.value)) < 1000


def test_passing_faults_are_asked_again(server, no_waiting):
    server.answers = {"### Compito\nuno": RIGHT}
    server.statuses = [503, 429]
    with server.running() as url:
        assert model(url).generate_until([question(1)]) == [RIGHT]
    server.statuses = [503] * 9
    with server.running() as url, pytest.raises(ItamedError, match="503"):
        model(url, max_retries=2).generate_until([question(1)])
    assert len(server.statuses) == 7


def test_a_run_that_breaks_off_keeps_its_answers(server, no_waiting, tmp_path):
    requests = [question(number, f"### Compito\n{number}") for number in range(5)]
    server.answers = dict.fromkeys([request.args[0] for request in requests], RIGHT)
    server.statuses = [200, 200, 200, 500, 500, 500]
    with server.running() as url:
        lm = CachingLM(model(url), str(tmp_path / "answers.db"))
        with pytest.raises(ItamedError, match="500"):
            lm.generate_until(requests)
        assert lm.generate_until(requests) == [RIGHT] * 5
    assert len(server.payloads) == 5


def test_no_server_is_one_clear_message(no_waiting):
    with pytest.raises(ItamedError, match=r"document 1 of task: .*port=9"):
        model("http://127.0.0.1:9/v1/completions").generate_until([question(1)])


def test_old_servers_get_the_grammar_in_their_field(server):
    server.field, server.answers = "guided_grammar", {"### Compito\nuno": RIGHT}
    with server.running() as url:
        assert model(url, grammar_field="guided_grammar").generate_until([question(1)]) == [RIGHT]
    assert isinstance(server.payloads[0]["guided_grammar"], str)
    assert "structured_outputs" not in server.payloads[0]
    with pytest.raises(ItamedError, match=r"grammar_field=ebnf.*structured_outputs, guided_grammar"):
        model("http://localhost", grammar_field="ebnf")


def test_tasks_of_others_run_free_in_the_same_call(server):
    server.answers = {"### Compito\nuno": RIGHT, "### Compito\ndue": "42"}
    other = question(2, "### Compito\ndue", doc={"question": "?"})
    with server.running() as url:
        assert model(url).generate_until([question(1), other]) == [RIGHT, "42"]
        free, constrained = sorted(server.payloads, key=lambda payload: "structured_outputs" in payload)
        assert free["stop"] == ["\n###"]
        assert "structured_outputs" in constrained
        assert model(url).generate_until([other]) == ["42"]
    assert len(server.probes) == 1, "a call without documents of itamed needs no grammar of the server"


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("kind", [ItamedCompletions, ItamedChatCompletions])
def test_an_answer_without_text_is_not_kept_for_a_second_run(kind, constrained, monkeypatch, tmp_path, caplog):
    """Through the harness's store of answers, which keeps every answer that a call returns."""
    texts = ["uno", "due"]
    prompts = texts
    if kind is ItamedChatCompletions:
        prompts = [JsonChatStr(json.dumps([{"role": "user", "content": text}])) for text in texts]
    requests = [question(number, prompt) for number, prompt in enumerate(prompts)]
    said = {"uno": None, "due": RIGHT}
    runs = []
    for _ in range(3):
        told = stubbed(
            monkeypatch,
            lambda payload: next(said[text] for text in said if text in str(payload)),
            kind,
            constrained=constrained,
        )
        lm, sent = told
        runs.append((CachingLM(lm, str(tmp_path / "answers.db")).generate_until(requests), len(sent)))
        said["uno"] = RIGHT
    probes = int(constrained)
    assert runs == [(["", RIGHT], 2 + probes), ([RIGHT, RIGHT], 1 + probes), ([RIGHT, RIGHT], 0)]
    assert "The server gave no text: document 0 of task. --resume asks again" in caplog.text


def test_without_a_store_an_answer_without_text_is_named(monkeypatch, caplog):
    lm, _ = stubbed(monkeypatch, None)
    assert lm.generate_until([question(number, f"### {number}") for number in range(7)]) == [""] * 7
    assert "document 0 of task, 1 of task, 2 of task, 3 of task, 4 of task and 2 more. They count as" in caplog.text


def test_long_prompts_sent_as_tokens_keep_their_end(monkeypatch, caplog):
    lm, sent = stubbed(monkeypatch, RIGHT, max_length=75)
    lm.tokenized_requests = True
    monkeypatch.setattr(lm, "tok_encode", lambda text, **_: list(text.encode()))
    prompt = "### Compito\n" + "lungo " * 9 + "fine"
    lm.generate_until([question(1, prompt), question(2, "breve"), question(3, "medio " * 6)])
    short, medium, cut = sorted(sent[1:], key=lambda payload: len(payload["prompt"][0]))
    assert bytes(short["prompt"][0]).decode() == "breve"
    assert bytes(medium["prompt"][0]).decode() == "medio " * 6
    assert bytes(cut["prompt"][0]).decode() == prompt[-42:], "74 tokens fit, 32 of them for a free answer"
    assert [each["max_tokens"] for each in (short, medium, cut)] == [64, 38, 32]
    assert f"A prompt of task has {len(prompt)} tokens; the first {len(prompt) - 42} are left out" in caplog.text
    with pytest.raises(ItamedError, match=r"needs 74 tokens for an answer.*raise max_length"):
        lm.generate_until([question(1, prompt, max_gen_toks=74)])


def test_all_names_of_the_token_limit_are_understood(monkeypatch):
    lm, sent = stubbed(monkeypatch, RIGHT)
    given = question(1)
    del given.args[1]["max_gen_toks"]
    given.args[1]["max_tokens"] = 77
    lm.generate_until([given])
    assert sent[1]["max_tokens"] == 2 * 77
    assert "max_gen_toks" not in sent[1]


@pytest.mark.parametrize("reasoning", ["none", "cot", "think"])
def test_reasoning_gets_tokens_of_its_own_and_shows_its_end(monkeypatch, reasoning):
    lm, sent = stubbed(monkeypatch, RIGHT, reasoning=reasoning)
    lm.generate_until([question(1)])
    probe, payload = sent
    assert ("</think>" in payload["structured_outputs"]["grammar"]) == (reasoning == "think")
    assert ("</think>" in probe["structured_outputs"]["grammar"]) == (reasoning == "think")
    assert (payload.get("skip_special_tokens") is False) == (reasoning == "think")
    assert "stop" not in payload, "reasoning may hold a heading"
    assert (payload["max_tokens"] > 500) == (reasoning != "none")
    assert payload["max_tokens"] >= 32
