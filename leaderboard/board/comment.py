"""A preview as Markdown, for a comment under a pull request. Nothing of a stranger's in it is more than text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from itamed.benchmark.report.markdown import table
from itamed.benchmark.report.pairing import Difference
from itamed.benchmark.report.sheet import FAMILY_NAMES, NONE, ROLE_NAMES, chance_text, percent, signed
from itamed.benchmark.suite import ROLES

from ..archive import short
from ..findings import Finding
from ..markdown import code
from .listing import Row
from .preview import Preview, Reference

MOST = 12
"""Findings that are told: a comment is no log."""
_LONGEST = 400
_NOTE = (
    "Scores in %, of repaired answers, with 95 % intervals over notes. A gain is that of this bundle, paired by note; "
    "p is corrected (Holm) for all lines of its kind: means, families, tasks."
)


def comment(found: Preview) -> str:
    """Return the Markdown of a preview: the verdict, the rank, the gains on the references, and what was found.

    Names stand in code spans, findings in a code block, both without characters that could end them: no link, mention,
    image or markup comes of them. All else are our own words and figures.
    """
    name = code(short(found.digest)) if found.digest else "that is not read"
    parts = [f"### Bundle {name}", _verdict(found)]
    if found.row:
        parts += [_ranks(found.row, found.ranked), *_beyond(found.beyond), *_gains(found, found.row)]
    if found.verdict.findings:
        parts.append(_findings(found.verdict.findings))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _verdict(found: Preview) -> str:
    counts = found.verdict.counts()
    if found.verdict.errors:
        return f"**Refused** ({counts})."
    if not found.row:
        return f"**Not checked here, as data are missing** ({counts}). A maintainer checks it where they are."
    return f"{_named(found.row)}. **Every score follows from the raw answers** ({counts})."


def _named(row: Row) -> str:
    return f"{code(row.name)}, {row.method.replace('/', ' and ')}, {row.mode}"


def _ranks(row: Row, ranked: Mapping[str, int]) -> str:
    lines = []
    for role in ROLES:
        mean, place = row.stored.entry.roles[role].mean, row.ranks.get(role)
        score = f"{100 * mean[0]:.1f} [{100 * mean[1]:.1f}, {100 * mean[2]:.1f}]" if mean else NONE
        told = [f"{place.shown()} of {ranked[role]}", str(place.group)] if place else [row.unranked[role], NONE]
        lines.append([ROLE_NAMES[role], score, *told])
    head = f"On the board of suite {code(row.manifest.suite.version)} it would stand so:"
    return f"{head}\n\n{table(['tasks', 'mean', 'rank', 'tie group'], lines)}"


def _beyond(tasks: Sequence[str]) -> Iterator[str]:
    if tasks:
        names = ", ".join(map(code, tasks))
        yield (
            f"**Above every ranked entry by more than its interval** in {names}: worth a question where these are few, "
            "and the rest of it is as others are."
        )


def _gains(found: Preview, row: Row) -> Iterator[str]:
    """Yield who it is compared with, and a table of means for each role and one of tasks."""
    references = found.references
    if not references:
        yield (
            "The store has no whole run of this suite version that is ranked, to compare it with."
            if found.whole
            else "It is a sample of notes, which is compared with no entry: those are of other notes."
        )
        return
    names = "\n".join(f"* {letter}: {_reference(each.row)}" for letter, each in _lettered(references))
    yield f"Compared with\n\n{names}\n\n{_NOTE}"
    for role in ROLES:
        means = [{name: each for (of, name), each in one.means.items() if of == role} for one in references]
        yield from _table(f"Means, {ROLE_NAMES[role]}", ["mean", *FAMILY_NAMES], means)
    yield from _table("Tasks", list(row.stored.entry.tasks), [one.tasks for one in references])


def _lettered(references: Iterable[Reference]) -> Iterator[tuple[str, Reference]]:
    return ((chr(ord("A") + number), each) for number, each in enumerate(references))


def _reference(row: Row) -> str:
    ranks = "; ".join(f"{ROLE_NAMES[role]} rank {place.shown()}" for role, place in row.ranks.items())
    return f"{_named(row)}, entry {code(row.stored.key)}, {ranks or 'not ranked'}"


def _table(title: str, names: Sequence[str], found: Sequence[Mapping[str, Difference]]) -> Iterator[str]:
    """Yield a table of some lines, if any reference has one of them."""
    lines = []
    for name in dict.fromkeys(names):
        known = [each[name] for each in found if name in each]
        if known:
            cells = [cell for each in found for cell in _cells(each.get(name))]
            lines.append([FAMILY_NAMES.get(name, code(name)), percent(known[0].second), *cells])
    if lines:
        heads = [head for number in range(len(found)) for head in (chr(ord("A") + number), "gain", "p")]
        yield f"{title}:\n\n{table(['', 'this', *heads], lines)}"


def _cells(found: Difference | None) -> list[str]:
    if not found:
        return [NONE] * 3
    return [percent(found.first), signed(found.gain), chance_text(found.p).replace("<", "below")]


def _findings(findings: Sequence[Finding]) -> str:
    """Return the findings in a code block, errors first."""
    order = sorted(findings, key=lambda each: each.severity)
    told = [_line(f"{each.severity}: {each}") for each in order[:MOST]]
    if len(order) > MOST:
        told.append(f"and {len(order) - MOST} more: itamed validate --json tells all")
    return "\n".join(["What was found:\n", "```text", *told, "```"])


def _line(text: str) -> str:
    """Return a text on one line, every character seen as such, without backticks."""
    plain = "".join(
        each if each.isascii() and each.isprintable() else ascii(each)[1:-1] for each in text.replace("`", "'")
    )
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]} ..."
