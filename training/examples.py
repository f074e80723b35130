"""Training examples: rows of the suite with the prompts and answers of the benchmark itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, TypeAlias

from datasets import Dataset
from itamed.benchmark.docs import task_rows
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import quiet_harness
from itamed.benchmark.families import family_of
from itamed.benchmark.rows import row_class
from itamed.benchmark.suite import MINI_PREFIX, own_tasks, suite, task_of
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.task import Task
from lm_eval.tasks import TaskManager, get_task_dict

Asked: TypeAlias = tuple[Task, Instance]
"""A request of the harness, and its task."""


@dataclass(frozen=True)
class Example:
    """A prompt as the harness sends it, the right answer, and where they come from.

    `shorter` is the prompt to take where that one is too long; empty: none.
    """

    task: str
    row: str
    prompt: str
    answer: str
    shorter: str = ""


def task_names(wanted: Iterable[str]) -> list[str]:
    """Return the tasks that names of tasks and groups stand for, in the order of the names.

    Groups are `itamed`, those of roles and families (`itamed-id`, `itamed-ner`, ...) and, for trials,
    `itamed-mini`: all tasks of the embedded set that have training rows.

    Raises:
        ItamedError: a name is neither a task nor a group.
    """
    found: dict[str, None] = {}
    for name in wanted:
        members = [
            task.name for task in suite().values() if name in ("itamed", f"itamed-{task.role}", f"itamed-{task.family}")
        ]
        if name == "itamed-mini":
            members = [task.mini_name for task in suite().values() if task.role == "id"]
        found |= dict.fromkeys(members or [_known(name)])
    return list(found)


def _known(name: str) -> str:
    task = task_of(name)
    if name not in (task.name, task.mini_name):
        raise ItamedError(f"No task or group is named {name}: did you mean {task.name} or {task.mini_name}?")
    return name


def has_rows(name: str, split: str) -> bool:
    """Return whether a task has rows of a split.

    Raises:
        DataMissingError: its data are not built.
    """
    return bool(task_rows(task_of(name).name, {split}, mini=name.startswith(MINI_PREFIX)).get(split))


def require_rows(names: Iterable[str], split: str) -> None:
    """Check that tasks have rows of a split.

    Raises:
        DataMissingError: the data of one are not built.
        ItamedError: one has none.
    """
    for name in names:
        if not has_rows(name, split):
            raise ItamedError(f"{name} has no {split} rows: leave it out of sft.tasks.")


def is_empty(doc: Mapping[str, Any]) -> bool:
    """Return whether the right answer to a row, as the harness sees it, says that there is nothing to find."""
    kind = row_class(doc)
    return family_of(kind).is_empty(kind.from_dict(dict(doc)))


@dataclass(frozen=True)
class Asking:
    """How rows become prompts: `shots` examples before them, in the chat template as turns; `notes` a task at most.

    `seed` chooses the examples; 0: those of the benchmark.
    """

    shots: int = 0
    chat: bool = False
    notes: int | None = None
    seed: int = 0


def _tasks(names: Sequence[str], split: str, asking: Asking) -> list[Task]:
    """Return the harness's own tasks, with the rows of a split in the place of the test rows."""
    require_rows(names, split)
    quiet_harness()
    metadata: dict[str, Any] = {"eval_split": split, "fewshot_seed": asking.seed}
    metadata |= {"eval_notes": asking.notes} if asking.notes else {}
    manager = TaskManager(**own_tasks(), metadata=metadata)
    found: list[Task] = list(get_task_dict(list(names), manager).values())
    for task in found:
        task.set_config("num_fewshot", asking.shots)
    return found


def requests(
    lm: LM, names: Sequence[str], split: str, asking: Asking, chosen: Callable[[str, Dataset], list[int]] | None = None
) -> list[Asked]:
    """Return the harness's requests for the rows of a split, in the order of tasks and rows.

    Args:
        lm: the model, for its chat template.
        names: of the tasks.
        split: "train", "dev" or "test".
        asking: how rows become prompts.
        chosen: which rows are asked for, by their numbers, given a task's name and rows; None: all.

    Raises:
        ItamedError: a task has no rows of this split, they are not built, or the model has no chat
            template and one is asked for.
    """
    if asking.chat and not lm.tokenizer.chat_template:
        raise ItamedError("The model has no chat template: set sft.chat to false, or take the instruct model.")
    found: list[Asked] = []
    for task in _tasks(names, split, asking):
        if chosen:
            rows = task.dataset["test"]
            task.dataset["test"] = rows.select(chosen(task.config.task, rows))
        task.build_all_requests(
            apply_chat_template=asking.chat, fewshot_as_multiturn=asking.chat, chat_template=lm.apply_chat_template
        )
        found += [(task, request) for request in task.instances]
    return found


def examples(asked: Iterable[Asked], shots: int) -> list[Example]:
    """Return requests with their right answers.

    A row whose document is shown in its own prompt is left out: the answer would stand there.

    Args:
        asked: see `requests`.
        shots: how many examples their prompts show.
    """
    found = []
    for task, of_task in groupby(asked, key=lambda each: each[0]):
        shown = {doc["doc_id"] for doc in islice(task.fewshot_docs(), shots)}
        for _, request in of_task:
            if request.doc["doc_id"] not in shown:
                answer = str(task.doc_to_target(request.doc))
                found.append(Example(str(request.task_name), str(request.doc["id"]), request.args[0], answer))
    return found
