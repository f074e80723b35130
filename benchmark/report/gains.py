"""What runs gain on a baseline, all in one table, with chances corrected for all that it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from ..errors import ItamedError
from ..suite import ROLES
from .compare import Difference, Pairing, corrected
from .series import Series


class Line(Protocol):
    """What a baseline is told by: a series, or one that is still to be run."""

    @property
    def label(self) -> str:
        """Return what tables call it."""
        ...

    @property
    def setting(self) -> str:
        """Return training and method."""
        ...


L = TypeVar("L", bound=Line)


def baseline_of(series: Sequence[L], name: str) -> L:
    """Return the series that a user names as the baseline: by label, by setting ("0-shot"), or a part of a label.

    Raises:
        ItamedError: there is none of that name, or several.
    """
    by_label = [each for each in series if each.label == name]
    by_setting = [each for each in series if each.setting == name]
    found = by_label or by_setting or [each for each in series if name.lower() in each.label.lower()]
    if len(found) != 1:
        known = "; ".join(each.label for each in series)
        raise ItamedError(f"The baseline {name} names {len(found)} of these runs, it must name one: {known}.")
    return found[0]


def gains(baseline: Series, others: Sequence[Series]) -> dict[str, dict[tuple[str, str], Difference]]:
    """Return what each series gains on a baseline, by its label and then by (role, family or "mean").

    Means over the same tasks are compared. Chances are corrected (Holm) for all means of all series together, and apart
    from these for all families: the means are the first question, families the second.
    """
    return corrected_together({each.label: differences(baseline, each) for each in others})


def differences(base: Series, other: Series) -> dict[tuple[str, str], Difference]:
    """Return what a series gains on another by (role, family or "mean"), chances not corrected.

    There is nothing where they share no family with the same tasks, or answers were not kept.
    """
    pairing = Pairing(base, other)
    if not all(each.kept for each in pairing.common):
        return {}
    return {(role, each.name): each for role in ROLES for each in pairing.means(role)}


def corrected_together(
    found: Mapping[str, Mapping[tuple[str, str], Difference]],
) -> dict[str, dict[tuple[str, str], Difference]]:
    """Correct the chances of a table, by label and then (role, family or "mean"): means together, families together."""
    by_label: dict[str, dict[tuple[str, str], Difference]] = {label: dict(each) for label, each in found.items()}
    for of_means in (True, False):
        mine = [(label, key) for label, each in found.items() for key in each if (key[1] == "mean") is of_means]
        for (label, key), each in zip(mine, corrected([found[label][key] for label, key in mine]), strict=True):
            by_label[label][key] = each
    return by_label
