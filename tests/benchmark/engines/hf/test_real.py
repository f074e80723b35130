"""Real models in full precision: the suite's prompts and grammars, and the answers of `generate()`."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from itamed.benchmark.decoding.grammar import grammar_of
from itamed.benchmark.engines.hf import attention
from itamed.benchmark.engines.hf.loop import Request
from itamed.benchmark.engines.hf.model import loop_model
from itamed.benchmark.speed import _requests as asked_for
from itamed.benchmark.suite import tasks_dir
from lm_eval.tasks import TaskManager
from transformers import AutoModelForCausalLM, AutoTokenizer

from . import runs

TASKS = [
    "itamed-mini-ner-drugtemist",
    "itamed-mini-ner-e3c-clinentity",
    "itamed-mini-re-e3c-pertainsto",
    "itamed-mini-crf-dyspnea",
    "itamed-mini-qa-ssm",
    "itamed-mini-arg-abstrct",
]
LONG = ["itamed-mini-ner-e3c-clinentity", "itamed-mini-re-e3c-pertainsto"]
BUDGET = 48


@pytest.fixture(params=["smollm2-135m", "gemma3-270m"])
def folder(request):
    """Return a real model's folder, or skip with the reason."""
    path = Path(os.environ.get("ITAMED_TEST_MODELS", ""), request.param)
    if not path.joinpath("config.json").is_file():
        pytest.skip(f"no model at {path}: set ITAMED_TEST_MODELS to a folder that holds {request.param}/")
    return path


@pytest.mark.backend
def test_answers_are_those_of_generate(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    manager = TaskManager(include_path=str(tasks_dir()), include_defaults=False)
    loaded = manager.load(TASKS)["tasks"]
    asked = [(name, loaded[name].doc_to_text(doc), doc) for name in TASKS for doc in list(loaded[name].eval_docs)[:1]]
    lm = loop_model(model, tokenizer)
    requests = [
        Request(np.array(tokenizer.encode(text)), BUDGET, grammar_of(doc), task=name) for name, text, doc in asked
    ]
    prompts, grammars = ([getattr(request, part) for request in requests] for part in ("prompt", "grammar"))
    ends = tuple(sorted(lm.ends))
    expected = runs.reference(model, prompts, grammars, BUDGET, ends, lambda _: lm.vocabulary())
    assert len({answer.tokens for answer in expected}) > 3
    for width, guess in ((1, True), (6, True), (4, False)):
        assert runs.answers(model, requests, width, guess, lm)[0] == expected


@pytest.mark.backend
def test_long_prompts_that_begin_alike_are_answered_as_by_generate(folder, monkeypatch):
    """Two documents of two tasks with four examples: longer than windows, with a prefix attended to together."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    together = []
    real = attention._prefix_attention
    monkeypatch.setattr(attention, "_prefix_attention", lambda *args: together.append(args[1]) or real(*args))
    lm = loop_model(model, tokenizer)
    requests = [
        Request(np.array(tokenizer.encode(each.args[0])), BUDGET, grammar_of(each.doc), task=each.task_name)
        for instances in asked_for(LONG, shots=4, notes=2).values()
        for each in instances[:2]
    ]
    prompts, grammars = ([getattr(request, part) for request in requests] for part in ("prompt", "grammar"))
    assert len(requests) == 4 and min(map(len, prompts)) > 512
    expected = runs.reference(model, prompts, grammars, BUDGET, tuple(sorted(lm.ends)), lambda _: lm.vocabulary())
    assert runs.answers(model, requests, 4, True, lm)[0] == expected
    assert together, "what the prompts of a task begin with"
