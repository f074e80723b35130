"""What grammars cost, task by task: a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from rich.progress import track

from ..console import err
from ..grammar_costs import Cost, costs
from .show import show_tables

_HEADER = ("task", "rows", "kB of text", "compile ms", "95 %", "at most", "mask ms", "99 %", "right answer refused")


def show_grammars(tokenizer: str, tasks: Sequence[str], notes: int, markdown: Path | None = None) -> None:
    """Print what the grammars of a sample of notes cost; write the same as Markdown.

    Args:
        tokenizer: a folder or a name on the Hub.
        tasks: names of tasks.
        notes: test notes a task.
        markdown: where to write, if anywhere.

    Raises:
        ItamedError: see `costs`; or the file cannot be written.
    """
    measured = costs(tokenizer, tasks, notes)
    found = dict(track(measured, "Grammars", total=len(tasks), console=err(), transient=True))
    rows = [_row(task, each) for task, each in found.items()]
    if len(rows) > 1:
        rows.append(_row("all", list(chain.from_iterable(found.values()))))
    title = (
        "Grammars: text (median), compiling one (median, 95 %, most), a mask (median, 99 %); processor time of a thread"
    )
    show_tables([(title, _HEADER, rows)], markdown)


def _row(task: str, found: Sequence[Cost]) -> list[str]:
    compiled = np.array([each.compiled for each in found])
    masks = np.concatenate([each.masks for each in found])
    figures = [
        *(np.median([each.characters for each in found]) / 1000, np.median(compiled)),
        *(np.quantile(compiled, 0.95), compiled.max()),
    ]
    waits = np.median(masks), np.quantile(masks, 0.99)
    refused = sum(each.refused for each in found)
    return [
        task,
        str(len(found)),
        *(f"{each:.1f}" for each in figures),
        *(f"{each:.3f}" for each in waits),
        str(refused),
    ]
