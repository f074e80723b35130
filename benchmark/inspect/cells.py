"""Judge values: the cells of a form, and the option of a question."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_uppercase

from ..rows import ChoiceRow, FormRow, Item
from ..scoring.normal import loose, normal
from .items import Judged, Kind, Part
from .strings import first_place, nearness


def judged_cells(row: FormRow, answer: Mapping[str, str]) -> tuple[Judged, ...]:
    """Judge the scored cells that the gold or the answer fills.

    A value is "invented" if neither the options of the cell nor the note hold it, even where the
    gold has another one.
    """
    judged, text = [], normal(row.text).casefold()
    for item in row.items:
        guess = answer.get(item.name, item.empty)
        sides = [None if loose(v) == loose(item.empty) else _cell(item, v, row.text) for v in (item.value, guess)]
        if item.scored and any(sides):
            judged.append(Judged(_kind(item, guess, text), *sides))
    return tuple(judged)


def _cell(item: Item, value: str, text: str) -> Part:
    strings = [] if item.options else value.split(";")
    return Part(value, item.name, tuple(place for string in strings for place in first_place(string, text)))


def _kind(item: Item, guess: str, text: str) -> Kind:
    """Return the kind of a cell that the gold or the answer fills.

    Args:
        item: the cell.
        guess: its answered value.
        text: the note in normal form, without case.
    """
    truth, said, empty = loose(item.value), loose(guess), loose(item.empty)
    if said == truth:
        return "right"
    if said == empty:
        return "missed"
    offered = {loose(option) for option in item.options}
    if said not in offered if offered else not all(loose(s) and loose(s) in text for s in guess.split(";")):
        return "invented"
    if truth == empty:
        return "spurious"
    return "boundary" if not offered and nearness(truth, said) else "wrong value"


def judged_choice(row: ChoiceRow, answer: int | None) -> tuple[Judged, ...]:
    """Judge the answer to a question; it is "missed" where no option was chosen."""
    gold, found = (None if n is None else Part(option(row, n)) for n in (row.answer, answer))
    kind: Kind = "missed" if found is None else "right" if answer == row.answer else "wrong value"
    return (Judged(kind, gold, found),)


def option(row: ChoiceRow, number: int) -> str:
    """Return an option with its letter, "B) Insulina"."""
    return f"{ascii_uppercase[number]}) {row.options[number]}"
