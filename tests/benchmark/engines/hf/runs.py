"""Runs of the loop on tiny models, and the reference that they are held against."""

import signal
from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import llguidance.hf
import numpy as np
import torch
from itamed.benchmark.decoding.grammar import grammar_of
from itamed.benchmark.docs import task_docs
from itamed.benchmark.engines.hf.loop import Loop
from itamed.benchmark.engines.hf.model import loop_model, packed_attention
from itamed.benchmark.engines.hf.row import Answer, Request
from itamed.benchmark.suite import suite
from llguidance import LLMatcher
from transformers import LogitsProcessor

from . import tiny
from .tiny import END, ROWS, tokenizer

NAMES = sorted(tiny.ARCHITECTURES)


def asked(prompts, grammars, budget=30, **rest):
    """Return requests with one grammar a prompt."""
    return [Request(prompt, budget, grammar, **rest) for prompt, grammar in zip(prompts, grammars, strict=True)]


def observed(lm, see):
    """Return a loop's model that shows the tokens and the layout of each forward to `see` before it runs."""

    def backbone(ids, packed):
        see(ids, packed)
        return lm.backbone(ids, packed)

    return replace(lm, backbone=backbone)


@contextmanager
def within(seconds):
    """Fail what takes more processor time than this: it hangs."""

    def fail(*_):
        raise AssertionError(f"no end after {seconds} seconds: does the loop hang?")

    before = signal.signal(signal.SIGVTALRM, fail)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def limited(lm, most):
    """Return a loop's model that fails a test, rather than hang, after `most` forwards."""
    left = iter(range(most))

    def see(*_):
        assert next(left, None) is not None, f"more than {most} forwards: does the loop hang?"

    return observed(lm, see)


def answers(model, requests, width=3, guess=True, lm=None):
    """Run the loop; returns the answers in the order of the requests, and the work."""
    # The worst case: a forward brings nothing but one token of one prompt or answer.
    most = sum(len(request.prompt) + request.budget + 2 for request in requests)
    loop = Loop(limited(lm or loop_model(model, tokenizer()), most), width, guess)
    with packed_attention(model), within(60):
        found = list(loop.run(requests))
    assert sorted(number for number, _ in found) == list(range(len(requests))), "each is answered once"
    return [answer for _, answer in sorted(found, key=lambda each: each[0])], loop.work


class Masked(LogitsProcessor):
    """The reference: llguidance's own mask of each row, minus infinity where a token is not allowed."""

    def __init__(self, matchers, start, ends):
        self.matchers, self.start, self.ends = matchers, start, ends

    def __call__(self, input_ids, scores):
        for row, matcher in enumerate(self.matchers):
            answer = input_ids[row, self.start :].tolist()
            if matcher is None or self.ends & set(answer):
                continue
            if answer:
                assert matcher.consume_token(answer[-1])
            scores[row, torch.from_numpy(~allowed_by(matcher))] = -torch.inf
        return scores


def allowed_by(matcher):
    """Return (tokens,) whether llguidance allows each of them."""
    return np.frombuffer(matcher.compute_logit_bias(), np.uint8) != 0


@cache
def vocabulary(ends=(END,), size=ROWS):
    """Return the vocabulary as llguidance sees it."""
    return llguidance.hf.from_tokenizer(tokenizer(), n_vocab=size, eos_token=list(ends))


def reference(model, prompts, grammars, budget=30, ends=(END,), vocabulary=vocabulary):
    """Greedy `generate()` over a batch, padded on the left, cut at the end token."""
    width = max(map(len, prompts))
    ids = torch.full((len(prompts), width), END)
    mask = torch.zeros((len(prompts), width), dtype=torch.long)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt) :] = torch.as_tensor(prompt)
        mask[row, width - len(prompt) :] = 1
    matchers = [None if grammar is None else LLMatcher(vocabulary(ends), grammar) for grammar in grammars]
    with torch.inference_mode():
        out = model.generate(
            ids,
            attention_mask=mask,
            max_new_tokens=budget,
            do_sample=False,
            logits_processor=[Masked(matchers, width, set(ends))],
            eos_token_id=list(ends),
            pad_token_id=END,
        )
    rows = out[:, width:].tolist()
    return [_answer(row, matcher, ends, budget) for row, matcher in zip(rows, matchers, strict=True)]


def _answer(row, matcher, ends, budget):
    size = next((i for i, token in enumerate(row) if token in ends), len(row))
    if matcher is not None and size == budget:
        matcher.consume_token(row[-1])
    return Answer(tuple(row[:size]), size == budget and not (matcher and matcher.is_stopped()))


def one_by_one(model, prompts, grammars, budget=30):
    """Return the reference's answers to prompts that are not padded."""
    pairs = zip(prompts, grammars, strict=True)
    return [reference(model, [prompt], [grammar], budget)[0] for prompt, grammar in pairs]


def decoded(answer):
    """Return an answer's text as the harness reads it."""
    return tokenizer().decode(answer.tokens, skip_special_tokens=True)


@cache
def case(name, constrained):
    """Return a model's prompts, grammars and the reference's answers."""
    prompts, texts = tiny.prompts(1)
    grammars = [tiny.copying(text) if constrained else None for text in texts]
    return prompts, grammars, reference(tiny.model(name), prompts, grammars)


@cache
def run(name, constrained, width, guess):
    """Return the loop's answers and work for the same."""
    prompts, grammars, _ = case(name, constrained)
    return answers(tiny.model(name), asked(prompts, grammars), width, guess)


@cache
def suite_requests():
    """Return a document of each task of the suite: tasks, prompts, grammars."""
    docs = {name: task_docs(name, mini=True)["test"][0] for name in sorted(suite())}
    prompts = [np.asarray(tiny.encode(doc["instruction"] + "\n" + doc["text"])) for doc in docs.values()]
    return list(docs), prompts, [grammar_of(doc) for doc in docs.values()]
