"""The commands `itamed board ...`: the store of accepted bundles, the site that shows them, the queue of requests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .worker.cli import queue, request, retry, worker

board_app = typer.Typer(
    help="Keep a leaderboard: its store, its site, its queue of requests.", no_args_is_help=True, rich_markup_mode=None
)
for _command in (request, queue, retry, worker):
    board_app.command()(_command)
_MOST = 10
"""Entries that are named on a line each."""
Store = Annotated[Path, typer.Option(help="Folder of accepted bundles, e.g. a checkout of the results repository.")]


@board_app.command()
def accept(
    bundle: Annotated[Path, typer.Argument(help="What `itamed submit --out` has written.")],
    store: Store,
    badge: Annotated[
        str, typer.Option(help="self-reported, re-scored or reproduced; by default as the bundle allows.")
    ] = "",
    evidence: Annotated[
        Path | None, typer.Option(help="Bundle of a run of your own, which --badge reproduced needs.")
    ] = None,
    licence: Annotated[
        str, typer.Option(help="Of the model, as its card states it: apache-2.0. Not to be changed later.")
    ] = "unknown",
) -> None:
    """Check a bundle, score its answers again, and add it to the store; nothing there is overwritten.

    Without --badge it is re-scored if model and adapter are named by a commit, else self-reported.
    A bundle that is there already may get a better badge. "reproduced" takes the bundle of a run of
    your own: the same model, commit and tasks, and scores within the intervals of both.

    Example: itamed board accept bundle.zip --store results --licence apache-2.0
    """
    from itamed.benchmark.errors import ItamedError

    from .board.accept import accept as add
    from .board.entry import BADGES

    chosen = next((each for each in BADGES if each == badge), None)
    if badge and chosen is None:
        raise ItamedError(f"--badge {badge} is none: choose one of {', '.join(BADGES)}.")
    typer.echo(f"Accepted: {add(bundle, store, badge=chosen, licence=licence, evidence=evidence)}")


@board_app.command()
def preview(
    bundle: Annotated[Path, typer.Argument(help="What `itamed submit --out` has written.")],
    store: Store,
    reference: Annotated[
        list[str] | None,
        typer.Option(help="Entry to compare with, may come again; by default the best, and the nearest by its mean."),
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the comment there instead of printing it.")] = None,
) -> None:
    """Check a bundle, and show what it would be on the board: its rank, and its gains on two rows.

    The result is a comment for its pull request, in Markdown that is safe to post whatever the
    bundle says. Nothing is added to the store. Ends with status 1 if there is an error, else with 3
    if a task was not checked because its data are not here.

    Example: itamed board preview bundle.zip --store results --markdown comment.md
    """
    from itamed.benchmark.files import write_text

    from .board.comment import comment
    from .board.preview import preview as look
    from .show import show_verdict

    found = look(bundle, store, tuple(reference or ()))
    show_verdict(found.verdict, bundle)
    text = comment(found)
    if markdown:
        write_text(markdown, text)
        typer.echo(f"Comment: {markdown}")
    else:
        typer.echo(text)
    if found.verdict.status:
        raise typer.Exit(found.verdict.status)


@board_app.command()
def unchecked(
    results: Annotated[
        str, typer.Option(envvar="ITAMED_RESULTS", help="The data set of results, NAMESPACE/NAME.", show_default=False)
    ],
    account: Annotated[str, typer.Option(help="Whose comments are the check's: the one whose token it has.")],
    number: Annotated[
        list[int] | None, typer.Option(help="This pull request, whether it was answered or not; may come again.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, as a workflow's matrix takes it.")] = False,
) -> None:
    """List the open pull requests on the Hub whose newest commit the check has not answered; 20 at most.

    The workflow check-hub.yml asks this, checks each, and answers. Needs no token: the repository is public.

    Example: itamed board unchecked --results YOU/results --account YOU
    """
    from dataclasses import asdict
    from json import dumps

    from .board.unchecked import head_of
    from .board.unchecked import unchecked as look

    found = [head_of(results, each) for each in number] if number else look(results, account)
    if json:
        typer.echo(dumps([asdict(head) for head in found]))
    else:
        for head in found:
            typer.echo(f"{head.number} {head.commit}")


@board_app.command()
def reference(store: Store) -> None:
    """Add rows to compare with: five trivial rules, run on all tasks whose data are built, checked and accepted.

    Takes some minutes for each rule, and no model. Rules that the store has on these tasks are left as
    they are, so that it may be stopped and started again.

    Example: itamed board reference --store results
    """
    from itamed.benchmark.console import say_notice

    from .board.reference import add_rules, built_tasks

    tasks, missing = built_tasks()
    if missing:
        say_notice(f"Left out, as their data are not built here: {', '.join(missing)}. Such rows have no rank.")
    added = add_rules(store, tasks, say_notice)
    typer.echo(f"Rules added: {len(added)}.")


@board_app.command()
def retract(
    entry: Annotated[str, typer.Argument(help="Name of the entry's page and folder: 16 letters and figures.")],
    store: Store,
    reason: Annotated[str, typer.Option(help="Shown on the board.")],
) -> None:
    """Take an entry back: it stays on the board with the reason, and is ranked no more."""
    from .board.store import retract as take_back

    typer.echo(f"Retracted: {take_back(entry, store, reason)}")


@board_app.command()
def audit(
    store: Store,
    rescore: Annotated[bool, typer.Option("--rescore", help="Score all answers again, too. Needs the data.")] = False,
) -> None:
    """Compare every entry with its bundle: checksum, manifest, scores, means. Nothing is changed.

    Intervals of means are compared with their draws; without --rescore the draws, which decide ranks,
    and warnings are taken on trust. Entries of another suite version are scored again by that version
    alone. Ends with status 1 if anything differs, else with 3 if an entry was not scored again because
    its data are not here.

    Example: itamed board audit --store results --rescore
    """
    from .board.audit import audit as compare
    from .board.audit import told

    found = compare(store, "answers" if rescore else "scores")
    for each in (*found.unscored, *found.unchecked, *found.changed):
        typer.echo(each)
    typer.echo(told(found, rescored=rescore))
    if found.status:
        raise typer.Exit(found.status)


@board_app.command()
def build(
    store: Store,
    site: Annotated[Path, typer.Option(help="Folder to write, e.g. a checkout of a Space.")],
    space: Annotated[
        str, typer.Option(help="What README.md says that a Hugging Face Space is: static or gradio.")
    ] = "static",
    results: Annotated[
        str, typer.Option(help="Where readers find the store: a data set NAMESPACE/NAME on the Hub, or an address.")
    ] = "",
) -> None:
    """Build the static site of a store: pages, CSV, parquet and JSON. Open index.html, no server is needed.

    Entries must say what their bundles say, see `itamed board audit`; of one without bundle.zip nobody
    knows, and its page has a warning. Nothing is scored again, and the same store gives the same bytes.
    The folder is a Hugging Face Space, too: static, or with --space gradio one that runs app.py. With
    --results each entry's page has a link to its bundle, without it says which file of the store that is.

    Example: itamed board build --store results --site site --results YOU/results
    """
    from itamed.benchmark.errors import ItamedError

    from .board.audit import read_unedited
    from .board.site import SPACES
    from .board.site import build as write

    chosen = next((each for each in SPACES if each == space), None)
    if chosen is None:
        raise ItamedError(f"--space {space} is none: choose one of {', '.join(SPACES)}.")
    entries, alone = read_unedited(store)
    for each in alone[:_MOST]:
        typer.echo(each, err=True)
    if len(alone) > _MOST:
        typer.echo(f"and {len(alone) - _MOST} more: itamed board audit --store {store}", err=True)
    number = write(store, site, chosen, results, entries=entries)
    typer.echo(f"{number} entries, {len(alone)} of them without bundle.zip: {site / 'index.html'}")
