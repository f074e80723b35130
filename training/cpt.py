"""Continual pre-training: corpora, made ready, as a stage."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

from datasets import Dataset
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError

from .corpora.prepare import REPORT, Prepared, write_report
from .corpora.sequences import tokenised
from .dev import Dev
from .packing import packs
from .recipe import Cpt, Mlm
from .stage import Stage

_log = logging.getLogger(__name__)


def cpt_stage(cpt: Cpt, prepared: Prepared, lm: ItamedHF, output: Path) -> Stage:
    """Return a recipe's corpora as a stage; what was left out, and why, is written to `REPORT`.

    Args:
        cpt: the recipe's section.
        prepared: its corpora.
        lm: the model, for its tokenizer.
        output: the folder of the stage.

    Raises:
        ItamedError: nothing of the corpora is left, or the tokenizer knows no token that ends a text.
    """
    write_report(prepared.report, output)
    if not len(prepared.documents):
        raise ItamedError(f"No document is left to train on: {output / REPORT} says why.")
    watched, used = split(cpt, prepared.documents)
    # Some models know a beginning that their tokenizer never adds; the tokenizer's end may be that of a chat's turn.
    bos = lm.model.config.get_text_config().bos_token_id
    held, examples = tokenised(prepared, lm.tokenizer, cpt.length, bos).split(len(watched))
    # Each document ends once.
    cut = len(examples) - len(used)
    _log.info("%d sequences; documents were cut at %d places, to be no longer than cpt.length.", len(examples), cut)
    dev = Dev(list(packs(held, cpt.pack)), ())
    data = {"words": sum(used["words"]), "sequences": len(examples), **provenance(cpt, used, prepared.report)}
    return Stage(examples, dev, cpt.batch, cpt.pack, cpt.lora, cpt.optimizer, cpt.dev_every, data)


def provenance(settings: Cpt | Mlm, used: Dataset | None, report: dict[str, Any]) -> dict[str, Any]:
    """Return what a manifest says of corpora: which documents are trained on, which are not, under which licences.

    Args:
        settings: which corpora.
        used: the documents; None: there are no corpora.
        report: see `prepare`.
    """
    return {
        "documents": dict(Counter(used["corpus"])) if used else {},
        "left_out": report["left_out"],
        "decontaminated": settings.decontaminate,
        "contaminated": [found["key"] for found in report["dropped"]],
        "unchecked_tasks": report["unchecked_tasks"],
        "licences": {corpus.name: corpus.licence for corpus in settings.corpora},
    }


def split(cpt: Cpt, documents: Dataset) -> tuple[Dataset, Dataset]:
    """Return the documents that are watched, and those that are trained on."""
    # They come in a random order that their names alone decide.
    count = min(round(cpt.dev_share * len(documents)), cpt.dev_documents)
    return documents.select(range(count)), documents.select(range(count, len(documents)))
