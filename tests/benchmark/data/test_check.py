"""Checking built data: every kind of fault is found, and sound data have none."""

import json
import re
from dataclasses import replace

import pytest
from itamed.benchmark.data.build import Request, build, build_source
from itamed.benchmark.data.check import Report, add_copies, check_source
from itamed.benchmark.data.faults import contradictions, document_faults, row_faults, task_faults
from itamed.benchmark.data.record import read_record
from itamed.benchmark.data.show import count_table, print_table
from itamed.benchmark.paths import datasets_dir
from itamed.benchmark.rows import ChoiceRow, Component, Edge, FormRow, GraphRow, Item, Pair, PairRow, Span, SpanRow
from itamed.benchmark.sources.registry import SOURCES

from .conftest import NER, NOTES, make_open_source

TEXT = "la zuppa ha 3 carote e 5 patate"
SOUND = [
    SpanRow("a", "a", "test", TEXT, (Span(3, 8, "cibo", "zuppa"), Span(0, 8, "cibo", "la zuppa"))),
    PairRow("a", "a", "test", TEXT, (Pair("carote", "3"),)),
    FormRow("a", "a", "test", TEXT, (Item("carote", "esame", "3"), Item("sale", "x", "si", ("si", "non disponibile")))),
    ChoiceRow("a", "a", "test", TEXT, ("uno", "due"), 1),
    GraphRow("a", "a", "test", TEXT, (Component("1", "x", "t"), Component("2", "y", "t")), (Edge("1", "2", "r"),)),
]
FAULTY = [
    (replace(SOUND[0], spans=(Span(2, 7, "cibo", "zuppa"),)), "not the text there"),
    (replace(SOUND[0], spans=(Span(2, 3, "cibo", " "),)), "blank"),
    (replace(SOUND[0], spans=(Span(3, 8, "", "zuppa"),)), "no type"),
    (replace(SOUND[0], spans=(Span(3, 8, "cibo", "zuppa"),) * 2), "2 times"),
    (replace(SOUND[0], text="  ", spans=()), "no text"),
    (replace(SOUND[1], pairs=(Pair("cipolle", "3"),)), "'cipolle', which is not in its text"),
    (replace(SOUND[1], pairs=(Pair("", "3"),)), "''"),
    (replace(SOUND[2], items=(Item("sale", "x", "forse", ("si", "non disponibile")),)), "none of the options"),
    (replace(SOUND[2], items=(Item("sale", "x", "si", ("si", "no")),)), "no option 'non disponibile'"),
    (replace(SOUND[3], answer=2), "answer 2 of 2"),
    (replace(SOUND[3], options=("uno", "uno")), "fewer than two"),
    (replace(SOUND[3], options=("uno", " ")), "empty"),
    (replace(SOUND[4], relations=(Edge("1", "3", "r"),)), "1 -> 3"),
    (replace(SOUND[4], relations=(Edge("1", "1", "r"),)), "1 -> 1"),
    (replace(SOUND[4], components=(Component("1", "x", "t"),) * 2, relations=()), "component 1 2 times"),
]


@pytest.mark.parametrize("row", SOUND, ids=lambda row: type(row).__name__)
def test_a_sound_row_has_no_fault(row):
    assert list(row_faults(row)) == []


@pytest.mark.parametrize(("row", "message"), FAULTY, ids=[message for _, message in FAULTY])
def test_a_faulty_row_is_found(row, message):
    assert any(message in fault for fault in row_faults(row))


def test_an_unscored_cell_may_hold_any_value():
    row = replace(SOUND[2], items=(Item("sale", "x", "forse", ("si", "non disponibile"), scored=False),))
    assert list(row_faults(row)) == []


def test_repeated_ids_and_items_are_found():
    twice = [SOUND[2], replace(SOUND[2], id="b")]
    assert any("item 'sale' 2 times" in fault for fault in document_faults(twice))
    assert any("id a occurs 2 times" in fault for fault in document_faults([SOUND[0], SOUND[0]]))


