"""What is special to one family."""

import json
from dataclasses import replace

import pytest
from itamed.benchmark.families import family_of
from itamed.benchmark.rows import ChoiceRow, FormRow, Span, SpanRow

from .samples import choice_row, form_row, pair_row, span_row
from .test_properties import scores


@pytest.mark.parametrize(
    ("response", "right", "status"),
    [
        ('{"answer":"B"}', True, "valid"),
        ('{"answer": "b"}', True, "repaired"),
        ('{"answer":"B)"}', True, "repaired"),
        ('{"answer":"B) Insulina"}', True, "repaired"),
        ('{"answer":"insulina."}', True, "repaired"),
        ('{"risposta":"B"}', True, "repaired"),
        ('{"answer":"B","spiegazione":"La insulina la abbassa."}', True, "repaired"),
        ('{"spiegazione":"A no.","answer":"B"}', True, "repaired"),
        ('{"risposta":"B","spiegazione":"x"}', False, "repaired"),
        ('{"answer":"A","answer":"B"}', False, "repaired"),
        ("B", True, "repaired"),
        ("Risposta: B", True, "repaired"),
        ('{"answer":"E"}', False, "repaired"),
        ('{"answer":"B) Insulina, non A"}', True, "repaired"),
        ('{"answer":"B. Insulina, perché il glucagone la alza"}', True, "repaired"),
        ('{"answer":"B) Insulina\\nC) Cortisolo"}', False, "repaired"),
        ("B. Insulina\nC. Cortisolo\nD. TSH", False, "unparseable"),
        ('{"answer":"AB"}', False, "repaired"),
        ('{"answer":["B"]}', False, "repaired"),
        ("B, ma anche C potrebbe andare", False, "unparseable"),
        ("A mio parere la seconda", False, "unparseable"),
    ],
)
def test_choice_answers(response, right, status):
    found = scores(response, choice_row())
    assert (found["score"], found["status"]) == (float(right), status)


def test_no_answer_is_never_the_first_option():
    row = ChoiceRow("q", "q", "test", "?", ("x", "y"), 0)
    assert scores("", row)["score"] == 0.0
    assert scores('{"answer":"Z"}', row)["score"] == 0.0


def test_a_comment_beside_a_list_of_another_name_is_no_second_list():
    answer = {"entità": [{"text": "edema", "type": "disturbo"}], "commento": "uno solo"}
    assert scores(json.dumps(answer), span_row())["precision"] == 1
    two = answer | {"altre": [{"text": "edema", "type": "disturbo"}]}
    assert scores(json.dumps(two), span_row())["recall"] == 0, "nobody knows which of two is meant"


def test_unknown_types_and_strings_that_are_not_in_the_note_are_false_positives():
    answer = {
        "entities": [
            {"text": "edema", "type": "disturbo"},
            {"text": "frattura", "type": "disturbo"},
            {"text": "edema", "type": "altro"},
        ]
    }
    found = scores(json.dumps(answer), span_row())
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["invented"] == pytest.approx(1 / 3)
    assert found["status"] == "repaired"


def test_iob2_score_needs_flat_gold():
    flat = SpanRow("r", "n", "test", "tosse e febbre", (Span(0, 5, "disturbo", "tosse"),))
    answer = json.dumps({"entities": [{"text": "tosse", "type": "disturbo"}, {"text": "febbre", "type": "disturbo"}]})
    assert scores(answer, flat)["iob2_f1"] == pytest.approx(2 / 3)
    assert scores(answer, span_row())["iob2_f1"] == 0.0, "nested gold has no IOB2 score"


def test_untagged_score_leaves_options_out():
    text = "1- Insulina. 2- Glucagone. La glicemia era alta."
    spans = [Span(0, 12, "affermazione", "1- Insulina.", "opzione"), Span(27, 48, "premessa", "La glicemia era alta.")]
    row = SpanRow("r", "n", "test", text, tuple(spans))
    family = family_of(SpanRow)
    counts = family.count(row, [("1- Insulina.", "affermazione"), ("2- Glucagone.", "affermazione")])
    assert (counts["tp"], counts["pred"], counts["gold"]) == (1, 2, 2)
    assert (counts["tp!"], counts["pred!"], counts["gold!"]) == (0, 1, 1)


def test_form_score_leaves_empty_cells_and_unscored_items_out():
    empty = {item.name: item.empty for item in form_row().items}
    found = scores(json.dumps(empty), form_row())
    assert found["score"] == 0.0
    assert found["accuracy"] == 0.5, "two of the four scored cells are empty"
    wrong = empty | {"febbre": "presente", "emoglobina": "9,2 G/DL.", "dispnea": "assente"}
    found = scores(json.dumps(wrong), form_row())
    assert (found["precision"], found["recall"]) == (0.5, 0.5)
    assert (found["f1:reperto"], found["f1:esame"]) == (0.0, 1.0)


def test_form_items_that_are_not_asked_for_are_dropped():
    found = scores(json.dumps({"febbre": "assente", "altro": "presente", "tosse": 3}), form_row())
    assert (found["precision"], found["status"]) == (1.0, "repaired")


@pytest.mark.parametrize(
    ("haemoglobin", "glucose", "expected"),
    [
        ("9,2 g/dl", "non disponibile", 0.0),
        ("9,2 G/DL; Dispnea", "non disponibile", 0.0),
        ("9,2 g/dl; 120 mg/dl", "non disponibile", 1.0),
        ("9,2 g/dl", "120 mg/dl", 0.5),
        ("9,2 g/dl; ", "", 1.0),
        ("non disponibile", "non disponibile", 0.0),
    ],
)
def test_free_cells_whose_strings_are_not_in_the_note_are_invented(haemoglobin, glucose, expected):
    answer = {"febbre": "alta", "emoglobina": haemoglobin, "glicemia": glucose}
    found = scores(json.dumps(answer), form_row())["invented"]
    assert found == pytest.approx(expected)


def test_a_form_of_options_alone_has_no_invented_figure():
    row = replace(form_row(), items=form_row().items[:3])
    assert "invented" not in scores(json.dumps({"febbre": "alta"}), row)


def test_official_form_score_counts_the_empty_value():
    row = form_row()
    empty = {item.name: item.empty for item in row.items}
    assert 0 < scores(json.dumps(empty), row)["official_f1"] < 0.5
    assert isinstance(row, FormRow)


def test_equal_pairs_count_as_often_as_they_stand():
    once = {"relations": [{"esame": "ECG", "risultato": "normale"}]}
    assert scores(json.dumps(once), pair_row())["recall"] == pytest.approx(1 / 5)
    thrice = {"relations": once["relations"] * 3}
    assert scores(json.dumps(thrice), pair_row())["precision"] == pytest.approx(2 / 3)
