"""The suite: the 20 tasks as their YAML files define them.

The YAML files are the one place that names a task's family, source, labels and prompt; the harness
and this module read the same files.
"""

from __future__ import annotations

import fnmatch
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .decoding.lark import Bounds
from .errors import ItamedError

FAMILIES = ("ner", "re", "crf", "qa", "arg")
ROLES = ("id", "ood")
PREFIX = "itamed_"
MINI_PREFIX = "itamed-mini-"
CHOICES = ("fewshot_seed", "eval_split", "eval_notes", "eval_wording")
"""What `--metadata` can choose of a task's rows and prompts, see `docs.task_docs`."""


@dataclass(frozen=True)
class Task:
    """One task of the suite.

    `role` is "id" (in-distribution: has training data) or "ood"; `labels` maps each type to its
    definition in Italian; `shots` names the task and split that few-shot examples come from.
    """

    name: str
    family: str
    role: str
    source: str
    version: str
    instruction: str
    labels: Mapping[str, str] = field(hash=False)
    shots: tuple[str, str]
    max_tokens: int
    bounds: Bounds

    @property
    def mini_name(self) -> str:
        """Return the name of the same task on the embedded set."""
        return MINI_PREFIX + self.name.removeprefix(PREFIX).replace("_", "-")

    def worded(self, number: int) -> Task:
        """Return the task asked for in other words (see `_wordings_yaml`), counted from 1; 0 is the suite's own.

        Raises:
            ItamedError: there is no such wording.
        """
        others = _wordings().get(self.name, [])
        if not isinstance(number, int) or not 0 <= number <= len(others):
            raise ItamedError(f"eval_wording={number} is none: {self.name} has 0, the suite's own, to {len(others)}.")
        return replace(self, instruction=others[number - 1]) if number else self


def tasks_dir() -> Path:
    """Return the folder of the task YAMLs: inside an installed harness, or of a checkout."""
    spec = importlib.util.find_spec("lm_eval")
    overlay = Path((spec.submodule_search_locations or [""])[0], "tasks", "itamed") if spec else Path()
    for folder in (overlay, Path(__file__).resolve().parents[1] / "lm_eval_tasks"):
        if (folder / "_task_yaml").is_file():
            return folder
    raise ItamedError("The task files are not installed: run `pip install --force-reinstall itamed`.")


def own_tasks() -> dict[str, Any]:
    """Return the arguments with which the harness's `TaskManager` reads our task files, and not its own 14,000."""
    return {"include_path": str(tasks_dir()), "include_defaults": False}


@cache
def suite() -> dict[str, Task]:
    """Return the 20 tasks by name, in the order of families and names."""
    found = [_task(path) for path in sorted(tasks_dir().glob(f"{PREFIX}*.yaml"))]
    order = {family: number for number, family in enumerate(FAMILIES)}
    return {task.name: task for task in sorted(found, key=lambda t: (order[t.family], t.role, t.name))}


def own_name(name: str) -> str:
    """Return the name of a task itself, given that or the name of its mini version; there need be no such task."""
    return PREFIX + name.removeprefix(MINI_PREFIX).replace("-", "_") if name.startswith(MINI_PREFIX) else name


def task_of(name: str) -> Task:
    """Return a task by its name or the name of its mini version.

    Raises:
        ItamedError: no such task; the message lists the names.
    """
    if not has_task(name):
        raise ItamedError(f"No task is named {name}. The tasks are: {', '.join(suite())}.")
    return suite()[own_name(name)]


def has_task(name: str) -> bool:
    """Return whether this version of the suite has a task, named as for `task_of`."""
    return own_name(name) in suite()


def tasks_named(text: str) -> list[str]:
    """Return the tasks that names, groups and patterns stand for, with commas between them, as the harness takes them.

    Raises:
        ItamedError: something is none of these; the message lists the names.
    """
    groups = {path.stem: path for path in (tasks_dir() / "groups").glob("*.yaml")}
    found: dict[str, None] = {}
    for name in filter(None, map(str.strip, text.split(","))):
        if has_task(name):
            found[name] = None
        elif name in groups:
            found |= dict.fromkeys(tasks_named(",".join(_read(groups[name])["task"])))
        elif matching := fnmatch.filter([*suite(), *groups], name):
            found |= dict.fromkeys(tasks_named(",".join(matching)))
        else:
            raise ItamedError(
                f"No task or group is named {name}. The groups are: {', '.join(sorted(groups))}; the tasks are: "
                f"{', '.join(suite())}."
            )
    return list(found)


def task_config(name: str) -> dict[str, Any]:
    """Return what a task's file says, with the files that it includes; functions are their names.

    Raises:
        ItamedError: no such task; the message lists the names.
    """
    return _read(tasks_dir() / f"{task_of(name).name}.yaml")


class _Loader(yaml.SafeLoader):
    """Reads task files without importing the functions that they name."""


def _function_name(loader: _Loader, node: yaml.ScalarNode) -> object:
    return loader.construct_scalar(node)


_Loader.add_constructor("!function", _function_name)


def _read(path: Path) -> dict[str, Any]:
    """Read a task file with the files that it includes; its own keys win, as in the harness."""
    config: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    included = config.pop("include", None)
    return {**_read(path.parent / included), **config} if included else config


@cache
def _wordings() -> dict[str, list[str]]:
    return _read(tasks_dir() / "_wordings_yaml")


def _task(path: Path) -> Task:
    config = _read(path)
    meta = config["metadata"]
    return Task(
        name=config["task"],
        family=meta["family"],
        role=meta["role"],
        source=meta["source"],
        version=str(meta["version"]),
        instruction=meta["instruction"],
        labels=meta.get("labels", {}),
        shots=(meta.get("shots_task", config["task"]), meta.get("shots_split", "train")),
        max_tokens=config["generation_kwargs"]["max_gen_toks"],
        bounds=Bounds(**meta.get("bounds", {})),
    )
