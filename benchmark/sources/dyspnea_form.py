"""The case report form of the dyspnea notes: which values each of its items may take.

The labels show too little of it (most items are never or rarely filled), so each item gets the
whole scale on which its values lie. The scales are those of the task's controlled vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..rows import Item

EMPTY = "unknown"
"""The value of an item that the note does not tell."""

YES_NO = ("y", "n")
SCALES: tuple[tuple[str, ...], ...] = (
    YES_NO,
    ("certainly chronic", "possibly chronic", "certainly not chronic"),
    ("certainly active", "possibly active", "certainly not active"),
    ("short", "long"),
    ("walking independently", "walking with auxiliary aids", "walking with physical assistance", "bedridden"),
    ("A", "V", "P"),
    ("bradypneic", "eupneic", "tachypneic"),
    ("hypothermic", "normothermic", "hyperthermic"),
    ("bradycardic", "normocardic", "tachycardic"),
    ("hypotensive", "normotensive", "hypertensive"),
    ("current", "past"),
    ("pos", "neg"),
)
"""The closed sets of values, without the empty one."""

MEASURES = frozenset(
    {
        "spo2",
        "ph",
        "pa02",
        "pac02",
        "hc03-",
        "lactates",
        "hemoglobin",
        "platelets",
        "leukocytes",
        "c-reactive protein",
        "blood sodium",
        "blood potassium",
        "blood glucose",
        "creatinine",
        "transaminases",
        "inr",
        "troponin",
        "bnp or nt-pro-bnp",
        "d-dimer",
        "blood calcium",
        "serum creatinine kinase",
        "blood alcohol",
        "blood drug dosage",
        "urine drug test",
    }
)
"""Items whose value is copied from the note: a number, a percentage, a reading."""

TESTS = frozenset(
    {
        "carotid sinus massage",
        "supine-to-standing systolic blood pressure test",
        "blood in the stool",
        "sars-cov-2 swab test",
    }
)
"""Items that are positive or negative."""


def options_of(name: str, seen: Iterable[str]) -> tuple[str, ...]:
    """Return the values of an item in a stable order, the empty one last; () for a free string.

    Args:
        name: the item.
        seen: the values it takes in the labels at hand.
    """
    filled = sorted(set(seen) - {EMPTY})
    if name in MEASURES or any(any(map(str.isdigit, value)) for value in filled):
        return ()
    for scale in SCALES:
        if filled and set(filled) <= set(scale):
            return (*scale, EMPTY)
    if filled:
        return (*filled, EMPTY)
    return (*_unseen_scale(name), EMPTY)


def item(name: str, value: str, options: tuple[str, ...], note: str) -> Item:
    """Return one cell; a free value that is not written so in the note cannot be copied and is not scored."""
    kind = "choice" if options else "measure"
    found = value == EMPTY or (value in options if options else value in note)
    return Item(name, kind, value, options, scored=found, empty=EMPTY)


def _unseen_scale(name: str) -> tuple[str, ...]:
    if name in TESTS:
        return ("pos", "neg")
    if name.startswith("duration "):
        return ("short", "long")
    if name.startswith("chronic "):
        return ("certainly chronic", "possibly chronic", "certainly not chronic")
    return YES_NO
