"""What `itamed data build | list | check | push` do, and say of it."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.markup import escape

from ..console import err, out, say_error
from ..errors import ItamedError
from ..paths import datasets_dir
from ..sources.registry import named
from ..sources.source import Source
from .build import Request, Step, build
from .check import Report, add_copies, check_source
from .push import push
from .record import Record, read_record
from .show import count_table, print_table, say_outcome, task_table

_SHOWN_FAULTS = 20
_STEPS: dict[Step, str] = {"read": "reading", "write": "writing"}


def build_sources(names: list[str], folder: Path | None, *, force: bool) -> None:
    """Build sources, all if none is named, from a folder of archives or the publishers' servers.

    Raises:
        ItamedError: the folder holds none of them.
        typer.Exit: a source failed (status 1).
    """
    request = Request(named(names), folder, frozenset(names), force)
    status = err().status("")

    def watch(current: Source, step: Step) -> None:
        # Downloads draw bars of their own, which a spinner would garble.
        if step in _STEPS:
            status.update(f"{current.name}: {_STEPS[step]}")
            status.start()
        else:
            status.stop()

    outcomes = []
    for outcome in build(request, watch):
        outcomes.append(outcome)
        say_outcome(outcome, _record(outcome.source))
    out().print(f"Data folder: {escape(str(datasets_dir()))}", soft_wrap=True, highlight=False)
    statuses = {outcome.status for outcome in outcomes}
    if statuses == {"not in DIR"}:
        raise ItamedError(
            f"{folder} holds none of the sources: name the folder that the archives, or their folders, are in."
        )
    if "failed" in statuses:
        raise typer.Exit(1)


def list_sources(names: list[str]) -> None:
    """List the tasks of sources, all if none is named."""
    print_table(task_table((current, _record(current)) for current in named(names)))


def check_sources(names: list[str]) -> None:
    """Check built sources, all if none is named.

    Raises:
        ItamedError: nothing is built, or not what is named.
        typer.Exit: there is a fault (status 1).
    """
    built, missing = _built(names)
    if missing and (names or not built):
        raise ItamedError(f"Not built: {', '.join(missing)}. Run `itamed data build` first.")
    reports: list[tuple[Source, Report]] = []
    with err().status("") as status:
        for current, record in built:
            status.update(f"checking {current.name}")
            reports.append((current, check_source(current, datasets_dir() / current.name, record)))
        status.update("looking for near copies")
        add_copies([report for _, report in reports])
    print_table(count_table(reports))
    faults = [fault for _, report in reports for fault in report.faults]
    for fault in faults[:_SHOWN_FAULTS]:
        say_error(f"{fault.task}: {fault.message}")
    if missing:
        err().print(f"Not built, not checked: {', '.join(missing)}", highlight=False)
    if faults:
        say_error(f"{len(faults)} faults.")
        raise typer.Exit(1)
    out().print("No faults.")


def push_sources(names: list[str], namespace: str, *, private: bool) -> None:
    """Upload sources, all that are built if none is named.

    Raises:
        ItamedError: nothing is built.
        typer.Exit: a source was not uploaded (status 1).
    """
    built, _ = _built([])
    chosen = named(names) if names else [current for current, _ in built]
    if not chosen:
        raise ItamedError("Nothing is built. Run `itamed data build` first.")
    outcomes = [_pushed(current, namespace, private=private) for current in chosen]
    if not all(outcomes):
        raise typer.Exit(1)


def _pushed(source: Source, namespace: str, *, private: bool) -> bool:
    """Push one source and say how it went."""
    try:
        url = push(source, namespace, private=private)
    except ItamedError as error:
        say_error(str(error))
        return False
    out().print(f"{source.name}: {url}", soft_wrap=True, highlight=False)
    return True


def _record(source: Source) -> Record | None:
    return read_record(datasets_dir() / source.name)


def _built(names: list[str]) -> tuple[list[tuple[Source, Record]], list[str]]:
    """Return the sources that are built, with their records, and the names of those that are not."""
    found = [(source, _record(source)) for source in named(names)]
    built = [(source, record) for source, record in found if record is not None]
    return built, [source.name for source, record in found if record is None]
