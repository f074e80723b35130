"""Two runs note by note: wins, ties and losses, and the notes that differ."""

import json
import shutil

import pytest
from itamed.benchmark.inspect.contrast import contrasts
from itamed.benchmark.report.finding import find_run
from itamed.benchmark.report.notes import Duel, duel, note_scores
from itamed.benchmark.report.redact import redact

from .test_inspect import NER, QA, invoke


@pytest.fixture
def runs(folders):
    return [find_run(folders[name]) for name in ("empty", "lookup")]


def test_scores_of_notes_are_those_of_the_task_on_each(runs):
    for run in runs:
        questions = next(task for task in run.tasks if task.name == QA)
        scores = note_scores(run, QA)
        assert sum(scores.values()) / len(scores) == pytest.approx(questions.score.value)
    empty = {view.first.note: view.first.kinds for view in contrasts(*runs)[NER]}
    assert {note_scores(runs[0], NER)[note] for note in empty} <= {0.0, 1.0}
    nothing = [note for note, kinds in empty.items() if not kinds]
    assert all(note_scores(runs[0], NER)[note] == 1 for note in nothing), "nothing to find, nothing found"


def test_wins_ties_and_losses():
    assert duel({"a": 0.5, "b": 1.0, "c": 0.0, "d": 1.0}, {"a": 0.6, "b": 1.0, "c": 0.0, "e": 0.0}) == Duel(1, 2, 0)


def test_notes_with_different_scores_come_the_largest_difference_first(runs):
    for name, held in contrasts(*runs).items():
        first, second = (note_scores(run, name) for run in runs)
        assert {each.first.note for each in held} >= {note for note in first if first[note] != second[note]}
        gains = [abs(each.gain) for each in held]
        assert gains == sorted(gains, reverse=True)
        for each in held:
            assert len(each.rows) + each.alike == len(each.first.rows)
            assert all(one.row == other.row and one.items != other.items for one, other in each.rows)


def test_notes_that_both_get_wrong_in_another_way_are_shown_too(folders, runs, tmp_path):
    copy = shutil.copytree(folders["empty"], tmp_path / "copy")
    path = next(copy.rglob(f"samples_{NER}_*.jsonl"))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    row = next(line["doc"] for line in lines if line["doc"]["spans"])
    wrong = json.dumps({"entities": [{"text": row["text"].split()[0], "type": row["spans"][0]["type"]}]})
    for line in lines:
        if line["doc"]["id"] == row["id"]:
            line["resps"], line["filtered_resps"] = [[wrong]], [wrong]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    (shown,) = contrasts(runs[0], find_run(copy))[NER]
    assert (shown.first.note, shown.gain) == (row["doc_id"], 0)
    page = tmp_path / "page.html"
    invoke("compare", folders["empty"], copy, "--html", page, "--notes", "3")
    text = page.read_text(encoding="utf-8")
    assert text.count("<article") == text.count('data-better="neither"') == 1


def test_the_command_shows_duels_and_notes(folders, runs, tmp_path):
    table = tmp_path / "table.md"
    shown = invoke("compare", folders["empty"], folders["lookup"], "--notes", "2", "--markdown", table)
    assert shown.count(" · note ") == 2
    found = duel(*(note_scores(run, NER) for run in runs))
    line = next(line for line in table.read_text(encoding="utf-8").splitlines() if NER in line)
    assert line.endswith(f"| {found.wins} | {found.ties} | {found.losses} |")
    assert found.wins > 0
    assert " · note " not in invoke("compare", folders["empty"], folders["lookup"], "--notes", "0")
    page = tmp_path / "page.html"
    invoke("compare", folders["empty"], folders["lookup"], "--html", page, "--notes", "3")
    expected = sum(min(3, len(held)) for held in contrasts(*runs).values())
    assert page.read_text(encoding="utf-8").count("<article") == expected


def test_copies_without_texts_are_compared_by_their_scores(folders, tmp_path):
    copy = redact(folders["lookup"], tmp_path / "copy")
    shown = invoke("compare", folders["empty"], copy, "--html", tmp_path / "page.html")
    assert "losses" in shown
    assert "redacted copy" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "redacted copy" in invoke("compare", folders["empty"], copy)
