"""Settings as dataclasses: every field explained, read strictly from YAML, written back whole."""

from __future__ import annotations

import math
import types
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, field, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from itamed.benchmark.errors import ItamedError

T = TypeVar("T")
_UNIONS = (Union, types.UnionType)


def explained(text: str, default: Any = MISSING) -> Any:
    """Return a dataclass field with its explanation; without a default it must be given."""
    if isinstance(default, list | dict):
        return field(default_factory=lambda: type(default)(default), metadata={"help": text})
    return field(default=default, metadata={"help": text})


def read(kind: type[T], value: Any, place: str = "") -> T:
    """Make a settings object of a mapping from YAML.

    Args:
        kind: a dataclass whose fields are numbers, strings, lists, mappings, or such dataclasses.
        value: the mapping.
        place: where it stands, for messages.

    Raises:
        ItamedError: an unknown or missing key, or a value of another type; the message names its place.
    """
    if not isinstance(value, Mapping):
        raise ItamedError(f"{place or 'The file'} must be a mapping of settings, not {_shown(value)}.")
    hints = get_type_hints(kind)
    known: dict[str, Field[Any]] = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    for key in value:
        if key not in known:
            near = get_close_matches(str(key), known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}."
            raise ItamedError(f"{_at(place, key)} is no setting: {hint} `--explain` explains all.")
    missing = [name for name, each in known.items() if _needed(each) and name not in value]
    if missing:
        raise ItamedError(f"{place or 'The file'} lacks {', '.join(missing)}: `--explain` explains it.")
    return kind(**{key: _value(hints[key], given, _at(place, key)) for key, given in value.items()})


def _needed(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _at(place: str, key: object) -> str:
    return f"{place}.{key}" if place else str(key)


def _shown(value: Any) -> str:
    return f"{value!r} ({type(value).__name__})"


def _value(hint: Any, value: Any, place: str) -> Any:
    """Check a value against a type hint and convert what is nested in it."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in _UNIONS:
        if value is None and type(None) in inner:
            return None
        return _value(next(each for each in inner if each is not type(None)), value, place)
    if origin is list:
        if not isinstance(value, list):
            raise ItamedError(f"{place} must be a list, not {_shown(value)}.")
        return [_value(inner[0], each, f"{place}[{number}]") for number, each in enumerate(value)]
    if origin is dict:
        if not isinstance(value, Mapping):
            raise ItamedError(f"{place} must be a mapping, not {_shown(value)}.")
        return {_value(inner[0], key, place): _value(inner[1], each, _at(place, key)) for key, each in value.items()}
    if is_dataclass(hint):
        return read(hint, value, place)  # type: ignore[arg-type]
    return _plain(hint, value, place)


def _plain(hint: type, value: Any, place: str) -> Any:
    if hint is float and isinstance(value, int | str) and not isinstance(value, bool):
        # YAML 1.1 reads 3e-4, without a point, as a string.
        with suppress(ValueError):
            value = float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ItamedError(f"{place} must be of type {hint.__name__}, not {_shown(value)}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ItamedError(f"{place} must be a finite number, not {value}.")
    return value


def explanations(kind: type, place: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (name, default, explanation) for every setting, those of nested settings below their own."""
    hints = get_type_hints(kind)
    for each in fields(kind):
        inner = next((part for part in _parts(hints[each.name]) if is_dataclass(part)), None)
        name = _at(place, each.name) + ("[]" if get_origin(hints[each.name]) is list else "")
        yield name, _default(each, inner is not None), each.metadata["help"]
        if inner is not None:
            yield from explanations(inner, name)  # type: ignore[arg-type]


def sections(kind: type) -> dict[str, type]:
    """Return those settings that are sections themselves, with their kinds; a list of sections is none."""
    found: dict[str, type] = {}
    for name, hint in get_type_hints(kind).items():
        for member in get_args(hint) if get_origin(hint) in _UNIONS else (hint,):
            if is_dataclass(member):
                found[name] = member  # type: ignore[assignment]
    return found


def _parts(hint: Any) -> Iterator[Any]:
    yield hint
    for inner in get_args(hint):
        yield from _parts(inner)


def _default(each: Field[Any], nested: bool) -> str:
    if _needed(each):
        return "needed"
    value = each.default
    if each.default_factory is not MISSING:
        value = each.default_factory()
    if is_dataclass(value):
        return ""
    return "none" if nested and not value else str(value)
