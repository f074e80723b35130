"""100,000 mangled answers, to short and long rows, through parse, align and score: no crash, none slow."""

import gc
import json
import random
import time
from dataclasses import replace

import pytest
from itamed.benchmark.families import family_of
from itamed.benchmark.rows import ChoiceRow, FormRow, GraphRow, PairRow, SpanRow
from itamed.benchmark.verdict import MODES, filtered, record

from .families.samples import LABELS, ROWS, document, pair_row, span_row

RUNS = 100_000
SLOWEST_SECONDS = 0.05
MANY = 400
"""Items of an answer that does not end: as many as its token budget lets a model write, and more."""
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


def longer(row, times=12):
    """Return a row like another one, but as long as the longest of the real tasks."""
    text, step = "\n".join([row.text] * times), len(row.text) + 1
    rounds = range(times)
    if isinstance(row, SpanRow):
        spans = [replace(s, start=s.start + n * step, end=s.end + n * step) for n in rounds for s in row.spans]
        return replace(row, text=text, spans=tuple(spans))
    if isinstance(row, PairRow):
        return replace(row, text=text, pairs=row.pairs * times)
    if isinstance(row, FormRow):
        return replace(row, text=text, items=tuple(replace(i, name=f"{i.name} {n}") for n in rounds for i in row.items))
    if isinstance(row, GraphRow):
        components = tuple(replace(c, id=f"{c.id}{n}") for n in rounds for c in row.components)
        edges = tuple(replace(e, head=f"{e.head}{n}", tail=f"{e.tail}{n}") for n in rounds for e in row.relations)
        return replace(row, text=text, components=components, relations=edges)
    assert isinstance(row, ChoiceRow)
    return replace(row, text=text)


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


def seconds(response, doc, mode):
    """Return the CPU time that one answer takes, without a collection of other tests' garbage in it."""
    gc.disable()
    begin = time.process_time()
    record(filtered(response, doc, mode), doc)
    taken = time.process_time() - begin
    gc.enable()
    return taken


def test_mangled_answers():
    rng = random.Random(20)
    short = [(json.dumps(family_of(type(row)).gold(row), ensure_ascii=False), document(row)) for row in ROWS]
    long = [(json.dumps(family_of(type(r)).gold(r), ensure_ascii=False), document(r)) for r in map(longer, ROWS)]
    slowest = 0.0
    for number in range(RUNS):
        cases = long if number % 20 < len(ROWS) else short
        gold, doc = cases[number % len(ROWS)]
        slowest = max(slowest, seconds(mangle(gold, rng), doc, MODES[number % len(MODES)]))
    assert slowest < SLOWEST_SECONDS


def many_strings(text, rng):
    """Return lists of strings by what is hard about them: overlaps, length, characters, none of the text."""
    size = len(text)
    places = [(rng.randrange(size), rng.randrange(size)) for _ in range(MANY)]
    return {
        "beginnings": [text[: 1 + size * n // MANY] for n in range(MANY)],
        "anywhere": [text[min(pair) : max(pair) + 1] for pair in places],
        "words": [rng.choice(text.split()) for _ in range(MANY)],
        "characters": [text[n % size] for n in range(MANY)],
        "accents": ["e\u0301" * (1 + n) for n in range(MANY)],
        "invented": [f"inventato {n}" for n in range(MANY)],
    }


@pytest.mark.parametrize("kind", many_strings("uno due", random.Random(0)))
@pytest.mark.parametrize("mode", MODES)
def test_answers_that_do_not_end_are_read_in_time(kind, mode):
    rng = random.Random(400)
    spans, pairs = longer(span_row()), longer(pair_row())
    strings = many_strings(spans.text, rng)[kind]
    entities = [{"text": string, "type": rng.choice(LABELS[SpanRow])} for string in strings]
    response = json.dumps({"entities": entities}, ensure_ascii=False)
    assert seconds(response, document(spans), mode) < SLOWEST_SECONDS
    strings = many_strings(pairs.text, rng)[kind]
    relations = [{"esame": a, "risultato": b} for a, b in zip(strings, strings[::-1], strict=True)]
    response = json.dumps({"relations": relations}, ensure_ascii=False)
    assert seconds(response, document(pairs), mode) < SLOWEST_SECONDS
