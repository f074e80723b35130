"""The command `itamed sweep`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

_SHARE = 0.4
"""Of a device's best that cells are taken to reach: what training measured here; answering on a GPU reaches less."""


def sweep(  # noqa: PLR0913, PLR0917 - an option each
    matrix: Annotated[str, typer.Argument(help="A .yaml file, see --explain; or paper, stages, small, trial.")] = "",
    output: Annotated[Path | None, typer.Option(help="Folder of the results; the matrix's name by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show cells, estimates, commands; run nothing.")] = False,
    tflops: Annotated[float, typer.Option(min=0.0, help="--dry-run: speed of your device; measured if 0.")] = 0.0,
    explain: Annotated[bool, typer.Option("--explain", help="Explain every setting of a matrix.")] = False,
    at_once: Annotated[
        int | None, typer.Option(min=1, help="Cells at a time; by default 1 here, and no limit on slurm.")
    ] = None,
    cluster: Annotated[str, typer.Option(help="local, or slurm.")] = "local",
    job_settings: Annotated[
        str, typer.Option(help="Of all jobs, for submitit: slurm_partition=gpu,gpus_per_node=1")
    ] = "",
) -> None:
    """Run an experiment: models x methods x seeds, trained and evaluated, whatever is not done yet.

    Every cell has a folder named after its content: finished ones are skipped, killed ones go on
    where they were, changed ones are run anew. Ends with a report of all results, on the terminal
    and in the folder: report.html, report.md, tables.tex, figures.csv and figures/.

    Example: itamed sweep small --dry-run
    """
    from itamed.benchmark.errors import ItamedError
    from itamed.benchmark.evaluate import require_folder
    from rich.console import Console

    from ..fields import explanations
    from .cells import Evaluation, cells, write_current
    from .ending import show_results
    from .jobs import Jobs
    from .live import live
    from .matrix import Matrix, load_matrix
    from .run import Cell, run_cells

    if explain:
        for name, default, text in explanations(Matrix):
            typer.echo(f"{name}{f' ({default})' if default else ''}\n    {text}")
        raise typer.Exit
    if not matrix:
        raise typer.BadParameter("name a matrix, or ask for --explain.", param_hint="MATRIX")
    found = load_matrix(matrix)
    root = (output or Path(found.name)).resolve()
    all_cells = cells(found, root, Path(matrix).parent)
    if dry_run:
        from .estimate import show_estimates

        show_estimates(all_cells, tflops, _SHARE)
        for cell in all_cells:
            typer.echo(f"# {cell.name}\nitamed {shlex.join(cell.command)}")
        return
    require_folder(root)
    evaluations = [cell for cell in all_cells if isinstance(cell, Evaluation)]
    write_current(evaluations, root)
    failure = None
    try:
        with live(Console()) as view:
            jobs = Jobs(root, cluster, job_settings, [cell.job_settings for cell in all_cells])
            run_cells([Cell(what) for what in all_cells], jobs, at_once or jobs.at_once, view)
    except ItamedError as error:
        failure = error
    show_results(evaluations, found.baseline, root)
    if failure:
        raise failure
