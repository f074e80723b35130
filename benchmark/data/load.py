"""Load a task's rows: from the data folder, else from a Hub repository that somebody pushed to."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import DataMissingError
from ..paths import datasets_dir
from ..rows import SPLITS, Row, row_class
from ..sources.hub_errors import endpoint, hub_calls
from ..sources.registry import source_of
from ..version import __version__
from .record import FILE, Record, file_digest, is_compatible, read_record

REPO_PREFIX = "itamed-"
"""A source's Hub repository is this and the source's name."""


def load_rows(task: str, splits: Iterable[str] = SPLITS) -> dict[str, list[Row]]:
    """Return a task's rows by split, those splits that have any.

    Args:
        task: a task of the suite.
        splits: the splits to load.

    Raises:
        DataMissingError: there is no such task, or its data are neither built nor to be fetched.
        SchemaError: the data are of no kind of row.
    """
    tables = load_table(task, splits)
    return {split: rows_of(table) for split, table in tables.items()}


def load_table(task: str, splits: Iterable[str] = SPLITS) -> dict[str, pa.Table]:
    """Return a task's Arrow tables by split, those splits that have rows.

    The build in the data folder is used if there is one; else, if $ITAMED_HUB names a namespace,
    the repository `<namespace>/itamed-<source>` at $ITAMED_HUB_REVISION (default "main").

    Raises:
        DataMissingError: there is no such task, its data are neither built nor to be fetched, or a
            file is not what the build wrote.
    """
    source = source_of(task).name
    folder, record = _build_of(source, task)
    built = record.tasks.get(task)
    if not built:
        raise DataMissingError(f"{folder} holds no data of {task}: {_remedy(source, force=True)}")
    wanted = set(splits) & set(built)
    paths = {split: folder / task / f"{split}.parquet" for split in SPLITS if split in wanted}
    return {split: _table(path, built[split]["sha256"], source) for split, path in paths.items()}


def build_record(task: str) -> Record:
    """Return the record of the build that a task's rows come from.

    Raises:
        DataMissingError: as for `load_table`.
    """
    return _build_of(source_of(task).name, task)[1]


def _build_of(source: str, task: str) -> tuple[Path, Record]:
    folder = datasets_dir() / source
    if not (folder / FILE).is_file():
        folder = _from_hub(source, task)
    record = read_record(folder)
    if record is None or not is_compatible(record):
        made = f"were built by itamed {record.suite}" if record else "have no record of their build"
        message = f"The data of {task} in {folder} {made}, this is {__version__}: {_remedy(source)}"
        raise DataMissingError(message)
    return folder, record


def _table(path: Path, digest: str, source: str) -> pa.Table:
    """Read a file of a build, if it is still what the build wrote."""
    try:
        if file_digest(path) == digest:
            return pq.read_table(path)
    except FileNotFoundError as error:
        raise DataMissingError(f"{path} was lost after the build: {_remedy(source)}") from error
    except (pa.ArrowException, OSError) as error:
        raise DataMissingError(f"{path} cannot be read ({error}): {_remedy(source, force=True)}") from error
    raise DataMissingError(f"{path} was changed or damaged after the build: {_remedy(source, force=True)}")


def rows_of(table: pa.Table) -> list[Row]:
    """Return the rows of a table; their class follows from its columns.

    Raises:
        SchemaError: the columns are of no kind of row.
    """
    kind = row_class(table.column_names)
    return [kind.from_dict(record) for record in table.to_pylist()]


def _from_hub(source: str, task: str) -> Path:
    namespace = os.environ.get("ITAMED_HUB")
    if not namespace:
        raise DataMissingError(f"The data of {task} are not built: {_remedy(source)}")
    repo = f"{namespace}/{REPO_PREFIX}{source}"
    with hub_calls(repo, DataMissingError, f"Or build the data yourself: {_remedy(source)}"):
        from huggingface_hub import snapshot_download

        place = snapshot_download(
            repo,
            repo_type="dataset",
            revision=os.environ.get("ITAMED_HUB_REVISION") or "main",
            allow_patterns=[FILE, f"{task}/*.parquet"],
            endpoint=endpoint(),
        )
    return Path(place)


def _remedy(source: str, *, force: bool = False) -> str:
    command = f"itamed data build --source {source}{' --force' if force else ''}"
    return f"run `{command}` (with `--sources DIR` if you have the publisher's files in DIR)."
