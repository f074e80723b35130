"""Models that were asked both ways: what the grammar changes, free answers against constrained ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from itamed.benchmark.scoring.bootstrap import Drawn, gain_of, summarise_gain
from itamed.benchmark.suite import ROLES

from .entry import Span
from .listing import Row, asked_alike

MODES = ("free", "constrained")
_DIGITS = 6


def mode_pairs(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the pairs of rows that differ in their decoding alone, in the order of their better one.

    They are of the same known commit, adapter, examples, chat template, precision, arguments and engine, and are such
    as may be ranked; of several alike the latest run. A pair has the keys of its rows by mode, and "gains": by role in
    which both answered the same tasks, the gain of the mean by the grammar with its paired interval, None where there
    is no mean.
    """
    found: dict[tuple[object, ...], dict[str, Row]] = defaultdict(dict)
    for row in sorted(rows, key=lambda each: (each.manifest.created, each.stored.key)):
        if row.mode in MODES and not row.lateness and (asked := _asked(row)):
            found[asked][row.mode] = row
    whole = [[by_mode[mode] for mode in MODES] for by_mode in found.values() if len(by_mode) == len(MODES)]
    place = {row.stored.key: number for number, row in enumerate(rows)}
    whole.sort(key=lambda pair: min(place[row.stored.key] for row in pair))
    pairs = [{mode: row.stored.key for mode, row in zip(MODES, pair, strict=True)} | _gains(pair) for pair in whole]
    return [pair for pair in pairs if pair["gains"]]


def _asked(row: Row) -> tuple[object, ...] | None:
    """Return what answered and what it was asked with, but for the decoding; None where the weights are not known."""
    manifest, model = row.manifest, row.manifest.model
    if not all(each.revision for each in (model, model.adapter) if each):
        return None
    weights = (model.name, model.revision, model.adapter, model.precision)
    # Values of arguments that are not told may differ, too: at least their names are the same.
    arguments = (*sorted(manifest.answering.items()), *sorted(manifest.untold))
    engine = (_family(manifest.decoding.engine), arguments)
    return (*weights, *engine, row.method, manifest.seeds.examples, manifest.chat)


def _family(engine: str) -> str:
    """Return what computes the answers of an engine: ours do it as the harness's models that they extend."""
    return engine.removeprefix("itamed-").removeprefix("local-")


def _gains(pair: Iterable[Row]) -> dict[str, Any]:
    free, constrained = pair
    roles = [role for role in ROLES if asked_alike(free.stored, constrained.stored, role)]
    return {"gains": {role: _gain(free, constrained, role) for role in roles}}


def _gain(free: Row, constrained: Row, role: str) -> Span | None:
    first, second = (_drawn(row, role) for row in (free, constrained))
    if first is None or second is None:
        return None
    gain = summarise_gain(gain_of(first, second))
    return round(gain.value, _DIGITS), round(gain.low, _DIGITS), round(gain.high, _DIGITS)


def _drawn(row: Row, role: str) -> Drawn | None:
    score = row.stored.entry.roles[role]
    return Drawn(score.mean[0], row.stored.draws[role], score.freedom) if score.mean else None
