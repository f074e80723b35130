"""Stable splits, and nothing in train or dev that nearly copies the test."""

from collections import Counter

from itamed.benchmark.rows import ChoiceRow, Row, SpanRow
from itamed.benchmark.sources.splits import carve, document_texts, first_of_each, move_to_dev, without_leaks

SENTENCE = "La lepre corre più svelta della lumaca ma dorme spesso sotto il grande noce"


def row(key, split, text):
    return SpanRow(f"{key}-p0", key, split, text, ())


def test_carve_is_stable_capped_and_never_more_than_a_tenth():
    keys = [f"k{n}" for n in range(200)]
    assert carve(keys, 8, "a") == carve(reversed(keys), 8, "a")
    assert carve(keys, 8, "a") != carve(keys, 8, "b")
    assert (len(carve(keys, 8, "a")), len(carve(keys, 500, "a")), len(carve(keys[:3], 8, "a"))) == (8, 20, 1)


def test_a_document_moves_to_dev_whole():
    rows = [Row(f"{doc}-p{page}", doc, "train", "testo") for doc in ("a", "b", "c") for page in range(2)]
    moved = move_to_dev(rows, 5, "salt", "train")
    assert sorted(row.split for row in moved) == ["dev"] * 2 + ["train"] * 4
    assert len({row.doc_id for row in moved if row.split == "dev"}) == 1


def test_copies_leave_train_and_dev_and_the_test_is_untouched():
    rows = [
        row("t1", "test", SENTENCE),
        row("d1", "dev", SENTENCE + ", dice il contadino"),
        row("r1", "train", "Dunque: " + SENTENCE.upper()),
        row("d2", "dev", "Il vecchio mulino macina farina di castagne ogni sabato mattina presto"),
        row("r2", "train", "Il vecchio mulino macina farina di castagne ogni sabato mattina presto e canta"),
        row("r3", "train", "Sette barche verdi aspettano la marea alta davanti alla diga del porto vecchio"),
        row("t2", "test", SENTENCE),
    ]
    assert [kept.doc_id for kept in without_leaks(rows, Counter())] == ["t1", "d2", "r3", "t2"]


def test_a_common_passage_is_no_copy_of_a_long_document():
    words = [f"parola{n}" for n in range(60)]
    long = [SpanRow(f"r1-p{n}", "r1", "train", " ".join(words[n * 20 : n * 20 + 20]), ()) for n in range(3)]
    short = [row("t1", "test", " ".join([*words[:20], *(f"altra{n}" for n in range(40))]))]
    assert without_leaks([*long, *short], Counter()) == [*long, *short]


def test_questions_are_compared_with_their_options():
    stem = "Quale delle seguenti cose si trova di solito in una cucina di campagna?"
    one = ChoiceRow("q1", "q1", "test", stem, ("il paiolo di rame lucido appeso al muro", "la nave"), 0)
    reordered = ChoiceRow("q2", "q2", "train", stem, one.options[::-1], 1)
    assert without_leaks([one, reordered], Counter()) == [one]


def test_pages_of_one_text_count_once():
    pages = [SpanRow(f"a-p{n}", "a", "test", SENTENCE, ()) for n in range(3)]
    assert document_texts(pages) == {"a": SENTENCE}


def test_of_equal_contents_the_test_row_stays():
    rows = [row("r", "train", "uno"), row("t", "test", "uno"), row("d", "dev", "uno"), row("x", "train", "due")]
    assert [kept.doc_id for kept in first_of_each(rows, Counter())] == ["t", "x"]
