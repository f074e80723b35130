"""Admission test: entities, unusable options, near-copies in one split, counts on the original archive."""

import json
from collections import Counter

import pytest
from itamed.benchmark.errors import SchemaError
from itamed.benchmark.rows import ChoiceRow
from itamed.benchmark.sources import admission
from itamed.benchmark.sources.splits import content
from itamed.benchmark.sources.tree import Tree, open_tree
from itamed.benchmark.text import near_copies

PATH = "data/questions/medical_school_questions.jsonl"
STEM = "In quale delle quattro stagioni dell'anno le rondini lasciano di solito il tetto del nonno"


def record(number=1, text="Quanto fa due più due?", answers=("1", "2", "3", "4", "5"), label=3):
    return {"id": number, "topic": "logica", "text": text, "answers": list(answers), "label": label}


def read(*records):
    body = "\n".join(json.dumps(r, ensure_ascii=False) if isinstance(r, dict) else r for r in records)
    return admission.read({admission.ARCHIVE.name: Tree("made up", {PATH: body.encode()})})[admission.QA]


def test_entities_are_characters_and_white_space_is_tidy():
    (row,) = read(
        record(text="L&#39;ora&nbsp;esatta \n\n  è &lt; 3?", answers=["a&amp;b ", " c\n d", "e", "f", "g"], label=1)
    )
    assert row.text == "L'ora esatta\nè < 3?"
    assert row.options == ("a&b", "c d", "e", "f", "g") and row.answer == 1


@pytest.mark.parametrize("answers", [["x ", "x", "y", "z", "w"], ["", "x", "y", "z", "w"], [" ", "x", "y", "z", "w"]])
def test_doubled_and_empty_options_drop_the_question(answers):
    assert read(record(answers=answers)) == []


def test_a_question_asked_twice_is_taken_once_even_with_shuffled_options():
    first, again = record(), record(2, answers=["5", "4", "3", "2", "1"], label=1)
    assert [row.id for row in read(first, again)] == ["0001"]


def test_near_copies_share_a_split_and_the_split_of_a_question_does_not_depend_on_others():
    chain = [record(n, f"{STEM} {'e poi vanno via ' * (n % 3)}numero {n}?", [*"abcd", str(n)], 0) for n in range(1, 60)]
    assert len({row.split for row in read(*chain)}) == 1
    others = [record(n, f"Domanda {n}: {f'parola{n} ' * 9}?", [f"{n}{c}" for c in "abcde"], 0) for n in range(100, 400)]
    alone = {row.id: row.split for row in read(*others)}
    together = {row.id: row.split for row in read(*chain, *reversed(others))}
    assert alone.items() <= together.items()
    assert {"train", "dev", "test"} == set(alone.values())


def test_missing_columns_are_named_with_those_found():
    broken = record()
    broken["options"] = broken.pop("answers")
    with pytest.raises(
        SchemaError, match=r"line 2: found the columns id, topic, text, label, options, wanted .*answers"
    ):
        read(record(), broken)


@pytest.mark.parametrize(
    "broken", ["{", "[1]", "3", record(label=5), record(label="3"), record() | {"answers": "abc"}, record(text=None)]
)
def test_lines_that_are_no_question_are_refused_by_number(broken):
    with pytest.raises(SchemaError, match="line 2"):
        read(record(), broken)


@pytest.fixture(scope="module")
def tree(sources_dir) -> Tree:
    return open_tree(sources_dir / admission.ARCHIVE.name, admission.ARCHIVE.wanted)


@pytest.fixture(scope="module")
def rows(tree) -> list[ChoiceRow]:
    return admission.read({admission.ARCHIVE.name: tree})[admission.QA]


@pytest.mark.integration
def test_the_archive_is_the_one_that_the_reader_was_made_for(tree):
    assert tree.digest() == admission.ARCHIVE.digest


@pytest.mark.integration
def test_counts(tree, rows):
    published = [json.loads(line) for line in tree.text(PATH).splitlines()]
    dropped = {f"{record['id']:04d}" for record in published} - {row.id for row in rows}
    assert len(published) == 3301 and len(dropped) == 12 and len(rows) == 3289
    assert Counter(row.split for row in rows) == {"train": 1948, "dev": 363, "test": 978}
    assert not [row.id for row in rows if len(set(row.options)) != 5 or "&#39;" in row.text or not row.text]


@pytest.mark.integration
def test_the_right_option_is_the_publisher_s(tree, rows):
    published = {f"{r['id']:04d}": r["answers"][r["label"]] for r in map(json.loads, tree.text(PATH).splitlines())}
    for row in rows:
        assert row.options[row.answer] == " ".join(published[row.id].replace("&#39;", "'").split())


@pytest.mark.integration
def test_no_question_nearly_copies_one_of_another_split(rows):
    texts = {split: [(r.id, content(r)) for r in rows if r.split == split] for split in ("train", "dev", "test")}
    for left, right in (("train", "dev"), ("train", "test"), ("dev", "test")):
        assert not list(near_copies(texts[left], texts[right]))
