"""Get a publisher's archive: from a folder of the user, or downloaded once, and checked either way."""

from __future__ import annotations

from pathlib import Path

from ..errors import SourceError
from ..paths import downloads_dir, storing
from .download import download
from .source import Archive
from .tree import Tree, open_tree


def find_archive(archive: Archive, folder: Path) -> Path | None:
    """Look in a sources folder for an archive or for its unpacked folder; None where neither is there."""
    for name in (archive.name, unpacked_name(archive.name)):
        if (folder / name).exists():
            return folder / name
    return None


def unpacked_name(name: str) -> str:
    """Return an archive's name without its ending, as its unpacked folder is called."""
    for ending in (".tar.gz", ".tgz", ".tar", ".zip"):
        name = name.removesuffix(ending)
    return name


def open_archive(archive: Archive, path: Path) -> Tree:
    """Open an archive that is on disk and check that its content is what the readers were written for.

    Raises:
        SourceError: it cannot be read, is damaged, or holds other content.
    """
    tree = open_tree(path, archive.wanted)
    found = tree.digest()
    if found != archive.digest:
        raise SourceError(
            f"{path} does not hold the expected version of {archive.name}: SHA-256 {found} over the files read, "
            f"expected {archive.digest}. Download it again from {archive.url}; if the publisher changed it, "
            "this version of the suite cannot read it."
        )
    return tree


def fetch(archive: Archive) -> Tree:
    """Return an archive's files, downloading it into the suite's folder unless it is there.

    A file that turns out damaged or of other content is downloaded again from the start if it was
    there before or bytes of an interrupted download went into it; otherwise it is deleted.

    Raises:
        SourceError: it cannot be downloaded, or is not what was expected.
        StorageError: it cannot be stored.
    """
    place = downloads_dir() / archive.name
    if archive.by_hand and not place.is_file():
        raise SourceError(
            f"{archive.name} cannot be downloaded. {archive.by_hand} Then pass --sources DIR, with it in DIR."
        )
    with storing(downloads_dir()):
        fresh = not place.is_file() and not download(archive.url, place)
        try:
            return open_archive(archive, place)
        except SourceError:
            place.unlink()
            if fresh:
                raise
        download(archive.url, place)
        return open_archive(archive, place)
