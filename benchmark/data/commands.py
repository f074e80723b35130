"""`itamed data`: build, list, check and push the rows of the suite's tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from ..console import ends_on_error, err, out, say_error
from ..errors import ItamedError
from ..paths import datasets_dir
from ..rows import SPLITS
from ..sources.registry import named
from ..sources.source import Source
from .build import Outcome, Request, Step, build
from .check import Report, check_source
from .push import push
from .record import read_record

data_app = typer.Typer(
    no_args_is_help=True,
    help="Build the tasks' data from the publishers' files, look at them, check them, publish them.\n\n"
    "The data stand under $ITAMED_HOME (default: the user's cache). Start with `itamed data build`.",
)

_SOURCE = typer.Option(
    "--source", "-s", help="Only this source (repeat for more). Default: all; see `itamed data list`."
)
_SHOWN_FAULTS = 20
_STEPS: dict[Step, str] = {"read": "reading", "write": "writing"}


@data_app.command("build")
@ends_on_error
def build_command(
    source: Annotated[list[str] | None, _SOURCE] = None,
    sources: Annotated[
        Path | None,
        typer.Option(
            help="Folder with the publishers' archives (or their unpacked folders) and Hub data sets as "
            "folders named like the repository. Nothing is downloaded; what is not there is skipped."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Build again what is built already.")] = False,
) -> None:
    """Fetch the sources, read them and write one parquet file a task and split.

    Without --sources the archives and Hub data sets are downloaded. Some Hub data sets are gated:
    accept their terms on the Hub and log in with `hf auth login` first. Every source is built whole
    or not at all, one that fails does not stop the others, and what is up to date is skipped. Ends
    with status 1 if a source failed.

    For instance `itamed data build --sources ~/archives`, or `itamed data build --source e3c --force`.
    """
    console = err()
    chosen = named(source or [])
    request = Request(chosen, sources, frozenset(source or []), force)
    status = console.status("")

    def watch(current: Source, step: Step) -> None:
        # Downloads draw bars of their own, which a spinner would garble.
        _show(status, f"{current.name}: {_STEPS[step]}" if step in _STEPS else None)

    outcomes = []
    for outcome in build(request, watch):
        outcomes.append(outcome)
        _say_outcome(outcome)
    out().print(f"Data folder: {escape(str(datasets_dir()))}", soft_wrap=True, highlight=False)
    if any(outcome.status == "failed" for outcome in outcomes):
        raise typer.Exit(1)


@data_app.command("list")
@ends_on_error
def list_command(source: Annotated[list[str] | None, _SOURCE] = None) -> None:
    """List the tasks with their source, its licence, and the rows of each split that is built."""
    table = Table("task", "source", "licence", "built", *(f"{split} rows" for split in SPLITS))
    for current in named(source or []):
        record = read_record(datasets_dir() / current.name)
        for task in current.tasks:
            splits = record.tasks.get(task, {}) if record else {}
            rows = [str(splits[split]["rows"]) if split in splits else "-" for split in SPLITS]
            table.add_row(task, current.name, current.licence, "yes" if splits else "no", *rows)
    _print_table(table)


@data_app.command("check")
@ends_on_error
def check_command(source: Annotated[list[str] | None, _SOURCE] = None) -> None:
    """Read the built data again: spans, ids, splits, near copies between splits, counts.

    Ends with status 1 on a fault, or if nothing (or a source named with --source) is not built.
    """
    built = {current: read_record(datasets_dir() / current.name) for current in named(source or [])}
    missing = [current.name for current, record in built.items() if record is None]
    if missing and (source or len(missing) == len(built)):
        raise ItamedError(f"Not built: {', '.join(missing)}. Run `itamed data build` first.")
    table = Table("task", "split", "rows", "documents", "without gold", "labels", "licence")
    reports: list[Report] = []
    with err().status("") as status:
        for current, record in built.items():
            if record is not None:
                status.update(f"checking {current.name}")
                reports.append(check_source(current, datasets_dir() / current.name, record))
                _add_counts(table, current, reports[-1])
    _print_table(table)
    faults = [fault for report in reports for fault in report.faults]
    for fault in faults[:_SHOWN_FAULTS]:
        say_error(f"{fault.task}: {fault.message}")
    if missing:
        err().print(f"Not built, not checked: {', '.join(missing)}", highlight=False)
    if faults:
        say_error(f"{len(faults)} faults.")
        raise typer.Exit(1)
    out().print("No faults.")


@data_app.command("push")
@ends_on_error
def push_command(
    namespace: Annotated[str, typer.Option(help="Your user name or organisation on the Hub.")],
    source: Annotated[list[str] | None, _SOURCE] = None,
    private: Annotated[bool, typer.Option("--private", help="Make private repositories.")] = False,
) -> None:
    """Upload built sources to the Hub, each to the data set repository NAMESPACE/itamed-SOURCE.

    Log in with `hf auth login` first. Sources whose terms forbid copies are refused unless
    --private is given. Set ITAMED_HUB=NAMESPACE to evaluate on the uploaded data elsewhere.
    """
    failed = False
    for current in named(source or []):
        if not source and read_record(datasets_dir() / current.name) is None:
            continue
        try:
            url = push(current, namespace, private=private)
        except ItamedError as error:
            failed = True
            say_error(str(error))
        else:
            out().print(f"{current.name}: {url}", soft_wrap=True, highlight=False)
    if failed:
        raise typer.Exit(1)


def _show(status: Status, text: str | None) -> None:
    if text is None:
        status.stop()
    else:
        status.update(text)
        status.start()


def _say_outcome(outcome: Outcome) -> None:
    name = outcome.source.name
    if outcome.status == "failed":
        say_error(f"{name}: {outcome.message}")
    elif outcome.status == "built":
        rows = read_record(datasets_dir() / name)
        total = sum(entry["rows"] for splits in (rows.tasks if rows else {}).values() for entry in splits.values())
        out().print(f"{name}: built, {total} rows in {outcome.seconds:.1f} s", highlight=False)
    else:
        out().print(f"{name}: {outcome.status}. {outcome.message}".rstrip(), soft_wrap=True, highlight=False)


def _add_counts(table: Table, source: Source, report: Report) -> None:
    for task, splits in report.counts.items():
        for split, counts in splits.items():
            labels = ", ".join(f"{label} {number}" for label, number in counts.labels.items())
            numbers = [str(counts.rows), str(counts.documents), str(counts.empty)]
            table.add_row(task, split, *numbers, labels, source.licence)


def _print_table(table: Table) -> None:
    """Print a table; into a file or pipe at full width, so that nothing is cut there."""
    console = out()
    console.print(table) if console.is_terminal else Console(width=240).print(table)
