"""The parts of a report on gains, on a baseline and by grammars: one line a run, and a long form with every figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..suite import ROLES
from .gains import corrected_gains, gains
from .pairing import Difference
from .series import Series, alike
from .sheet import (
    EQUAL,
    FAMILY_NAMES,
    NONE,
    ROLE_NAMES,
    STARS,
    Section,
    Sheet,
    chance_text,
    detectable_text,
    filled,
    percent,
    signed,
    stars,
)

_PAIRED = (
    "paired note by note, with the 95 % interval of one comparison alone; p from random swaps of two runs' answers "
    "(with several seeds from Student's test), corrected (Holm) for all means of the table, and apart from them for "
    f"all families: {STARS}. Detectable, beside p where all figures stand, is the least true gain that four of five "
    "such comparisons would find."
)
_SAME = f" {EQUAL} where both have the same counts on every note."


@dataclass(frozen=True)
class Gained:
    """What a series gains on another, by (role, family or "mean"), with corrected chances; `label` names its line."""

    label: str
    first: Series
    second: Series
    gains: Mapping[tuple[str, str], Difference]

    def text(self, role: str, name: str) -> str:
        """Return a gain for a table; a sign alone where all answers count the same."""
        if (role, name) not in self.gains:
            return NONE
        return signed(self.gains[role, name].gain, equal=self.gains[role, name].equal)

    def marked(self, role: str, name: str) -> str:
        """Return a gain with the stars of its p-value."""
        mark = stars(self.gains[role, name].p) if (role, name) in self.gains else ""
        return f"{self.text(role, name)} {mark}".strip()

    def figures(self, role: str, name: str) -> list[str]:
        """Return a gain that there is, its p-value and what is detectable."""
        each = self.gains[role, name]
        return [self.text(role, name), chance_text(each.p), detectable_text(each.mde)]


def gained(series: Sequence[Series], baseline: Series) -> Section:
    """Return what means and families gain on a baseline; a word alone where no other run is there."""
    others = [each for each in series if each is not baseline]
    if not others:
        return Section("Gains", f"No gains: {baseline.label}, the baseline, is the only run here.")
    found = gains(baseline, others)
    lines = [Gained(each.label, baseline, each, found[each.label]) for each in others]
    text = f"Gains are {_PAIRED}{_note(lines)}"
    if silent := [each.label for each in lines if not each.gains]:
        text += f" None of {', '.join(silent)}: no family with the same tasks, or answers that were not kept."
    title = f"Gain on {baseline.label}"
    rows = [[each.label, *names, *each.figures(*key)] for each, key, names in _long(lines)]
    header = ["run", "tasks", "family", "gain", "p", "detectable"]
    long = Sheet(f"{title}: p and detectable effects (points)", header, rows, folded=True)
    return Section("Gains", text, filled([*_short(title, lines), long]))


def grammars(series: Sequence[Series]) -> Section:
    """Return what grammars gain: runs free and constrained that are alike else; nothing where there are none."""
    if not (found := pairs(series)):
        return Section("Free and constrained")
    by_label = corrected_gains({pair[0].label: pair for pair in found})
    lines = [Gained(free.label, free, held, by_label[free.label]) for free, held in found]
    rows = [[each.label, *names, *_pair_cells(each, *key)] for each, key, names in _long(lines)]
    header = ["run", "tasks", "family", "free", "constrained", "gain", "p", "detectable", "valid, both"]
    long = Sheet(
        "Free and constrained: scores, p, detectable effects (points) and valid answers (%)", header, rows, folded=True
    )
    text = f"Runs of one model asked alike, without and with a grammar for each document; gains are {_PAIRED}"
    return Section("Free and constrained", text + _note(lines), filled([*_short("What grammars gain", lines), long]))


def _note(lines: Sequence[Gained]) -> str:
    return _SAME if any(gain.equal for each in lines for gain in each.gains.values()) else ""


def _short(title: str, lines: Sequence[Gained]) -> list[Sheet]:
    """Return a line a run: the means of both roles and the families of the first, and those of the second apart."""
    shown = [each for each in lines if each.gains]
    names = {
        role: [name for name in FAMILY_NAMES if any((role, name) in each.gains for each in shown)] for role in ROLES
    }
    roles = [role for role in ROLES if names[role]]
    sheets = []
    for role in roles:
        means = [(each, "mean") for each in roles if "mean" in names[each]] if role == roles[0] else []
        columns = [*means, *((role, name) for name in names[role] if name != "mean")]
        header = [f"{each.upper()} mean" if name == "mean" else FAMILY_NAMES[name] for each, name in columns]
        rows = [[each.label, *(each.marked(*column) for column in columns)] for each in shown]
        sheets.append(Sheet(f"{title} (points; families {ROLE_NAMES[role]})", ["run", *header], rows))
    return sheets


def _long(lines: Sequence[Gained]) -> Iterator[tuple[Gained, tuple[str, str], list[str]]]:
    """Yield each gain with the names of its role and family; means first, the first question, families after them."""
    for role in ROLES:
        mean, *families = sorted(FAMILY_NAMES, key=lambda name: name != "mean")
        for names in ([mean], families):
            for each in lines:
                for name in names:
                    if (role, name) in each.gains:
                        yield each, (role, name), [ROLE_NAMES[role], FAMILY_NAMES[name]]


def pairs(series: Sequence[Series]) -> list[tuple[Series, Series]]:
    """Return (free, constrained) of the series that differ in nothing else, each once."""
    found: dict[str, tuple[Series, Series]] = {}
    for free in series:
        for held in series:
            same = free.named == held.named and len(free.runs) == len(held.runs) and _engine(free) == _engine(held)
            if same and f"{free.method} constrained" == held.method:
                found.setdefault(free.label, (free, held))
    return list(found.values())


def _engine(series: Series) -> tuple[str, ...]:
    return alike(series.runs[0], method=False)


def _pair_cells(pair: Gained, role: str, name: str) -> list[str]:
    gain = pair.gains[role, name]
    valid = " / ".join(f"{100 * _valid(each, role, name):.0f}" for each in (pair.first, pair.second))
    return [percent(gain.first), percent(gain.second), *pair.figures(role, name), valid]


def _valid(series: Series, role: str, name: str) -> float:
    """Return the share of valid answers to the tasks of a mean, by rows."""
    mine = series.over(role, name)
    return sum((series.metric(each, "valid") or 0.0) * each.rows for each in mine) / sum(each.rows for each in mine)
