"""Two sources of our own: one that may be copied and one that may not, each in a small archive."""

import io
import json
import tarfile

import pytest
from itamed.benchmark.data.build import build_source
from itamed.benchmark.rows import ChoiceRow, Span, SpanRow
from itamed.benchmark.sources import registry
from itamed.benchmark.sources.source import Archive, Source
from itamed.benchmark.sources.tree import Tree

NER = "itamed_ner_toy"
QA = "itamed_qa_toy"
NOTES = {
    "a1": ("train", "Il gatto prende aspirina due volte al giorno da una settimana.", "aspirina"),
    "a2": ("dev", "La nonna del vicino conserva in frigo la vecchia insulina.", "insulina"),
    "a10": ("test", "Nessuno sa dove il pirata abbia nascosto il chinino rubato.", "chinino"),
}
QUESTIONS = {
    "q1": ("dev", "Quale colore ha la maglia del capitano della nave?", ["rossa", "blu"], 0),
    "q2": ("test", "Che cosa porta il postino nella borsa di cuoio marrone?", ["lettere", "pane", "sassi"], 2),
}


def pack(path, files):
    """Write a .tar.gz with one top folder."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"top/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def read_notes(trees):
    (tree,) = trees.values()
    rows = []
    for key, (split, text, word) in json.loads(tree.text("notes.json")).items():
        start = text.index(word)
        rows.append(SpanRow(f"{key}-p0", key, split, text, (Span(start, start + len(word), "farmaco", word),)))
    return {NER: rows[::-1]}


def read_questions(trees):
    (tree,) = trees.values()
    rows = json.loads(tree.text("questions.json")).items()
    return {QA: [ChoiceRow(key, key, split, text, tuple(options), n) for key, (split, text, options, n) in rows]}


def make_source(folder, name, task, read, files, *, redistribute):
    archive_name = f"{name}.tar.gz"
    pack(folder / archive_name, files)
    digest = Tree("made up", files).digest()
    return Source(
        name=name,
        title=f"Toy {name}",
        homepage="https://example.org/toy",
        licence="cc-by-4.0" if redistribute else "other",
        licence_note="Our own words." if redistribute else "Nobody may copy this.",
        redistribute=redistribute,
        citation="Nobody (2025). Nothing.",
        tasks=(task,),
        read=read,
        archives=(Archive(archive_name, "http://127.0.0.1:9/none", tuple(files), digest),),
        traps=("The notes are made up.",),
    )


def make_open_source(folder, notes):
    """Write the archive of the source that may be copied, and return the source."""
    files = {"notes.json": json.dumps(notes).encode()}
    return make_source(folder, "open", NER, read_notes, files, redistribute=True)


@pytest.fixture
def folder(tmp_path):
    """Return a sources folder."""
    place = tmp_path / "sources"
    place.mkdir()
    return place


@pytest.fixture
def open_source(folder, monkeypatch):
    """Return a source that may be copied, its archive in `folder`, registered."""
    source = make_open_source(folder, NOTES)
    monkeypatch.setitem(registry.SOURCES, "open", source)
    return source


@pytest.fixture
def closed_source(folder, monkeypatch):
    """Return a source that may not be copied, its archive in `folder`, registered."""
    files = {"questions.json": json.dumps(QUESTIONS).encode()}
    source = make_source(folder, "closed", QA, read_questions, files, redistribute=False)
    monkeypatch.setitem(registry.SOURCES, "closed", source)
    return source


@pytest.fixture
def built_open(open_source, folder):
    build_source(open_source, folder)
    return open_source


@pytest.fixture
def built_closed(closed_source, folder):
    build_source(closed_source, folder)
    return closed_source
