"""Corpora are read in every format, and known by their content."""

import pytest
from itamed.benchmark.errors import ItamedError
from itamed.training.corpora.read import content_of, read_corpus, revision_of
from itamed.training.recipe import Corpus

from .files import OTHER, TEXT, written


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


@pytest.mark.parametrize(
    ("form", "settings"), [("jsonl", {"column": "body"}), ("parquet", {"column": "body"}), ("parquet", {"path": "no"})]
)
def test_what_cannot_be_read_is_named(tmp_path, form, settings):
    path = written(tmp_path, form)
    with pytest.raises(ItamedError, match=r"body|holds no"):
        list(read_corpus(Corpus(**{"name": "mine", "path": str(path), "format": form} | settings)))


def test_a_data_set_of_the_hub_is_read_by_its_column(tmp_path, monkeypatch):
    """A folder stands for the Hub: the library reads both by the same call."""
    (tmp_path / "set").mkdir()
    written(tmp_path / "set", "jsonl")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))
    corpus = Corpus("mine", "hub", str(tmp_path / "set"))
    assert [each.text for each in read_corpus(corpus)] == [TEXT, OTHER]
    with pytest.raises(ItamedError, match="has no column chunk, but text"):
        list(read_corpus(Corpus("mine", "hub", str(tmp_path / "set"), column="chunk")))
    before = revision_of(corpus)
    assert revision_of(corpus) == before
    written(tmp_path / "set", "jsonl", [TEXT])
    assert revision_of(corpus) != before
    assert (tmp_path / "cache").is_dir(), "not the user's"
    with pytest.raises(ItamedError, match="cannot be read from the Hub"):
        revision_of(Corpus("mine", "hub", str(tmp_path / "none")))
