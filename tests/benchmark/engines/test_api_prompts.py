"""Prompts that are made tokens before they go to a server: the same as other engines', whole, and warned of if not."""

from types import SimpleNamespace

import pytest
import requests
from itamed.benchmark.engines.api import ItamedCompletions
from transformers import AutoTokenizer

from .hf import tiny
from .instances import RIGHT, question
from .test_api import stubbed

DATED = "{{ bos_token }}{{ date_string }} {{ enable_thinking }}{% for m in messages %} {{ m.content }}{% endfor %}"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return tiny.written("llama", tmp_path_factory.mktemp("tokens") / "model")


@pytest.fixture
def asked(tokenizer, monkeypatch):
    """Return a function that answers a prompt by a server, and returns the model and the payload that it got."""

    def ask(prompt, **given):
        told = {"tokenizer": str(tokenizer), "tokenizer_backend": "huggingface", "tokenized_requests": True}
        lm, sent = stubbed(monkeypatch, RIGHT, ItamedCompletions, **told | given)
        assert lm.generate_until([question(1, prompt)]) == [RIGHT]
        return lm, sent[-1]

    return ask


@pytest.fixture
def serving(monkeypatch):
    """Let the server say what it serves."""

    def serve(length):
        def get(url, **_):
            assert url == "http://localhost/v1/models"
            served = [{"id": "other", "max_model_len": 7}, {"id": "oracle", "max_model_len": length}]
            return SimpleNamespace(raise_for_status=lambda: None, json=lambda: {"data": served})

        monkeypatch.setattr(requests, "get", get)

    return serve


def test_a_prompt_begins_as_the_tokenizer_has_it(asked, tokenizer, serving):
    serving(8000)
    expected = AutoTokenizer.from_pretrained(tokenizer).encode("Il paziente")
    _, payload = asked("Il paziente", base_url="http://localhost/v1/completions")
    assert payload["prompt"] == [expected] and expected[0] == 0
    for text in ("<s>Il paziente", "Il paziente"):
        _, payload = asked(text, base_url="http://localhost/v1/completions", add_bos_token=text[0] == "I")
        assert payload["prompt"] == [expected], "once"
    _, payload = asked("Il paziente", base_url="http://localhost/v1/completions", add_bos_token=False)
    assert payload["prompt"] == [expected[1:]]


def test_chat_templates_are_filled_as_in_other_engines(asked, tokenizer, serving):
    serving(8000)
    template = tokenizer / "chat_template.jinja"
    before = template.read_text()
    template.write_text(DATED)
    try:
        for given, expected in (
            ({}, "<s>26 Jul 2024 False Ciao"),
            ({"reasoning": "think"}, "<s>26 Jul 2024 True Ciao"),
            ({"chat_template_args": {"date_string": "oggi"}, "enable_thinking": True}, "<s>oggi True Ciao"),
        ):
            lm, _ = asked("x", base_url="http://localhost/v1/completions", **given)
            assert lm.apply_chat_template([{"role": "user", "content": "Ciao"}]) == expected
    finally:
        template.write_text(before)


@pytest.mark.parametrize("constrained", [True, False])
def test_a_server_says_what_its_model_takes(asked, serving, constrained, caplog):
    serving(400)
    long = " ".join(f"{number} mg" for number in range(300))
    given = {"base_url": "http://localhost/v1/completions", "constrained": constrained}
    lm, payload = asked(long, **given)
    assert lm.max_length == 400 and len(payload["prompt"][0]) + 32 <= 400
    assert "tokens; the first" in caplog.text, "what is cut is told, in free mode too"
    caplog.clear()
    lm, payload = asked(long, **given, max_length=9000)
    assert lm.max_length == 8999 and "tokens; the first" not in caplog.text


def test_a_server_that_does_not_say_is_told_of(asked, serving, caplog):
    serving(None)
    lm, _ = asked("breve", base_url="http://localhost/v1/completions")
    assert lm.max_length == 2047
    assert caplog.text.count("does not say how many tokens its model takes") == 1
