"""YAML files that the package brings, or that a user names."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from itamed.benchmark.errors import ItamedError

_FOLDERS = {"recipe": "recipes", "matrix": "matrices"}


def is_file_name(name: str) -> bool:
    """Return whether a name is that of a user's file."""
    return Path(name).suffix in (".yaml", ".yml")


def names_of(kind: str) -> list[str]:
    """Return the names of what the package brings; those with an underscore are parts of others.

    Args:
        kind: "recipe" or "matrix".
    """
    names = (path.name.removesuffix(".yaml") for path in files(__package__).joinpath(_FOLDERS[kind]).iterdir())
    return sorted(name for name in names if not name.startswith("_"))


def text_of(kind: str, name: str) -> str:
    """Return the text of a user's file, or of one that the package brings.

    Args:
        kind: see `names_of`.
        name: of a .yaml file, or of one of the package's.

    Raises:
        ItamedError: there is none, or it cannot be read.
    """
    if is_file_name(name):
        try:
            return Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ItamedError(f"Cannot read the {kind} {name}: {error}.") from error
    found = files(__package__).joinpath(_FOLDERS[kind], f"{name}.yaml")
    if not found.is_file():
        raise ItamedError(f"No {kind} is named {name}: give a .yaml file, or one of {', '.join(names_of(kind))}.")
    return found.read_text(encoding="utf-8")
