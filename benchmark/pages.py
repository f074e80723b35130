"""HTML pages from templates: every value escaped, none missing."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def environment(package: str, folder: str = "templates", **options: Any) -> Environment:
    """Return an environment of the templates of a package, whatever their names: what pages show may be a stranger's.

    Args:
        package: that holds them.
        folder: of it.
        **options: more of `jinja2.Environment`.
    """
    return Environment(
        loader=PackageLoader(package, folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
