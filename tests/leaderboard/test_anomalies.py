"""What no honest run looks like, each thing by itself."""

import os

import pytest
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard import anomalies, copies
from itamed.leaderboard.archive import pack
from itamed.leaderboard.bundle import MANIFEST

from .tamper import CRF, NER, QA, TASKS, answers, changed, errors, only, rescored, verdict, with_gold


def anomalous(files, tmp_path, against=None):
    found = verdict(files, tmp_path, against).findings
    return [each for each in found if each.field not in ("declaration", "model.revision", "cost.tokens_out")]


def test_copied_gold(files, tmp_path, monkeypatch):
    monkeypatch.setattr(anomalies, "ENOUGH", 3)
    found = only(anomalous(with_gold(files, NER), tmp_path))
    assert (found.file, found.severity) == (f"samples_{NER}.jsonl", "error")
    assert "the gold" in found.found
    assert only(anomalous(with_gold(files, QA), tmp_path)).severity == "warning"
    right = answers(with_gold(files, NER), NER)
    fenced = [each | {"answer": f"```json\n{each['answer']}\n```", "finish": "loose"} for each in right]
    assert "the gold" in only(anomalous(rescored(files, NER, fenced), tmp_path)).found


def test_gold_in_half_of_the_rows_of_several_items_is_warned_of(files, tmp_path, monkeypatch):
    assert anomalous(with_gold(files, NER, but=1), tmp_path) == [], "five rows say nothing"
    monkeypatch.setattr(anomalies, "ENOUGH", 5)
    found = only(anomalous(with_gold(files, NER, but=1), tmp_path))
    assert (found.severity, found.found) == ("warning", "the gold, to the last item, in 4 of 5 rows of several items")
    assert len(anomalous(with_gold(files, NER, but=3), tmp_path)) == 1
    assert anomalous(with_gold(files, NER, but=4), tmp_path) == []


def test_few_right_rows_are_only_warned_of(files, tmp_path):
    assert only(anomalous(with_gold(files, CRF), tmp_path)).severity == "warning"


@pytest.fixture
def others(files, tmp_path):
    """Return a folder with the honest bundle, one that is damaged, and what waits for a writer if it is opened."""
    folder = tmp_path / "bundles" / "lookup"
    folder.mkdir(parents=True)
    (folder / "one.zip").write_bytes(pack(files))
    (folder / "two.zip").write_bytes(b"PK")
    os.mkfifo(folder / "three.zip")
    return folder.parent


def test_a_bundle_that_is_there_already(files, tmp_path, others):
    again = changed(files, MANIFEST, lambda m: m.update(created="2020-01-01T00:00:00Z"))
    found = only(anomalous(again, tmp_path, others))
    assert (found.found, found.severity) == ("that of 'lookup/one.zip'", "error")


def test_blanks_make_no_other_answers(files, tmp_path, others, monkeypatch):
    monkeypatch.setattr(copies, "ENOUGH", 3)
    spaced = files
    for task in TASKS:
        spaced = rescored(spaced, task, [each | {"answer": each["answer"] + "\n"} for each in answers(spaced, task)])
    assert only(anomalous(spaced, tmp_path, others)).found == "that of 'lookup/one.zip'"
    named = changed(spaced, MANIFEST, lambda m: m["model"].update(name="clinic/mine"))
    assert only(anomalous(named, tmp_path, others)).field == "answers"


def test_a_bundle_is_not_compared_with_itself(files, tmp_path):
    (tmp_path / "tampered.zip").write_bytes(pack(files))
    assert errors(files, tmp_path, tmp_path) == []


def renamed(files, but=0):
    """Return the files under another model's name, with some answers of its own."""
    found = answers(files, NER)
    texts = [each["answer"] for each in found]
    for each in [each for each in found if texts.count(each["answer"]) == 1][:but]:
        each.update(answer=f"Non so: {each['id']}.", finish="loose")
    return changed(rescored(files, NER, found), MANIFEST, lambda m: m["model"].update(name="clinic/mine"))


def test_answers_of_another_model(files, tmp_path, others, monkeypatch):
    monkeypatch.setattr(copies, "ENOUGH", 3)
    found = only(anomalous(renamed(files), tmp_path, others))
    assert (found.field, found.severity) == ("answers", "error")
    assert "lookup ('lookup/one.zip')" in found.found
    monkeypatch.setattr(copies, "SAME_SHARE", 0.5)
    assert only(anomalous(renamed(files, but=1), tmp_path, others)).severity == "warning"
    monkeypatch.setattr(copies, "SAME_SHARE", 0.99)
    monkeypatch.setattr(copies, "WRONG_SHARE", 0.99)
    assert anomalous(renamed(files, but=1), tmp_path, others) == []


