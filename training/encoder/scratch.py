"""An encoder where there is none: a vocabulary, a small ModernBERT, and masked language modelling."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text
from itamed.benchmark.text import stable_order
from itamed.benchmark.trained import MANIFEST
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    DataCollatorForLanguageModeling,
    ModernBertConfig,
    ModernBertForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    set_seed,
)

from ..arguments import arguments_of
from ..begun import begun_with, checkpoint_of, write_begun
from ..corpora.prepare import prepare, write_report
from ..cpt import provenance
from ..model import launched
from ..output import Outcome, done, stages_of, write
from ..recipe import Encoder, Mlm, Recipe, Scratch
from ..stage_trainer import StageTrainer
from .examples import training_rows

_log = logging.getLogger(__name__)
_TOKENIZER = "tokenizer"
_MARKS = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def pretrained(recipe: Recipe, encoder: Encoder, scratch: Scratch, tasks: Sequence[str], output: Path) -> list[Any]:
    """Make a tokenizer and a masked language model, unless they are there; return what was done, see `done`.

    One that was interrupted goes on from its last checkpoint, with the same text and other hidden words than it would
    have had: they are drawn as batches are made, some of them before the trainer has set its random numbers back.

    Args:
        recipe: for what all stages share.
        encoder: for the length of windows.
        scratch: what to make.
        tasks: whose training notes are read.
        output: folder of the stage, which gets its "model".

    Raises:
        ItamedError: there are several processes; training rows or a corpus cannot be read; or training fails.
    """
    if (output / MANIFEST).is_file():
        return stages_of(output)
    if launched() > 1:
        raise ItamedError("encoder.scratch is made by one process: start it without a launcher, it is small.")
    started = time.time()
    notes = sorted({row.text for name in tasks for row in training_rows(name)})
    texts, data = _texts(scratch.mlm, notes, output)
    tokenizer = _tokenizer(texts, scratch.vocabulary, encoder.length, output)
    set_seed(recipe.seed)
    model = new_model(scratch, tokenizer, encoder.length)
    trainer = _trainer(model, tokenizer, texts, recipe, encoder, scratch.mlm, output)
    trainer.data = data
    begun = begun_with((text.encode() for text in texts), model)
    checkpoint = checkpoint_of(output / "checkpoints", begun)
    write_begun(output / "checkpoints", begun)
    trainer.train(resume_from_checkpoint=checkpoint)
    stages = [done(trainer, "mlm", time.time() - started)]
    write(model, Outcome(tokenizer, recipe, output, stages))
    return stages


def _texts(mlm: Mlm, notes: list[str], output: Path) -> tuple[list[str], dict[str, Any]]:
    """Return what is read, in an order of its own, and what it was."""
    report: dict[str, Any] = {"left_out": {}, "dropped": [], "unchecked_tasks": []}
    documents = None
    if mlm.corpora:
        documents, report, _ = prepare(mlm)
        write_report(report, output)
    texts = stable_order([*notes, *(documents["text"] if documents else ())], "mlm")
    data = {
        **provenance(mlm, documents, report),
        "notes": len(notes),
        "words": sum(len(text.split()) for text in texts),
        "decontaminated": mlm.decontaminate or not mlm.corpora,
    }
    return texts, data


def _tokenizer(texts: Sequence[str], size: int, length: int, output: Path) -> PreTrainedTokenizerBase:
    """Return the vocabulary of a training: learnt once, as equally frequent pieces may come in any order."""
    place = output / _TOKENIZER / "tokenizer.json"
    if not place.is_file():
        write_text(place, new_vocabulary(texts, size).to_str(pretty=True))
    found = Tokenizer.from_file(str(place))
    return PreTrainedTokenizerFast(tokenizer_object=found, model_max_length=length, **_MARKS)


def new_vocabulary(texts: Iterable[str], size: int) -> Tokenizer:
    """Learn a WordPiece vocabulary that keeps case and accents.

    Args:
        texts: to learn from.
        size: most tokens, the five special ones included.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token=_MARKS["unk_token"]))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=list(_MARKS.values()), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    marks = [(mark, tokenizer.token_to_id(mark)) for mark in (_MARKS["cls_token"], _MARKS["sep_token"])]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=marks)
    return tokenizer


def new_model(scratch: Scratch, tokenizer: PreTrainedTokenizerBase, length: int) -> PreTrainedModel:
    """Return a masked language model with new weights: all its layers see the whole window."""
    config = ModernBertConfig(
        vocab_size=len(tokenizer),
        hidden_size=scratch.width,
        intermediate_size=2 * scratch.width,
        num_hidden_layers=scratch.layers,
        num_attention_heads=scratch.heads,
        layer_types=["full_attention"] * scratch.layers,
        max_position_embeddings=length,
        # Dropout is all that such small data have against learning them by heart.
        mlp_dropout=0.1,
        embedding_dropout=0.1,
        classifier_dropout=0.1,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        cls_token_id=tokenizer.cls_token_id,
        sep_token_id=tokenizer.sep_token_id,
        # The output layer is computed for hidden tokens alone: it is most of the arithmetic.
        sparse_prediction=True,
    )
    return ModernBertForMaskedLM(config)


def sequences(texts: Iterable[str], tokenizer: PreTrainedTokenizerBase, length: int) -> Iterator[dict[str, list[int]]]:
    """Yield texts, one after the other, as sequences of `length` tokens; the last one may be shorter.

    Each begins with the mark of a text's beginning, and texts end with the mark of an end.
    """
    held: list[int] = []
    for text in texts:
        held += tokenizer.encode(text, add_special_tokens=False, truncation=False, verbose=False)
        held.append(int(tokenizer.sep_token_id))
        while len(held) >= length - 1:
            yield {"input_ids": [int(tokenizer.cls_token_id), *held[: length - 1]]}
            held = held[length - 1 :]
    if held:
        yield {"input_ids": [int(tokenizer.cls_token_id), *held]}


def _trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    texts: Sequence[str],
    recipe: Recipe,
    encoder: Encoder,
    mlm: Mlm,
    output: Path,
) -> StageTrainer:
    found = list(sequences(texts, tokenizer, encoder.length))
    watched = round(mlm.dev_share * len(found))
    held, used = found[:watched], found[watched:]
    if not used:
        raise ItamedError("No text is left for masked language modelling: lower encoder.scratch.mlm.dev_share.")
    arguments = arguments_of(
        recipe,
        mlm.optimizer,
        output / "checkpoints",
        look_every=mlm.dev_every,
        watched="eval_loss" if held else "",
        bf16=True,
        per_device_train_batch_size=mlm.batch,
        per_device_eval_batch_size=mlm.batch,
        num_train_epochs=mlm.optimizer.epochs,
        max_steps=mlm.optimizer.max_steps or -1,
        logging_steps=10,
    )
    _log.info("%d sequences of %d tokens, %d are watched.", len(used), encoder.length, len(held))
    return StageTrainer(
        model=model,
        args=arguments,
        train_dataset=used,
        eval_dataset=held or None,
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm_probability=mlm.mask),
    )
