"""A thousand answers of random models to random requests: all within their grammars, and the loop ends."""

import random

import numpy as np
import pytest
from itamed.benchmark.engines.hf import attention
from itamed.benchmark.engines.hf import loop as module
from itamed.benchmark.engines.hf.loop import Request
from llguidance import LLMatcher

from . import runs, tiny
from .randomgrammars import random_grammar

RUNS, BATCHES = 1000, 36


def random_request(rng, start, earlier):
    """Return a request whose prompt may be new, or one of `earlier`, or the beginning of one."""
    old = rng.choice(earlier).prompt if earlier and rng.random() < 0.4 else np.array([], np.int64)
    new = [rng.randrange(tiny.ROWS) for _ in range(rng.randint(0 if len(old) else 1, 40))]
    prompt = np.array([*(old[: rng.randint(0, len(old))] if len(old) else start), *new], np.int64)
    grammar = None if rng.random() < 0.1 else random_grammar(rng)
    budget = rng.choice([1, 2, 3, 8, 16, 30])
    return Request(prompt if len(prompt) else old, budget, grammar, task=rng.choice("ab"))


def check(request, answer):
    """Check an answer with a fresh matcher, token by token."""
    assert len(answer.tokens) <= request.budget
    assert not answer.cut or len(answer.tokens) == request.budget
    assert tiny.END not in answer.tokens
    if request.grammar is None:
        return
    matcher = LLMatcher(runs.vocabulary(), request.grammar)
    for token in answer.tokens:
        assert runs.allowed_by(matcher)[token], request.grammar
        assert matcher.consume_token(token)
    assert not matcher.is_error()
    assert (not matcher.is_stopped()) if answer.cut else matcher.is_accepting(), request.grammar


@pytest.mark.parametrize("batch", range(BATCHES))
def test_answers_keep_to_their_grammars_and_come(batch, monkeypatch):
    rng = random.Random(batch)
    monkeypatch.setattr(module, "ROOM", rng.choice([5, 30, 2048]))
    monkeypatch.setattr(module, "WAIT", rng.choice([0, 8, 32]))
    monkeypatch.setitem(attention._FEW, "cpu", rng.choice([0, 4, 32]))
    model = tiny.model(sorted(tiny.ARCHITECTURES)[batch % 3], batch // 3 % 4)
    requests, start = [], [rng.randrange(tiny.ROWS) for _ in range(rng.randint(0, 40))]
    for _ in range(-(-RUNS // BATCHES)):
        requests.append(random_request(rng, start, requests))
    found, _ = runs.answers(model, requests, rng.choice([1, 2, 5, 16]), rng.random() < 0.7)
    for request, answer in zip(requests, found, strict=True):
        check(request, answer)


def test_random_grammars_are_of_some_variety():
    rng = random.Random(0)
    grammars = [random_grammar(rng) for _ in range(300)]
    assert len(set(grammars)) > 270
    for part in ("substring_words", "substring_chars", "substring_chunks", "|", "{2,", "/["):
        assert sum(part in grammar for grammar in grammars) > 15
    _, work = runs.answers(tiny.model("llama"), runs.asked([np.array([5])] * 60, grammars[:60], 12))
    assert work.decided > 100, "they leave choices"
