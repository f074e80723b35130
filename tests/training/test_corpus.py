"""Text for pre-training: read in every format, cleaned, without copies, and never what is tested."""

import io
import json
import tarfile
from collections import Counter
from copy import deepcopy

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.mini.rows import mini_rows
from itamed.benchmark.text import ngrams
from itamed.training.corpus import Document, chosen, clean, content_of, fault, read_corpus
from itamed.training.cpt import sequences
from itamed.training.decontaminate import HeldOut, decontaminated
from itamed.training.recipe import Corpus
from itamed.training.shingles import sampled, shingles

from ..benchmark.engines.hf import tiny

TEXT = "La paziente lamenta da due settimane una tosse secca che non passa con lo sciroppo e che di notte la sveglia."
OTHER = "Il tracciato mostra un ritmo regolare e non ci sono segni di ischemia: il dolore al petto è di altra natura."


def document(text, key="a", kind="note"):
    return Document(key, "corpus", kind, text)


def written(tmp_path, form):
    if form == "text":
        for name, text in (("1", TEXT), ("2", OTHER)):
            (tmp_path / f"{name}.txt").write_text(text)
        return tmp_path
    if form == "jsonl":
        path = tmp_path / "x.jsonl"
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in (TEXT, OTHER)))
    elif form == "parquet":
        path = tmp_path / "x.parquet"
        pq.write_table(pa.table({"text": [TEXT, OTHER]}), path)
    else:
        path = tmp_path / "E3C.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, text in (("IT1", TEXT), ("IT2", OTHER)):
                content = json.dumps({"id": name, "description": "leaflets", "text": text}).encode()
                member = tarfile.TarInfo(f"E3C/data_collection/Italian/layer3/{name}.json")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("form", ["text", "jsonl", "parquet", "e3c"])
def test_every_format_is_read(tmp_path, form):
    found = list(read_corpus(Corpus("mine", form, str(written(tmp_path, form)))))
    assert [each.text for each in found] == [TEXT, OTHER]
    assert len({each.key for each in found}) == 2
    assert {each.corpus for each in found} == {"mine"}
    assert {each.kind for each in found} == {"leaflets" if form == "e3c" else "mine"}


def test_files_of_one_name_in_two_folders_are_told_apart(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "note.txt").write_text(TEXT)
    found = read_corpus(Corpus("mine", "text", str(tmp_path)))
    assert [each.key for each in found] == ["a/note.txt:0", "b/note.txt:0"]


@pytest.mark.parametrize("form", ["text", "jsonl"])
def test_a_corpus_is_known_by_its_content(tmp_path, form):
    path = written(tmp_path, form)
    corpus = Corpus("mine", form, str(path))
    before = content_of(corpus)
    file = path / "1.txt" if form == "text" else path
    file.write_text(file.read_text().replace("tosse", "febbre"))
    assert before and content_of(corpus) != before
    assert content_of(Corpus("mine", form, str(tmp_path / "none"))) == ""
    assert content_of(Corpus("mine", "hub", "some/where")) == ""


def test_a_tokenizer_that_ends_no_text_is_refused():
    tokenizer = deepcopy(tiny.tokenizer())
    tokenizer.eos_token = None
    with pytest.raises(ItamedError, match="no token that ends a text: set eos_token"):
        list(sequences([document(TEXT)], tokenizer, 64))


@pytest.mark.parametrize(
    ("form", "settings"), [("jsonl", {"column": "body"}), ("parquet", {"column": "body"}), ("parquet", {"path": "no"})]
)
def test_what_cannot_be_read_is_named(tmp_path, form, settings):
    path = written(tmp_path, form)
    with pytest.raises(ItamedError, match=r"body|holds no"):
        list(read_corpus(Corpus(**{"name": "mine", "path": str(path), "format": form} | settings)))


def test_cleaning_keeps_lines_and_composes_accents():
    assert clean("  Perche\u0301 \t no?\r\n\r\n\r\n\r\nSi\u0300\u00a0\u00a0ora\x00\u200b. ") == "Perché no?\n\nSì ora."


def test_faults_are_found():
    assert fault(TEXT) is None
    assert fault("Tosse secca.") == "short"
    assert fault(TEXT + "\ufffd") == "undecodable"
    english = "The patient was seen in the ward with a cough that did not improve with any of the usual drugs for this."
    assert fault(english) == "not Italian"


def test_copies_and_caps():
    left_out = Counter()
    longer = " ".join(f"parola{n} della frase" for n in range(200))
    documents = [
        document(longer, "1"),
        document(longer.replace("parola7 ", "altra "), "2"),
        document(TEXT, "3", "leaflets"),
        document(OTHER, "4", "leaflets"),
    ]
    kept = chosen(documents, {"leaflets": 30}, left_out)
    assert left_out == {"near copy": 1, "over the cap": 1}
    assert len(kept) == 2
    assert [each.key for each in chosen(reversed(documents), {"leaflets": 30}, Counter())] == [k.key for k in kept]


@given(st.lists(st.sampled_from("abcde"), max_size=40))
def test_hashes_are_equal_where_ngrams_are(letters):
    text = " ".join(letters)
    found = shingles(text)
    assert len(found) == max(0, len(letters) - 7)
    assert len(set(found.tolist())) == (len(ngrams(text)) if len(found) else 0)
    assert set(sampled(found).tolist()) <= set(found.tolist())


def test_an_eighth_is_sampled():
    found = shingles(" ".join(map(str, range(80_000))))
    assert len(sampled(found)) / len(found) == pytest.approx(1 / 8, abs=0.01)


def test_documents_that_hold_tested_words_are_dropped():
    (row, *_) = mini_rows("itamed_ner_e3c_clinentity")
    held = HeldOut([("task", row)], ["unbuilt"])
    inside = f"{OTHER} {' '.join(row.text.split()[3:14])} {OTHER}"
    kept, report = decontaminated([document(TEXT, "clean"), document(inside, "dirty")], held)
    assert [each.key for each in kept] == ["clean"]
    (dropped,) = report["dropped"]
    assert (dropped["key"], dropped["task"], dropped["row"]) == ("dirty", "task", row.id)
    assert dropped["shared"] >= 1
    assert (report["checked_tasks"], report["unchecked_tasks"]) == (["task"], ["unbuilt"])


def test_options_of_questions_count_too():
    row = next(row for row in mini_rows("itamed_qa_casimedicos") if any(len(o.split()) >= 8 for o in row.options))
    option = next(option for option in row.options if len(option.split()) >= 8)
    assert HeldOut([("qa", row)]).overlap(document(f"{TEXT} {option}"))
    assert HeldOut([("qa", row)]).overlap(document(TEXT)) is None
