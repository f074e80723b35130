"""The grammars of real and embedded rows: every gold answer, all that they allow, and their bounds."""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import ceil

import pytest
from itamed.benchmark.data.load import load_rows
from itamed.benchmark.decoding.grammar import grammar_of
from itamed.benchmark.decoding.pairs import SAME_FIRST
from itamed.benchmark.docs import task_docs
from itamed.benchmark.mini.rows import mini_rows
from itamed.benchmark.rows import ChoiceRow, FormRow, PairRow, SpanRow
from itamed.benchmark.suite import suite
from itamed.benchmark.text import stable_order
from itamed.benchmark.verdict import judge

from .machine import accepts, compact, document, ends, gold, matcher, task_document, walk

MODEL = os.environ.get("ITAMED_MODEL", "")
ROWS = int(os.environ.get("ITAMED_GRAMMAR_ROWS", "200"))
"""Rows of each task to try, besides those with the longest answers; 0 tries all, which takes minutes."""
LONGEST = 20
MUTATED = 10
"""Rows of each task whose gold is changed: each string of it in turn, so that they make some hundred answers."""
# Bounds that are no margin over rows of their own: nothing to measure at hand, or no training data.
BORROWED = {"itamed_ner_pharmaer", "itamed_re_e3c_projected", "itamed_crf_dyspnea", "itamed_arg_abstrct_glaucoma"}
WALKS = 2


def some(rows, size=ROWS):
    """Return a fixed sample of rows and those with the longest answers; all rows if `size` is 0."""
    if not size:
        return rows
    chosen = set(stable_order((row.id for row in rows), "grammars")[:size])
    return [row for row in rows if row.id in chosen] + sorted(rows, key=lambda row: len(gold(row)))[-LONGEST:]


def refused(rows, name):
    return [row.id for row in rows if not accepts(grammar_of(task_document(row, name)), gold(copyable(row)))]


def copyable(row):
    """Return a row without the cells that are not scored because the note does not write their value."""
    if not isinstance(row, FormRow):
        return row
    lost = [not item.scored and not item.options and item.value not in row.text for item in row.items]
    blanks = [replace(item, value=item.empty) for item in row.items]
    return replace(row, items=tuple(b if gone else i for i, b, gone in zip(row.items, blanks, lost, strict=True)))


@pytest.mark.parametrize("name", suite())
def test_gold_of_the_mini_set_is_taken(name):
    assert refused(mini_rows(name), name) == []


def test_documents_bring_what_their_grammar_needs():
    for name, task in suite().items():
        for doc in task_docs(name, mini=True, eval_notes=2)["test"]:
            assert doc["bounds"] == task_document(mini_rows(name)[0], name)["bounds"], name
            assert "answer:" in grammar_of(doc), task


@pytest.mark.parametrize("name", suite())
@pytest.mark.parametrize("reasoning", ["none", "cot"])
def test_whatever_is_allowed_is_valid_and_copied(name, reasoning):
    rows = mini_rows(name)
    for seed, row in enumerate(rows * WALKS if reasoning == "none" else rows[:1]):
        doc = task_document(row, name)
        response = walk(grammar_of(doc, reasoning), random.Random(seed))
        answer, status = judge(response, doc)
        assert status == "valid"
        value = response.rpartition("\n")[2]
        assert value == compact(json.loads(value))
        assert [string for string in strings(answer) if not known(string, row, name)] == []


def strings(answer):
    """Return the strings of an answer of any family; a letter was read to a number."""
    values = answer.values() if isinstance(answer, Mapping) else answer if isinstance(answer, list) else []
    return [part for value in values for part in ([value] if isinstance(value, str) else value)]


def known(string, row, name):
    """Return whether a string of an answer stands in the row or is one of the task's own."""
    if isinstance(row, FormRow):
        own = {value for item in row.items for value in (*item.options, item.empty)}
        return string in own or all(part in row.text for part in string.split("; "))
    ids = {component.id for component in getattr(row, "components", ())}
    return string in ids or string in suite()[name].labels or string in row.text


@pytest.mark.integration
@pytest.mark.usefixtures("built_suite")
@pytest.mark.parametrize("name", suite())
def test_gold_of_all_splits_is_taken(name):
    rows = [row for held in load_rows(name).values() for row in held]
    assert refused(some(rows), name) == []


def mutated(value):
    """Yield a gold answer with an item more, and with each of its strings, one at a time, as no note or task has it."""
    yield {**value, "zq": []}
    for key, held in value.items():
        if isinstance(held, str):
            yield {**value, key: f"{held}zq"}
        else:
            places = [(i, name) for i, item in enumerate(held) for name in item]
            for i, name in places:
                items = [dict(item) for item in held]
                items[i][name] += "zq"
                yield {**value, key: items}


