"""On any text, a grammar takes an answer exactly if a plain definition in Python says so."""

import json
import random
import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itamed.benchmark.decoding.grammar import grammar_of
from itamed.benchmark.decoding.spans import SAME_START
from itamed.benchmark.families import family_of, ner
from itamed.benchmark.rows import ChoiceRow, Component, FormRow, GraphRow, Item, Pair, PairRow, Row, SpanRow
from itamed.benchmark.verdict import judge

from .machine import NASTY, PLAIN, accepts, compact, document, gold, takes, walk

TEXTS = st.lists(st.sampled_from(NASTY + PLAIN * 2), max_size=14).map("".join)
SEEDS = st.integers(0, 2**32)
UNIT = r"\w+|[^\w\s]"
IDS, KINDS = ["A1", "A2", "A3"], ["attacco", "supporto"]


def places(text, most=10**6):
    """Return where a copied string may start and end in a text."""
    chunks = [match.span() for match in re.finditer(r"\w+|\s|[^\w\s]", text)]
    found = [(start, end) for start, _ in chunks for _, end in chunks if 0 < end - start <= most]
    return [(start, end) for start, end in found if text[start:end] == text[start:end].strip()]


def fits(text, strings, nested):
    """Return whether strings can be found in text order: the earliest place that is left is always best."""
    at, begun, last = 0, 0, 0
    for string in strings:
        left = [(start, end) for start, end in places(text) if text[start:end] == string and start >= at]
        if nested:
            left = [place for place in left if place[0] > at or not begun or (begun < SAME_START and place[1] < last)]
        if not left:
            return False
        start, end = min(left)
        begun = begun + 1 if nested and start == at else 1
        at, last = start if nested else end, end
    return True


def passage(text, **bounds):
    return document(SpanRow("r", "n", "test", text, ()), ["uno", "due"], **bounds)


def entities(strings):
    return {"entities": [{"text": string, "type": "due"} for string in strings]}


def pairs(found):
    return {"relations": [{"esame": exam, "risultato": result} for exam, result in found]}


def strings_of(data, text, most):
    """Draw strings, most of them of the text, some not."""
    inside = st.sampled_from([text[start:end] for start, end in places(text)] or [""])
    around = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(
        lambda ends: text[min(ends) : max(ends)]
    )
    return data.draw(st.lists(inside | inside | around | TEXTS, max_size=most))


@given(text=TEXTS, data=st.data(), nested=st.booleans())
def test_ordered_spans_are_those_that_fit(text, data, nested):
    strings = strings_of(data, text, 4)
    assert takes(passage(text, nested=nested), entities(strings)) == fits(text, strings, nested)


@given(text=TEXTS, data=st.data(), most=st.integers(2, 12))
def test_plain_spans_are_bounded_strings_of_the_text(text, data, most):
    strings = strings_of(data, text, 3)
    longest_word = max(map(len, re.findall(r"\w+", text)), default=0)
    copies = {text[start:end] for start, end in places(text, max(most, longest_word))}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ner, "MAX_UNITS", 0)
        taken = takes(passage(text, max_chars=most, max_items=2), entities(strings))
    assert taken == (len(strings) <= 2 and copies.issuperset(strings))


@given(text=TEXTS, data=st.data(), nested=st.booleans())
def test_bounds_never_cut_what_they_allow(text, data, nested):
    strings = strings_of(data, text, 4)
    bounds = {"max_items": max(len(strings), 1), "max_chars": max([2, *map(len, strings)])}
    assert takes(passage(text, nested=nested, **bounds), entities(strings)) == fits(text, strings, nested)


def follow(text, found):
    """Return whether pairs follow each other in the text, by the first places of their strings."""
    first = {text[start:end]: start for start, end in reversed(places(text))}
    words = Counter(re.findall(UNIT, text))
    again = False
    for (exam, result), (next_exam, next_result) in pairwise(found):
        if first[next_exam] != first[exam]:
            right, again = first[next_exam] > first[exam], False
        elif first[next_result] == first[result]:
            right, again = words[re.match(UNIT, next_exam)[0]] > 1 and not again, True
        else:
            right, again = first[next_result] >= first[result] + len(result), False
        if not right:
            return False
    return True


@given(text=TEXTS, data=st.data(), ordered=st.booleans(), one_word=st.booleans())
def test_pairs_are_those_in_order(text, data, ordered, one_word):
    strings = strings_of(data, text, 8)
    row = PairRow("r", "n", "test", text, tuple(map(Pair, strings[::2], strings[1::2])))
    value = family_of(PairRow).gold(row) if ordered else pairs(list(zip(strings[::2], strings[1::2], strict=False)))
    found = [(pair["esame"], pair["risultato"]) for pair in value["relations"]]
    copied = {text[start:end] for start, end in places(text)}.issuperset(string for pair in found for string in pair)
    right = copied and follow(text, found) and not (one_word and any(re.search(r"\s", exam) for exam, _ in found))
    assert takes(document(row, one_word=one_word), value) == right


@given(text=TEXTS, data=st.data(), most=st.integers(2, 12))
def test_pairs_are_bounded(text, data, most):
    found = list(zip(*[iter(strings_of(data, text, 4))] * 2, strict=False))
    doc = document(PairRow("r", "n", "test", text, ()))
    bounded = doc | {"bounds": doc["bounds"] | {"max_chars": most, "max_items": 1}}
    longest = [len(string) for pair in found for string in pair if len(re.findall(UNIT, string)) > 1]
    short = len(found) <= 1 and max(longest, default=0) <= most
    assert takes(bounded, pairs(found)) == (short and takes(doc, pairs(found)))


