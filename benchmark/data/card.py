"""The dataset card of a built source: what the Hub and `load_dataset` read, and what a person should know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from ..sources.source import Source
from .counts import Counts

_CATEGORIES = {
    "ner": "token-classification",
    "re": "token-classification",
    "arg": "token-classification",
    "crf": "text-generation",
    "qa": "multiple-choice",
}
"""The Hub's category of a task, by the second word of its name."""


def card(source: Source, counts: Mapping[str, Mapping[str, Counts]]) -> str:
    """Return the card of a source (README.md).

    Args:
        source: the source.
        counts: numbers by task and split; a task's folder holds one parquet file for each split.
    """
    front = yaml.safe_dump(_front(source, counts), allow_unicode=True, sort_keys=False, width=1000)
    parts = [
        f"---\n{front}---",
        f"# {source.title}, as rows of the itamed suite",
        f"Made from the publisher's files by `itamed data build`. Original: <{source.homepage}>",
        f"## Licence\n\n{source.licence_note}\n\n{_terms(source)}",
        f"## Tasks\n\n{_loading(source)}",
        *(f"### {task}\n\n{_table(splits)}" for task, splits in counts.items()),
        *([_section("What to know", source.traps)] if source.traps else []),
        f"## Citation\n\n{_citation(source.citation)}",
    ]
    return "\n\n".join(parts) + "\n"


def _front(source: Source, counts: Mapping[str, Mapping[str, Counts]]) -> dict[str, Any]:
    front: dict[str, Any] = {"license": source.licence}
    if source.licence == "other":
        front |= {"license_name": "see-source", "license_link": source.homepage}
    front |= {
        "language": ["it"],
        "pretty_name": f"itamed: {source.title}",
        "task_categories": sorted({_CATEGORIES[task.split("_")[1]] for task in counts}),
        "tags": ["medical", "italian", "itamed"],
        "configs": [
            {
                "config_name": task,
                "data_files": [{"split": split, "path": f"{task}/{split}.parquet"} for split in splits],
            }
            for task, splits in counts.items()
        ],
    }
    return front


def _terms(source: Source) -> str:
    if source.redistribute:
        return "Copies may be published under these terms."
    return "**Do not publish copies of these rows**: keep this repository private."


def _loading(source: Source) -> str:
    example = f'load_dataset("<this repository or folder>", "{source.tasks[0]}")'
    return f"One configuration a task: `{example}`. Offsets count Unicode characters of `text`, end exclusive."


def _table(splits: Mapping[str, Counts]) -> str:
    labels = sorted({label for counts in splits.values() for label in counts.labels})
    head = ["split", "rows", "documents", "rows without gold", *labels]
    lines = [head, ["---"] * len(head)]
    for split, counts in splits.items():
        numbers = [counts.rows, counts.documents, counts.empty, *(counts.labels.get(label, 0) for label in labels)]
        lines.append([split, *map(str, numbers)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _citation(citation: str) -> str:
    return f"```bibtex\n{citation}\n```" if citation.startswith("@") else citation


def _section(title: str, sentences: tuple[str, ...]) -> str:
    return f"## {title}\n\n" + "\n".join(f"* {sentence}" for sentence in sentences)
