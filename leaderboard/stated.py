"""What a manifest says of itself, as far as anything shows whether it is so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from itamed.benchmark.errors import DataMissingError
from itamed.benchmark.suite import MINI_PREFIX

from .bundle import MANIFEST, token_totals
from .findings import Finding, shown
from .manifest import NOTICE, Manifest
from .opened import Opened
from .settings import sources_of
from .stamp import moment_of, utc_now

_DAY = timedelta(days=1)
"""Clocks differ."""


def stated_findings(bundle: Opened) -> Iterator[Finding]:
    """Compare what a manifest says with its answers, the calendar, and the data on this machine."""
    manifest = bundle.manifest
    if manifest.notice != NOTICE:
        yield Finding(MANIFEST, "notice", "the notice of every bundle", shown(manifest.notice))
    yield from _date(manifest)
    for side, total in token_totals(answer for found in bundle.answers.values() for answer in found).items():
        stated = getattr(manifest.cost, side)
        if stated != total:
            yield Finding(MANIFEST, f"cost.{side}", f"{total}, as of all answers", shown(stated))
    yield from _sources(bundle)


def _date(manifest: Manifest) -> Iterator[Finding]:
    if moment_of(manifest.created) > utc_now() + _DAY:
        yield Finding(MANIFEST, "created", "a day that has been", shown(manifest.created))


def _sources(bundle: Opened) -> Iterator[Finding]:
    """Tell of data that were built from other files than those here; their rows are compared elsewhere."""
    for name in (name for name in bundle.tasks if not name.startswith(MINI_PREFIX)):
        try:
            here = sources_of([name])
        except DataMissingError:
            continue
        for source, record in here.items():
            stated = bundle.manifest.sources[source]
            if stated.inputs != record.inputs:
                place, remedy = f"sources.{source}.inputs", "nothing, if the rows are the same; look at the publisher"
                yield Finding(MANIFEST, place, shown(record.inputs), shown(stated.inputs), remedy, "warning")
