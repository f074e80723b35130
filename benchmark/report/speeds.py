"""Measurements of `itamed speed`, side by side: medians, ratios, and what the answers cost on any device."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

from ..errors import ItamedError
from ..suite import FAMILIES
from .settings import model_arguments
from .sheet import FAMILY_NAMES
from .show import show_tables

Measurement: TypeAlias = Mapping[str, Any]
"""What `itamed.benchmark.speed.measure` returns."""
Number: TypeAlias = Callable[[Measurement, str], float]
"""A figure of a measurement, for a family or for all."""
FIELDS = ("model", "arguments", "shots", "batch", "families")
_ALL = "all"


def show_speeds(path: Path, markdown: Path | None = None) -> None:
    """Print the tables of a file of measurements, one a line; write the same as Markdown.

    Raises:
        ItamedError: the file cannot be read, or the Markdown not be written.
    """
    rounds: dict[str, list[Measurement]] = defaultdict(list)
    measured = read_measurements(path, FIELDS)
    if not measured:
        raise ItamedError(f"{path} holds no measurement yet: name it as --output of `itamed speed` first.")
    require_families(path, measured, measured[0]["families"])
    for result in measured:
        rounds[_engine(result)].append(result)
    told = "(median of rounds; ratio to the first engine)"
    # Engines that answer at length take longer for a row, however fast they are.
    counting = {name: results for name, results in rounds.items() if _sum(results[0], _ALL, "answered")}
    tokens = [(f"Tokens answered a second {told}", *_rates(counting, _token_rate))] if counting else []
    rates = (f"Rows answered a second {told}", *_rates(rounds, _rate))
    show_tables([rates, *tokens, ("Work an answer, on any device", *_work(rounds))], markdown)


def read_measurements(path: Path, fields: Collection[str]) -> list[Measurement]:
    """Read a file of one JSON object with these fields a line.

    Raises:
        ItamedError: it cannot be read, or holds something else.
    """
    try:
        found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise ItamedError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ItamedError(
            f"{path} is no file of measurements, one JSON object a line ({error}): choose another, or delete it "
            "and measure again."
        ) from error
    for number, each in enumerate(found, 1):
        if not isinstance(each, dict) or set(each) != set(fields):
            raise ItamedError(f"Line {number} of {path} is no measurement of this command: choose another file.")
    return found


def require_families(path: Path, measured: Sequence[Measurement], families: Collection[str]) -> None:
    """Refuse measurements of other families: a table compares what all of them did.

    Raises:
        ItamedError: one is of others.
    """
    for number, each in enumerate(measured, 1):
        if set(each["families"]) != set(families):
            here, there = (", ".join(sorted(found)) for found in (families, each["families"]))
            raise ItamedError(f"Line {number} of {path} measures {there}, not {here}: take a file for each.")


def _engine(result: Measurement) -> str:
    """Return an engine's name with the arguments that tell it from others; folders are cut off."""
    given = model_arguments({"model_args": result["arguments"]}).items()
    parts = [Path(value).name if key == "pretrained" else f"{key}={value}" for key, value in given]
    return " ".join([result["model"], *parts, f"{result['shots']}-shot", f"batch {result['batch']}"])


def _rates(rounds: Mapping[str, Sequence[Measurement]], rate: Number) -> tuple[list[str], list[list[str]]]:
    families = _families(rounds)
    rates = {name: {family: _median(results, family, rate) for family in families} for name, results in rounds.items()}
    first = next(iter(rates.values()))
    rows = [
        [name, str(len(rounds[name])), *(_beside(each, first[family]) for family, each in found.items())]
        for name, found in rates.items()
    ]
    return ["engine", "rounds", *(FAMILY_NAMES.get(family, family) for family in families)], rows


def _work(rounds: Mapping[str, Sequence[Measurement]]) -> tuple[list[str], list[list[str]]]:
    """Return what each engine counts, by family: calls of the model, tokens fed, the least possible, and answers.

    No engine can do with fewer tokens than those of prompts that no other prompt shares and those
    that the model has to choose.
    """
    families = _families(rounds)
    rows = []
    for name, (result, *_) in rounds.items():
        for title, number in _WORK.items():
            cells = [number(result, family) for family in families]
            if any(cells):
                rows.append([f"{name}: {title}", *(f"{cell:.1f}" for cell in cells)])
    return ["engine", *(FAMILY_NAMES.get(family, family) for family in families)], rows


def _families(rounds: Mapping[str, Sequence[Measurement]]) -> list[str]:
    measured = {family for results in rounds.values() for result in results for family in result["families"]}
    return [*(family for family in FAMILIES if family in measured), _ALL]


def _median(results: Sequence[Measurement], family: str, number: Number) -> float:
    return median(number(result, family) for result in results)


def _parts(result: Measurement, family: str) -> list[Mapping[str, Any]]:
    return list(result["families"].values()) if family == _ALL else [result["families"][family]]


def _sum(result: Measurement, family: str, name: str) -> int:
    return sum(part["work"].get(name, 0) for part in _parts(result, family))


def _rows(result: Measurement, family: str) -> int:
    return sum(part["rows"] for part in _parts(result, family))


def _rate(result: Measurement, family: str) -> float:
    return _rows(result, family) / sum(float(part["seconds"]) for part in _parts(result, family))


def _token_rate(result: Measurement, family: str) -> float:
    return _rate(result, family) * _a_row("answered")(result, family)


def _a_row(name: str, times: int = 1) -> Number:
    """Return the function of what an answer takes of a kind of work."""
    return lambda result, family: times * _sum(result, family, name) / _rows(result, family)


def _least(result: Measurement, family: str) -> float:
    least = sum(_sum(result, family, name) for name in ("prompt", "decided")) - _sum(result, family, "reused")
    return least / _rows(result, family)


def _beside(rate: float, first: float) -> str:
    return f"{rate:.2f} ({rate / first:.2f}x)" if first else f"{rate:.2f}"


_WORK: dict[str, Number] = {
    "model calls": _a_row("forwards"),
    "tokens fed": _a_row("fed"),
    "least tokens": _least,
    "tokens answered": _a_row("answered"),
    "answers cut off, %": _a_row("cut", 100),
}
