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


def test_a_build_that_lost_a_file_is_built_again(built_open, folder):
    (datasets_dir() / "open" / NER / "train.parquet").unlink()
    assert statuses(built_open, folder=folder) == {"open": "built"}
    assert set(load_rows(NER)) == {"train", "dev", "test"}


def test_where_nothing_is_to_be_built_nothing_is_written(built_open, folder, monkeypatch):
    """A cache may be read-only, and another build at work in it."""
    (datasets_dir() / ".build.lock").unlink(missing_ok=True)
    before = {path: path.stat().st_mtime_ns for path in home().rglob("*")}

    def refuse(self, *args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert statuses(built_open, folder=folder) == {"open": "already built"}
    assert {path: path.stat().st_mtime_ns for path in home().rglob("*")} == before
    with pytest.raises(StorageError, match=r"Read-only file system\. Set ITAMED_HOME to a folder"):
        list(build(Request([built_open], folder, force=True)))


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
    assert outcome.status == "failed"
    assert outcome.message == (
        f"{folder} lacks open.tar.gz: download it from http://127.0.0.1:9/none and put it there, as it is or unpacked "
        "as open."
    )


def test_what_the_folder_lacks_names_its_address(open_source, folder):
    data = HubData("toy", ("clinic/Toy", "clinic/toy-it"), {"text": ("text",)}, files=("toy.json",))
    by_hand = replace(open_source.archives[0], name="other.tar.gz", by_hand="Lay it out yourself.")
    source = replace(open_source, archives=(by_hand,), hub=(data,))
    (outcome,) = build(Request([source], folder))
    assert f"{folder} lacks other.tar.gz: Lay it out yourself." in outcome.message
    assert (
        f"{folder} lacks Toy or toy.json: download it from https://huggingface.co/datasets/clinic/Toy"
        in outcome.message
    )


@pytest.mark.parametrize("name", ["open", "Toy", "toy-it"])
def test_a_source_in_place_of_the_folder_that_holds_it_is_told(open_source, folder, name, monkeypatch):
    data = HubData("toy", ("clinic/Toy", "clinic/toy-it"), {"text": ("text",)})
    (folder / name).mkdir()
    monkeypatch.chdir(folder / name)
    for place in (folder / name, Path()):
        (outcome,) = build(Request([replace(open_source, hub=(data,))], place))
        assert f"{place} is itself a source: name the folder that it is in (--sources {folder})." in outcome.message


def test_an_error_that_nobody_thought_of_is_one_line_and_the_others_go_on(open_source, closed_source, folder):
    def stumble(trees):
        raise KeyError("una\ncolonna")

    first, second = build(Request([replace(open_source, read=stumble), closed_source], folder))
    assert (first.status, second.status) == ("failed", "built")
    assert first.message.startswith("unexpected KeyError: 'una")
    assert "test_build.py, line " in first.message
    assert "\n" not in first.message


def test_rows_that_are_not_sound_are_not_written(open_source, folder):
    rows = read_notes({"x": _tree(folder)})[NER]
    shifted = replace(rows[0], spans=(replace(rows[0].spans[0], start=0),))
    for faulty, message in (
        ([*rows, rows[0]], f"the id {rows[0].id} occurs 2 times"),
        ([shifted, *rows[1:]], f"{rows[0].id} has a span 0-"),
        ([replace(rows[0], text=" ", spans=()), *rows[1:]], "has no text"),
        ([row for row in rows if row.split != "test"], "there are no test rows"),
    ):
        with pytest.raises(SchemaError, match=f"The rows of open are not sound.*{message}"):
            build_source(replace(open_source, read=lambda trees, faulty=faulty: {NER: faulty}), folder)
    assert not (datasets_dir() / "open").exists()


def test_what_a_reader_leaves_out_is_recorded(open_source, folder):
    def read(trees):
        (tree,) = trees.values()
        tree.left_out["notes about cats"] += 2
        tree.left_out["notes about dogs"] += 0
        return read_notes(trees)

    build_source(replace(open_source, read=read), folder)
    assert read_record(datasets_dir() / "open").left_out == {"notes about cats": 2}


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
        build_source(built_open, folder)
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
        list(build(Request([open_source], folder, force=True)))
    going.close()
    assert statuses(open_source, folder=folder) == {"open": "already built"}
