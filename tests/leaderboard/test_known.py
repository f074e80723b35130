"""The list of known fingerprints: current, and written by the command that maintainers use."""

import json
from dataclasses import fields

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.suite import suite
from itamed.benchmark.suite_fingerprint import behaviour_fingerprint, rows_fingerprint
from itamed.benchmark.version import __version__
from itamed.leaderboard.known import FACTS, FILE, Facts, facts_of, known, tasks_of
from typer.testing import CliRunner


@pytest.mark.parametrize("name", suite())
def test_it_is_current(name):
    """After a change on purpose: a new version, then `itamed fingerprint leaderboard/known.json`."""
    parts = known()[__version__][name]
    assert {key: value for key, value in parts.items() if key != "rows"} == behaviour_fingerprint(name)
    task, facts = suite()[name], facts_of(name, __version__)
    assert all(getattr(task, field.name) == getattr(facts, field.name) for field in fields(Facts))
    assert list(task.labels) == list(facts.labels), "in the order of pages"


def test_tasks_are_in_the_order_of_the_suite():
    assert list(tasks_of(__version__)) == list(suite())


@pytest.mark.integration
def test_its_rows_are_those_of_the_publishers_files(built_suite):
    here = {name: parts["rows"] for name, parts in known()[__version__].items() if "rows" in parts}
    assert len(here) == 14
    assert {name: rows_fingerprint(name) for name in here} == here


def test_the_command_keeps_what_it_cannot_know(tmp_path):
    """Without data the rows stay as they are, and so do other versions; what tasks are is written beside."""
    path = tmp_path / FILE
    others = {"0.0.1": {"itamed_qa_ssm": {"rows": "x"}}}
    content = others | {__version__: {"itamed_qa_ssm": {"rows": "y", "prompt": "old"}}}
    path.write_text(json.dumps(content))
    done = CliRunner().invoke(app, ["fingerprint", str(path)])
    assert done.exit_code == 0, done.output
    assert "itamed_qa_medqa" in done.output and "itamed_qa_ssm" not in done.output
    written = json.loads(path.read_text())
    facts = {name: parts.pop(FACTS) for name, parts in written[__version__].items()}
    assert {name: Facts(**each) for name, each in facts.items()} == tasks_of(__version__)
    assert written == others | {
        __version__: {name: behaviour_fingerprint(name) for name in suite()}
        | {"itamed_qa_ssm": behaviour_fingerprint("itamed_qa_ssm") | {"rows": "y"}}
    }


def test_a_file_of_another_kind_is_left_alone(tmp_path):
    path = tmp_path / FILE
    path.write_text("[1]")
    done = CliRunner().invoke(app, ["fingerprint", str(path)])
    assert "holds no fingerprints" in str(done.exception)
    assert path.read_text() == "[1]"
