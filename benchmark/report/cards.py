"""docs/tasks.md: one card a task, from the task files, the readers and the built data."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks import TaskManager

from ..data.record import read_record
from ..families import family_of
from ..mini.rows import mini_rows
from ..paths import datasets_dir
from ..rows import SPLITS, Row
from ..sources.registry import SOURCES
from ..suite import Task, own_tasks, suite

MAIN_METRIC = {
    "SpanRow": "micro F1 on exact span and type",
    "PairRow": "micro F1 on exact pairs",
    "FormRow": "micro F1 on filled cells (the empty value left out); beside it, the CL4Health score (official_f1)",
    "ChoiceRow": "accuracy",
    "GraphRow": "micro F1 on exact (head, tail, type)",
}


def write_cards() -> str:
    """Return the page in Markdown.

    Examples come from the embedded mini set: no corpus text may stand in the documentation. Counts
    are those of the data built on this machine; a task whose data are not built says so.
    """
    manager = TaskManager(**own_tasks())
    prompts = manager.load([task.mini_name for task in suite().values()])["tasks"]
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files(__package__).joinpath("cards.md").read_text(encoding="utf-8"))
    cards = [_card(task, prompts[task.mini_name]) for task in suite().values()]
    used = [source for name, source in SOURCES.items() if any(card["source"].name == name for card in cards)]
    return template.render(cards=cards, sources=used)


def _card(task: Task, prompt: ConfigurableTask) -> dict[str, Any]:
    source = SOURCES[task.source]
    record = read_record(datasets_dir() / source.name)
    counts = record.tasks.get(task.name, {}) if record else {}
    kind = type(mini_rows(task.name)[0])
    document = next(doc for doc in prompt.eval_docs if _is_filled(kind, doc))
    return {
        "task": task,
        "source": source,
        "splits": {split: counts[split] for split in SPLITS if split in counts},
        "metric": MAIN_METRIC[kind.__name__],
        "prompt": prompt.doc_to_text(document),
        "answer": prompt.doc_to_target(document),
    }


def _is_filled(kind: type[Row], document: dict[str, Any]) -> bool:
    return not family_of(kind).is_empty(kind.from_dict(document))
