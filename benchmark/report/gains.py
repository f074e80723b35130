"""What runs gain on a baseline, all in one table, with chances corrected for all that it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..errors import ItamedError
from ..suite import ROLES
from .compare import Difference, difference, holm
from .series import Series


def baseline_of(series: Sequence[Series], name: str) -> Series:
    """Return the series that a user names as the baseline: by label, by setting ("0-shot"), or a part of a label.

    Raises:
        ItamedError: there is none of that name, or several.
    """
    by_label = [each for each in series if each.label == name]
    by_setting = [each for each in series if each.setting == name]
    found = by_label or by_setting or [each for each in series if name.lower() in each.label.lower()]
    if len(found) != 1:
        known = "; ".join(each.label for each in series)
        raise ItamedError(f"--baseline {name} names {len(found)} of these runs, it must name one: {known}.")
    return found[0]


def gains(baseline: Series, others: Iterable[Series]) -> dict[str, dict[tuple[str, str], Difference]]:
    """Return what each series gains on a baseline, by its label and then by (role, family or "mean").

    Roles in which both have the same tasks are compared: a mean of others is another quantity. Chances are corrected
    (Holm) for all means of all series together, and apart from these for all families: the means are
    the first question, families the second.
    """
    found = {each.label: _differences(baseline, each) for each in others}
    return _corrected(found)


def _differences(base: Series, other: Series) -> dict[tuple[str, str], Difference]:
    return {
        (role, name): difference(name, drawn, other.drawn_means[role][name])
        for role in ROLES
        if _names(base, role) == _names(other, role)
        for name, drawn in base.drawn_means[role].items()
        # Without answers there is nothing to resample.
        if not np.isnan(drawn.draws).all() and not np.isnan(other.drawn_means[role][name].draws).all()
    }


def _names(series: Series, role: str) -> set[str]:
    return {result.name for result in series.tasks if result.task.role == role}


def _corrected(
    found: Mapping[str, Mapping[tuple[str, str], Difference]],
) -> dict[str, dict[tuple[str, str], Difference]]:
    flat = {(label, key): each for label, by_key in found.items() for key, each in by_key.items()}
    chances: dict[tuple[str, tuple[str, str]], float] = {}
    for of_means in (True, False):
        mine = [where for where in flat if (where[1][1] == "mean") is of_means]
        chances |= dict(zip(mine, holm([flat[where].p for where in mine]), strict=True))
    return {
        label: {key: replace(each, p=chances[label, key]) for key, each in by_key.items()}
        for label, by_key in found.items()
    }
