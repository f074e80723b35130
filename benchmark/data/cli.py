"""The commands `itamed data ...`; what they do is imported when one is asked for, so that `--help` answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import ends_on_error

data_app = typer.Typer(
    no_args_is_help=True,
    help="Build the tasks' data, look at them, check them, publish them. Start with `itamed data build`.\n\n"
    "They stand under $ITAMED_HOME (default: the user's cache).",
)
Names = Annotated[
    list[str] | None,
    typer.Option("--source", "-s", help="Only this source (repeat for more). Default: all; see `itamed data list`."),
]


@data_app.command("build")
@ends_on_error
def build_command(
    source: Names = None,
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
    from .commands import build_sources

    build_sources(source or [], sources, force=force)


@data_app.command("list")
@ends_on_error
def list_command(source: Names = None) -> None:
    """List the tasks with their source, its licence, and the rows of each split that is built."""
    from .commands import list_sources

    list_sources(source or [])


@data_app.command("check")
@ends_on_error
def check_command(source: Names = None) -> None:
    """Read the built data again: spans, ids, splits, near copies between splits of all tasks, counts, licences.

    Warns of contradictory duplicates (equal texts of a split with different gold) and of copies between sources.

    Ends with status 1 on a fault, or if nothing is built, or if a source named with --source is not.
    """
    from .commands import check_sources

    check_sources(source or [])


@data_app.command("push")
@ends_on_error
def push_command(
    namespace: Annotated[str, typer.Option(help="Your user name or organisation on the Hub.")],
    source: Names = None,
    private: Annotated[bool, typer.Option("--private", help="Make private repositories.")] = False,
) -> None:
    """Upload built sources to the Hub, each to the data set repository NAMESPACE/itamed-SOURCE.

    Log in with `hf auth login` first. Sources whose terms forbid copies are refused unless --private is given.

    On another machine, ITAMED_HUB=NAMESPACE evaluates on what was uploaded.
    """
    from .commands import push_sources

    push_sources(source or [], namespace, private=private)
