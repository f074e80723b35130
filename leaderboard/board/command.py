"""The commands that repeat a run, as far as its manifest tells them."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from itamed.benchmark.asked import Asked
from itamed.benchmark.report.arguments import ANSWERING, RUNNING
from itamed.benchmark.report.settings import RULES, STOCK, TAGGER

from ..manifest import Manifest
from .entry import Entry

_OWN_ENGINE = "itamed-hf"
_PRECISIONS = ("float32", "bfloat16", "float16")


def commands(entry: Entry) -> list[str]:
    """Return the commands that repeat a run: one, or one for each number of examples.

    What a manifest does not tell is not in them: a server's address, values of arguments that are named alone. Neither
    are arguments that no itamed tells: a bundle that somebody wrote by hand may name any.
    """
    manifest = entry.manifest
    by_shots: dict[int, list[str]] = defaultdict(list)
    for name, task in entry.tasks.items():
        by_shots[task.shots].append(name)
    found = []
    for shots, names in sorted(by_shots.items()):
        chat = manifest.chat.template_sha256 is not None
        asked = Asked(
            manifest.decoding.engine, _model(manifest), ",".join(names), shots, chat, _metadata(entry, names)
        ).arguments()
        if chat and shots and not manifest.chat.multiturn:
            asked[-1] = "false"  # of --fewshot_as_multiturn, which comes last
        batch = ["--batch_size", manifest.decoding.batch] if manifest.decoding.engine != RULES else []
        output = "again" if len(by_shots) == 1 else f"again-{shots}"
        found.append(shlex.join(["itamed", "eval", *asked, *batch, "--output_path", output]))
    return found


def _model(manifest: Manifest) -> Iterator[str]:
    """Yield the model arguments."""
    model, engine = manifest.model, manifest.decoding.engine
    if engine == RULES or engine.endswith("completions"):
        yield f"model={model.name}"
    else:
        yield f"pretrained={model.name}"
        yield f"revision={model.revision}" if model.revision else ""
        precision = (model.precision or "").removeprefix("torch.")
        told = precision in _PRECISIONS and engine != TAGGER and "dtype" not in manifest.arguments
        yield f"dtype={precision}" if told else ""
        if model.adapter:
            yield f"peft={model.adapter.name}"
            # Other engines ask for an adapter at the commit of its base model.
            yield f"peft_revision={model.adapter.revision}" if model.adapter.revision and engine == _OWN_ENGINE else ""
    if engine.startswith("itamed-"):
        # Our engines hold answers to grammars unless they are told not to; rules and taggers have none.
        yield "constrained=false" if manifest.decoding.mode == "free" and engine not in (RULES, STOCK) else ""
        yield f"reasoning={manifest.decoding.reasoning}" if manifest.decoding.reasoning != "none" else ""
    for name in ("dtype", *ANSWERING, *RUNNING):
        yield f"{name}={manifest.arguments[name]}" if name in manifest.arguments else ""


def _metadata(entry: Entry, names: list[str]) -> dict[str, Any]:
    seed, notes = entry.manifest.seeds.examples, max(entry.tasks[name].notes for name in names)
    sample = {"eval_notes": notes} if entry.manifest.kind == "sample" else {}
    return ({"fewshot_seed": seed} if seed else {}) | sample
