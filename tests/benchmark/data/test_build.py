"""Building: whole or not at all, the same bytes each time, and one failure stops no other source."""

import errno
import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from itamed.benchmark.data.build import Request, build, build_source
from itamed.benchmark.data.load import load_rows
from itamed.benchmark.data.record import read_record
from itamed.benchmark.data.write import natural
from itamed.benchmark.errors import DataMissingError, SchemaError
from itamed.benchmark.paths import StorageError, datasets_dir, home
from itamed.benchmark.sources.hub import find_tables
from itamed.benchmark.sources.source import HubData

from .conftest import NER, NOTES, make_open_source, read_notes

ROOT = Path(__file__).resolve().parents[3]


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def statuses(*sources, **kwargs):
    return {outcome.source.name: outcome.status for outcome in build(Request(sources, **kwargs))}


def test_the_layout_is_that_of_a_hub_data_set(built_open):
    folder = datasets_dir() / "open"
    assert set(content(folder)) == {
        "README.md",
        "build.json",
        *(f"{NER}/{split}.parquet" for split in ("train", "dev", "test")),
    }
    record = json.loads((folder / "build.json").read_text())
    assert record["inputs"] == {"open.tar.gz": built_open.archives[0].digest}
    for split, entry in record["tasks"][NER].items():
        path = folder / NER / f"{split}.parquet"
        assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert (entry["rows"], entry["documents"], entry["labels"]) == (1, 1, {"farmaco": 1})


def test_only_splits_with_rows_have_a_file(built_closed):
    folder = datasets_dir() / "closed"
    assert {path.name for path in folder.rglob("*.parquet")} == {"dev.parquet", "test.parquet"}


def test_the_card_says_licence_terms_counts_traps_and_files(built_open, built_closed):
    _, front, text = (datasets_dir() / "open" / "README.md").read_text().split("---\n", 2)
    front = yaml.safe_load(front)
    assert (front["license"], front["language"], front["task_categories"]) == (
        "cc-by-4.0",
        ["it"],
        ["token-classification"],
    )
    (config,) = front["configs"]
    assert config["config_name"] == NER
    assert [entry["split"] for entry in config["data_files"]] == ["train", "dev", "test"]
    assert all((datasets_dir() / "open" / entry["path"]).is_file() for entry in config["data_files"])
    for part in ("Our own words.", "| test | 1 | 1 | 0 | 1 |", "* The notes are made up.", "Nobody (2025). Nothing."):
        assert part in text
    assert "Do not publish copies" in (datasets_dir() / "closed" / "README.md").read_text()


def test_datasets_loads_the_folder_without_help(built_open, tmp_path):
    from datasets import load_dataset

    loaded = load_dataset(str(datasets_dir() / "open"), NER, cache_dir=str(tmp_path / "cache"))
    assert {split: held["text"][0] for split, held in loaded.items()} == {
        split: text for split, text, _ in NOTES.values()
    }


def test_rows_stand_in_the_natural_order_of_their_ids(open_source, folder):
    archive = make_open_source(folder, {f"n{n}": ("test", f"Il numero {n} beve.", "beve") for n in (10, 9, 1)})
    build_source(replace(archive, read=read_notes), folder)
    assert pq.read_table(datasets_dir() / "open" / NER / "test.parquet")["id"].to_pylist() == [
        "n1-p0",
        "n9-p0",
        "n10-p0",
    ]
    assert sorted(["a10", "a9b", "a9", "b1", "10", "9"], key=natural) == ["9", "10", "a9", "a9b", "a10", "b1"]


def test_two_builds_are_the_same_bytes_in_any_order_of_rows(open_source, folder, tmp_path, monkeypatch):
    build_source(open_source, folder)
    first = content(datasets_dir() / "open")
    monkeypatch.setenv("ITAMED_HOME", str(tmp_path / "other"))
    build_source(replace(open_source, read=lambda trees: {NER: read_notes(trees)[NER][::-1]}), folder)
    assert content(datasets_dir() / "open") == first


def test_what_is_current_is_not_built_again(open_source, folder):
    assert statuses(open_source, folder=folder) == {"open": "built"}
    before = (datasets_dir() / "open").stat().st_ino
    assert statuses(open_source, folder=folder) == {"open": "already built"}
    assert statuses(open_source) == {"open": "already built"}
    assert (datasets_dir() / "open").stat().st_ino == before
    assert statuses(open_source, folder=folder, force=True) == {"open": "built"}


def test_changed_inputs_code_or_version_are_built_again(open_source, folder, monkeypatch):
    build_source(open_source, folder)
    changed = make_open_source(folder, {**NOTES, "b1": ("test", "La zia cerca il miele.", "miele")})
    assert statuses(changed, folder=folder) == {"open": "built"}
    assert len(load_rows(NER)["test"]) == 2
    for name, value in (("code_digest", lambda: "another"), ("__version__", "9.9")):
        with monkeypatch.context() as patch:
            patch.setattr(f"itamed.benchmark.data.record.{name}", value)
            assert statuses(changed, folder=folder) == {"open": "built"}


