"""How far scores depend on the words of the prompts: runs that differ in nothing else, as one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..suite import ROLES
from .series import Series, alike
from .sheet import FAMILY_NAMES, NONE, ROLE_NAMES, Section, Sheet, filled

_TEXT = (
    "The same models asked for the same in several wordings (0 is the suite's own): the mean of their scores, and the "
    "lowest and highest. Their own lines, with intervals, are above."
)


def wordings(series: Sequence[Series]) -> Section:
    """Return what scores become in other words; nothing where no model was asked in several."""
    groups: dict[tuple[Any, ...], dict[int, Series]] = {}
    for each in series:
        asked = _in_the_suites_own(each)
        key = (asked.label, *alike(asked.runs[0]), each.number)
        groups.setdefault(key, {})[each.runs[0].settings.eval_wording or 0] = each
    several = {key: found for key, found in groups.items() if len(found) > 1}
    header = ["run", "wordings", *FAMILY_NAMES.values()]
    sheets = [
        Sheet(
            f"Family means by wording, {ROLE_NAMES[role]} (repaired answers, %): mean (lowest to highest)",
            header,
            [
                [key[0], ", ".join(map(str, sorted(found))), *(_spread(found, role, name) for name in FAMILY_NAMES)]
                for key, found in several.items()
                if all(each.has(role) for each in found.values())
            ],
        )
        for role in ROLES
    ]
    return Section("Wordings", _TEXT, filled(sheets)) if several else Section("Wordings")


def _in_the_suites_own(series: Series) -> Series:
    """Return a series as it would be named if it had been asked in the suite's own words."""
    runs = (replace(run, settings=replace(run.settings, eval_wording=None)) for run in series.runs)
    return replace(series, runs=tuple(runs))


def _spread(found: dict[int, Series], role: str, name: str) -> str:
    means = [each.means.by_role[role] for each in found.values()]
    if any(name not in each for each in means):
        return NONE
    values = [100 * each[name].value for each in means]
    return f"{sum(values) / len(values):.1f} ({min(values):.1f} to {max(values):.1f})"
