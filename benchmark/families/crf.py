"""Case report forms: `{"<item>": "<value>", ...}`, one value an item in the form's order.

The main score leaves the empty value ("non disponibile") out: most cells are empty, and a model
that fills nothing would otherwise look good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..decoding.lark import Bounds, bounded, copied, escaped, one_of, woven
from ..rows import FormRow, Item
from ..scoring.bootstrap import Array
from ..scoring.normal import loose
from ..scoring.ratios import prf, ratio, total
from .family import Family, Read
from .items import item_counts


class Crf(Family[FormRow, dict[str, str]]):
    """One value an item of a form."""

    shown = ("score", "precision", "recall", "official_f1")

    def gold(self, row: FormRow) -> dict[str, Any]:
        """Return the value of every item, in the order of the form."""
        return {item.name: item.value for item in row.items}

    def is_empty(self, row: FormRow) -> bool:
        """Return whether the note fills no item of the page."""
        return all(item.value == item.empty for item in row.items)

    def grammar(self, row: FormRow, labels: Sequence[str], bounds: Bounds) -> list[str]:
        """Return rules for all items in the form's order: an option, or strings of the note joined by "; "."""
        empties = sorted({item.empty for item in row.items if not item.options})
        free = {empty: f"FREE{number}" for number, empty in enumerate(empties)}
        copies = [bounded("COPY", bounds.max_items, "; ")] if free and row.text.strip() else []
        return [
            "answer: " + _cells(row.items, free),
            *(f"{name}: {' | '.join([*copies, one_of([empty])])}" for empty, name in free.items()),
            *(copied(row.text, bounds.max_chars) if copies else []),
        ]

    def read(self, value: Any, row: FormRow, labels: Sequence[str]) -> Read[dict[str, str]]:
        """Read the values by item name; an item that is not on the form is dropped."""
        if not isinstance(value, dict):
            return Read({}, clean=False)
        answer = {item.name: value[item.name] for item in row.items if isinstance(value.get(item.name), str)}
        whole = set(value) == set(answer) == {item.name for item in row.items}
        return Read(answer, whole and all(not i.options or answer[i.name] in i.options for i in row.items))

    def count(self, row: FormRow, answer: dict[str, str]) -> dict[str, float]:
        """Count the scored cells: filled ones overall, by kind and free, and every value for the official score."""
        counts: dict[str, float] = {"tp": 0, "pred": 0, "gold": 0}
        text = loose(row.text)
        for item in row.items:
            if not item.scored:
                continue
            said = answer.get(item.name, item.empty)
            found = _cell(item, loose(item.value), loose(said)) | _copied(item, said, text)
            for name, number in found.items():
                counts[name] = counts.get(name, 0) + number
        return counts

    def finish(self, counts: Mapping[str, float]) -> dict[str, float]:
        """Replace the counts by value of one note by its official score.

        CL4Health 2026: macro F1 over the value strings that stand in the gold or the answer of the
        note, the empty value included; the corpus score is the mean over notes.
        """
        values = {name.partition("=")[2] for name in counts if "=" in name}
        done = {name: number for name, number in counts.items() if "=" not in name}
        if values:
            f1 = [_value_f1(counts, value) for value in sorted(values)]
            done |= {"official": float(np.mean(f1)), "notes": 1.0}
        return done

    def metrics(self, sums: Mapping[str, Array]) -> dict[str, Array]:
        """Return F1 on filled cells, overall and by kind, official score, cell accuracy and the invented share.

        A free cell is invented if one of its strings is not in the note; the share is that of filled free cells.
        """
        precision, recall, score = prf(sums)
        kinds = sorted(name.partition(":")[2] for name in sums if name.startswith("gold:"))
        found = {
            "score": score,
            "precision": precision,
            "recall": recall,
            "official_f1": ratio(total(sums, "official"), total(sums, "notes")),
            "accuracy": ratio(total(sums, "right"), total(sums, "cells")),
        }
        if "free" in sums:
            found["invented"] = ratio(total(sums, "unaligned"), total(sums, "free"))
        return found | {f"f1:{kind}": prf(sums, f":{kind}")[2] for kind in kinds}


def _cells(items: Sequence[Item], free: Mapping[str, str]) -> str:
    """Return an expression for the whole form; `free` names the terminals of free items by their empty value."""
    keys = [f'"{escaped(item.name)}":"' for item in items]
    texts = ["{" + keys[0], *('",' + key for key in keys[1:]), '"}']
    return woven(texts, [one_of(item.options) if item.options else free[item.empty] for item in items])


def _cell(item: Item, truth: str, guess: str) -> dict[str, float]:
    """Return the counts of one cell; "=value" suffixes feed the official score."""
    empty = loose(item.empty)
    wanted, given = ([value] if value != empty else [] for value in (truth, guess))
    found = item_counts(wanted, given) | item_counts(wanted, given, f":{item.kind}")
    found |= {"cells": 1, "right": float(truth == guess)}
    for name, value, number in (("gold", truth, 1.0), ("pred", guess, 1.0), ("tp", truth, float(truth == guess))):
        found[f"{name}={value}"] = number
    return found


def _copied(item: Item, said: str, text: str) -> dict[str, float]:
    """Count a filled free cell, and whether one of its strings is not in the note (`text`, in loose form)."""
    if item.options:
        return {}
    if loose(said) == loose(item.empty):
        return {"free": 0.0, "unaligned": 0.0}
    parts = [loose(part) for part in said.split("; ")]
    return {"free": 1.0, "unaligned": float(not all(part and part in text for part in parts))}


def _value_f1(counts: Mapping[str, float], value: str) -> float:
    hits, predicted, expected = (counts.get(f"{name}={value}", 0.0) for name in ("tp", "pred", "gold"))
    return 2 * hits / (predicted + expected) if predicted + expected else 0.0
