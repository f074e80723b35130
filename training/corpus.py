"""Text for continual pre-training: read, cleaned, near copies dropped, kinds capped."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
from itamed.benchmark.errors import ItamedError, reason_of
from itamed.benchmark.paths import downloads_dir
from itamed.benchmark.sources.e3c import ARCHIVE
from itamed.benchmark.sources.tree import open_tree
from itamed.benchmark.text import stable_hash, words

from .progress import bar
from .recipe import Corpus
from .shingles import sampled, shingles

_log = logging.getLogger(__name__)
_E3C = ("data_collection/Italian/layer3/*.json",)
_LEAST_WORDS = 20
_COPIED = 0.5
"""Share of a document's n-grams that kept ones hold already, from which on it is a copy."""
_BROKEN = 0.001
"""Share of undecodable characters from which on a document is dropped."""
_ITALIAN = frozenset(words("di che è e la il un a per non una con del della sono le in si da i al nel gli alla dei"))
_ENGLISH = frozenset(words("the of and to in is that for it with as was on are be this by or from at which have"))
_PART = 2**20
_BLANKS = re.compile(r"[ \t\u00a0]+")
_LINES = re.compile(r"\n{3,}")


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
        raise ItamedError(f"{path} is not there: run `itamed data build --source e3c`, or give {corpus.name} its path.")
    tree = open_tree(path, _E3C)
    for name in tree:
        record = json.loads(tree.text(name))
        yield Document(str(record["id"]), corpus.name, str(record["description"]), str(record["text"]))


def _archive(corpus: Corpus) -> Path:
    return Path(corpus.path) if corpus.path else downloads_dir() / ARCHIVE.name


def _hub(corpus: Corpus) -> Iterator[Document]:
    from datasets import load_dataset

    try:
        rows = load_dataset(corpus.path, corpus.config, split="train")
        for number, row in enumerate(rows):
            yield Document(str(number), corpus.name, corpus.name, str(row[corpus.column]))
    except (OSError, ValueError, KeyError) as error:
        raise ItamedError(
            f"{corpus.path} cannot be read from the Hub ({reason_of(error)}): correct cpt.corpora, or accept its terms "
            "there and `hf auth login`."
        ) from error


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
            f"{file} cannot be read as {corpus.format} with a column {corpus.column} ({error!r})."
        ) from error


def clean(text: str) -> str:
    """Return a text with composed accents, plain blanks and no control characters, lines kept."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(char for char in text if char in "\n\t" or unicodedata.category(char)[0] != "C")
    lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    return _LINES.sub("\n\n", "\n".join(lines)).strip()


def fault(text: str) -> str | None:
    """Return why a cleaned text is not worth training on, if it is not."""
    found = words(text)
    if len(found) < _LEAST_WORDS:
        return "short"
    if text.count("\ufffd") > _BROKEN * len(text):
        return "undecodable"
    if sum(word in _ITALIAN for word in found) <= sum(word in _ENGLISH for word in found):
        return "not Italian"
    return None


class Copies:
    """Tells documents that repeat what others said before them, such as leaflets of one substance."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def is_copy(self, text: str) -> bool:
        """Return whether a text is mostly a copy; what is not is remembered."""
        found = sampled(shingles(text)).tolist()
        if found and sum(each in self._seen for each in found) >= _COPIED * len(found):
            return True
        self._seen.update(found)
        return False


def chosen(documents: Iterable[Document], caps: dict[str, int], left_out: Counter[str]) -> list[Document]:
    """Return the documents worth training on, in a fixed random order; `left_out` counts the others by reason.

    Args:
        documents: as read.
        caps: most words of a kind or of a corpus.
        left_out: is added to.
    """
    copies, kept = Copies(), []
    size: Counter[str] = Counter()
    order = sorted(bar(documents, "Reading"), key=lambda each: stable_hash(f"{each.corpus}:{each.key}"))
    for document in bar(order, "Cleaning"):
        text = clean(document.text)
        reason = fault(text)
        count = len(text.split())
        names = {document.kind, document.corpus}
        if reason is None and any(size[name] + count > caps[name] for name in names & caps.keys()):
            reason = "over the cap"
        # Last: what is kept is remembered.
        if reason is None and copies.is_copy(text):
            reason = "near copy"
        if reason:
            left_out[reason] += 1
            continue
        size.update(dict.fromkeys(names, count))
        kept.append(Document(document.key, document.corpus, document.kind, text))
    return kept
