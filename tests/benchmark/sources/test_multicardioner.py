"""MultiCardioNER: tables read by column name, spans re-read, splits, counts on the original archive."""

from collections import Counter

import pytest
from itamed.benchmark.errors import SchemaError
from itamed.benchmark.sources import multicardioner
from itamed.benchmark.sources.tree import Tree, open_tree
from itamed.benchmark.text import near_copies

HEADER = "filename\tlabel\tstart_span\tend_span\ttext"
TALES = {
    "drugtemist_train/txt/a": "La nonna prende aspirina ogni sera davanti alla televisione accesa, poi dorme.",
    "drugtemist_train/txt/b": "Il gatto di casa non ha mai visto un veterinario in tutta la sua lunga vita.",
    "drugtemist_test/txt/c": "Al signor Ugo hanno dato ibuprofene perché il ginocchio era gonfio e caldo.",
    "cardioccc_dev/txt/d": "Per la pressione alta Ines ha preso ramipril dal mese di marzo in avanti.",
    "cardioccc_test/txt/e": "Dopo l'infarto Pio assume bisoprololo, e lo assume volentieri da anni.",
}
MEDICINES = {"a": "aspirina", "c": "ibuprofene", "d": "ramipril", "e": "bisoprololo"}


def annotation(path: str, shift: int = 0) -> str:
    """Return the table's line for the medicine of a tale."""
    name = path[-1]
    start = TALES[path].index(MEDICINES[name]) + shift
    return f"{name}\tFARMACO\t{start}\t{start + len(MEDICINES[name])}\t{MEDICINES[name]}"


TABLES = {path.split("/")[0]: annotation(path) for path in TALES if path[-1] in MEDICINES}


def read(tales=TALES, tables=TABLES, header=HEADER, end="\n"):
    files = {f"{path}.txt": text.encode() for path, text in tales.items()}
    files |= {f"{name}/{name}.tsv": f"{header}{end}{rows}{end}".encode() for name, rows in tables.items()}
    return multicardioner.read({multicardioner.ARCHIVE.name: Tree("made up", files)})


def spans(rows):
    return {row.doc_id: [span.text for span in row.spans] for listed in rows.values() for row in listed}


def test_medicines_are_found_whatever_the_order_of_columns_line_ends_or_byte_order_mark():
    expected = {"a": ["aspirina"], "b": [], "c": ["ibuprofene"], "d": ["ramipril"], "e": ["bisoprololo"]}
    assert spans(read()) == expected
    assert spans(read(header="\ufeff" + HEADER, end="\r\n")) == expected
    turned = {name: "\t".join(["T1", *reversed(row.split("\t"))]) for name, row in TABLES.items()}
    assert spans(read(tables=turned, header="\t".join(["ann_id", *reversed(HEADER.split("\t"))]))) == expected


def test_quotation_marks_are_text_and_not_quoting():
    tales = TALES | {"cardioccc_dev/txt/d": 'Prende il "ramipril" la mattina.'}
    assert spans(read(tales, TABLES | {"cardioccc_dev": 'd\tFARMACO\t10\t20\t"ramipril"'}))["d"] == ['"ramipril"']


def test_a_missing_column_is_named_with_those_found():
    with pytest.raises(
        SchemaError, match=r"found the columns filename, label, off0, end_span, text, wanted .*start_span"
    ):
        read(header=HEADER.replace("start_span", "off0"))


@pytest.mark.parametrize(
    "row",
    ["d\tFARMACO\t35\t43", "d\tENFERMEDAD\t35\t43\tramipril", "z\tFARMACO\t35\t43\tramipril", "d\tFARMACO\t-1\t4\tx"],
)
def test_a_row_that_cannot_be_an_annotation_is_refused_by_line(row):
    with pytest.raises(SchemaError, match=r"cardioccc_dev\.tsv, line 2: found"):
        read(tables=TABLES | {"cardioccc_dev": row})


def test_a_span_that_is_not_what_stands_there_is_refused():
    with pytest.raises(SchemaError, match="read ' ramipri', but the annotation says 'ramipril'"):
        read(tables=TABLES | {"cardioccc_dev": annotation("cardioccc_dev/txt/d", -1)})


def test_train_documents_that_copy_any_test_document_are_dropped():
    tales = TALES | {"drugtemist_train/txt/b": "Nota. " + TALES["cardioccc_test/txt/e"]}
    assert "b" in spans(read()) and "b" not in spans(read(tales))


def test_splits():
    rows = read()
    assert {row.split for row in rows[multicardioner.CARDIOCCC]} == {"dev", "test"}
    splits = Counter(row.split for row in rows[multicardioner.DRUGTEMIST])
    assert splits == {"train": 1, "dev": 1, "test": 1}


@pytest.fixture(scope="module")
def tree(sources_dir) -> Tree:
    return open_tree(sources_dir / multicardioner.ARCHIVE.name, multicardioner.ARCHIVE.wanted)


@pytest.fixture(scope="module")
def rows(tree):
    return multicardioner.read({multicardioner.ARCHIVE.name: tree})


@pytest.mark.integration
def test_the_archive_is_the_one_that_the_reader_was_made_for(tree):
    assert tree.digest() == multicardioner.ARCHIVE.digest


@pytest.mark.integration
@pytest.mark.parametrize(
    ("task", "split", "documents", "gold"),
    [
        (multicardioner.DRUGTEMIST, "train", 772, 2039),
        (multicardioner.DRUGTEMIST, "dev", 85, 244),
        (multicardioner.DRUGTEMIST, "test", 142, 400),
        (multicardioner.CARDIOCCC, "train", 0, 0),
        (multicardioner.CARDIOCCC, "dev", 257, 2472),
        (multicardioner.CARDIOCCC, "test", 247, 1678),
    ],
)
def test_counts(rows, task, split, documents, gold):
    chosen = [row for row in rows[task] if row.split == split]
    assert len({row.doc_id for row in chosen}) == documents
    assert sum(len(row.spans) for row in chosen) == gold


@pytest.mark.integration
def test_passages_lose_nothing_and_keep_the_publisher_s_offsets(tree, rows):
    texts = {path.split("/")[-1].removesuffix(".txt"): tree.text(path) for path in tree.glob("*/txt/*.txt")}
    listed = [row for task in rows.values() for row in task]
    assert len({row.id for row in listed}) == len(listed)
    for row in listed:
        assert texts[row.doc_id][row.offset : row.offset + len(row.text)] == row.text
        assert all(row.text[s.start : s.end] == s.text for s in row.spans)
    official = [line.split("\t") for path in tree.glob("*/*.tsv") for line in tree.text(path).splitlines()[1:]]
    assert Counter((name, int(start), text) for name, _, start, _, text in official) == Counter(
        (row.doc_id, row.offset + s.start, s.text) for row in listed for s in row.spans
    )


@pytest.mark.integration
def test_no_document_nearly_copies_one_of_another_split(rows):
    texts = {}
    for row in (row for task in rows.values() for row in task):
        texts.setdefault(row.split, {}).setdefault(row.doc_id, []).append(row.text)
    joined = {split: [(key, " ".join(parts)) for key, parts in docs.items()] for split, docs in texts.items()}
    for left, right in (("train", "dev"), ("train", "test"), ("dev", "test")):
        assert not list(near_copies(joined[left], joined[right], 0.2))
