"""What a training will take, before it is begun: examples, tokens, steps, arithmetic, bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.engines.hf.precision import fast_dtype
from itamed.benchmark.errors import ItamedError, reason_of
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from .corpora.prepare import prepare
from .corpora.sequences import sequences
from .cpt import split
from .dev import Dev
from .encode import Encoded
from .model import with_adapters
from .recipe import Cpt, Recipe, Sft
from .sft import sft_stage
from .stage import Stage, steps_of
from .work import Arithmetic, Meter

_ADAM = 3
"""Numbers that are kept for a trained weight beside it: its gradient and two moments."""
_MASTER_BYTES = 4
_SAMPLE = 400
"""Documents whose tokens stand for those of all."""


@dataclass(frozen=True)
class Size:
    """What there is of a task or corpus: rows or documents, their tokens each, and how often they are passed in all.

    `too_long` are left out.
    """

    name: str
    count: int
    tokens_each: float
    longest: int
    too_long: int
    passed: int


@dataclass(frozen=True)
class Plan:
    """What a stage takes. `flops` are those of matrix products, forward and backward, without attention's.

    `sample` is the number of documents from which tokens and what follows from them were estimated; 0: counted.
    """

    stage: str
    sizes: Sequence[Size]
    steps: int
    tokens: int
    fed: int
    answers: int
    flops: float
    weight_bytes: int
    training_bytes: int
    sample: int = 0


def plan(recipe: Recipe) -> list[Plan]:
    """Go through the stages of a recipe without its model: tokenizer and configuration are enough.

    Corpora are read, cleaned and decontaminated as in training; the tokens of large ones are estimated.

    Raises:
        ItamedError: data, tokenizer or configuration cannot be had, or what `sft_stage` and `prepare` say.
    """
    found = [_cpt_plan(recipe, recipe.cpt)] if recipe.cpt else []
    return found + ([_sft_plan(recipe, recipe.sft)] if recipe.sft else [])


def _sft_plan(recipe: Recipe, sft: Sft) -> Plan:
    lm = without_weights(recipe.base, recipe.revision)
    stage = sft_stage(replace(sft, dev_notes=0), recipe.seed, lm)
    counted, passed = _counted(stage, recipe, lm, "sft")
    return replace(counted, sizes=list(_sizes(stage, passed)))


def _sizes(stage: Stage, passed: Counter[str]) -> Iterator[Size]:
    too_long: dict[str, int] = stage.data["left_out_as_too_long"]
    tokens: dict[str, list[int]] = {task: [] for task in (*stage.data["examples"], *too_long)}
    for example in stage.examples:
        tokens[example.task].append(len(example))
    for task, sizes in tokens.items():
        mean = sum(sizes) / max(1, len(sizes))
        yield Size(task, len(sizes), mean, max(sizes, default=0), too_long.get(task, 0), passed[task])


def _cpt_plan(recipe: Recipe, cpt: Cpt) -> Plan:
    _, used = split(cpt, prepare(cpt).documents)
    if not len(used):
        raise ItamedError("No document is left to train on: `cpt` leaves all of them out.")
    lm = without_weights(recipe.base, recipe.revision)
    sample = used.select(range(min(_SAMPLE, len(used))))
    examples = list(sequences(sample, lm.tokenizer, cpt.length))
    stage = Stage(examples, Dev((), ()), cpt.batch, cpt.pack, cpt.lora, cpt.optimizer, cpt.dev_every, {})
    # Of the sample one pass; what all take follows from the number of their words.
    once = replace(stage, optimizer=replace(stage.optimizer, epochs=1, max_steps=0))
    counted, _ = _counted(once, recipe, lm, "cpt")
    ratio = sum(used["words"]) / max(1, sum(sample["words"]))
    whole = round(len(examples) * ratio * cpt.optimizer.epochs)
    most = cpt.optimizer.max_steps * cpt.batch or whole
    share = min(whole, most) / len(examples)
    counts, tokens = Counter(used["corpus"]), Counter[str]()
    for example in examples:
        tokens[example.task] += len(example)
    sampled = Counter(sample["corpus"])
    epochs = share / ratio
    sizes = [
        Size(name, count, tokens[name] / max(1, sampled[name]), _longest(examples, name), 0, round(count * epochs))
        for name, count in counts.items()
    ]
    return replace(
        counted,
        sizes=sizes,
        steps=-(-min(whole, most) // cpt.batch),
        tokens=round(counted.tokens * share),
        fed=round(counted.fed * share),
        answers=round(counted.answers * share),
        flops=counted.flops * share,
        sample=len(sample) if len(sample) < len(used) else 0,
    )


def _longest(examples: Sequence[Encoded], name: str) -> int:
    return max((len(example) for example in examples if example.task == name), default=0)


def _counted(stage: Stage, recipe: Recipe, lm: ItamedHF, name: str) -> tuple[Plan, Counter[str]]:
    """Go through all steps of a stage; returns what they take, and how often each task or corpus is passed."""
    model = lm.model
    # As `train` loads them; "auto" is what this machine is fast in, which another may not be.
    precise = stage.lora is None or fast_dtype(recipe.dtype, None) == "float32"
    weight_bytes = sum(each.numel() for each in model.parameters()) * (_MASTER_BYTES if precise else 2)
    adapted = with_adapters(model, stage.lora, recipe.seed)
    trained = sum(each.numel() for each in adapted.parameters() if each.requires_grad)
    extra = _ADAM if stage.lora is None else _ADAM + 1
    arithmetic = Arithmetic.of(model, model.get_output_embeddings())
    steps, passed, meter = steps_of(stage, recipe.seed, 1), Counter[str](), Meter()
    for number in range(len(steps)):
        passed.update(example.task for example in steps.examples(number))
        meter.add(steps[number], arithmetic)
    training_bytes = trained * extra * _MASTER_BYTES
    taken = (meter.unshared, meter.fed, meter.answers, meter.flops, weight_bytes, training_bytes)
    return Plan(name, (), len(steps), *taken), passed


def without_weights(name: str, revision: str = "") -> ItamedHF:
    """Return a model that has no weights as the benchmark's engine: enough for prompts and for counting.

    Raises:
        ItamedError: its tokenizer or configuration cannot be had.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, revision=revision or "main")
        config = AutoConfig.from_pretrained(name, revision=revision or "main")
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)
    except (OSError, ValueError) as error:
        raise ItamedError(f"The model {name} cannot be looked at: {reason_of(error)}.") from error
    return ItamedHF(model, tokenizer=tokenizer, batch_size=1, enable_thinking=False)
