"""Continual pre-training: a corpus, cleaned and decontaminated, as a stage."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text
from transformers import PreTrainedTokenizerBase

from .corpus import Document, chosen, read_corpus
from .decontaminate import HeldOut, decontaminated
from .dev import Dev
from .encode import Encoded
from .packing import packs
from .progress import bar
from .recipe import Cpt, Mlm
from .stage import Stage

_log = logging.getLogger(__name__)
REPORT = "decontamination.json"


def cpt_stage(cpt: Cpt, lm: ItamedHF, output: Path) -> Stage:
    """Return a recipe's corpora as a stage; what was left out, and why, is written to `REPORT`.

    Raises:
        ItamedError: a corpus cannot be read, or nothing of it is left.
    """
    documents, report = prepare(cpt)
    write_report(report, output)
    if not documents:
        raise ItamedError(f"No document is left to train on: {output / REPORT} says why.")
    held, used = watched(cpt, documents)
    examples = list(sequences(bar(used, "Tokenising"), lm.tokenizer, cpt.length))
    # Each document ends once.
    cut = len(examples) - len(used)
    _log.info("%d sequences; documents were cut at %d places, to be no longer than cpt.length.", len(examples), cut)
    dev = Dev(list(packs(sequences(held, lm.tokenizer, cpt.length), cpt.pack)), ())
    data = {
        "words": sum(len(document.text.split()) for document in used),
        "sequences": len(examples),
        **provenance(cpt, used, report),
    }
    return Stage(examples, dev, cpt.batch, cpt.pack, cpt.lora, cpt.optimizer, cpt.dev_every, data)


def write_report(report: dict[str, Any], output: Path) -> None:
    """Write what `prepare` has left out, and why, to `REPORT`."""
    write_text(output / REPORT, json.dumps(report, indent=1, ensure_ascii=False) + "\n")


def provenance(settings: Cpt | Mlm, used: Iterable[Document], report: dict[str, Any]) -> dict[str, Any]:
    """Return what a manifest says of corpora: which documents are trained on, which are not, under which licences."""
    return {
        "documents": dict(Counter(document.corpus for document in used)),
        "left_out": report["left_out"],
        "decontaminated": settings.decontaminate,
        "contaminated": [found["key"] for found in report["dropped"]],
        "unchecked_tasks": report["unchecked_tasks"],
        "licences": {corpus.name: corpus.licence for corpus in settings.corpora},
    }


def watched(cpt: Cpt, documents: list[Document]) -> tuple[list[Document], list[Document]]:
    """Return the documents that are watched, and those that are trained on."""
    # They come in a random order that their names alone decide.
    count = round(cpt.dev_share * len(documents))
    return documents[:count], documents[count:]


def prepare(cpt: Cpt | Mlm) -> tuple[list[Document], dict[str, Any]]:
    """Read, clean, choose and decontaminate; returns the documents and what was left out."""
    left_out: Counter[str] = Counter()
    read = (document for corpus in cpt.corpora for document in read_corpus(corpus))
    documents = chosen(read, cpt.caps, left_out)
    if unknown := cpt.caps.keys() - {name for document in documents for name in (document.kind, document.corpus)}:
        _log.warning("cpt.caps names kinds that no kept document is of: %s.", ", ".join(sorted(unknown)))
    report: dict[str, Any] = {"checked_tasks": [], "unchecked_tasks": [], "kept": len(documents), "dropped": []}
    if cpt.decontaminate:
        documents, report = decontaminated(documents, HeldOut.of_suite())
        if report["unchecked_tasks"]:
            _log.warning(
                "Held-out rows of %s cannot be kept out: their data are not built.",
                ", ".join(report["unchecked_tasks"]),
            )
    _log.info("%d documents; left out %s; %d contaminated.", len(documents), dict(left_out), len(report["dropped"]))
    return documents, report | {"left_out": dict(left_out)}


def sequences(documents: Iterable[Document], tokenizer: PreTrainedTokenizerBase, length: int) -> Iterator[Encoded]:
    """Yield documents as sequences of at most `length` tokens; every token but the first is learned.

    Raises:
        ItamedError: the tokenizer knows no token that ends a text.
    """
    if tokenizer.eos_token_id is None:
        raise ItamedError("The tokenizer knows no token that ends a text: set eos_token in it.")
    start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    for document in documents:
        tokens = tokenizer.encode(document.text, add_special_tokens=False)
        tokens.append(tokenizer.eos_token_id)
        for at in range(0, len(tokens), length - 1):
            yield Encoded(document.corpus, np.asarray([start]), np.asarray(tokens[at : at + length - 1]))
