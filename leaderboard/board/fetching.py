"""Where readers of an entry's page get its bundle, to check it themselves."""

from __future__ import annotations

import re

from itamed.benchmark.errors import ItamedError

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def base_of(results: str) -> str:
    """Return the address that the paths of a store come after, "" where it is unknown.

    Args:
        results: a data set on the Hub, NAMESPACE/NAME, or such an address, or "".

    Raises:
        ItamedError: it is neither.
    """
    if _HUB_NAME.fullmatch(results):
        return f"https://huggingface.co/datasets/{results}/resolve/main/"
    if results and not re.fullmatch(r"https?://[^\s\"<>]+", results):
        raise ItamedError(
            f"--results {results} is neither a data set NAMESPACE/NAME nor an address: give the one that the store's "
            "paths come after, e.g. https://github.com/YOU/results/raw/main."
        )
    return f"{results.rstrip('/')}/" if results else ""
