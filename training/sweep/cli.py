"""The command `itamed sweep`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer


def sweep(
    matrix: Annotated[str, typer.Argument(help="A .yaml file, see --explain; or paper, or small.")] = "",
    output: Annotated[Path | None, typer.Option(help="Folder of the results; the matrix's name by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the cells, run nothing.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Explain every setting of a matrix.")] = False,
    at_once: Annotated[int, typer.Option(min=1, help="Cells at a time.")] = 1,
    cluster: Annotated[str, typer.Option(help="local, or slurm.")] = "local",
    job_settings: Annotated[str, typer.Option(help="For submitit: slurm_partition=gpu,gpus_per_node=1")] = "",
) -> None:
    """Run an experiment: models x methods x seeds, trained and evaluated, whatever is not done yet.

    Every cell has a folder named after its content: finished ones are skipped, killed ones go on
    where they were, changed ones are run anew. Ends with the table of all results.

    Example: itamed sweep small --dry-run
    """
    from itamed.benchmark.evaluate import require_folder
    from itamed.benchmark.report.show import show_runs
    from rich.console import Console

    from ..fields import explanations
    from .cells import Evaluation, cells
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
        for cell in all_cells:
            typer.echo(f"{'done ' if cell.done() else 'to do'} {cell.name}\n      itamed {shlex.join(cell.command)}")
        return
    require_folder(root)
    with live(Console()) as view:
        run_cells([Cell(what) for what in all_cells], Jobs(root, cluster, job_settings), at_once, view)
    show_runs([run for cell in all_cells if isinstance(cell, Evaluation) and (run := cell.results())])
