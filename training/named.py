"""YAML files that the package brings, or that a user names."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from itamed.benchmark.errors import ItamedError, reason_of

_FOLDERS = {"recipe": "recipes", "matrix": "matrices"}


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would take the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Make a mapping of a node."""
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands here twice", key.start_mark)
            seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


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


def settings_of(kind: str, name: str) -> Any:
    """Return the content of a user's file, or of one that the package brings.

    Args:
        kind: see `names_of`.
        name: of a .yaml file, or of one of the package's.

    Raises:
        ItamedError: there is none, it cannot be read, is no YAML, or has a key twice.
    """
    try:
        return yaml.load(_text(kind, name), _Loader)
    except yaml.YAMLError as error:
        raise ItamedError(f"{name} is no YAML: {reason_of(error)}.") from error


def _text(kind: str, name: str) -> str:
    if is_file_name(name):
        try:
            return Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ItamedError(f"Cannot read the {kind} {name}: {error}.") from error
    found = files(__package__).joinpath(_FOLDERS[kind], f"{name}.yaml")
    if not found.is_file():
        raise ItamedError(f"No {kind} is named {name}: give a .yaml file, or one of {', '.join(names_of(kind))}.")
    return found.read_text(encoding="utf-8")
