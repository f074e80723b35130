"""A tagger from recipe to checkpoint: from scratch or from a base encoder, resumed where it was cut off."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from itamed.benchmark.engines.encoder.lm import ItamedEncoder
from itamed.benchmark.engines.encoder.settings import FILE, Settings
from itamed.benchmark.engines.encoder.tagger import Tagger, load_tokenizer
from itamed.benchmark.engines.encoder.windows import Reader
from itamed.benchmark.errors import ItamedError, reason_of
from itamed.benchmark.trained import MANIFEST
from lm_eval.api.instance import Instance
from transformers import AutoConfig, AutoModelForTokenClassification, PreTrainedTokenizerBase, set_seed

from ..arguments import arguments_of
from ..begun import begun_with, checkpoint_of, write_begun
from ..examples import Asking, has_rows, requests
from ..model import launched
from ..output import Outcome, done, write
from ..recipe import Encoder, Recipe
from ..steps import order_of
from .examples import Collator, Ordered, Tagged, head_for, lost, tagged, tagged_tasks, training_rows
from .scratch import pretrained
from .trainer import TagTrainer

_log = logging.getLogger(__name__)


def train_encoder(recipe: Recipe, encoder: Encoder, output: Path) -> Path:
    """Train a tagger as a recipe says; return the folder to evaluate.

    Args:
        recipe: what to do.
        encoder: its section.
        output: a folder of its own.

    Raises:
        ItamedError: base model or data are not to be had, or training fails.
    """
    if (output / MANIFEST).is_file():
        return output / "model"
    tasks = tagged_tasks(encoder.tasks)
    if unknown := encoder.weights.keys() - set(tasks):
        raise ItamedError(f"encoder.weights names tasks that are not trained on: {', '.join(sorted(unknown))}.")
    history: list[dict[str, Any]] = []
    base, revision = recipe.base, recipe.revision
    if not base and encoder.scratch:
        history += pretrained(recipe, encoder, encoder.scratch, tasks, output / "mlm")
        base, revision = str(output / "mlm" / "model"), ""
    started = time.time()
    tokenizer = _tokenizer(base, revision, encoder.length)
    settings, examples, data = _data(encoder, tasks, tokenizer)
    lm = ItamedEncoder(Tagger(_model(base, revision, settings, recipe.seed), tokenizer, settings))
    folder = output / "checkpoints"
    begun = begun_with((each.bytes for each in examples), lm.tagger.model)
    checkpoint = checkpoint_of(folder, begun)
    trainer = _trainer(lm, examples, _dev(lm, tasks, encoder.dev_notes), recipe, encoder, folder)
    trainer.data |= data
    if trainer.is_world_process_zero():
        write_begun(folder, begun)
    trainer.train(resume_from_checkpoint=checkpoint)
    history.append(done(trainer, "tags", time.time() - started))
    if trainer.is_world_process_zero():
        write(lm.tagger.model, Outcome(tokenizer, recipe, output, history, more={FILE: settings.to_json()}))
    trainer.accelerator.wait_for_everyone()
    return output / "model"


def _tokenizer(base: str, revision: str, length: int) -> PreTrainedTokenizerBase:
    try:
        tokenizer = load_tokenizer(base, revision)
        config = AutoConfig.from_pretrained(base, revision=revision or "main")
    except (OSError, ValueError) as error:
        raise ItamedError(f"The base model {base} cannot be loaded: {reason_of(error)}.") from error
    most = min(tokenizer.model_max_length, getattr(config, "max_position_embeddings", None) or length)
    if length > most:
        raise ItamedError(f"encoder.length is {length}, {base} takes {most} tokens: lower it.")
    return tokenizer


def _model(base: str, revision: str, settings: Settings, seed: int) -> Any:
    """Return a base model with new output weights."""
    set_seed(seed)
    names = dict(enumerate(settings.labels))
    try:
        return AutoModelForTokenClassification.from_pretrained(
            base,
            revision=revision or "main",
            id2label=names,
            label2id={label: number for number, label in names.items()},
            ignore_mismatched_sizes=True,
        ).float()
    except (OSError, ValueError) as error:
        raise ItamedError(f"{base} cannot be made a token classifier: {reason_of(error)}.") from error


def _data(
    encoder: Encoder, tasks: list[str], tokenizer: PreTrainedTokenizerBase
) -> tuple[Settings, list[Tagged], dict[str, Any]]:
    """Return the tagger's settings, its examples, and what they are for the manifest."""
    rows = {name: training_rows(name) for name in tasks}
    heads = {name: head_for(name, found) for name, found in rows.items()}
    settings = Settings(tuple(heads.values()), encoder.length, encoder.overlap)
    reader = Reader(tokenizer, encoder.length, encoder.overlap)
    examples = [each for name, found in rows.items() for each in tagged(name, found, heads[name], reader)]
    spans = sum(len(row.spans) for found in rows.values() for row in found)
    left_out = sum(lost(row, heads[name]) for name, found in rows.items() for row in found)
    if left_out:
        _log.warning("%d of %d spans are not of whole words, and cannot be learnt.", left_out, spans)
    return settings, examples, {"leaked": {}, "spans": spans, "lost_spans": left_out}


def _dev(lm: ItamedEncoder, tasks: list[str], notes: int) -> list[Instance]:
    """Return the development rows of those tasks that have any."""
    watched = [name for name in tasks if notes and has_rows(name, "dev")]
    return [request for _, request in requests(lm, watched, "dev", Asking(notes=notes))] if watched else []


def _share(batch: int) -> int:
    """Return how many windows of a step one process takes, of those that a launcher has started."""
    processes = launched()
    share, rest = divmod(batch, processes)
    if rest:
        raise ItamedError(f"encoder.batch is {batch}, which {processes} processes cannot share: take a multiple of it.")
    return share


def _trainer(
    lm: ItamedEncoder,
    examples: list[Tagged],
    dev: list[Instance],
    recipe: Recipe,
    encoder: Encoder,
    folder: Path,
) -> TagTrainer:
    opt = encoder.optimizer
    order = order_of([each.task for each in examples], encoder.weights, opt.epochs, recipe.seed)
    if not len(order):
        raise ItamedError("The recipe comes to no step: raise encoder.optimizer.epochs, or encoder.weights.")
    data = Ordered(examples, order[: opt.max_steps * encoder.batch or None], encoder.batch, recipe.seed)
    arguments = arguments_of(
        recipe,
        opt,
        folder,
        look_every=encoder.dev_every,
        watched="eval_mean" if dev else "",
        bf16=True,
        per_device_train_batch_size=_share(encoder.batch),
        logging_steps=10,
    )
    _log.info("%d windows, %d steps of %d.", len(examples), -(-len(data) // encoder.batch), encoder.batch)
    tagger = lm.tagger
    trainer = TagTrainer(
        lm=lm,
        requests=dev,
        model=tagger.model,
        args=arguments,
        train_dataset=data,
        eval_dataset=data if dev else None,
        data_collator=Collator(tagger.settings, int(tagger.tokenizer.pad_token_id)),
    )
    trainer.data["examples"] = data.passed()
    return trainer
