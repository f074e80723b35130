"""What a grammar accepts, byte by byte, random walks through what it allows, and texts to try it on."""

import json
from dataclasses import asdict

import numpy as np
from itamed.benchmark.decoding.grammar import grammar_of
from itamed.benchmark.decoding.lark import Bounds
from itamed.benchmark.families import family_of
from itamed.benchmark.suite import suite
from llguidance import LLMatcher, LLTokenizer

BYTES = LLTokenizer("byte")
NASTY = [
    '"',
    "\\",
    "\n",
    "\t",
    "\r\n",
    "\\n",
    "\\u0041",
    "{",
    "}]",
    "😀",
    "e\u0301",
    "ﬁ",
    "²",
    "\x00",
    "\x08",
    "\x0b",
    "\x1c",
]
NASTY += [
    "\x1b",
    "\x7f",
    "\x85",
    "\xa0",
    "\u2028",
    "\u200b",
    "\ufeff",
    "«",
    "’",
    "_",
    "/",
    "#",
    "@",
    "%if",
    "::=",
    "; ",
]
PLAIN = ["tosse", "febbre", "Tosse", "a", "9,2", "mg", ".", ",", "-", "è", " ", "  "]


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def gold(row):
    return compact(family_of(type(row)).gold(row))


def document(row, labels=(), **bounds):
    """Return a row as the harness sees it, with the bounds of a made-up task."""
    return row.to_dict() | {"labels": list(labels), "bounds": asdict(Bounds(**bounds))}


def task_document(row, name):
    """Return a row as the harness sees it, with the labels and bounds of a task of the suite."""
    return document(row, suite()[name].labels, **asdict(suite()[name].bounds))


def matcher(grammar, tokenizer=BYTES):
    machine = LLMatcher(tokenizer, grammar)
    assert not machine.is_error(), machine.get_error()[:300]
    return machine


def ends(machine, tokens):
    """Return whether a matcher takes all tokens, and allows nothing but the end after them."""
    return machine.try_consume_tokens(tokens) == len(tokens) and machine.is_stopped()


def accepts(grammar, text):
    return ends(matcher(grammar), list(text.encode()))


def takes(doc, value):
    """Return whether the document's grammar takes a value written as gold answers are."""
    return accepts(grammar_of(doc), compact(value))


def walk(grammar, rng, tokenizer=BYTES):
    """Return an answer made of random tokens, each among those that the grammar allows; it ends where it can."""
    machine, tokens = matcher(grammar, tokenizer), []
    while not machine.is_stopped():
        mask = np.frombuffer(machine.compute_bitmask(), np.uint8)
        allowed = np.flatnonzero(np.unpackbits(mask, bitorder="little"))
        assert len(allowed), f"dead end: {machine.get_error()[:300]}"
        assert tokenizer.eos_token not in allowed
        tokens.append(int(rng.choice(allowed.tolist())))
        assert machine.consume_token(tokens[-1])
    return tokenizer.decode_bytes(tokens).decode()
