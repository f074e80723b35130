"""The card of a trained model: what it is, what it was trained on, and what that allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from itamed.benchmark.report.markdown import table
from itamed.benchmark.report.redact import without_folder
from itamed.benchmark.sources.registry import source_of
from itamed.benchmark.suite import MINI_PREFIX, task_of
from itamed.benchmark.trained import STAGES
from itamed.benchmark.version import __version__

from .recipe import Recipe


def model_card(recipe: Recipe, stages: Sequence[dict[str, Any]], scores: str = "", *, adapter_of: str = "") -> str:
    """Return a model card in the Hub's format.

    Args:
        recipe: what was to be done.
        stages: what was done; see `output.done`.
        scores: tables of what the model scores, once it has been evaluated.
        adapter_of: of the adapters alone: the weights that they are of, the base model's or those in a folder.
    """
    base = str(without_folder(recipe.base))
    # The Hub refuses what is no name of its own.
    public = base == recipe.base and base and not Path(base).exists()
    # Adapters of what continual pre-training made are none of the model that it began with.
    known = f"base_model: {base}\n" if public and adapter_of in ("", recipe.base) else ""
    return f"""---
{known}language: it
library_name: {"peft" if adapter_of else "transformers"}
pipeline_tag: {"token-classification" if recipe.encoder else "text-generation"}
tags: [itamed, medical]
---

# {recipe.name}

{base or "A new encoder"}, trained for Italian clinical tasks with itamed {__version__} (seed {recipe.seed}):
{"; then ".join(map(_stage, stages))}.

Not a medical device: a professional must check its answers.

{"".join(_data(stages))}
What the licences of the data forbid, such as commercial use, this model must not be used for either.

{_scores(scores)}## {"Evaluate" if not recipe.encoder or _tagged(stages) else "Train it on"}

```
{_command(recipe, stages, adapter_of)}
```

## Recipe

`itamed train --explain` says what each setting means. `training.json` holds the versions and the whole log, too.

```yaml
{_settings(recipe)}```
"""


def without_folders(settings: Any) -> Any:
    """Return a recipe's settings with folders of this machine named by their last part."""
    if isinstance(settings, dict):
        return {name: without_folders(value) for name, value in settings.items()}
    if isinstance(settings, list):
        return [without_folders(value) for value in settings]
    return without_folder(settings)


def _settings(recipe: Recipe) -> str:
    """Return a recipe as YAML, with all defaults and without the sections that it lacks."""
    told = {name: value for name, value in without_folders(asdict(recipe)).items() if value not in (None, "")}
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100)


def _scores(tables: str) -> str:
    return f"## Scores\n\nOf the suite of itamed {__version__}.\n\n{tables}\n" if tables else ""


def _stage(stage: dict[str, Any]) -> str:
    kept = f", of which step {stage['best_step']} was kept" if stage["best_step"] else ""
    return f"{STAGES[stage['stage']]}, {stage['steps']} steps{kept}"


def _data(stages: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield a part of the card for the data of each stage."""
    for stage in stages:
        data = stage["data"]
        yield f"## Data of {STAGES[stage['stage']]}\n\n"
        if stage["stage"] in ("cpt", "mlm"):
            rows = [[name, str(count), data["licences"].get(name, "")] for name, count in data["documents"].items()]
            yield table(["corpus", "documents", "licence"], rows) if rows else "The notes of the training rows alone.\n"
            notes = f", those of {data['notes']} training notes among them" if rows and "notes" in data else ""
            yield f"\n{data['words']} words{notes}. {_decontamination(data) if rows else ''}\n\n"
            continue
        rows = [[f"`{task}`", str(count), _licence(task)] for task, count in data["examples"].items()]
        yield table(["task", "examples", "licence"], rows)
        if too_long := data.get("left_out_as_too_long"):
            left_out = ", ".join(f"{count} of `{task}`" for task, count in sorted(too_long.items()))
            yield f"\nLeft out, as longer than `max_length`: {left_out}.\n"
        if data["leaked"]:
            yield "\n**Test notes were trained on**, to see what memory does: its scores on the suite mean nothing.\n\n"
            continue
        yield "\nTraining rows of the suite alone: its development and test rows, and near copies of them, are not\n"
        yield "among them (`itamed data check`).\n\n"


def _decontamination(data: dict[str, Any]) -> str:
    if not data["decontaminated"]:
        return "They were not decontaminated: scores on the suite may be those of a model that has read its tests."
    unchecked = f" Not checked: {', '.join(data['unchecked_tasks'])}." if data["unchecked_tasks"] else ""
    return (
        f"{len(data['contaminated'])} documents that share eight words in a row with held-out rows of the suite were "
        f"dropped; `training.json` names them.{unchecked}"
    )


def _licence(task: str) -> str:
    return "in our own words" if task.startswith(MINI_PREFIX) else source_of(task_of(task).name).licence


def _tagged(stages: Sequence[dict[str, Any]]) -> list[str]:
    """Return the tasks of a tagger; none before it has been trained on any."""
    return [name for stage in stages if stage["stage"] == "tags" for name in stage["data"]["examples"]]


def _command(recipe: Recipe, stages: Sequence[dict[str, Any]], adapter_of: str) -> str:
    if recipe.encoder and not _tagged(stages):
        return "itamed train encoder-italian --base THIS"
    if recipe.encoder:
        return f"itamed eval --model itamed-encoder --model_args pretrained=THIS --tasks {','.join(_tagged(stages))}"
    chat = " --apply_chat_template" if recipe.sft and recipe.sft.chat else ""
    # Nobody else has what a stage before has made: its path is of use here, and such adapters are not pushed.
    weights = without_folder(adapter_of) if adapter_of == recipe.base else adapter_of
    loaded = f"pretrained={weights},peft=THIS" if adapter_of else "pretrained=THIS"
    return f"itamed eval --model itamed-hf --model_args {loaded}{chat} --tasks itamed"
