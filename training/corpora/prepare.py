"""Corpora made ready to train on: read once, cleaned by all cores, and kept on disk.

Whoever trains on the same text next opens the files: the other processes of a launcher, a run that goes on, other seeds
and other models. Nothing of a corpus is held in memory but hashes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from datasets import Dataset, Features, Sequence, Value, load_from_disk
from datasets.exceptions import DatasetGenerationError
from filelock import FileLock
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text
from itamed.benchmark.paths import corpora_dir, storing
from itamed.benchmark.text import stable_hash, words

from ..examples import task_names
from ..progress import bar
from ..recipe import Corpus, Cpt, Mlm
from .clean import Copies, clean, fault
from .held_out import HeldOut
from .read import read_corpus, revision_of
from .shingles import Hashes, sampled, shared, shingles

_log = logging.getLogger(__name__)
REPORT = "decontamination.json"
_DOCUMENTS = "documents"
_STRING = Value("string")
_TEXT = Features(dict.fromkeys(("key", "corpus", "kind", "text"), _STRING))
_READ = Features({**_TEXT, "number": Value("int64")})
_KEPT = Features({**_TEXT, "words": Value("int64")})
_LOOKED_AT = Features(
    {
        **_READ,
        "words": Value("int64"),
        "fault": _STRING,
        "order": Value("int64"),
        "sample": Sequence(Value("int64")),
        "whole": Value("int64"),
        "shared": Value("int64"),
        "first": Value("int64"),
    }
)
_SHARE = 500
"""Documents below which another process costs more than it saves."""


class Prepared(NamedTuple):
    """What there is to train on.

    `documents` have a key, corpus, kind, text and number of words each, in a random order that names alone decide;
    `report` says what was left out, and why; `folder` holds both, and what is made of them.
    """

    documents: Dataset
    report: dict[str, Any]
    folder: Path


def prepare(settings: Cpt | Mlm) -> Prepared:
    """Read, clean, choose and decontaminate corpora, or open what another training of the same text left.

    Raises:
        ItamedError: a corpus cannot be read, the folder of corpora cannot be written, or held-out rows cannot be had
            that the settings do not let go unchecked.
    """
    # At every call: what was held out when the text was made ready is not what is held out now.
    held_out = _held_out(settings)
    folder = corpora_dir() / _digest(settings, held_out)
    with storing(corpora_dir()):
        corpora_dir().mkdir(parents=True, exist_ok=True)
        # Processes of one launcher ask at the same time: the first works, the others wait for it.
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            if not folder.is_dir():
                _build(settings, held_out, folder)
    documents = load_from_disk(folder / _DOCUMENTS)
    report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    if unknown := settings.caps.keys() - {*documents.unique("kind"), *documents.unique("corpus")}:
        _log.warning("caps names kinds that no kept document is of: %s.", ", ".join(sorted(unknown)))
    if missing := report["unchecked_tasks"]:
        _log.warning("Held-out rows of %s cannot be kept out: their data are not here.", ", ".join(missing))
    if short := sum(report["unprotected_rows"].values()):
        _log.info("%d held-out rows have too few words to be told from other text: they are not looked for.", short)
    dropped = len(report["dropped"])
    _log.info("%d documents; left out %s; %d contaminated.", len(documents), report["left_out"], dropped)
    return Prepared(documents, report, folder)


def write_report(report: dict[str, Any], folder: Path) -> None:
    """Write what was left out, and why, to `REPORT`."""
    write_text(folder / REPORT, json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def _held_out(settings: Cpt | Mlm) -> HeldOut:
    if not settings.decontaminate:
        return HeldOut(())
    may_miss = task_names(settings.unchecked_tasks)
    held_out = HeldOut.of_suite()
    if refused := [name for name in held_out.missing if name not in may_miss]:
        raise ItamedError(
            f"Test rows of {', '.join(refused)} cannot be kept out of the text: their data are not here. Run `itamed "
            "data build`; or, where you cannot have them, name them beside corpora in the recipe, and what the model "
            f"was trained on counts as unknown for them:\nunchecked_tasks: [{', '.join(held_out.missing)}]"
        )
    return held_out


def _digest(settings: Cpt | Mlm, held_out: HeldOut) -> str:
    """Return what decides the documents: content, caps, what is held out, and the code that looks at all this."""
    # Where files lie decides nothing; of the Hub the name comes along with the commit.
    corpora = [
        (each.name, each.format, each.config, each.column, each.least_words, each.italian, revision_of(each))
        for each in settings.corpora
    ]
    code = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    content = [corpora, dict(sorted(settings.caps.items())), held_out.digest, code]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _build(settings: Cpt | Mlm, held_out: HeldOut, folder: Path) -> None:
    """Make a folder of documents and their report; what a killed process left of it is made anew."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    ready = partial / "ready"
    try:
        looked_at = _looked_at(settings.corpora, held_out, partial)
        kept, report = _chosen(looked_at, settings.caps, held_out)
        looked_at.select(kept).select_columns(list(_KEPT)).save_to_disk(ready / _DOCUMENTS, num_shards=1)
        write_report(report, ready)
        ready.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _looked_at(corpora: list[Corpus], held_out: HeldOut, folder: Path) -> Dataset:
    """Return all documents of some corpora, cleaned, with what is to be known of each."""
    try:
        # A list would be taken for shards, and given one by one.
        read = Dataset.from_generator(_read, _READ, cache_dir=str(folder), gen_kwargs={"corpora": tuple(corpora)})
    except DatasetGenerationError as error:
        if isinstance(error.__cause__, ItamedError | OSError):
            raise error.__cause__ from error
        raise
    processes = min(_cores(), len(read) // _SHARE)
    # With several processes datasets leaves a copy in os.environ, while other libraries hold on to the first.
    with patch.object(os, "environ", os.environ):
        return read.map(
            look_at,
            fn_kwargs={"corpora": corpora, "held_out": held_out.hashes, "sizes": held_out.sizes},
            features=_LOOKED_AT,
            num_proc=processes if processes > 1 else None,
            cache_file_name=str(folder / "looked-at.arrow"),
            # Its content decides nothing here, and to hash the function would hash all that is held out.
            new_fingerprint="looked-at",
            desc="Cleaning",
        )


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _read(corpora: tuple[Corpus, ...]) -> Iterator[dict[str, Any]]:
    for number, corpus in enumerate(corpora):
        documents = read_corpus(corpus)
        first = next(documents, None)
        if first is None:
            raise ItamedError(f"{corpus.name} holds no documents: correct its path ({corpus.path}).")
        yield from (asdict(document) | {"number": number} for document in chain([first], documents))


def look_at(
    document: Mapping[str, Any], corpora: list[Corpus], held_out: Hashes, sizes: tuple[int, ...]
) -> dict[str, Any]:
    """Clean a document, and say all that decides whether it is trained on.

    Args:
        document: with its key, corpus and text, and the number of its corpus.
        corpora: the corpora.
        held_out: sorted hashes of what must not be trained on.
        sizes: lengths of the n-grams that these are of.
    """
    corpus = corpora[document["number"]]
    text = clean(document["text"])
    found = words(text)
    tested = shared(shingles(found, sizes), held_out)
    return {
        "text": text,
        "words": len(text.split()),
        "fault": fault(text, found, corpus.least_words, italian=corpus.italian),
        "order": stable_hash(f"{document['corpus']}:{document['key']}") >> 1,
        "sample": sampled(shingles(found)),
        "whole": stable_hash(" ".join(found)) >> 1,
        "shared": len(tested),
        "first": tested[0] if len(tested) else 0,
    }


def _chosen(looked_at: Dataset, caps: dict[str, int], held_out: HeldOut) -> tuple[list[int], dict[str, Any]]:
    """Return the numbers of the documents worth training on, in a fixed random order, and a report on the others.

    Args:
        looked_at: all documents.
        caps: most words of a kind or of a corpus.
        held_out: what must not be trained on.
    """
    order = np.argsort(looked_at.with_format("numpy")["order"][:], kind="stable").tolist()
    facts = looked_at.remove_columns(["text", "order"]).select(order)
    copies, left_out, size = Copies(), Counter[str](), Counter[str]()
    kept, dropped = [], []
    for number, document in zip(order, bar(facts, "Choosing"), strict=True):
        if document["shared"]:
            # Before all else: it is named in the report whatever else it is, fills no cap, and nothing is its copy.
            task, row = held_out.place(document["first"])
            found = {name: document[name] for name in ("key", "corpus", "shared")}
            dropped.append(found | {"task": task, "row": row})
            continue
        names = {document["kind"], document["corpus"]}
        reason = document["fault"]
        if not reason and any(size[name] + document["words"] > caps[name] for name in names & caps.keys()):
            reason = "over the cap"
        # Last: what is kept is remembered.
        if not reason and copies.is_copy(document["sample"], document["whole"]):
            reason = "near copy"
        if reason:
            left_out[reason] += 1
            continue
        size.update(dict.fromkeys(names, document["words"]))
        kept.append(number)
    return kept, {
        "checked_tasks": sorted(held_out.tasks),
        "unchecked_tasks": sorted(held_out.missing),
        "unprotected_rows": dict(held_out.unprotected),
        "kept": len(kept),
        "dropped": dropped,
        "left_out": dict(left_out),
    }
