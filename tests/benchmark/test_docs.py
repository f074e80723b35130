"""Documents for the harness: samples of notes, splits, and few-shot pools."""

import pytest
from itamed.benchmark.docs import task_docs
from itamed.benchmark.errors import DataMissingError, ItamedError
from itamed.benchmark.fewshot import choose_shots
from itamed.benchmark.mini.rows import mini_rows
from itamed.benchmark.rows import ChoiceRow, Span, SpanRow

TASK = "itamed_ner_e3c_clinentity"


def rows(filled, empty):
    spans = (Span(0, 1, "x", "a"),)
    made = [SpanRow(f"f{i}", f"n{i}", "train", "a" * (i + 1), spans) for i in range(filled)]
    return made + [SpanRow(f"e{i}", f"m{i}", "train", "a" * (i + 1), ()) for i in range(empty)]


def test_a_sample_holds_whole_notes_and_grows_with_its_size():
    everything = task_docs(TASK, mini=True)["test"]
    by_size = [set(task_docs(TASK, mini=True, eval_notes=size)["test"]["id"]) for size in (1, 3, 99)]
    assert by_size[0] < by_size[1] < by_size[2] == set(everything["id"])
    notes = {doc["doc_id"] for doc in task_docs(TASK, mini=True, eval_notes=3)["test"]}
    assert len(notes) == 3
    assert by_size[1] == {doc["id"] for doc in everything if doc["doc_id"] in notes}


def test_dev_rows_can_be_evaluated():
    found = task_docs(TASK, mini=True, eval_split="dev")["test"]
    assert set(found["split"]) == {"dev"}


def test_missing_split_says_what_to_do():
    with pytest.raises(DataMissingError, match="itamed data build"):
        task_docs("itamed_arg_abstrct_glaucoma", mini=True, eval_split="dev")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"eval_split": "moon"}, "eval_split=moon is unknown: choose one of train, dev, test"),
        ({"eval_notes": 0}, "eval_notes=0 is no number of notes"),
        ({"eval_notes": -1.0}, "eval_notes=-1.0 is no number of notes"),
        ({"eval_notes": "all"}, "eval_notes=all is no number of notes"),
        ({"eval_wording": 3}, "eval_wording=3 is none: .* has 0, the suite's own, to 2"),
        ({"eval_wording": -1}, "eval_wording=-1 is none"),
        ({"eval_wording": "other"}, "eval_wording=other is none"),
    ],
)
def test_wrong_choices_of_documents_are_refused(given, message):
    with pytest.raises(ItamedError, match=message):
        task_docs(TASK, mini=True, **given)


def test_documents_carry_what_prompt_and_grammar_need():
    doc = task_docs("itamed_ner_pharmaer", mini=True)["test"][0]
    assert doc["labels"] == ["farmaco", "malattia", "sintomo", "parte anatomica"]
    assert len(doc["definitions"]) == 4
    assert doc["instruction"].startswith("Leggi")


def test_shots_have_a_rhythm_of_empty_and_filled():
    shots = choose_shots(rows(20, 20))
    assert [not shot.spans for shot in shots[:8]] == [False, True, False, False] * 2
    assert len({shot.doc_id for shot in shots}) == len(shots)


def test_shots_make_do_with_what_there_is():
    assert [not shot.spans for shot in choose_shots(rows(1, 3))] == [False, True, True, True]
    assert len(choose_shots(rows(3, 0))) == 3
    assert choose_shots([]) == []


def test_shots_prefer_short_rows_and_follow_the_seed():
    shots = choose_shots(rows(30, 30))
    assert max(len(shot.text) for shot in shots[:4]) <= 16
    assert shots != choose_shots(rows(30, 30), seed=1)
    assert shots == choose_shots(list(reversed(rows(30, 30))))


def test_questions_have_no_empty_examples():
    shots = choose_shots(mini_rows("itamed_qa_casimedicos"))
    assert shots
    assert all(isinstance(shot, ChoiceRow) for shot in shots)


def test_questions_show_every_letter_before_one_twice():
    made = [
        ChoiceRow(f"q{i}", f"q{i}", "train", "?", ("w", "x", "y", "z"), i % 2 * 3 if i < 30 else 2) for i in range(31)
    ]
    assert {shot.answer for shot in choose_shots(made)[:3]} == {0, 2, 3}
