"""What one E3C note says: findings with their status, and examinations with their results."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .xmi import Annotation, XmiDocument

ABSENT = "non disponibile"
"""The value of an item that the note says nothing about."""

PRESENT, DENIED, UNCERTAIN = "presente", "assente", "incerto"
STATUSES = (PRESENT, DENIED, UNCERTAIN, ABSENT)
"""The values of a finding, in the order shown."""

NO_EXAM = frozenset({"vn", "v.n.", "e", "anti"})
"""Heads that results are linked to although they name no examination: the range of normal values, a
conjunction, a prefix that was cut off its antibody."""

_CONCEPT = re.compile(r"C\d{7}")


@dataclass(frozen=True)
class Fact:
    """One thing that a note reports.

    `key` is what merges mentions, within a note and across notes; `surfaces` are the mentions as
    written; `values` are the statuses of a finding's mentions (those that have one) or the distinct
    results of an exam, in text order.
    """

    kind: Literal["reperto", "esame"]
    key: str
    surfaces: tuple[str, ...]
    values: tuple[str, ...]


def facts(document: XmiDocument) -> list[Fact]:
    """Return the findings and exams of one note, in the order of their first mention."""
    return [*findings(document), *exams(document)]


def findings(document: XmiDocument) -> list[Fact]:
    """Merge clinical entities by concept, or by lower-cased text where annotators gave no concept."""
    merged: dict[str, list[Annotation]] = {}
    for entity in document.of("CLINENTITY"):
        merged.setdefault(concept(entity), []).append(entity)
    return [
        Fact("reperto", key, _surfaces(entities), tuple(filter(None, (mention_status(e, document) for e in entities))))
        for key, entities in merged.items()
    ]


def exams(document: XmiDocument) -> list[Fact]:
    """Merge the events that results pertain to by their lower-cased text."""
    merged: dict[str, list[tuple[Annotation, Annotation]]] = {}
    for result in document.of("RML"):
        for event in document.targets(result, "PERTAINSTO"):
            merged.setdefault(normalised(event.text).lower(), []).append((event, result))
    return [
        Fact("esame", key, _surfaces(e for e, _ in pairs), tuple(dict.fromkeys(normalised(r.text) for _, r in pairs)))
        for key, pairs in merged.items()
        if key not in NO_EXAM
    ]


def concept(entity: Annotation) -> str:
    """Return the UMLS id of an entity (found by Italian or English name), else its lower-cased text."""
    ids = (entity.attributes.get(name, "") for name in ("entityID", "entityIDEN"))
    return next((key for key in ids if _CONCEPT.fullmatch(key)), normalised(entity.text).lower())


def mention_status(entity: Annotation, document: XmiDocument) -> str | None:
    """Return the status of one mention, from the event that overlaps it most.

    None where no event says anything of it, or where it is generic and not about the patient.
    """
    shared = [(min(entity.end, e.end) - max(entity.start, e.start), -e.start, e) for e in document.of("EVENT")]
    shared = [entry for entry in shared if entry[0] > 0]
    if not shared:
        return None
    event = max(shared, key=lambda entry: entry[:2])[2]
    modality = event.attributes.get("contextualModality", "")
    if modality == "GENERIC":
        return None
    if modality != "ACTUAL":
        return UNCERTAIN
    return DENIED if event.attributes.get("polarity") == "NEG" else PRESENT


def status(values: Iterable[str]) -> str | None:
    """Return the status that a note's mentions agree on; a certain mention outweighs uncertain ones.

    None where there is no mention with a status, or where mentions contradict each other.
    """
    certain = set(values)
    if len(certain) > 1:
        certain.discard(UNCERTAIN)
    return certain.pop() if len(certain) == 1 else None


def normalised(text: str) -> str:
    """Return `text` in NFC, trimmed, with inner white space collapsed to single blanks."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _surfaces(mentions: Iterable[Annotation]) -> tuple[str, ...]:
    return tuple(normalised(mention.text) for mention in mentions)
