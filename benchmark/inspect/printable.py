"""Make text safe to show: answers are whatever a model wrote."""

from __future__ import annotations

_SURROGATES = range(0xD800, 0xE000)
_DIRECTIONS = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_SHOWN: dict[int, str] = (
    {code: chr(0x2400 + code) for code in range(0x20)}
    | {ord("\n"): "\n", ord("\t"): "\t", ord("\r"): " ", 0x7F: "␡"}
    | dict.fromkeys((*range(0x80, 0xA0), *_SURROGATES, *_DIRECTIONS), "\ufffd")
)


def printable(text: str) -> str:
    """Replace what would steer a terminal or turn text around, and what cannot be encoded; lengths stay."""
    return text.translate(_SHOWN)
