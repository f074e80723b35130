"""100,000 mangled answers through parse, align and score: no crash, none slow."""

import json
import random
import time

from itamed.benchmark.families import family_of
from itamed.benchmark.verdict import filtered, record

from .families.samples import ROWS, document

RUNS = 100_000
SLOWEST_SECONDS = 0.05
JUNK = [
    "{",
    "}",
    "[",
    "]",
    '"',
    ",",
    ":",
    "\\",
    "\n",
    "```",
    "null",
    "‘",
    "é",
    "e\u0301",
    "ﬁ",
    "\u200b",
    "\x00",
    "😀",
    "1e999",
    "-",
]


def mangle(text, rng):
    """Cut, repeat, swap and sprinkle junk, as a model that goes astray does."""
    for _ in range(rng.randrange(1, 6)):
        at, upto = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
        piece = text[at:upto]
        text = rng.choice(
            [
                text[:upto],
                text[at:],
                text[:at] + piece * 3 + text[upto:],
                text[:at] + text[upto:],
                text[:at] + rng.choice(JUNK) + text[at:],
            ]
        )
    return text[:4000]


def test_mangled_answers():
    rng = random.Random(20)
    cases = [(json.dumps(family_of(type(row)).gold(row), ensure_ascii=False), document(row)) for row in ROWS]
    slowest = 0.0
    for number in range(RUNS):
        gold, doc = cases[number % len(cases)]
        response = mangle(gold, rng)
        begin = time.thread_time()
        record(filtered(response, doc, "repaired"), doc)
        slowest = max(slowest, time.thread_time() - begin)
    assert slowest < SLOWEST_SECONDS
