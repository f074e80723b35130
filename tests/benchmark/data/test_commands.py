"""The commands: what they print, where, and the status they end with."""

from dataclasses import replace

import pytest
from itamed.benchmark.console import ends_on_error
from itamed.benchmark.data.build import build_source
from itamed.benchmark.data.cli import data_app
from itamed.benchmark.paths import datasets_dir
from itamed.benchmark.sources import registry
from itamed.benchmark.sources.registry import source_of
from typer.testing import CliRunner

from ..fakehub import TOKEN
from .conftest import NER, NOTES, QA, make_open_source, read_notes


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")


def run(*arguments):
    return CliRunner().invoke(data_app, list(map(str, arguments)))


def test_build_takes_what_the_folder_has_and_lists_the_rest(open_source, closed_source, folder):
    (folder / "closed.tar.gz").unlink()
    result = run("build", "--sources", folder)
    assert result.exit_code == 0
    assert "open: built, 3 rows" in result.stdout
    assert f"closed: not in DIR. {folder} lacks closed.tar.gz: download it from http" in result.stdout
    assert "dyspnea: not in DIR." in result.stdout
    assert str(datasets_dir()) in result.stdout
    assert "open: already built" in run("build", "--sources", folder, "--source", "open").stdout
    assert "open: built" in run("build", "--sources", folder, "--source", "open", "--force").stdout


def test_build_ends_with_1_when_a_source_fails_or_a_named_one_is_missing(open_source, closed_source, folder):
    (folder / "open.tar.gz").write_bytes(b"no")
    result = run("build", "--sources", folder)
    assert result.exit_code == 1
    assert "Error: open: " in result.stderr
    assert "closed: built" in result.stdout
    (folder / "open.tar.gz").unlink()
    assert run("build", "--sources", folder).exit_code == 0
    assert run("build", "--sources", folder, "--source", "open").exit_code == 1


def test_build_ends_with_1_when_the_folder_has_no_source(open_source, tmp_path):
    (tmp_path / "empty").mkdir()
    result = run("build", "--sources", tmp_path / "empty")
    assert result.exit_code == 1
    assert f"Error: {tmp_path / 'empty'} holds none of the sources" in result.stderr


def test_build_says_what_a_reader_left_out(open_source, folder, monkeypatch):
    def read(trees):
        (tree,) = trees.values()
        tree.left_out["notes about cats [sic]"] += 2
        return read_notes(trees)

    monkeypatch.setitem(registry.SOURCES, "open", replace(open_source, read=read))
    lines = run("build", "--sources", folder, "--source", "open").stdout.splitlines()
    assert "open: built, 3 rows" in lines[0]
    assert lines[1] == "  left out 2: notes about cats [sic]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "--source", "moon"], "There is no source moon. The sources are: e3c,"),
        (["build", "--sources", "/nowhere/at/all"], "There is no folder /nowhere/at/all"),
        (["check"], "Run `itamed data build` first"),
        (["check", "--source", "ssm"], "Not built: ssm"),
        (["push", "--namespace", "clinic", "--source", "ssm"], "ssm is not built"),
        (["push", "--namespace", "clinic"], "Nothing is built"),
    ],
)
def test_mistakes_end_with_a_message_and_no_traceback(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_list_shows_every_task_with_licence_and_rows(built_open, closed_source):
    result = run("list")
    assert result.exit_code == 0
    lines = {line.split()[1]: line.split() for line in result.stdout.splitlines() if "itamed_" in line}
    assert set(lines) == {task for source in registry.SOURCES.values() for task in source.tasks}
    assert [word for word in lines[NER] if word != "│"] == [NER, "open", "cc-by-4.0", "yes", "1", "1", "1"]
    assert [word for word in lines[QA] if word != "│"] == [QA, "closed", "other", "no", "-", "-", "-"]


def test_check_prints_counts_and_faults(built_open, built_closed):
    sound = run("check")
    assert sound.exit_code == 0
    assert "farmaco 1" in sound.stdout
    assert "No faults." in sound.stdout
    assert "Not built, not checked:" in sound.stderr
    path = datasets_dir() / "open" / NER / "dev.parquet"
    path.write_bytes((path.parent / "test.parquet").read_bytes())
    faulty = run("check")
    assert faulty.exit_code == 1
    assert f"Error: {NER}: dev.parquet was changed" in faulty.stderr


def test_check_finds_a_copy_of_a_test_document(folder, monkeypatch):
    _, text, word = NOTES["a10"]
    source = make_open_source(folder, NOTES | {"b1": ("train", text, word)})
    monkeypatch.setitem(registry.SOURCES, "open", source)
    build_source(source, folder)
    result = run("check", "--source", "open")
    assert result.exit_code == 1
    assert f"Error: {NER}: b1 (train) nearly copies a10 (test of {NER}): 100%" in result.stderr


def test_push_uploads_what_may_be_published_and_refuses_the_rest(built_open, built_closed, hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    result = run("push", "--namespace", "clinic")
    assert result.exit_code == 1
    assert f"open: {hub.url}/datasets/clinic/itamed-open" in result.stdout
    assert "closed may not be published: Nobody may copy this." in result.stderr
    assert set(hub.repos) == {"clinic/itamed-open"}
    assert run("push", "--namespace", "clinic", "--source", "closed", "--private").exit_code == 0


def test_an_error_ends_quietly_outside_of_a_command_too(capsys):
    with pytest.raises(SystemExit) as caught:
        ends_on_error(source_of)("moon")
    assert caught.value.code == 1
    assert "Error: There is no task moon." in capsys.readouterr().err


def test_the_help_teaches():
    assert "itamed data build --sources ~/archives" in " ".join(run("build", "--help").stdout.replace("│", " ").split())
    checks = " ".join(run("check", "--help").stdout.replace("│", " ").split())
    assert "licences" in checks
    assert "contradictory duplicates" in checks
    for command in ("build", "check", "list", "push"):
        assert command in run("--help").stdout
