"""What a model was trained on: as its maker says, or as the manifest of a training with itamed does."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml
from itamed.benchmark.errors import ItamedError, reason_of
from itamed.benchmark.report.redact import without_folder
from itamed.benchmark.trained import MANIFEST, STAGES

from .manifest import Corpus, Declaration, Decontamination, read

_NGRAMS = "documents that share eight words in a row with development or test rows were dropped"


def read_declaration(path: Path) -> Declaration:
    """Read a declaration from YAML.

    Raises:
        ItamedError: the file cannot be read, or something in it is unknown, missing or of another kind.
    """
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ItamedError(f"{path} cannot be read as a declaration ({error}): write it as YAML.") from error
    if isinstance(value, dict) and "origin" in value:
        raise ItamedError(f"{path} says origin, which itamed alone says of its own trainings: leave the line out.")
    known = ", ".join(name for name in Declaration.model_fields if name != "origin")
    declaration, findings = read(Declaration, value, str(path), remedy=f"the keys are {known}")
    if declaration is None:
        raise ItamedError(" ".join(map(str, findings)))
    return declaration


def trained_with_itamed(folder: Path, tasks: Collection[str] | None = None) -> Declaration | None:
    """Return the declaration that a training has left in the folder of its model; None where there is none.

    Args:
        folder: of the model.
        tasks: those that scores are shown of: what the model has read of others' test rows is no matter; None: all.

    Raises:
        ItamedError: it is damaged.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        return _declared(manifest["recipe"], manifest["stages"], tasks)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ItamedError(
            f"{path} is no manifest of a training ({reason_of(error)}): train again, or take it away."
        ) from error


def _declared(recipe: Mapping[str, Any], stages: list[Mapping[str, Any]], tasks: Collection[str] | None) -> Declaration:
    by_kind = {stage["stage"]: stage["data"] for stage in stages}
    # Of an encoder other stages do the same.
    cpt, sft = by_kind.get("cpt") or by_kind.get("mlm"), by_kind.get("sft") or by_kind.get("tags") or {}
    return Declaration(
        origin="training.json",
        base=without_folder(recipe["base"]) if recipe["base"] else None,
        training=", then ".join(STAGES[stage["stage"]] for stage in stages),
        tasks=list(sft.get("examples", {})),
        corpora=[
            Corpus(name=name, licence=cpt["licences"].get(name) or "unknown", documents=documents)
            for name, documents in cpt["documents"].items()
        ]
        if cpt
        else [],
        test_rows=_test_rows(cpt, sft, tasks),
        decontamination=Decontamination(
            method=_NGRAMS, dropped=len(cpt["contaminated"]), unchecked=cpt["unchecked_tasks"]
        )
        if cpt and cpt["decontaminated"]
        else None,
    )


def _test_rows(cpt: Mapping[str, Any] | None, sft: Mapping[str, Any], tasks: Collection[str] | None) -> Any:
    """Tell whether test rows of some tasks were trained on: text that was not held against them may hold any."""
    if sft.get("leaked"):
        return "trained on"
    if cpt is None:
        return "not trained on"
    unchecked = any(tasks is None or name in tasks for name in cpt["unchecked_tasks"])
    return "unknown" if unchecked or not cpt["decontaminated"] else "not trained on"
