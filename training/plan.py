"""What a training will take, before it is begun: examples, tokens, steps, arithmetic, bytes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.errors import ItamedError, reason_of
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from .arguments import CHECKPOINTS
from .corpora.prepare import prepare
from .corpora.sequences import sequences
from .cpt import split
from .dev import Dev
from .encode import Encoded
from .memory import MASTER_BYTES, kept_bytes, state_bytes
from .model import training_dtype, with_adapters
from .recipe import Cpt, Recipe, Sft
from .sft import sft_stage
from .stage import Stage, steps_of
from .work import Arithmetic, Meter, counts

_CHECKPOINT = 3
"""Numbers that a checkpoint holds for a trained weight: itself and two moments."""
_SAMPLE = 400
"""Documents whose tokens stand for those of all."""


@dataclass(frozen=True)
class Size:
    """What there is of a task or corpus: rows or documents, their tokens each, and how often they are passed in all.

    `too_long` are left out. `loss` is the share of the loss that is theirs; in a corpus all tokens count alike.
    """

    name: str
    count: int
    tokens_each: float
    longest: int
    too_long: int
    passed: int
    loss: float


@dataclass(frozen=True)
class Plan:
    """What a stage takes. `flops` are those of matrix products, forward and backward, without attention's.

    `training_bytes` are those of gradients and optimizer, `kept_bytes` those that the largest forward keeps for its
    gradients: with the weights, the least that there must be room for. `disk_bytes` are those of the checkpoints
    while it runs, and of the model that it writes. `sample` is the number of documents from which tokens and what
    follows from them were estimated; 0: counted.
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
    kept_bytes: int
    disk_bytes: int
    sample: int = 0


def plan(recipe: Recipe) -> list[Plan]:
    """Go through the stages of a recipe without its model: tokenizer and configuration are enough.

    Corpora are read, cleaned and decontaminated as in training; the tokens of large ones are estimated.

    Raises:
        ItamedError: it makes an encoder; data, tokenizer or configuration cannot be had; or what `sft_stage` and
            `prepare` say.
    """
    if recipe.encoder:
        raise ItamedError("The recipe makes an encoder, and plans count cpt and sft alone: train it, it is small.")
    found = [_cpt_plan(recipe, recipe.cpt)] if recipe.cpt else []
    return found + ([_sft_plan(recipe, recipe.sft)] if recipe.sft else [])


def _sft_plan(recipe: Recipe, sft: Sft) -> Plan:
    lm = without_weights(recipe.base, recipe.revision)
    stage = sft_stage(replace(sft, dev_notes=0), recipe.seed, lm)
    counted, passed, loss = _counted(stage, recipe, lm, "sft")
    return replace(counted, sizes=list(_sizes(stage, passed, loss)))


def _sizes(stage: Stage, passed: Counter[str], loss: dict[str, float]) -> Iterator[Size]:
    too_long: dict[str, int] = stage.data["left_out_as_too_long"]
    tokens: dict[str, list[int]] = {task: [] for task in (*stage.data["examples"], *too_long)}
    for example in stage.examples:
        tokens[example.task].append(len(example))
    for task, sizes in tokens.items():
        mean = sum(sizes) / max(1, len(sizes))
        yield Size(task, len(sizes), mean, max(sizes, default=0), too_long.get(task, 0), passed[task], loss[task])


def _cpt_plan(recipe: Recipe, cpt: Cpt) -> Plan:
    # Before corpora are made ready, which takes minutes.
    lm = without_weights(recipe.base, recipe.revision)
    _, used = split(cpt, prepare(cpt).documents)
    if not len(used):
        raise ItamedError("No document is left to train on: `cpt` leaves all of them out.")
    sample = used.select(range(min(_SAMPLE, len(used))))
    examples = list(sequences(sample, lm.tokenizer, cpt.length))
    stage = Stage(examples, Dev((), ()), cpt.batch, cpt.pack, cpt.lora, cpt.optimizer, cpt.dev_every, {})
    # Of the sample one pass; what all take follows from the number of their words.
    once = replace(stage, optimizer=replace(stage.optimizer, epochs=1, max_steps=0))
    counted, *_ = _counted(once, recipe, lm, "cpt")
    ratio = sum(used["words"]) / max(1, sum(sample["words"]))
    whole = round(len(examples) * ratio * cpt.optimizer.epochs)
    most = cpt.optimizer.max_steps * cpt.batch or whole
    share = min(whole, most) / len(examples)
    counts, tokens = Counter(used["corpus"]), Counter[str]()
    for example in examples:
        tokens[example.task] += len(example)
    sampled = Counter(sample["corpus"])
    epochs = share / ratio
    each = {name: tokens[name] / max(1, sampled[name]) for name in counts}
    everything = sum(each[name] * count for name, count in counts.items())
    sizes = [
        Size(name, count, mean, _longest(examples, name), 0, round(count * epochs), mean * count / max(1, everything))
        for (name, count), mean in zip(counts.items(), each.values(), strict=True)
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


def _counted(stage: Stage, recipe: Recipe, lm: ItamedHF, name: str) -> tuple[Plan, Counter[str], dict[str, float]]:
    """Go through all steps of a stage.

    Returns:
        What they take, how often each task or corpus is passed, and the share of the loss that is its own.
    """
    model = lm.model
    # As `train` loads and writes them; "auto" is what this machine is fast in, which another may not be.
    dtype = training_dtype(recipe.dtype)
    written = MASTER_BYTES if dtype == "float32" else 2
    weights = sum(each.numel() for each in model.parameters())
    adapted = with_adapters(model, stage.lora, recipe.seed)
    trained = sum(each.numel() for each in adapted.parameters() if each.requires_grad)
    arithmetic = Arithmetic.of(model, model.get_output_embeddings())
    steps, passed, meter, longest = steps_of(stage, recipe.seed, 1), Counter[str](), Meter(), 0
    loss: dict[str, float] = defaultdict(float)
    for number in range(len(steps)):
        found = steps.examples(number)
        passed.update(example.task for example in found)
        # A step is as much as any other, whatever it holds.
        whole = sum(example.weight * len(example.answer) for example in found) * len(steps)
        for example in found:
            loss[example.task] += example.weight * len(example.answer) / whole
        packs = steps[number]
        meter.add(*counts(packs, arithmetic))
        longest = max(longest, *(len(pack.ids) for pack in packs))
    weight_bytes = weights * (MASTER_BYTES if stage.lora is None else written)
    kept = kept_bytes(model.config, dtype, stage.lora, longest, twice=recipe.gradient_checkpointing)
    disk_bytes = CHECKPOINTS * trained * MASTER_BYTES * _CHECKPOINT + weights * written
    taken = (meter.unshared, meter.fed, meter.answers, meter.flops)
    memory = (weight_bytes, state_bytes(trained, stage.lora), kept)
    return Plan(name, (), len(steps), *taken, *memory, disk_bytes), passed, loss


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
