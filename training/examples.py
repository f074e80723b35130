"""Training examples: rows of the suite with the prompts and answers of the benchmark itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from itamed.benchmark.docs import task_rows
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.suite import MINI_PREFIX, suite, task_of, tasks_dir
from lm_eval.api.instance import Instance
from lm_eval.api.task import Task
from lm_eval.tasks import TaskManager, get_task_dict


@dataclass(frozen=True)
class Example:
    """A prompt as the harness sends it, the right answer, and where they come from."""

    task: str
    row: str
    prompt: str
    answer: str


def task_names(wanted: Iterable[str]) -> list[str]:
    """Return the tasks that names of tasks and groups stand for, in the order of the suite.

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


@dataclass(frozen=True)
class Asking:
    """How rows become prompts: `shots` examples before them, in the chat template as turns; `notes` a task at most."""

    shots: int = 0
    chat: bool = False
    notes: int | None = None


def load_tasks(names: Sequence[str], split: str, asking: Asking) -> dict[str, Task]:
    """Return the harness's own tasks by name, with the rows of a split in the place of the test rows.

    Raises:
        ItamedError: a task has no rows of this split, or they are not built.
    """
    for name in names:
        if not has_rows(name, split):
            raise ItamedError(f"{name} has no {split} rows: leave it out of sft.tasks.")
    metadata = {"eval_split": split} | ({"eval_notes": asking.notes} if asking.notes else {})
    manager = TaskManager(include_path=str(tasks_dir()), include_defaults=False, metadata=metadata)
    found: dict[str, Task] = get_task_dict(list(names), manager)
    for task in found.values():
        task.set_config("num_fewshot", asking.shots)
    return found


def requests(lm: ItamedHF, task: Task, asking: Asking) -> list[Instance]:
    """Return the harness's requests for all rows of a task.

    Raises:
        ItamedError: the model has no chat template, and one is asked for.
    """
    if asking.chat and not lm.tokenizer.chat_template:
        raise ItamedError("The model has no chat template: set sft.chat to false, or take the instruct model.")
    task.build_all_requests(
        apply_chat_template=asking.chat, fewshot_as_multiturn=asking.chat, chat_template=lm.apply_chat_template
    )
    made: list[Instance] = task.instances
    return made


def examples(lm: ItamedHF, names: Sequence[str], split: str, asking: Asking) -> list[Example]:
    """Return the examples of a split, in the order of tasks and rows.

    A row whose document is shown in its own prompt is left out: the answer would stand there.

    Raises:
        ItamedError: as for `load_tasks` and `requests`.
    """
    found = []
    for name, task in load_tasks(names, split, asking).items():
        shown = {doc["doc_id"] for doc in islice(task.fewshot_docs(), asking.shots)}
        for request in requests(lm, task, asking):
            if request.doc["doc_id"] not in shown:
                answer = task.doc_to_target(request.doc)
                found.append(Example(name, str(request.doc["id"]), request.args[0], str(answer)))
    return found
