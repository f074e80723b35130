"""The record of a build (`build.json`): what went into a source's folder and what came out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..version import __version__

FILE = "build.json"


@dataclass(frozen=True)
class Record:
    """What a build was made of, and its numbers.

    `suite` is the version that made it and `code` a digest of its readers; `inputs` maps each
    archive or Hub data set to the digest of its content; `origins` says which repository or file a
    Hub data set was; `tasks` holds counts and the parquet file's SHA-256, by task and split;
    `left_out` says how many of what the reader left out on purpose.
    """

    source: str
    inputs: dict[str, str]
    origins: dict[str, str]
    tasks: dict[str, dict[str, dict[str, Any]]]
    suite: str = __version__
    code: str = ""
    left_out: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the record as JSON, the same for the same content."""
        return json.dumps(vars(self), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def read_record(folder: Path) -> Record | None:
    """Return the record of a built folder, or None where there is none that can be read."""
    try:
        return Record(**json.loads((folder / FILE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_current(folder: Path, inputs: Mapping[str, str]) -> bool:
    """Tell whether a folder holds a build that this code made out of these inputs, and all files of it.

    Args:
        folder: where the build is, if there is one.
        inputs: digests by name, of those that are known without downloading.
    """
    record = read_record(folder)
    return (
        record is not None
        and (record.suite, record.code) == (__version__, code_digest())
        and all(record.inputs.get(name) == digest for name, digest in inputs.items())
        and all((folder / task / f"{split}.parquet").is_file() for task, by in record.tasks.items() for split in by)
    )


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, computed once a process while the file stays as it is.

    Raises:
        OSError: the file cannot be read.
    """
    state = path.stat()
    return _file_digest(path, state.st_size, state.st_mtime_ns)


@cache
def _file_digest(path: Path, size: int, changed: int) -> str:
    del size, changed
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_compatible(record: Record) -> bool:
    """Tell whether a build's rows are those of this version; patch releases do not change rows."""
    return record.suite.split(".")[:2] == __version__.split(".")[:2]


@cache
def code_digest() -> str:
    """Return the SHA-256 over the modules that turn sources into rows and rows into files."""
    root = Path(__file__).resolve().parents[1]
    names = ("rows.py", "passages.py", "text.py", "data/write.py", "data/card.py", "data/counts.py", "data/record.py")
    modules = [*(root / "sources").glob("*.py"), *(root / name for name in names)]
    total = hashlib.sha256()
    for path in sorted(modules):
        total.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
