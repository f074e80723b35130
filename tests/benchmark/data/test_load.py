"""Loading: what was built comes back as it was, from here or from the Hub, and never silently another."""

import json

import pytest
from itamed.benchmark.data import record
from itamed.benchmark.data.load import load_rows, load_table, rows_of
from itamed.benchmark.errors import DataMissingError, SchemaError
from itamed.benchmark.paths import datasets_dir
from itamed.benchmark.rows import (
    ChoiceRow,
    Component,
    Edge,
    FormRow,
    GraphRow,
    Item,
    Pair,
    PairRow,
    Span,
    SpanRow,
)

from ..fakehub import Repo
from .conftest import NER, NOTES, QA, QUESTIONS

ROWS = [
    SpanRow("a", "a", "test", "un dolore", (Span(3, 9, "sintomo", "dolore", "x"),), 7),
    SpanRow("a", "a", "test", "niente", ()),
    PairRow("a", "a", "test", "peso 3 chili", (Pair("peso", "3 chili"),)),
    FormRow(
        "a", "a", "test", "nota", (Item("peso", "esame", "unknown", (), False, "unknown"), Item("a", "b", "y", ("y",)))
    ),
    ChoiceRow("a", "a", "test", "quale?", ("uno", "due"), 1),
    GraphRow("a", "a", "test", "testo", (Component("c1", "uno", "premessa"),), (Edge("c1", "c2", "attacco"),)),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_every_kind_of_row_comes_back_from_parquet(row, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist([row.to_dict()], schema=type(row).schema), tmp_path / "x.parquet")
    assert rows_of(pq.read_table(tmp_path / "x.parquet")) == [row]


def test_columns_of_no_row_are_an_error():
    import pyarrow as pa

    with pytest.raises(SchemaError, match="No kind of row"):
        rows_of(pa.table({"id": ["a"], "question": ["?"]}))


def test_rows_by_split(built_open, built_closed):
    rows = load_rows(NER)
    assert {split: [row.doc_id for row in held] for split, held in rows.items()} == {
        split: [key] for key, (split, _, _) in NOTES.items()
    }
    assert all(
        row.text[span.start : span.end] == span.text for held in rows.values() for row in held for span in row.spans
    )
    (answer,) = load_rows(QA)["test"]
    assert answer.options[answer.answer] == "sassi"
    assert list(load_rows(QA)) == [split for split, *_ in QUESTIONS.values()]


def test_only_the_splits_asked_for_are_loaded(built_open):
    assert list(load_rows(NER, ["test"])) == ["test"]
    assert load_table(NER, ["dev"])["dev"].num_rows == 1
    assert load_rows(NER, []) == {}


def test_an_unknown_task_lists_those_there_are(built_open):
    with pytest.raises(DataMissingError, match=r"no task itamed_ner_moon.*itamed_ner_toy"):
        load_rows("itamed_ner_moon")


def test_missing_data_name_the_command(open_source):
    with pytest.raises(DataMissingError, match=r"run `itamed data build --source open`.*--sources DIR"):
        load_rows(NER)


def test_a_damaged_file_names_the_command(built_open):
    path = datasets_dir() / "open" / NER / "test.parquet"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataMissingError, match=r"damaged.*--force"):
        load_rows(NER)


def test_a_file_that_changed_after_it_was_loaded_once_is_refused(built_open):
    folder = datasets_dir() / "open" / NER
    assert load_rows(NER)["dev"]
    (folder / "dev.parquet").write_bytes((folder / "test.parquet").read_bytes())
    with pytest.raises(DataMissingError, match=r"dev\.parquet was changed.*--source open --force"):
        load_rows(NER)
    assert load_rows(NER, ["test"])["test"]


def test_a_file_is_hashed_once(built_open, monkeypatch):
    hashed = []
    real = record.hashlib.sha256
    monkeypatch.setattr(record.hashlib, "sha256", lambda content=b"": hashed.append(content) or real(content))
    for _ in range(3):
        load_rows(NER, ["test"])
    assert len(hashed) <= 1


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_lost_file_names_the_command(built_open, split):
    (datasets_dir() / "open" / NER / f"{split}.parquet").unlink()
    with pytest.raises(DataMissingError, match=rf"{split}\.parquet was lost.*`itamed data build --source open`"):
        load_rows(NER, ["test", "train"])
    assert load_rows(NER, ["dev"])


def test_a_build_of_another_version_is_not_read(built_open):
    path = datasets_dir() / "open" / "build.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"suite": "77.0.0"}))
    with pytest.raises(DataMissingError, match=r"built by itamed 77.0.0"):
        load_rows(NER)
    path.write_text(json.dumps(record | {"suite": record["suite"].rpartition(".")[0] + ".99"}))
    assert load_rows(NER)["test"]


def test_a_task_that_its_source_got_later_names_the_command(built_open):
    path = datasets_dir() / "open" / "build.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"tasks": {}}))
    with pytest.raises(DataMissingError, match="holds no data of itamed_ner_toy"):
        load_rows(NER)


def published(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def away(built_open, hub, tmp_path, monkeypatch):
    """Publish the build, and be on another machine."""
    hub.repos["clinic/itamed-open"] = Repo(published(datasets_dir() / "open"), revisions=("main", "v1"))
    here = load_rows(NER)
    monkeypatch.setenv("ITAMED_HOME", str(tmp_path / "away"))
    monkeypatch.setenv("ITAMED_HUB", "clinic")
    return here


def test_the_hub_is_asked_when_nothing_is_built(away, hub, monkeypatch):
    assert load_rows(NER) == away
    assert any("/revision/main" in call for call in hub.calls)
    monkeypatch.setenv("ITAMED_HUB_REVISION", "v1")
    assert load_rows(NER) == away
    assert any("/revision/v1" in call for call in hub.calls)


def test_the_hub_is_not_asked_when_the_data_are_built_or_no_namespace_is_named(
    away, built_open, hub, folder, monkeypatch
):
    from itamed.benchmark.data.build import build_source

    hub.calls.clear()
    monkeypatch.delenv("ITAMED_HUB")
    with pytest.raises(DataMissingError, match="not built"):
        load_rows(NER)
    monkeypatch.setenv("ITAMED_HUB", "clinic")
    build_source(built_open, folder)
    assert load_rows(NER) == away
    assert hub.calls == []


def test_an_unknown_revision_is_one_message(away, monkeypatch):
    monkeypatch.setenv("ITAMED_HUB_REVISION", "v9")
    with pytest.raises(DataMissingError, match=r"no such revision.*ITAMED_HUB_REVISION.*itamed data build"):
        load_rows(NER)


def test_a_private_repository_without_a_token_is_one_message(away, hub):
    hub.repos["clinic/itamed-open"].private = True
    with pytest.raises(DataMissingError, match=r"hf auth login.*itamed data build"):
        load_rows(NER)


def test_no_network_is_one_message(away, hub):
    hub.close()
    with pytest.raises(DataMissingError, match=r"cannot be reached.*itamed data build"):
        load_rows(NER)


def test_what_was_loaded_once_loads_without_network(away, hub):
    load_rows(NER)
    hub.close()
    assert load_rows(NER) == away
