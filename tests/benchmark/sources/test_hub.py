"""Hub data sets: every file format, guessed splits, column maps, and what a failed download says."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from itamed.benchmark.errors import SchemaError, SourceError
from itamed.benchmark.sources.columns import columns_file
from itamed.benchmark.sources.hub import download_tables, find_tables
from itamed.benchmark.sources.source import HubData
from itamed.benchmark.sources.tablefiles import split_of

from ..fakehub import TOKEN, Repo

DATA = HubData("toy", ("clinic/Toy.IT", "other/toy-it"), {"text": ("text", "testo"), "n": ("Number",)}, skip=("*big*",))
RECORDS = [{"text": "perché", "Number": 1}, {"text": "no", "Number": 2}]


def parquet(records):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(records), sink)
    return sink.getvalue().to_pybytes()


def jsonl(records):
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode()


def csv(records):
    return "\n".join([",".join(records[0]), *(",".join(map(str, record.values())) for record in records)]).encode()


def put(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("data/train-00000-of-00002.parquet", "train"),
        ("data/validation-00000-of-00001.parquet", "dev"),
        ("default/test/0000.parquet", "test"),
        ("test/train-00000-of-00001.parquet", "test"),
        ("my_dev.jsonl", "dev"),
        ("Toy_Test.json", "test"),
        ("data/it-00000-of-00001.parquet", "it"),
        ("contest.csv", "contest"),
        ("latest_training.csv", "train"),
    ],
)
def test_split_of_a_path(path, split):
    assert split_of(path) == split


@pytest.mark.parametrize(
    ("ending", "write"),
    [
        (".parquet", parquet),
        (".jsonl", jsonl),
        (".json", lambda records: b"\xef\xbb\xbf" + json.dumps(records).encode()),
        (".csv", csv),
    ],
)
def test_every_format_gives_the_same_rows(tmp_path, ending, write):
    put(tmp_path, {f"Toy.IT/test{ending}": write(RECORDS)})
    rows = list(find_tables(DATA, tmp_path).rows("test"))
    assert [(row["text"], int(row["n"])) for row in rows] == [("perché", 1), ("no", 2)]


def test_shards_are_read_in_order_and_other_files_not_at_all(tmp_path):
    files = {f"Toy.IT/data/test-0000{n}-of-00002.jsonl": jsonl([{"text": str(n), "Number": n}]) for n in range(2)}
    put(tmp_path, files | {"Toy.IT/data/big-test.jsonl": b"?", "Toy.IT/.cache/x.json": b"?", "Toy.IT/README.md": b"?"})
    put(tmp_path, {"Toy.IT/dataset_infos.json": b"?"})
    tables = find_tables(DATA, tmp_path)
    assert tables.splits == ["test"]
    assert [row["text"] for row in tables.rows()] == ["0", "1"]


def test_any_of_the_repositories_is_taken_from_a_folder(tmp_path):
    assert find_tables(DATA, tmp_path) is None
    put(tmp_path, {"toy-it/test.jsonl": jsonl(RECORDS)})
    assert find_tables(DATA, tmp_path).origin == "other/toy-it"


def test_a_folder_without_tables_is_an_error(tmp_path):
    put(tmp_path, {"Toy.IT/README.md": b"?"})
    with pytest.raises(SourceError, match=r"holds no table of clinic/Toy.IT"):
        find_tables(DATA, tmp_path)


def test_column_names_are_compared_loosely_and_in_order_of_preference(tmp_path):
    put(tmp_path, {"Toy.IT/test.jsonl": jsonl([{"Testo": "b", "TEXT": "a", "number": 1}])})
    assert list(find_tables(DATA, tmp_path).rows()) == [{"text": "a", "n": 1}]


def test_a_missing_column_names_found_and_wanted_and_the_file_that_maps_it(tmp_path):
    put(tmp_path, {"Toy.IT/test.jsonl": jsonl([{"domanda": "a", "Number": 1}])})
    with pytest.raises(SchemaError) as caught:
        list(find_tables(DATA, tmp_path).rows())
    for part in ("no column for text (text or testo)", "Found: domanda, Number", str(columns_file()), "toy: {text:"):
        assert part in str(caught.value)


def test_the_users_column_map_is_followed(tmp_path):
    put(tmp_path, {"Toy.IT/test.jsonl": jsonl([{"domanda": "a", "Number": 1}])})
    columns_file().parent.mkdir(parents=True)
    columns_file().write_text("toy: {text: domanda}")
    assert list(find_tables(DATA, tmp_path).rows()) == [{"text": "a", "n": 1}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("toy: {frase: x}", "maps frase"),
        ("toy: {1: x}", "maps 1"),
        ("toy: {text: 5}", "maps text to 5"),
        ("toy: {text: [a, 5]}", "maps text to"),
        ("toy: {text: }", "maps text to None"),
        ("toy: [", "Cannot read"),
        ("toy: text", "must map"),
    ],
)
def test_a_wrong_column_map_is_refused(tmp_path, content, message):
    put(tmp_path, {"Toy.IT/test.jsonl": jsonl(RECORDS)})
    columns_file().parent.mkdir(parents=True)
    columns_file().write_text(content)
    with pytest.raises(SchemaError, match=message):
        list(find_tables(DATA, tmp_path).rows())


def test_a_missing_split_names_those_found(tmp_path):
    put(tmp_path, {"Toy.IT/train.jsonl": jsonl(RECORDS)})
    with pytest.raises(SchemaError, match=r"no split test. Found: train"):
        list(find_tables(DATA, tmp_path).rows("test"))


@pytest.mark.parametrize("name", ["test.parquet", "test.json", "test.jsonl"])
@pytest.mark.parametrize("content", [b"", b"PAR1 and then nothing", b"[1, 2]", b"\xff\xfe"])
def test_a_damaged_file_is_named(tmp_path, name, content):
    put(tmp_path, {f"Toy.IT/{name}": content})
    with pytest.raises((SourceError, SchemaError), match=name):
        list(find_tables(DATA, tmp_path).rows())


def test_a_line_with_more_fields_than_columns_is_refused(tmp_path):
    put(tmp_path, {"Toy.IT/test.csv": b"text,Number\nuno,1\ndue, tre,2\n"})
    with pytest.raises(SourceError, match=r"test\.csv is damaged.*more fields"):
        list(find_tables(DATA, tmp_path).rows())


def test_the_digest_follows_content_and_name_not_the_place(tmp_path):
    digests = set()
    for place in ("one", "two"):
        put(tmp_path / place, {"Toy.IT/test.jsonl": jsonl(RECORDS)})
        digests.add(find_tables(DATA, tmp_path / place).digest())
    put(tmp_path, {"Toy.IT/test.jsonl": jsonl(RECORDS[:1])})
    assert len(digests) == 1
    assert find_tables(DATA, tmp_path).digest() not in digests


def test_a_data_set_is_downloaded_but_for_what_is_not_needed(hub):
    files = {"data/test-00000-of-00001.parquet": parquet(RECORDS), "data/big-00000-of-00001.parquet": b"?"}
    hub.repos["clinic/Toy.IT"] = Repo(files | {"README.md": b"?", "logo.png": b"?"})
    tables = download_tables(DATA)
    assert [row["n"] for row in tables.rows("test")] == [1, 2]
    assert {call.rpartition("/")[2] for call in hub.calls if "resolve" in call} == {"test-00000-of-00001.parquet"}
    hub.calls.clear()
    assert download_tables(DATA).digest() == tables.digest()
    assert not any("resolve" in call for call in hub.calls)


def test_a_gated_data_set_asks_for_its_terms_and_a_token(hub, monkeypatch):
    hub.repos["clinic/Toy.IT"] = Repo({"test.jsonl": jsonl(RECORDS)}, gated=True)
    with pytest.raises(SourceError) as caught:
        download_tables(DATA)
    for part in (
        "gated",
        "https://huggingface.co/datasets/clinic/Toy.IT",
        "hf auth login",
        "HF_TOKEN",
        "--sources DIR",
    ):
        assert part in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert len(list(download_tables(DATA).rows("test"))) == 2


def test_an_unknown_data_set_is_one_message(hub):
    with pytest.raises(
        SourceError, match=r"clinic/Toy.IT was not found on the Hub.*--sources DIR, with Toy.IT or toy-it"
    ):
        download_tables(DATA)


def test_no_network_is_one_message(hub):
    hub.close()
    with pytest.raises(SourceError, match=r"cannot be reached.*check the network.*--sources DIR"):
        download_tables(DATA)


def test_a_cache_that_cannot_be_written_is_one_message(hub, tmp_path, monkeypatch):
    from huggingface_hub import constants

    hub.repos["clinic/Toy.IT"] = Repo({"test.jsonl": jsonl(RECORDS)})
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(SourceError, match=r"Cannot store clinic/Toy.IT.*HF_HOME"):
        download_tables(DATA)
