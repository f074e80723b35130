"""A site is replaced whole: until the new one is made the old one is there, and it stays if the new one fails."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import unwritable

FOLDERS = ("assets", "data", "entries", "suites", "tasks", "types")
"""What is made anew each time; of other things in the folder only files of the same names are replaced."""
_MARKS = (Path("assets", "board.js"), Path("data", "entries.json"))
"""By one of these a folder is known as a site of ours; two, as a build may be killed while it replaces one's folder."""
_NEW = ".building"


@contextmanager
def replaced(site: Path) -> Iterator[Path]:
    """Yield an empty folder to build in, whose content replaces that of the site unless an error comes out.

    Raises:
        ItamedError: the site has such folders, and they are not those of a site; or it cannot be written.
    """
    there = [site / name for name in FOLDERS if (site / name).exists()]
    if there and not any((site / mark).is_file() for mark in _MARKS):
        raise ItamedError(f"{there[0]} is not of a board that was built here: choose another folder for --site.")
    new = site / _NEW
    try:
        # Of a build that was killed.
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        yield new
        _swap(new, site)
    except OSError as error:
        raise unwritable(site, error) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _swap(new: Path, site: Path) -> None:
    for name in sorted({*FOLDERS, *(path.name for path in new.iterdir())}):
        if (site / name).is_dir():
            shutil.rmtree(site / name)
        if (new / name).exists():
            (new / name).replace(site / name)