DISAGREEING = [
    (SOUND[0], replace(SOUND[0], spans=())),
    (SOUND[0], replace(SOUND[0], spans=(Span(3, 8, "pasto", "zuppa"), SOUND[0].spans[1]))),
    (SOUND[1], replace(SOUND[1], pairs=(Pair("patate", "5"),))),
    (SOUND[2], replace(SOUND[2], items=(replace(SOUND[2].items[0], value="5"),))),
    (SOUND[3], replace(SOUND[3], options=("due", "uno"))),
    (SOUND[4], replace(SOUND[4], relations=(Edge("2", "1", "r"),))),
]
AGREEING = [
    (SOUND[0], replace(SOUND[0], spans=SOUND[0].spans[::-1])),
    (SOUND[0], replace(SOUND[0], text=TEXT + ".", spans=())),
    (SOUND[1], replace(SOUND[1], pairs=SOUND[1].pairs)),
    (SOUND[2], replace(SOUND[2], items=(Item("pepe", "x", "no", ("no", "non disponibile")),))),
    (SOUND[2], replace(SOUND[2], items=(replace(SOUND[2].items[0], value="5", scored=False),))),
    (SOUND[3], replace(SOUND[3], options=("due", "uno"), answer=0)),
    (SOUND[3], replace(SOUND[3], options=("uno", "tre"), answer=0)),
    (
        SOUND[4],
        replace(
            SOUND[4],
            components=(Component("8", "y", "t"), Component("9", "x", "t")),
            relations=(Edge("9", "8", "r"),),
        ),
    ),
]


@pytest.mark.parametrize(("first", "second"), DISAGREEING)
def test_rows_that_ask_the_same_and_disagree_are_found(first, second):
    assert contradictions([first, replace(second, id="b")]) == [("a", "b")]
    assert contradictions([first, replace(first, id="z"), replace(second, id="b")]) == [("a", "b")]


@pytest.mark.parametrize(("first", "second"), AGREEING)
def test_rows_that_agree_or_ask_something_else_do_not_contradict(first, second):
    assert contradictions([first, replace(second, id="b")]) == []


def row(key, split, text):
    return SpanRow(f"{key}-p0", key, split, text, ())


LINE = "il treno delle otto parte sempre in ritardo quando la neve copre i binari della valle"
OTHER = "la barca del pescatore torna al porto solo quando il vento gira da nord verso sera"


def copies(*texts):
    """Return the reports of sources whose tasks hold these texts, by task, split and document."""
    reports = [Report(texts=by_task) for by_task in texts]
    add_copies(reports)
    return reports


def test_a_copy_across_splits_is_found_and_a_copy_within_one_is_not():
    (sound,) = copies({"one": {"train": {"a": LINE, "b": LINE}, "test": {"c": OTHER}}})
    assert sound.faults == sound.copies == []
    (leaking,) = copies({"one": {"dev": {"a": LINE, "b": OTHER}, "test": {"c": f"Oggi {LINE}, dicono."}}})
    (fault,) = leaking.faults
    assert fault.task == "one"
    assert fault.message == "a (dev) nearly copies c (test of one): 100% of the shorter one's 8-grams"


def test_a_copy_across_tasks_of_a_source_is_a_fault_told_once():
    tasks = {f"task{n}": {"train": {"a": LINE}, "test": {"b": LINE}} for n in range(3)}
    (report,) = copies(tasks)
    assert len(report.faults) == 1
    (report,) = copies({"one": {"train": {"a": LINE}}, "two": {"test": {"b": LINE}}, "three": {"dev": {"c": OTHER}}})
    (fault,) = report.faults
    assert (fault.task, fault.message.partition(":")[0]) == ("one", "a (train) nearly copies b (test of two)")
    assert report.copies == []


def test_a_copy_across_sources_is_a_warning_and_no_fault(capsys, built_open):
    first, second = copies(
        {"one": {"train": {"a": LINE, "z": OTHER}}}, {"two": {"test": {"b": LINE, "y": OTHER}, "train": {"x": "altro"}}}
    )
    assert first.faults == second.faults == second.copies == []
    print_table(count_table([(built_open, first), (built_open, second)]))
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("WARNING"))
    assert line.strip() == "WARNING: one train: near copies of two test: 2, for example a of b"


