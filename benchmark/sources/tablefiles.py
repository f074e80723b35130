"""Read the rows of one table file, whatever its format, and guess its split from its path."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import SourceError

Record: TypeAlias = dict[str, Any]

SPLIT_NAMES = {"train": "train", "training": "train"} | {
    **dict.fromkeys(("dev", "development", "validation", "valid", "val"), "dev"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""Split names that publishers use, and ours."""

_SHARD = re.compile(r"[-_]\d+[-_]of[-_]\d+$")
_WORD = re.compile(r"[^a-z]+")


def split_of(path: str) -> str:
    """Return the split that a table's path names.

    A folder named exactly like a split wins over the file name, since some publishers put every
    split in a folder of its own whose file is called "train"; otherwise a word of the file name.
    Without either the name itself is the split, as in `data/it-00000-of-00001.parquet` -> "it".
    """
    pure = PurePosixPath(path.lower())
    stem = _SHARD.sub("", pure.stem)
    for word in [*pure.parts[:-1], *_WORD.split(stem)]:
        if word in SPLIT_NAMES:
            return SPLIT_NAMES[word]
    return stem


def read_records(path: Path, columns: tuple[str, ...] | None = None) -> Iterator[Record]:
    """Yield the rows of a table file.

    Args:
        path: a .parquet, .json (a list of objects), .jsonl or .csv file.
        columns: read these columns alone, where the format can.

    Raises:
        SourceError: the file is damaged or cannot be read.
    """
    try:
        yield from READERS[path.suffix.lower()](path, columns)
    except (pa.ArrowException, ValueError, csv.Error) as error:
        message = f"{path} is damaged or not a table ({error}): download it again."
        raise SourceError(message) from error
    except OSError as error:
        raise SourceError(f"Cannot read {path}: {error}. Check the path and its permissions.") from error


def column_names(path: Path) -> list[str]:
    """Return the names of a table file's columns; a JSON record without a value has no such column.

    Raises:
        SourceError: the file is damaged or cannot be read.
    """
    if path.suffix.lower() == ".parquet":
        try:
            return list(pq.read_schema(path).names)
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{path} is damaged or cannot be read ({error}): download it again.") from error
    names: dict[str, None] = {}
    for record in read_records(path):
        names |= dict.fromkeys(record)
    return list(names)


def _parquet(path: Path, columns: tuple[str, ...] | None) -> Iterator[Record]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=list(columns) if columns is not None else None):
            yield from batch.to_pylist()


def _json(path: Path, columns: tuple[str, ...] | None) -> Iterator[Record]:
    del columns
    text = path.read_text("utf-8-sig")
    if not text.lstrip().startswith("["):
        yield from map(_record, map(json.loads, filter(str.strip, text.splitlines())))
    else:
        yield from map(_record, json.loads(text))


def _csv(path: Path, columns: tuple[str, ...] | None) -> Iterator[Record]:
    del columns
    with path.open(encoding="utf-8-sig", newline="") as file:
        for record in csv.DictReader(file):
            if None in record:
                raise ValueError("a row has more fields than there are columns")
            yield record


def _record(value: Any) -> Record:
    if not isinstance(value, dict):
        raise ValueError(f"a row is a {type(value).__name__}, not an object")
    return value


READERS: dict[str, Callable[[Path, tuple[str, ...] | None], Iterator[Record]]] = {
    ".parquet": _parquet,
    ".json": _json,
    ".jsonl": _json,
    ".csv": _csv,
}
"""Reader of each format, by the ending of the file's name."""
