"""The annotated notes of E3C layer 1 (Italian) and their splits: one list for every E3C task."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..errors import SchemaError
from ..rows import Split
from ..text import near_copies
from .tree import Tree
from .xmi import XmiDocument, parse_xmi

TYPES = ("ACTOR", "BODYPART", "CLINENTITY", "EVENT", "RML", "TIMEX3")
"""The annotation types that are read."""

ANNOTATIONS = "data_annotation/Italian/layer1/*.xml"
METADATA = "data_collection/Italian/layer1/*.json"
OFFICIAL_SPLIT = "documentation/train_test_split.txt"
DEV_SIZE = 8
"""Notes of the official train part that serve as dev."""

_TRAIN_ID = re.compile(r"\bIT\d{6}\b")


@dataclass(frozen=True)
class Note:
    """One note: its E3C id, our split, and its text with annotations.

    `complete` is false for the notes in which only clinical entities were annotated: there every
    other annotation is missing, not absent, so that right answers would count as wrong.
    """

    id: str
    split: Split
    document: XmiDocument
    complete: bool


def read_notes(tree: Tree) -> list[Note]:
    """Read the notes, sorted by id, with their splits.

    Notes without any annotation and train notes that nearly copy a test note are left out. Dev is
    carved out of the official train part, among complete notes alone.

    Raises:
        SourceError: a file is missing or cut off.
        SchemaError: the split list or a file is not what the corpus holds.
    """
    given = _documents(tree)
    documents = {key: document for key, document in given.items() if document.annotations}
    official = official_train(tree.text(OFFICIAL_SPLIT))
    complete = {key for key, document in documents.items() if is_complete(document)}
    leaked = leaks({key: document.text for key, document in documents.items()}, official)
    tree.left_out["notes without any annotation"] += len(given) - len(documents)
    tree.left_out["train notes that nearly copy a test note"] += len(leaked)
    train = sorted((official & set(documents)) - leaked)
    dev = set(choose_dev([key for key in train if key in complete]))
    splits: dict[str, Split] = {key: "test" for key in documents if key not in official}
    splits |= {key: "dev" if key in dev else "train" for key in train}
    return [Note(key, splits[key], documents[key], key in complete) for key in sorted(splits)]


def is_complete(document: XmiDocument) -> bool:
    """Tell whether anything beside clinical entities was annotated."""
    return any(a.type != "CLINENTITY" for a in document.annotations)


def official_train(listing: str) -> set[str]:
    """Return the Italian ids that the publisher's split list names as train; all others are test.

    Raises:
        SchemaError: the list names none.
    """
    ids = set(_TRAIN_ID.findall(listing))
    if not ids:
        raise SchemaError(f"{OFFICIAL_SPLIT} names no Italian note: use the corpus version that the source names.")
    return ids


def leaks(texts: Mapping[str, str], train: Iterable[str]) -> set[str]:
    """Return the train ids whose text is a near-copy of a text outside train."""
    known = set(train)
    inside = [(key, text) for key, text in sorted(texts.items()) if key in known]
    outside = [(key, text) for key, text in sorted(texts.items()) if key not in known]
    return {key for _, key, _ in near_copies(outside, inside)}


def choose_dev(keys: Iterable[str], size: int = DEV_SIZE) -> Sequence[str]:
    """Return `size` of the ids, the first by SHA-1 of "dev:<id>".

    SHA-1 and not `text.stable_order`: the published counts of these splits were made with it.
    """
    return sorted(keys, key=lambda key: hashlib.sha1(f"dev:{key}".encode(), usedforsecurity=False).hexdigest())[:size]


def _documents(tree: Tree) -> dict[str, XmiDocument]:
    return {_key(path): parse_xmi(tree.read(path), path, TYPES) for path in tree.glob(ANNOTATIONS)}


def _key(path: str) -> str:
    return PurePosixPath(path).stem
