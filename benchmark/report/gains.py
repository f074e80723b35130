"""What runs gain on a baseline, all in one table, with chances corrected for all that it shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import ItamedError
from ..suite import ROLES
from .compare import Difference, corrected, paired, paired_means
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


def gains(baseline: Series, others: Sequence[Series]) -> dict[str, dict[tuple[str, str], Difference]]:
    """Return what each series gains on a baseline, by its label and then by (role, family or "mean").

    Roles in which both have the same tasks are compared: a mean of others is another quantity. Chances are corrected
    (Holm) for all means of all series together, and apart from these for all families: the means are
    the first question, families the second.
    """
    flat = {(each.label, *key): found for each in others for key, found in _differences(baseline, each).items()}
    by_label: dict[str, dict[tuple[str, str], Difference]] = {each.label: {} for each in others}
    for of_means in (True, False):
        mine = [where for where in flat if (where[2] == "mean") is of_means]
        for (label, role, name), found in zip(mine, corrected([flat[where] for where in mine]), strict=True):
            by_label[label][role, name] = found
    return by_label


def _differences(base: Series, other: Series) -> dict[tuple[str, str], Difference]:
    common = {role for role in ROLES if base.named_tasks(role) == other.named_tasks(role)}
    # Without answers there is nothing to resample.
    kept = all(not np.isnan(each.draws).all() for series in (base, other) for each in series.drawn.values())
    if not common or not kept:
        return {}
    results = [result for result in base.tasks if result.task.role in common]
    tasks = paired(base.only(results), other.only(results))
    return {(role, each.name): each for role in ROLES for each in paired_means(results, tasks, role).differences()}
