"""The card of a trained model: what it is, what it was trained on, and what that allows."""

from __future__ import annotations

from typing import Any

from itamed.benchmark.sources.registry import source_of
from itamed.benchmark.suite import MINI_PREFIX, task_of

from .recipe import Recipe


def model_card(recipe: Recipe, manifest: dict[str, Any]) -> str:
    """Return a model card in the Hub's format."""
    tasks = manifest["data"]["examples"]
    sources = {s.name: s for s in (source_of(task_of(t).name) for t in tasks if not t.startswith(MINI_PREFIX))}
    licences = "\n".join(f"| {source.title} | {source.licence} |" for source in sources.values())
    rows = "\n".join(f"| `{task}` | {count} |" for task, count in tasks.items())
    method = "LoRA adapters, merged" if recipe.sft and recipe.sft.lora else "all weights"
    return f"""---
base_model: {recipe.base}
language: it
library_name: transformers
pipeline_tag: text-generation
tags: [itamed, medical]
---

# {recipe.name}

[{recipe.base}](https://huggingface.co/{recipe.base}) fine-tuned for Italian clinical extraction with itamed
{manifest["itamed"]} ({method}): {manifest["steps"]} steps, seed {recipe.seed}; the weights of step
{manifest["best_step"] or manifest["steps"]} were kept.

Not a medical device: answers must be checked by a professional.

## Training data

| task | examples |
|---|---|
{rows}

Only training rows of the suite: no document of its development or test rows, nor a near copy of one, is among them
(`itamed data check`).

| source | licence |
|---|---|
{licences}

What these licences forbid, such as commercial use, this model must not be used for either.

## Evaluate

```
itamed eval --model itamed-hf --model_args pretrained=THIS{_chat(recipe)} --tasks itamed
```

`training.json` holds the whole recipe, versions and the log.
"""


def _chat(recipe: Recipe) -> str:
    return " --apply_chat_template" if recipe.sft and recipe.sft.chat else ""
