"""What a model was trained on: as its maker says, or as the manifest of a training with itamed does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from itamed.benchmark.errors import ItamedError
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


def trained_with_itamed(folder: Path) -> Declaration | None:
    """Return the declaration that a training has left in the folder of its model; None where there is none.

    Raises:
        ItamedError: it is damaged.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        return _declared(manifest["recipe"], manifest["stages"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ItamedError(f"{path} is no manifest of a training ({error!r}): train again, or take it away.") from error


def _declared(recipe: Mapping[str, Any], stages: list[Mapping[str, Any]]) -> Declaration:
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
        test_rows=_test_rows(cpt, sft),
        decontamination=Decontamination(
            method=_NGRAMS, dropped=len(cpt["contaminated"]), unchecked=cpt["unchecked_tasks"]
        )
        if cpt and cpt["decontaminated"]
        else None,
    )


def _test_rows(cpt: Mapping[str, Any] | None, sft: Mapping[str, Any]) -> Any:
    """Tell whether test rows were trained on: text that was not decontaminated may hold any."""
    if sft.get("leaked"):
        return "trained on"
    return "unknown" if cpt and not cpt["decontaminated"] else "not trained on"