@pytest.mark.integration
@pytest.mark.usefixtures("built_suite")
@pytest.mark.parametrize("name", suite())
def test_mutated_gold_is_refused(name):
    rows = [row for held in load_rows(name).values() for row in held]
    chosen = set(stable_order((row.id for row in rows), "mutations")[:MUTATED])
    taken = []
    for row in rows:
        if row.id in chosen:
            grammar = grammar_of(task_document(row, name))
            wrong = mutated(json.loads(gold(row)))
            taken += [(row.id, value) for value in wrong if accepts(grammar, compact(value))]
    assert taken == []


@pytest.mark.integration
@pytest.mark.usefixtures("built_suite")
@pytest.mark.parametrize("name", [name for name in suite() if "_qa_" not in name and name not in BORROWED])
def test_bounds_are_the_longest_of_training_and_development_with_a_margin(name):
    bounds = suite()[name].bounds
    held = load_rows(name, ("train", "dev"))
    numbers, lengths = zip(*(sizes(row) for rows in held.values() for row in rows), strict=True)
    assert bounds.max_items == ceil(1.5 * max(numbers))
    if max(lengths):
        assert bounds.max_chars == 2 * max(lengths)


@pytest.mark.integration
@pytest.mark.usefixtures("built_suite")
def test_the_bounds_of_pairs_are_those_of_training_and_development():
    rows = [row for held in load_rows("itamed_re_e3c_pertainsto", ("train", "dev")).values() for row in held]
    exams = [[pair.exam for pair in row.pairs] for row in rows]
    assert max(Counter(found).most_common(1)[0][1] for found in exams if found) * 1.5 == SAME_FIRST
    assert not any(" " in exam for found in exams for exam in found)


def sizes(row):
    """Return how many items a gold answer has, and the length of its longest copied string."""
    if isinstance(row, FormRow):
        values = [item.value.split("; ") for item in row.items if not item.options and item.value != item.empty]
        return max(map(len, values), default=0), max((len(part) for parts in values for part in parts), default=0)
    if isinstance(row, PairRow):
        return len(row.pairs), max((len(side) for pair in row.pairs for side in (pair.exam, pair.result)), default=0)
    if isinstance(row, SpanRow):
        return len(row.spans), max((len(span.text) for span in row.spans), default=0)
    return len(row.relations), 0


def test_borrowed_bounds_are_those_of_the_like_task():
    bounds = {name: task.bounds for name, task in suite().items()}
    assert bounds["itamed_arg_abstrct_glaucoma"] == bounds["itamed_arg_abstrct"]
    assert replace(bounds["itamed_re_e3c_projected"], one_word=True) == bounds["itamed_re_e3c_pertainsto"]
    assert bounds["itamed_crf_dyspnea"] == bounds["itamed_crf_e3c"]


@pytest.mark.backend
@pytest.mark.skipif(not MODEL, reason="set ITAMED_MODEL to the folder of a model")
@pytest.mark.parametrize("name", suite())
def test_gold_is_taken_token_by_token(real_tokenizer, name):
    tokenizer, encode = real_tokenizer
    rows = some(mini_rows(name), 3)
    assert [
        r.id for r in rows if not ends(matcher(grammar_of(task_document(r, name)), tokenizer), encode(gold(r)))
    ] == []


@pytest.mark.integration
@pytest.mark.backend
@pytest.mark.usefixtures("built_suite")
@pytest.mark.skipif(not MODEL, reason="set ITAMED_MODEL to the folder of a model")
@pytest.mark.parametrize("name", suite())
def test_gold_of_all_splits_is_taken_token_by_token_and_fits_the_budget(real_tokenizer, name):
    tokenizer, encode = real_tokenizer
    rows = [row for held in load_rows(name).values() for row in held]
    lengths = [len(encode(gold(row))) for row in rows if row.split != "test"]
    assert max(lengths, default=0) < suite()[name].max_tokens
    for row in map(copyable, some(rows, 20)):
        assert ends(matcher(grammar_of(task_document(row, name)), tokenizer), encode(gold(row))), row.id


@pytest.fixture(scope="module")
def real_tokenizer():
    """Return the tokenizer of a real model, as llguidance's and as a function from text to tokens."""
    from llguidance.hf import from_tokenizer
    from transformers import AutoTokenizer

    found = AutoTokenizer.from_pretrained(MODEL)
    return from_tokenizer(found), lambda text: found.encode(text, add_special_tokens=False)


@pytest.mark.parametrize("words", [400, 4000])
def test_a_long_note_still_has_a_grammar(words):
    text = " ".join(f"parola{number % 700}" for number in range(words))
    doc = document(SpanRow("r", "n", "test", text, ()), ["sintomo"])
    begin = time.thread_time()
    grammar = grammar_of(doc)
    right = {"entities": [{"text": "parola69 parola70", "type": "sintomo"}]}
    assert accepts(grammar, compact(right))
    assert not accepts(grammar, compact(right).replace("parola70", "parola71"))
    assert time.thread_time() - begin < 2.0


def test_questions_of_every_size_have_a_grammar():
    for size in range(1, 11):
        doc = document(ChoiceRow("r", "n", "test", "Quale?", ("x",) * size, 0))
        assert accepts(grammar_of(doc), gold(ChoiceRow("r", "n", "test", "Quale?", ("x",) * size, size - 1)))
