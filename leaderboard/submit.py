"""Hand in a bundle: a pull request on the data set repository of results, opened through the Hub's API."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import typer
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_bytes
from itamed.benchmark.report.finding import find_run
from itamed.benchmark.report.markdown import table
from itamed.benchmark.report.run import Run
from itamed.benchmark.report.sheet import percent

from .archive import pack, short
from .bundle import MANIFEST, Wishes, make_bundle
from .pulls import add_file, find_file, or_by_hand
from .show import show_verdict
from .validate import validate

FOLDER = "bundles"
_MADE = "Made and checked by `itamed submit`; `itamed validate` checks it again."
_NEXT = (
    "Next: the leaderboard's check answers under it, where one is set up, and a maintainer reviews it. "
    "`itamed validate FILE` says the same beforehand, of a file that --out FILE has written."
)


def submit_run(path: Path, wishes: Wishes, *, repo: str, out: Path | None) -> None:
    """Make a bundle of a run, check it, and write it to a file or open a pull request; the same bundle gets one.

    Args:
        path: the results folder or file of one run.
        wishes: what its owner says of it.
        repo: the data set repository of results; not used if there is a file to write.
        out: the file to write.

    Raises:
        ItamedError: the run cannot be submitted, its bundle has errors (they are shown), or it cannot be
            written or sent.
    """
    files = make_bundle(find_run(path), wishes)
    content = pack(files)
    with TemporaryDirectory() as folder:
        checked = Path(folder, "bundle.zip")
        write_bytes(checked, content)
        verdict = validate(checked, mini=wishes.mini)
    show_verdict(verdict, out or Path("The bundle"))
    if verdict.run is None:
        why = "has errors" if verdict.errors else "was not checked, as data are missing"
        raise ItamedError(f"The bundle {why}, see above: nothing was written or sent.")
    if out:
        write_bytes(out, content)
        typer.echo(f"Written to {out}.")
    else:
        _send(content, verdict.run, repo, _declared(files[MANIFEST]))


def _send(content: bytes, run: Run, repo: str, declared: str) -> None:
    """Open a pull request, unless the same bundle was handed in, and say what comes next."""
    with or_by_hand():
        if there := find_file(repo, place_of(run, content), closed=False):
            typer.echo(f"Handed in already, so nothing was sent: {there}")
            return
        typer.echo(f"Pull request: {open_pull_request(content, run, repo, declared)}\n{_NEXT}")


def place_of(run: Run, content: bytes) -> str:
    """Return where a bundle stands in the repository: the model's name, and a hash of the bundle."""
    return f"{FOLDER}/{run.model.replace('/', '__')}/{short(hashlib.sha256(content).hexdigest())}.zip"


def _declared(manifest: bytes) -> str:
    """Return what the model was trained on, as its declaration says."""
    declared = json.loads(manifest)["declaration"]
    if declared is None:
        return "What the model was trained on is not declared."
    unchecked = ", ".join((declared["decontamination"] or {}).get("unchecked", ()))
    said = f"; text was not held against the test rows of {unchecked}" if unchecked else ""
    return f"Declared: {declared['training']}; test rows of the suite: {declared['test_rows']}{said}."


def open_pull_request(content: bytes, run: Run, repo: str, declared: str = "") -> str:
    """Open a pull request that adds a bundle; returns its address.

    Args:
        content: the archive.
        run: what it holds, re-scored.
        repo: "namespace/name" of a data set repository on the Hub.
        declared: what is said of the model's training.

    Raises:
        PublishError: the Hub refuses, or is not to be reached.
    """
    title = f"Add {run.label}, {len(run.tasks)} tasks"
    return add_file(repo, place_of(run, content), content, title, _description(run, declared))


def _description(run: Run, declared: str) -> str:
    rows = [[f"`{task.name}`", percent(task.score)] for task in run.tasks]
    return f"{table(['task', 'score in %'], rows)}\n\n{declared}\n\n{_MADE}"
