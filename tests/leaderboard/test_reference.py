"""Rules as rows to compare with: run once on what is built, accepted, and not asked what rules do not have."""

import pytest
from itamed.benchmark.baselines import RULES
from itamed.benchmark.cli import app
from itamed.benchmark.data import built as data
from itamed.benchmark.errors import DataMissingError, ItamedError
from itamed.benchmark.suite import suite
from itamed.leaderboard.board import reference as module
from itamed.leaderboard.board.reference import add_rules, built_tasks
from itamed.leaderboard.board.store import read_store, retract
from typer.testing import CliRunner

from ..conftest import offline
from .tamper import NER, QA


@pytest.fixture
def few(monkeypatch):
    """Leave two rules, as each run of the harness takes seconds."""
    monkeypatch.setattr(module, "BY_NAME", {name: RULES[name] for name in ("constant", "lookup")})


def added(store, *tasks):
    said = []
    with offline():
        folders = add_rules(store, tasks, said.append, mini=True)
    return [folder.name for folder in folders], said


def test_rules_are_added_once(few, tmp_path, capsys):
    store = tmp_path / "store"
    keys, said = added(store, NER)
    assert [line.partition(":")[0] for line in said] == ["constant (1 of 2)"] * 2 + ["lookup (2 of 2)"] * 2
    assert said[0].endswith("is run, tasks: 1") and f"accepted, {store}" in said[1]
    entries = {each.key: each for each in read_store(store)}
    assert list(entries) == keys
    assert [each.entry.manifest.model.name for each in entries.values()] == list(module.BY_NAME)
    for each in entries.values():
        assert (each.badge, each.entry.licence, each.entry.warnings) == ("self-reported", "apache-2.0", [])
        assert each.entry.manifest.declaration is None and each.entry.manifest.model.revision is None
    assert "--declaration" not in capsys.readouterr().out
    again, said = added(store, NER)
    assert again == [] and all("there already" in line for line in said)


def test_what_was_taken_back_or_has_fewer_tasks_is_run_again(few, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BY_NAME", {"constant": RULES["constant"]})
    store = tmp_path / "store"
    (first,), _ = added(store, QA)
    (second,), _ = added(store, NER, QA)
    assert added(store, QA) == ([], [f"constant (1 of 1): there already, {module._entry_of('constant', [QA], store)}"])
    for key in (first, second):
        retract(key, store, "Of wrong data.")
    assert module._entry_of("constant", [QA], store) is None


def test_another_version_is_another_row(few, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BY_NAME", {"constant": RULES["constant"]})
    added(tmp_path / "store", QA)
    monkeypatch.setattr(module, "__version__", "9.9.9")
    assert module._entry_of("constant", [QA], tmp_path / "store") is None


def test_tasks_whose_data_are_here(monkeypatch):
    lacking = {"itamed_qa_medqa"}

    def load(name, splits):
        if name in lacking:
            raise DataMissingError("not built")

    monkeypatch.setattr(data, "load_table", load)
    built, missing = built_tasks()
    learns = [task.name for task in suite().values() if lacking & {task.name, task.shots[0]}]
    assert missing == learns and built == [name for name in suite() if name not in learns]


def test_nothing_is_here(tmp_path):
    with pytest.raises(ItamedError, match="itamed data build"):
        built_tasks()
    assert not (tmp_path / "store").exists()


def test_the_command(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "built_tasks", lambda: (["a"], ["b"]))
    monkeypatch.setattr(module, "add_rules", lambda store, tasks, say: asked.append((store, tasks)) or [store])
    done = CliRunner().invoke(app, ["board", "reference", "--store", str(tmp_path)])
    assert asked == [(tmp_path, ["a"])] and "Rules added: 1." in done.output
    assert "not built here: b." in done.output + (done.stderr or "")
