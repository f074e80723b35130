"""AbstRCT: sentences become rows, leaks go, counts on the original archive."""

from collections import Counter

import pytest
from itamed.benchmark.errors import SchemaError, SourceError
from itamed.benchmark.rows import Span
from itamed.benchmark.sources import abstrct
from itamed.benchmark.sources.tree import Tree, open_tree
from itamed.benchmark.text import near_copies, words

FOLDER = "data/data_for_experiments/IT/nllb/argument_components/manual_revision/it_{}_nllb_awesome_{}.tsv"
SHARED = "Il/O tè/O verde/O non/O cura/O il/O raffreddore/O dei/O marinai/O"
PARTS = {
    ("neoplasm", "train"): [SHARED, "L'/B-Claim acqua/I-Claim bolle/I-Claim", "Un/O solo/O caso/O"],
    ("neoplasm", "dev"): ["Altra/B-Premise cosa/I-Premise"],
    ("neoplasm", "test"): ["Fine/O"],
    ("glaucoma", "test"): [SHARED.replace("Il/O", "Il/B-MajorClaim")],
}


def lines(sentence: str) -> str:
    return "\n".join(token.replace("/", " ") + " " for token in sentence.split())


def read(parts):
    files = {FOLDER.format(*key): "\n\n".join(map(lines, sentences)).encode() for key, sentences in parts.items()}
    return abstrct.read({abstrct.ARCHIVE.name: Tree("made up", files)})


def test_a_sentence_is_a_row_with_exact_spans():
    rows = {row.id: row for row in read(PARTS)[abstrct.NEOPLASM]}
    row = rows["neoplasm-train-0001"]
    assert row.text == "L'acqua bolle" and row.spans == (Span(0, 13, "affermazione", "L'acqua bolle"),)
    assert row.doc_id == row.id and row.split == "train"


def test_train_sentences_that_stand_in_the_other_disease_s_test_part_are_dropped():
    rows = read(PARTS)
    assert "neoplasm-train-0000" not in {row.id for row in rows[abstrct.NEOPLASM]}
    (glaucoma,) = rows[abstrct.GLAUCOMA]
    assert glaucoma.split == "test" and glaucoma.spans[0].type == "affermazione"


def test_ids_do_not_depend_on_what_was_dropped():
    assert "neoplasm-train-0002" in {row.id for row in read(PARTS)[abstrct.NEOPLASM]}


def test_a_missing_part_and_a_foreign_label_are_refused():
    with pytest.raises(SourceError, match="it_glaucoma"):
        read({key: value for key, value in PARTS.items() if key[0] != "glaucoma"})
    with pytest.raises(SchemaError, match="wanted one of Premise, Claim, MajorClaim"):
        read(PARTS | {("neoplasm", "dev"): ["Altra/B-Evidence cosa/I-Evidence"]})


@pytest.fixture(scope="module")
def tree(sources_dir) -> Tree:
    return open_tree(sources_dir / abstrct.ARCHIVE.name, abstrct.ARCHIVE.wanted)


@pytest.fixture(scope="module")
def rows(tree):
    return abstrct.read({abstrct.ARCHIVE.name: tree})


@pytest.mark.integration
def test_the_archive_is_the_one_that_the_reader_was_made_for(tree):
    assert tree.digest() == abstrct.ARCHIVE.digest


@pytest.mark.integration
def test_counts(rows):
    counts = Counter((task, row.split) for task in rows for row in rows[task])
    gold = Counter((task, row.split, span.type) for task in rows for row in rows[task] for span in row.spans)
    assert counts == {
        (abstrct.NEOPLASM, "train"): 4374,
        (abstrct.NEOPLASM, "dev"): 675,
        (abstrct.NEOPLASM, "test"): 1251,
        (abstrct.GLAUCOMA, "test"): 1247,
    }
    assert [gold[abstrct.NEOPLASM, "test", kind] for kind in ("premessa", "affermazione")] == [438, 248]
    assert [gold[abstrct.GLAUCOMA, "test", kind] for kind in ("premessa", "affermazione")] == [404, 190]


@pytest.mark.integration
def test_every_span_is_re_read_and_ids_are_unique(rows):
    listed = [row for task in rows.values() for row in task]
    assert len({row.id for row in listed}) == len(listed)
    assert all(row.text[s.start : s.end] == s.text for row in listed for s in row.spans)


@pytest.mark.integration
def test_no_sentence_of_train_or_dev_stands_in_a_test_part(rows):
    listed = [row for task in rows.values() for row in task]
    test = {tuple(words(row.text)) for row in listed if row.split == "test"}
    assert not [row.id for row in listed if row.split != "test" and tuple(words(row.text)) in test]
    train = [(row.id, row.text) for row in listed if row.split == "train"]
    held_out = [(row.id, row.text) for row in listed if row.split != "train"]
    assert not list(near_copies(held_out, train))


@pytest.mark.integration
def test_ten_published_sentences_equal_a_test_sentence_and_none_is_left(tree, rows):
    kept = {row.id for task in rows.values() for row in task}
    original = {
        f"{disease}-{part}-{number:04d}": tuple(words(sentence))
        for disease, part in PARTS
        for number, sentence in enumerate(_texts(tree.text(FOLDER.format(disease, part))))
    }
    test = {value for key, value in original.items() if "-test-" in key}
    equal = {key for key, value in original.items() if "-test-" not in key and value in test}
    assert len(equal) == 10 and not equal & kept


def _texts(content: str) -> list[str]:
    blocks = content.strip().split("\n\n")
    return [
        " ".join(line.split()[0] for line in block.split("\n") if line.strip()) for block in blocks if block.strip()
    ]
