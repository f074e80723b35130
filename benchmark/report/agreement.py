"""How far two engines give the same answers, and how near a thing it was where they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeAlias

from ..errors import ItamedError
from .run import Run, unkept
from .samples import read_samples, samples_path
from .sheet import NONE, Sheet
from .show import show_tables

_SHOWN = 40
"""Characters of both answers that are shown from where they part."""


@dataclass(frozen=True)
class Parting:
    """Two answers to one prompt that are not the same."""

    task: str
    document: str
    prompt: str
    first: str
    second: str

    @property
    def at(self) -> int:
        """Return the first character in which they differ."""
        pairs = enumerate(zip(self.first, self.second, strict=False))
        return next((at for at, (a, b) in pairs if a != b), min(len(self.first), len(self.second)))


Gaps: TypeAlias = Callable[[Sequence[Parting]], list[float]]
"""Returns for each parting how much likelier a model finds the better way to go on: a log of a ratio."""


def show_agreement(first: Run, second: Run, gaps: Gaps | None = None, markdown: Path | None = None) -> None:
    """Print by task how many answers of two runs are the same, and where the others part; write it as Markdown.

    Args:
        first: a run with its samples.
        second: another one, with the same prompts.
        gaps: measures the partings, if they are to be explained.
        markdown: where to write, if anywhere. It holds pieces of answers, and so of notes.

    Raises:
        ItamedError: answers were not kept, the prompts are not the same, or the file cannot be written.
    """
    names, others = ([task.name for task in run.tasks] for run in (first, second))
    if names != others:
        raise _asked_otherwise(first, second, ", ".join(sorted(set(names) ^ set(others))))
    rows: dict[str, int] = {}
    partings: list[Parting] = []
    for name in names:
        pairs = list(_pairs(first, second, name))
        rows[name] = len(pairs)
        partings += [pair for pair in pairs if pair.first != pair.second]
    measured = gaps(partings) if gaps and partings else None
    counts = [_line(name, [each.task == name for each in partings], measured, number) for name, number in rows.items()]
    counts.append(_line("all", [True] * len(partings), measured, sum(rows.values())))
    with_gaps = measured is not None
    header = ["task", "answers", "the same"] + ["median gap", "largest gap"] * with_gaps
    tables = [Sheet(f"{first.label} and {second.label}", header, counts)]
    if partings:
        header = ["task", "row", "first", "second"] + ["gap"] * with_gaps
        tables.append(Sheet("Where they part", header, list(_shown(partings, measured))))
    show_tables(tables, markdown)


def _pairs(first: Run, second: Run, name: str) -> Iterator[Parting]:
    one, other = (_answers(run, name) for run in (first, second))
    if one.keys() != other.keys() or any(one[row][0] != other[row][0] for row in one):
        raise _asked_otherwise(first, second, name)
    for row, (prompt, answer) in one.items():
        yield Parting(name, row, prompt, answer, other[row][1])


def _asked_otherwise(first: Run, second: Run, names: str) -> ItamedError:
    return ItamedError(
        f"{first.path} and {second.path} did not ask the same of {names}: give both the same --tasks, sample, "
        "--num_fewshot and chat template."
    )


def _answers(run: Run, name: str) -> dict[str, tuple[str, str]]:
    """Return (prompt, answer) by row."""
    path = samples_path(run.path, name)
    if not path.is_file():
        raise unkept(run, [name])
    found = {}
    for sample in read_samples(path):
        if "resps" not in sample:
            raise ItamedError(f"{path} holds no answers: a redacted copy cannot be compared answer by answer.")
        found[str(sample["doc"]["id"])] = (str(sample["arguments"]["gen_args_0"]["arg_0"]), str(sample["resps"][0][0]))
    return found


def _line(name: str, mine: Sequence[bool], measured: Sequence[float] | None, rows: int) -> list[str]:
    cells = [name, str(rows), f"{100 * (1 - sum(mine) / rows):.1f} %"]
    if measured is not None:
        gaps = [gap for gap, chosen in zip(measured, mine, strict=True) if chosen]
        cells += [f"{median(gaps):.4f}", f"{max(gaps):.4f}"] if gaps else [NONE, NONE]
    return cells


def _shown(partings: Sequence[Parting], measured: Sequence[float] | None) -> Iterator[list[str]]:
    for number, each in enumerate(partings):
        ways = [repr(answer[each.at : each.at + _SHOWN]) for answer in (each.first, each.second)]
        yield [each.task, each.document, *ways, *([f"{measured[number]:.4f}"] if measured is not None else [])]
