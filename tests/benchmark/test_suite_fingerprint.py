"""Fingerprints: whatever changes a number changes its own part, and nothing else does."""

from dataclasses import replace

import pytest
from itamed.benchmark import suite_fingerprint
from itamed.benchmark.decoding import grammar as grammar_module
from itamed.benchmark.errors import DataMissingError
from itamed.benchmark.families.ner import Ner
from itamed.benchmark.suite import task_config
from itamed.benchmark.suite_fingerprint import PARTS

NAME, MINI = "itamed_ner_e3c_timex", "itamed-mini-ner-e3c-timex"


def taken(name=NAME):
    """Return a fingerprint that is taken anew."""
    suite_fingerprint.behaviour_fingerprint.cache_clear()
    return suite_fingerprint.suite_fingerprint(name.replace(NAME, MINI))


@pytest.fixture(autouse=True)
def forgotten():
    """Let no other test see fingerprints of a changed suite."""
    yield
    suite_fingerprint.behaviour_fingerprint.cache_clear()


def changed(before):
    after = taken()
    return [part for part in PARTS if after[part] != before[part]]


def test_all_parts_and_no_other():
    assert list(taken()) == list(PARTS)
    assert changed(taken()) == []


def test_a_word_of_the_prompt(monkeypatch):
    before = taken()
    config = task_config(NAME)
    other = config | {"doc_to_text": config["doc_to_text"].replace("Rispondi", "Rispondimi")}
    monkeypatch.setattr(suite_fingerprint, "task_config", lambda name: other)
    assert changed(before) == ["prompt"]


def test_names_of_metrics_change_nothing(monkeypatch):
    before = taken()
    monkeypatch.setattr(suite_fingerprint, "task_config", lambda name: task_config(name) | {"metric_list": []})
    assert changed(before) == []


def test_a_rule_of_the_grammar(monkeypatch):
    before = taken()
    grammar = Ner.grammar
    monkeypatch.setattr(Ner, "grammar", lambda self, *given: [*grammar(self, *given), "OTHER: /x/"])
    assert changed(before) == ["grammar"]


def test_a_rule_of_the_reasoning(monkeypatch):
    before = taken()
    monkeypatch.setitem(grammar_module._START, "cot", 'start: "Penso." answer')
    assert changed(before) == ["reasoning"]


def test_a_count_of_the_scorer(monkeypatch):
    before = taken()
    count = Ner.count
    monkeypatch.setattr(Ner, "count", lambda self, *given: count(self, *given) | {"unaligned": 1.0})
    assert changed(before) == ["metrics"]


def test_a_row_and_an_example(monkeypatch):
    before = taken()
    rows = suite_fingerprint.task_rows

    def edited(name, splits, *, mini, of):
        found = rows(name, splits, mini=mini)
        return {
            split: [replace(row, text=row.text + "!") for row in each] if split == of else each
            for split, each in found.items()
        }

    for split in ("test", "train"):
        monkeypatch.setattr(
            suite_fingerprint, "task_rows", lambda *given, of=split, **more: edited(*given, of=of, **more)
        )
        assert changed(before) == ["rows"]


def test_data_that_are_not_built():
    with pytest.raises(DataMissingError, match="itamed data build"):
        suite_fingerprint.suite_fingerprint(NAME)
