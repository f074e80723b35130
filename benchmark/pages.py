"""HTML pages from templates: every value escaped, none missing."""

from __future__ import annotations

from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def environment(package: str, folder: str = "templates", **options: Any) -> Environment:
    """Return an environment of the templates of a package, and of those that all pages share.

    Whatever their names, values are escaped: what pages show may be a stranger's.

    Args:
        package: that holds them.
        folder: of it.
        **options: more of `jinja2.Environment`.
    """
    return Environment(
        loader=ChoiceLoader([PackageLoader(package, folder), PackageLoader(__package__)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