def test_changed_hub_files_in_the_folder_are_built_again(open_source, folder):
    data = HubData("toy", ("clinic/Toy",), {"text": ("text",)})

    def read(tables, trees):
        (record,) = tables["toy"].rows("test")
        return {NER: [replace(row, text=record["text"], spans=()) for row in read_notes(trees)[NER]]}

    source = replace(open_source, read=None, read_hub=read, hub=(data,))
    for text in ("uno due tre", "uno due tre", "quattro"):
        (folder / "Toy").mkdir(exist_ok=True)
        (folder / "Toy" / "test.jsonl").write_text(json.dumps({"text": text}))
        status = statuses(source, folder=folder)["open"]
        assert load_rows(NER)["test"][0].text == text
    assert status == "built"
    assert statuses(source, folder=folder)["open"] == "already built"
    record = read_record(datasets_dir() / "open")
    assert record.origins == {"toy": "clinic/Toy"}
    assert record.inputs["toy"] == find_tables(data, folder).digest()


def test_a_failure_is_one_message_and_the_others_go_on(open_source, closed_source, folder):
    (folder / "open.tar.gz").write_bytes(b"not an archive")
    first, second = build(Request([open_source, closed_source], folder))
    assert (first.status, second.status) == ("failed", "built")
    assert "open.tar.gz is damaged" in first.message
    assert not (datasets_dir() / "open").exists()


def test_what_the_folder_lacks_fails_only_if_it_was_named(open_source, closed_source, folder):
    (folder / "open.tar.gz").unlink()
    assert statuses(open_source, closed_source, folder=folder) == {"open": "not in DIR", "closed": "built"}
    (outcome,) = build(Request([open_source], folder, frozenset(["open"])))
    assert (outcome.status, outcome.message) == ("failed", f"{folder} lacks open.tar.gz.")


def test_rows_of_another_task_or_split_are_a_fault_of_the_reader(open_source, folder):
    for rows in (
        {},
        {NER: []},
        {NER: [], "itamed_ner_other": []},
        {NER: [replace(row, split="training") for row in read_notes({"x": _tree(folder)})[NER]]},
    ):
        with pytest.raises(SchemaError, match="Report it as a fault"):
            build_source(replace(open_source, read=lambda trees, rows=rows: rows), folder)
    assert not (datasets_dir() / "open").exists()


def _tree(folder):
    from itamed.benchmark.sources.tree import open_tree

    return open_tree(folder / "open.tar.gz", ("notes.json",))


@pytest.mark.parametrize("moment", ["README.md", "build.json", "parquet"])
def test_a_full_disk_leaves_what_was_there(built_open, folder, monkeypatch, moment):
    before = content(datasets_dir() / "open")
    full = OSError(errno.ENOSPC, "No space left on device")
    real = Path.write_text

    def write_text(self, *args, **kwargs):
        if self.name == moment:
            raise full
        return real(self, *args, **kwargs)

    def write_table(*args, **kwargs):
        raise full

    monkeypatch.setattr(Path, "write_text", write_text)
    if moment == "parquet":
        monkeypatch.setattr(pq, "write_table", write_table)
    with pytest.raises(StorageError, match=r"No space left on device.*Make room.*ITAMED_HOME"):
        build_source(built_open, folder, force=True)
    assert content(datasets_dir() / "open") == before
    assert {path.name for path in datasets_dir().iterdir()} == {"open"}


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_home_that_cannot_be_written_is_one_message(open_source, folder, monkeypatch, code):
    def refuse(self, *args, **kwargs):
        raise OSError(code, "refused", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match="ITAMED_HOME"):
        list(build(Request([open_source], folder)))


def test_a_home_that_is_a_file_is_one_message(open_source, folder):
    home().write_text("in the way")
    with pytest.raises(StorageError, match="ITAMED_HOME"):
        list(build(Request([open_source], folder)))


def kill(moment, folder):
    command = [sys.executable, "-m", "tests.benchmark.data.killed_build", moment, str(folder)]
    assert subprocess.run(command, cwd=ROOT, check=False, timeout=60).returncode == 9
    assert list(datasets_dir().glob(".writing-*"))


def test_a_build_killed_while_writing_is_never_read(open_source, folder):
    kill("writing", folder)
    with pytest.raises(DataMissingError, match="itamed data build --source open"):
        load_rows(NER)
    assert statuses(open_source, folder=folder) == {"open": "built"}
    assert not list(datasets_dir().glob(".writing-*"))


def test_a_rebuild_killed_while_writing_leaves_the_old_build(built_open, folder):
    before = content(datasets_dir() / "open")
    kill("writing", folder)
    assert content(datasets_dir() / "open") == before
    assert len(load_rows(NER)["test"]) == 1


def test_a_rebuild_killed_while_swapping_leaves_no_mixed_folder(built_open, folder):
    kill("swapping", folder)
    assert not (datasets_dir() / "open").exists()
    assert statuses(built_open, folder=folder) == {"open": "built"}
    assert not list(datasets_dir().glob(".writing-*"))


def test_two_builds_at_once_do_not_mix(open_source, folder):
    going = build(Request([open_source], folder))
    next(going)
    with pytest.raises(StorageError, match="Another build"):
        list(build(Request([open_source], folder)))
    going.close()
    assert statuses(open_source, folder=folder) == {"open": "already built"}
