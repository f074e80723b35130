"""Corpora as they are: documents of archives, files and data sets of the Hub, in their order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from itamed.benchmark.errors import ItamedError, reason_of
from itamed.benchmark.paths import downloads_dir
from itamed.benchmark.sources.e3c import ARCHIVE
from itamed.benchmark.sources.tree import open_tree

from ..recipe import Corpus

if TYPE_CHECKING:
    from datasets import Dataset

_E3C = ("data_collection/Italian/layer3/*.json",)
_PART = 2**20


@dataclass(frozen=True)
class Document:
    """A text, the corpus that it is of, and its kind there, such as "leaflets"; both may be capped."""

    key: str
    corpus: str
    kind: str
    text: str


def read_corpus(corpus: Corpus) -> Iterator[Document]:
    """Yield the documents of a corpus in their order.

    Raises:
        ItamedError: it is not there, cannot be read, or lacks its text column.
    """
    if corpus.format == "e3c":
        yield from _e3c(corpus)
    elif corpus.format == "hub":
        yield from _hub(corpus)
    else:
        for file in _files(corpus, Path(corpus.path)):
            # Files in several folders may have the same name.
            name = file.relative_to(corpus.path).as_posix() if Path(corpus.path).is_dir() else file.name
            for number, text in enumerate(_texts(corpus, file)):
                yield Document(f"{name}:{number}", corpus.name, corpus.name, text)


def _e3c(corpus: Corpus) -> Iterator[Document]:
    path = _archive(corpus)
    if not path.exists():
        raise ItamedError(
            f"{path} is not there: run `itamed data build --source e3c --force`, or give {corpus.name} its path."
        )
    tree = open_tree(path, _E3C)
    for name in tree:
        record = json.loads(tree.text(name))
        yield Document(str(record["id"]), corpus.name, str(record["description"]), str(record["text"]))


def _archive(corpus: Corpus) -> Path:
    return Path(corpus.path) if corpus.path else downloads_dir() / ARCHIVE.name


def _hub(corpus: Corpus) -> Iterator[Document]:
    rows = _hub_rows(corpus)
    if corpus.column not in rows.column_names:
        raise ItamedError(f"{corpus.path} has no column {corpus.column}, but {', '.join(rows.column_names)}.")
    for number, row in enumerate(rows):
        yield Document(str(number), corpus.name, corpus.name, str(row[corpus.column]))


def _hub_rows(corpus: Corpus) -> Dataset:
    from datasets import load_dataset

    try:
        return load_dataset(corpus.path, corpus.config, split="train")
    except (OSError, ValueError, KeyError) as error:
        raise ItamedError(
            f"{corpus.path} cannot be read from the Hub ({reason_of(error)}): correct cpt.corpora, or accept its terms "
            "there and `hf auth login`."
        ) from error


def revision_of(corpus: Corpus) -> str:
    """Return what tells the content of a corpus from others: see `content_of`; of the Hub, which is asked, its commit.

    Raises:
        ItamedError: the Hub does not give it.
    """
    # The library names what it keeps of a data set after the commit.
    return str(_hub_rows(corpus)._fingerprint) if corpus.format == "hub" else content_of(corpus)


def content_of(corpus: Corpus) -> str:
    """Return a hash of a corpus's files on this machine; of one that is not here, or on the Hub, nothing."""
    path = _archive(corpus) if corpus.format == "e3c" else Path(corpus.path)
    if corpus.format == "hub" or not path.exists():
        return ""
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    hashes = (
        f"{each.relative_to(path)}:{_hashed(each, each.stat().st_size, each.stat().st_mtime_ns)}" for each in files
    )
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


@cache
def _hashed(file: Path, _size: int, _time: int) -> str:
    """Return a hash of a file, which is read once while its size and time stay the same."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while part := content.read(_PART):
            digest.update(part)
    return digest.hexdigest()


def _files(corpus: Corpus, path: Path) -> list[Path]:
    ending = {"parquet": "*.parquet", "jsonl": "*.jsonl", "text": "*.txt"}[corpus.format]
    found = sorted(path.rglob(ending)) if path.is_dir() else [path]
    if not found or not found[0].is_file():
        raise ItamedError(f"{path} holds no {ending} files: correct cpt.corpora, {corpus.name}.path.")
    return found


def _texts(corpus: Corpus, file: Path) -> Iterator[str]:
    try:
        if corpus.format == "text":
            yield file.read_text(encoding="utf-8", errors="replace")
        elif corpus.format == "jsonl":
            with file.open(encoding="utf-8") as lines:
                yield from (str(json.loads(line)[corpus.column]) for line in lines if line.strip())
        else:
            for batch in pq.ParquetFile(file).iter_batches(columns=[corpus.column]):
                yield from map(str, batch.column(0).to_pylist())
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ItamedError(
            f"{file} cannot be read as {corpus.format} with a column {corpus.column} ({reason_of(error)})."
        ) from error