def test_letters_and_empty_lists_are_no_copies(files, tmp_path, others, monkeypatch):
    monkeypatch.setattr(copies, "ENOUGH", 1)
    same = files
    for task in TASKS:
        same = rescored(same, task, [each | {"answer": "{}", "finish": "whole"} for each in answers(files, task)])
    (others / "lookup" / "one.zip").write_bytes(pack(same))
    assert anomalous(changed(same, MANIFEST, lambda m: m["model"].update(name="mine")), tmp_path, others) == []


def test_a_folder_of_others_that_is_none(files, tmp_path):
    with pytest.raises(ItamedError, match="is no folder"):
        verdict(files, tmp_path, tmp_path / "none")


def declaration(**given):
    return {"training": "Fine-tuned on leaflets.", "test_rows": "not trained on"} | given


def declared(one, tmp_path, **given):
    """Return what is told of a declaration: fields and severities."""
    said = changed(one, MANIFEST, lambda m: m.update(declaration=declaration(**given)))
    found = verdict(said, tmp_path).findings
    return [(each.field, each.severity) for each in found if each.field.startswith("declaration")]


@pytest.mark.parametrize(("test_rows", "expected"), [("not trained on", 0), ("unknown", 0), ("trained on", 1)])
def test_a_model_that_has_read_the_test_rows_may_say_so(one, tmp_path, test_rows, expected):
    found = declared(one, tmp_path, test_rows=test_rows)
    assert found == [("declaration.test_rows", "warning")] * expected


@pytest.mark.parametrize(
    ("tasks", "severity"),
    [
        (["itamed_qa_medqa", NER], None),
        (["itamed_ner_cardioccc"], "warning"),
        (["itamed_qa_medqa", CRF], "warning"),
        (["itamed_qa_nonsense"], "error"),
        (["itamed-id"], "error"),
    ],
)
def test_tasks_that_a_model_was_trained_on(one, tmp_path, tasks, severity):
    assert declared(one, tmp_path, tasks=tasks) == ([("declaration.tasks", severity)] if severity else [])


def test_an_adapter_without_a_commit(one, tmp_path):
    adapter = {"name": "clinic/lora", "revision": None}
    named = changed(one, MANIFEST, lambda m: m["model"].update(revision="a" * 40, adapter=adapter))
    found = [each for each in verdict(named, tmp_path).findings if each.field == "model.adapter.revision"]
    assert "--adapter" in only(found).remedy


def decoded(files, tmp_path, mode):
    """Return what is told of a bundle of another mode: file, field and severity."""
    found = verdict(changed(files, MANIFEST, lambda m: m["decoding"].update(mode=mode)), tmp_path).findings
    fields = ("answer", "decoding.mode", "tokens_out")
    return [(each.file, each.field, each.severity) for each in found if each.field in fields]


def test_answers_that_no_grammar_lets_through(one, tmp_path):
    loose = [each | {"answer": f"Non so: {each['id']}.", "finish": "loose"} for each in answers(one, NER)]
    file = f"samples_{NER}.jsonl"
    assert decoded(rescored(one, NER, loose), tmp_path, "constrained") == [(file, "answer", "warning")]
    assert decoded(rescored(one, NER, loose), tmp_path, "free") == []
    one_of_them = loose[:1] + answers(one, NER)[1:]
    assert decoded(rescored(one, NER, one_of_them), tmp_path, "constrained") == []


def test_a_schema_is_that_of_one_engine(one, tmp_path):
    stock = changed(one, MANIFEST, lambda m: m["decoding"].update(engine="itamed-stock"))
    assert decoded(stock, tmp_path, "schema") == []
    assert decoded(stock, tmp_path, "free") == [(MANIFEST, "decoding.mode", "warning")]
    assert decoded(one, tmp_path, "schema") == [(MANIFEST, "decoding.mode", "warning")]


def test_tags_are_no_answers_to_questions(files, one, tmp_path):
    assert decoded(one, tmp_path, "tagged") == []
    assert decoded(files, tmp_path, "tagged") == [(MANIFEST, "decoding.mode", "warning")] * 2


def test_text_without_a_token(one, tmp_path):
    silent = [each | {"tokens_out": 0} for each in answers(one, NER)]
    file = f"samples_{NER}.jsonl"
    assert decoded(rescored(one, NER, silent), tmp_path, "free") == [(file, "tokens_out", "warning")]
    unknown = [each | {"tokens_out": None} for each in silent]
    assert decoded(rescored(one, NER, unknown), tmp_path, "free") == []


def test_a_declared_model_at_a_commit_gets_no_warning(files, tmp_path):
    def complete(manifest):
        manifest["model"]["revision"] = "a" * 40
        manifest["declaration"] = declaration()

    assert verdict(changed(files, MANIFEST, complete), tmp_path).findings == ()
