"""`itamed data`: build, list, check and push the rows of the suite's tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from ..console import ends_on_error, err, out, say_error
from ..errors import ItamedError
from ..paths import datasets_dir
from ..sources.registry import named
from ..sources.source import Source
from .build import Request, Step, build
from .check import Report, add_copies, check_source
from .push import push
from .record import Record, read_record
from .show import count_table, print_table, say_outcome, task_table

data_app = typer.Typer(
    no_args_is_help=True,
    help="Build the tasks' data, look at them, check them, publish them. Start with `itamed data build`.\n\n"
    "They stand under $ITAMED_HOME (default: the user's cache).",
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

    Without --sources everything is downloaded; for gated Hub data sets accept their terms and `hf auth login` first.

    Each source is built whole or not at all, a failed one stops no other, and what is up to date is skipped.

    Ends with status 1 if a source failed, or --sources has none. Example: itamed data build --sources ~/archives
    """
    request = Request(named(source or []), sources, frozenset(source or []), force)
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
            f"{sources} holds none of the sources: name the folder that the archives, or their folders, are in."
        )
    if "failed" in statuses:
        raise typer.Exit(1)


@data_app.command("list")
@ends_on_error
def list_command(source: Annotated[list[str] | None, _SOURCE] = None) -> None:
    """List the tasks with their source, its licence, and the rows of each split that is built."""
    print_table(task_table((current, _record(current)) for current in named(source or [])))


@data_app.command("check")
@ends_on_error
def check_command(source: Annotated[list[str] | None, _SOURCE] = None) -> None:
    """Read the built data again: spans, ids, splits, near copies between splits of all tasks, counts, licences.

    Warns of contradictory duplicates (equal texts of a split with different gold) and of copies between sources.

    Ends with status 1 on a fault, or if nothing is built, or if a source named with --source is not.
    """
    built, missing = _built(source or [])
    if missing and (source or not built):
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


@data_app.command("push")
@ends_on_error
def push_command(
    namespace: Annotated[str, typer.Option(help="Your user name or organisation on the Hub.")],
    source: Annotated[list[str] | None, _SOURCE] = None,
    private: Annotated[bool, typer.Option("--private", help="Make private repositories.")] = False,
) -> None:
    """Upload built sources to the Hub, each to the data set repository NAMESPACE/itamed-SOURCE.

    Log in with `hf auth login` first. Sources whose terms forbid copies are refused unless --private is given.

    On another machine, ITAMED_HUB=NAMESPACE evaluates on what was uploaded.
    """
    built, _ = _built([])
    chosen = named(source) if source else [current for current, _ in built]
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
