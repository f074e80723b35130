"""What a check finds: file, field, expected, found, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from itamed.benchmark.errors import ItamedError

Severity: TypeAlias = Literal["error", "unchecked", "warning"]
MADE_BY = "make the bundle anew with `itamed submit RUN`, and change nothing in it"
"""What to do about a bundle that our own command would not have written."""
EXPLAIN = "explain in the pull request how this came about; the maintainers look at it"
_SHOWN = 90


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a bundle, that could not be checked, or that a person must look at ("warning").

    `file` is a member of the archive, or "" for the archive as a whole; `field` is a place in it.
    Whatever comes from the bundle is shortened, and shows no character that is not seen.
    """

    file: str
    field: str
    expected: str
    found: str
    remedy: str = MADE_BY
    severity: Severity = "error"

    def __str__(self) -> str:
        """Return the finding on one line."""
        place = " ".join(filter(None, (self.file, self.field)))
        return f"{place or 'bundle'}: expected {self.expected}, found {self.found}: {self.remedy}."


class Refused(ItamedError):
    """A bundle, or a file of it, that is not even looked at any further."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def shown(value: Any) -> str:
    """Return a value of a stranger for a message: on one line, short, every character seen and told from others."""
    text = repr(value)
    # A Cyrillic "a" looks like a Latin one.
    text = text if all(character <= "\u00ff" for character in text) else ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
