"""The commands `itamed submit`, `itamed validate` and, for maintainers, `itamed fingerprint`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def submit(  # noqa: PLR0913, PLR0917 - an option each
    run: Annotated[Path, typer.Argument(help="The results folder or file of one run, samples beside it.")],
    repo: Annotated[
        str, typer.Option(envvar="ITAMED_RESULTS", help="NAMESPACE/NAME of the results data set on the Hub.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Write the bundle there instead, to send it by hand.")] = None,
    model: Annotated[
        str, typer.Option(help="NAMESPACE/NAME@COMMIT on the Hub, if the run used a folder or does not tell.")
    ] = "",
    adapter: Annotated[
        str, typer.Option(help="NAMESPACE/NAME@COMMIT on the Hub, if the run used one (peft) from a folder.")
    ] = "",
    declaration: Annotated[Path | None, typer.Option(help="YAML: what the model was trained on.")] = None,
    leave_out: Annotated[list[str] | None, typer.Option(help="A task that is not submitted; may come again.")] = None,
    allow_sample: Annotated[
        bool, typer.Option("--allow-sample", help="Take a run on some notes: checked, never ranked.")
    ] = False,
) -> None:
    """Make one archive of a run, check it as the leaderboard will, and open a pull request with it.

    The archive holds scores, settings and, row by row, what the model answered: no note and no
    prompt. Answers quote words of the notes; without them nobody could check a score. Copies of
    passages whose terms forbid it are refused.

    A declaration says what the model was trained on, e.g. "training: fine-tuned on ...",
    "tasks: [itamed_qa_medqa]", "test_rows: not trained on" (or trained on, unknown). Models of
    `itamed train` have one.

    Example: itamed submit itamed-results --out bundle.zip
    """
    from itamed.benchmark.errors import ItamedError

    from .bundle import Wishes
    from .declaration import read_declaration
    from .manifest import NO_COMMIT, is_commit, weights_of
    from .submit import submit_run

    if not repo and not out:
        raise ItamedError("Say where to: --repo NAMESPACE/NAME (or ITAMED_RESULTS), or --out FILE.")
    declared = read_declaration(declaration) if declaration else None
    name, at, commit = model.partition("@")
    if at and not is_commit(commit):
        raise ItamedError(f"--model {model} {NO_COMMIT}")
    weights = weights_of(adapter, "--adapter") if adapter else None
    wishes = Wishes(name, commit, declared, tuple(leave_out or ()), sample=allow_sample, adapter=weights)
    submit_run(run, wishes, repo=repo, out=out)


def validate(
    bundle: Annotated[Path, typer.Argument(help="What `itamed submit --out` has written.")],
    against: Annotated[Path | None, typer.Option(help="Folder of other bundles, to compare answers with.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings and scores as JSON.")] = False,
) -> None:
    """Check a bundle: its form, its rows, and every figure from the raw answers. Needs the data, no GPU.

    Nothing of it is run or unpacked to disk. Ends with status 1 if there is an error, else with 3 if
    a task was not checked because its data are not here; warnings are for a person to look at.

    Example: itamed validate bundle.zip --against bundles/
    """
    from .show import as_json, show_verdict
    from .validate import validate as check

    verdict = check(bundle, against)
    if json:
        typer.echo(as_json(verdict))
    else:
        show_verdict(verdict, bundle)
    if verdict.status:
        raise typer.Exit(verdict.status)


fingerprint_app = typer.Typer(hidden=True, invoke_without_command=True)


@fingerprint_app.callback()
def fingerprint(
    file: Annotated[Path, typer.Argument(help="leaderboard/known.json of a checkout.")],
) -> None:
    """Write what this version's scores depend on into the list of known fingerprints."""
    from .known import update

    unknown = update(file)
    if unknown:
        typer.echo(f"Rows as they were, or unknown, of tasks whose data are not built: {', '.join(unknown)}.")