@given(text=TEXTS, data=st.data(), name=TEXTS.filter(bool), options=st.lists(TEXTS, max_size=3, unique=True))
def test_cells_are_options_or_joined_strings_of_the_text(text, data, name, options):
    parts = strings_of(data, text, 3)
    value = data.draw(st.sampled_from(options)) if options else "; ".join(parts) or "nd"
    items = (Item(name, "x", value, tuple(options), empty="nd"), Item(f"{name}2", "x", "nd", empty="nd"))
    row = FormRow("r", "n", "test", text, items)
    copies = {text[start:end] for start, end in places(text)}
    # A value may be joined of other strings than those it was made of.
    right = options or value == "nd" or _joined(value, copies, 32)
    assert accepts(grammar_of(document(row)), gold(row)) == bool(right)
    assert not options or not takes(document(row), {name: "".join(options) + "x", f"{name}2": "nd"})


def _joined(value, copies, most):
    if value in copies:
        return True
    cuts = [match.start() for match in re.finditer("(?=; )", value)]
    return most > 1 and any(value[:cut] in copies and _joined(value[cut + 2 :], copies, most - 1) for cut in cuts)


@given(st.lists(st.tuples(*map(st.sampled_from, (IDS, IDS, KINDS))), max_size=5), st.booleans())
def test_relations_are_those_in_order(edges, ordered):
    edges = sorted(set(edges)) if ordered else edges
    row = GraphRow("r", "n", "test", "caso", tuple(Component(name, "frase", "premessa") for name in IDS), ())
    value = {"relations": [dict(zip(("head", "tail", "type"), edge, strict=True)) for edge in edges]}
    right = all(before < after for before, after in pairwise(edges)) and all(head != tail for head, tail, _ in edges)
    assert takes(document(row, reversed(KINDS)), value) == right


@given(text=TEXTS, seed=SEEDS, nested=st.booleans(), kind=st.sampled_from(["flat", "pairs", "form", "plain"]))
def test_whatever_is_allowed_is_valid_and_of_the_text(text, seed, nested, kind):
    rng = random.Random(seed)
    rows: dict[str, Row] = {
        "pairs": PairRow("r", "n", "test", text, ()),
        "form": FormRow("r", "n", "test", text, (Item('v "1"', "x", "", ("a\n", "")), Item("v2", "x", ""))),
    }
    row = rows.get(kind, SpanRow("r", "n", "test", text, ()))
    doc = document(row, ["uno", "due"], nested=nested, max_items=4, max_chars=20)
    with pytest.MonkeyPatch.context() as patch:
        if kind == "plain":
            patch.setattr(ner, "MAX_UNITS", 0)
        response = walk(grammar_of(doc), rng)
    answer, status = judge(response, doc)
    assert status == "valid"
    assert response == compact(json.loads(response))
    found = [*answer.values()][1:] if kind == "form" else [string for item in answer for string in item]
    parts = [part for string in found for part in (string.split("; ") if kind == "form" else [string])]
    assert all(part in text for part in parts if part not in ("uno", "due", "non disponibile"))


@given(st.integers(2, 10), SEEDS)
def test_any_number_of_options_can_be_chosen(size, seed):
    doc = document(ChoiceRow("r", "n", "test", "Quale?", tuple(f"scelta {n}" for n in range(size)), 0))
    answer, status = judge(walk(grammar_of(doc), random.Random(seed)), doc)
    assert status == "valid"
    assert answer in range(size)


BLANKS = [chr(code) for code in range(0x3001) if chr(code).isspace()]


@pytest.mark.parametrize("plain", [False, True])
def test_no_blank_of_any_kind_stands_at_an_edge(plain, monkeypatch):
    if plain:
        monkeypatch.setattr(ner, "MAX_UNITS", 0)
    for blank in BLANKS:
        doc = passage(f"a{blank}b{blank}\x1f{blank}.")
        right = ["a", f"a{blank}b", f"b{blank}\x1f{blank}."]
        assert [string for string in right if not takes(doc, entities([string]))] == [], ascii(blank)
        wrong = [blank, f"a{blank}", f"{blank}b", f"a{blank}b{blank}", f"b{blank}\x1f"]
        assert [string for string in wrong if takes(doc, entities([string]))] == [], ascii(blank)


def test_there_is_always_a_way_to_the_end():
    components = tuple(Component(name, "frase", "premessa") for name in IDS)
    docs = [
        passage(text, nested=nested, max_items=most) for text in ("a", "a b") for nested in (0, 1) for most in (2, 9)
    ]
    docs += [
        document(PairRow("r", "n", "test", text, ()), one_word=one_word, max_items=most, max_chars=most)
        for text in ("a", "a b", "a b a", "a a b a-b")
        for one_word in (0, 1)
        for most in (2, 9)
    ]
    docs += [document(GraphRow("r", "n", "test", "caso", components[:size], ()), KINDS) for size in (2, 3)]
    for seed, doc in enumerate(docs * 40):
        assert judge(walk(grammar_of(doc), random.Random(seed)), doc)[1] == "valid"