def test_without_test_rows_or_in_the_wrong_file_is_a_fault():
    assert list(task_faults({"train": [row("a", "train", "uno")]})) == ["there are no test rows"]
    assert any("stands in test" in fault for fault in task_faults({"test": [row("a", "dev", "uno")]}))


def report_of(source):
    folder = datasets_dir() / source.name
    report = check_source(source, folder, read_record(folder))
    add_copies([report])
    return report


def test_a_sound_build_has_counts_and_no_faults(built_open):
    report = report_of(built_open)
    assert report.faults == []
    assert {split: counts.labels for split, counts in report.counts[NER].items()} == {
        split: {"farmaco": 1} for split in ("train", "dev", "test")
    }
    assert list(report.counts[NER]) == ["train", "dev", "test"]


def test_a_file_changed_or_lost_after_the_build_is_found(built_open):
    folder = datasets_dir() / "open" / NER
    (folder / "dev.parquet").write_bytes((folder / "test.parquet").read_bytes())
    (folder / "train.parquet").unlink()
    messages = " ".join(fault.message for fault in report_of(built_open).faults)
    assert "dev.parquet was changed after the build" in messages
    assert "train.parquet cannot be read" in messages


def test_a_document_in_two_splits_of_two_tasks_is_found(open_source, folder):
    second = "itamed_ner_toy_other"
    read = open_source.read

    def read_both(trees):
        rows = read(trees)[NER]
        moved = {"train": "test", "test": "train", "dev": "dev"}
        return {NER: rows, second: [replace(row, split=moved[row.split]) for row in rows]}

    source = replace(open_source, tasks=(NER, second), read=read_both)
    list(build(Request([source], folder)))
    messages = [fault.message for fault in report_of(source).faults]
    assert sorted(message.split(" is ")[0] for message in messages) == ["a1", "a10"]
    assert all(f"in {NER}" in message for message in messages)


def test_the_record_is_plain_json_without_times_or_paths(built_open):
    text = (datasets_dir() / "open" / "build.json").read_text()
    assert str(datasets_dir()) not in text
    assert set(json.loads(text)) == {"source", "inputs", "origins", "tasks", "suite", "code", "left_out"}


def test_a_contradiction_inside_a_split_is_a_warning_and_no_fault(folder, capsys):
    """One copy disagrees and one agrees; the same text in another split is a leak, told elsewhere."""
    split, text, word = NOTES["a10"]
    notes = NOTES | {"a11": (split, text, "pirata"), "a12": (split, text, word)}
    source = make_open_source(folder, notes)
    list(build(Request([source], folder)))
    report = report_of(source)
    assert report.faults == []
    assert report.contradictions == {NER: {"test": [("a10-p0", "a11-p0")]}}
    print_table(count_table([(source, report)]))
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("WARNING"))
    assert re.fullmatch(rf"WARNING: {NER} test: 1 text .*different gold, for example a10-p0 and a11-p0 *", line)


def test_without_contradictions_nothing_is_warned_of(built_open, capsys):
    print_table(count_table([(built_open, report_of(built_open))]))
    assert "WARNING" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "stated"),
    [("cc-by-4.0", "mit", "mit"), ("license:", "licence:", "none"), ("---\n", "", "none"), ("license: ", "- ", "none")],
)
def test_a_card_with_another_licence_is_a_fault(built_open, old, new, stated):
    card = datasets_dir() / "open" / "README.md"
    card.write_text(card.read_text().replace(old, new))
    (fault,) = report_of(built_open).faults
    assert fault.message.startswith(f"README.md states the licence {stated}, not cc-by-4.0")
    card.unlink()
    assert "licence none" in report_of(built_open).faults[0].message


@pytest.mark.integration
def test_the_published_contradiction_is_told(sources_dir):
    """A sentence of AbstRCT stands twice among the training sentences, annotated once."""
    source = SOURCES["abstrct"]
    build_source(source, sources_dir)
    report = report_of(source)
    assert report.faults == []
    counts = {
        task: {split: len(pairs) for split, pairs in found.items()} for task, found in report.contradictions.items()
    }
    assert counts == {"itamed_arg_abstrct": {"train": 1}, "itamed_arg_abstrct_glaucoma": {}}
