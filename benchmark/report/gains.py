"""What runs gain on a baseline, all in one table, with chances corrected for all that it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from ..errors import ItamedError
from ..scoring.bootstrap import RESAMPLES
from ..suite import ROLES
from .correction import Key, corrected_together, enough_swaps
from .pairing import Difference, Pairing
from .series import Series

_SMALL = 0.01
"""A chance that more swaps may show to be smaller, which counts where it is corrected for many."""


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


def gains(baseline: Series, others: Sequence[Series]) -> dict[str, dict[Key, Difference]]:
    """Return what each series gains on a baseline, by its label and then by (role, family or "mean").

    Means over the same tasks are compared. Chances are corrected as `corrected_together` says.
    """
    return corrected_gains({each.label: (baseline, each) for each in others})


def corrected_gains(pairs: Mapping[str, tuple[Series, Series]]) -> dict[str, dict[Key, Difference]]:
    """Return what the second of each pair gains on the first, chances corrected for all pairs."""
    found = {label: differences(*pair) for label, pair in pairs.items()}
    of_means = [key[1] == "mean" for each in found.values() for key in each]
    swaps = enough_swaps(max(sum(of_means), len(of_means) - sum(of_means)))
    # More of them tell more of small chances alone.
    for label, each in found.items():
        if swaps > RESAMPLES and any(gain.alone < _SMALL for gain in each.values()):
            found[label] = differences(*pairs[label], swaps)
    return corrected_together(found)


def differences(base: Series, other: Series, swaps: int = RESAMPLES) -> dict[Key, Difference]:
    """Return what a series gains on another by (role, family or "mean"), chances not corrected.

    There is nothing where they share no family with the same tasks, or answers were not kept.
    """
    pairing = Pairing(base, other, swaps)
    if not all(each.kept for each in pairing.common):
        return {}
    return {(role, each.name): each for role in ROLES for each in pairing.means(role)}
