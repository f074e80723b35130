"""A token classifier with its tokenizer: from texts to spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import cached_file

from ...errors import ItamedError, reason_of
from ...scoring.align import Located
from .settings import FILE, Settings
from .tags import Head, best_tags, spans_of, words
from .windows import Reader, Window


def load_tokenizer(name: str, revision: str = "") -> PreTrainedTokenizerBase:
    """Load the tokenizer of an encoder such that it takes words, whatever kind it is.

    Raises:
        OSError: it is not to be had.
        ValueError: likewise.
    """
    # Byte-level ones take no words without it; others do not look at it.
    return AutoTokenizer.from_pretrained(name, revision=revision or "main", add_prefix_space=True)


def padded(windows: Sequence[Window], pad: int, device: torch.device) -> dict[str, torch.Tensor]:
    """Return windows as a batch: "input_ids" and "attention_mask" of shape (windows, tokens of the longest)."""
    longest = max(len(window.ids) for window in windows)
    ids = np.full((len(windows), longest), pad, np.int64)
    mask = np.zeros_like(ids)
    for at, window in enumerate(windows):
        ids[at, : len(window.ids)] = window.ids
        mask[at, : len(window.ids)] = 1
    return {"input_ids": torch.from_numpy(ids).to(device), "attention_mask": torch.from_numpy(mask).to(device)}


class Tagger:
    """A model, its tokenizer and its settings.

    Args:
        model: for token classification; its outputs are those of the settings.
        tokenizer: its own.
        settings: what the outputs mean.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, settings: Settings) -> None:
        self.model, self.tokenizer, self.settings = model, tokenizer, settings
        self._reader = Reader(tokenizer, settings.length, settings.overlap)
        self._places: dict[str, list[int]] = {}
        for number, (head, _) in enumerate(settings.layers):
            self._places.setdefault(head.task, []).append(number)

    @classmethod
    def load(cls, name: str, revision: str = "", device: str = "cpu") -> Tagger:
        """Load what `itamed train` has written, from a folder or the Hub.

        Raises:
            ItamedError: it is not there, or no tagger.
        """
        try:
            place = cached_file(name, FILE, revision=revision or "main", _raise_exceptions_for_missing_entries=False)
        except (OSError, ValueError) as error:
            raise ItamedError(f"The encoder {name} cannot be loaded: {reason_of(error)}.") from error
        if place is None:
            raise ItamedError(
                f"{name} has no {FILE}: itamed-encoder takes models that `itamed train` has made of a recipe with an "
                "encoder section (the model/ folder of the training)."
            )
        settings = Settings.from_json(Path(place).read_text(encoding="utf-8"), place)
        try:
            tokenizer = load_tokenizer(name, revision)
            model: Any = AutoModelForTokenClassification.from_pretrained(name, revision=revision or "main")
        except (OSError, ValueError) as error:
            raise ItamedError(f"The encoder {name} cannot be loaded: {reason_of(error)}.") from error
        if model.config.num_labels != len(settings.labels):
            raise ItamedError(f"{place} is of another model: it names {len(settings.labels)} outputs.")
        return cls(model.to(device).eval(), tokenizer, settings)

    def spans(self, texts: Sequence[str], tasks: Sequence[Sequence[Head]], batch: int) -> Iterator[list[list[Located]]]:
        """Yield the spans of each text, a list for each head that is asked of it.

        Args:
            texts: to be read, each once.
            tasks: heads by text.
            batch: windows in a forward.
        """
        places = [words(text) for text in texts]
        strings = [[text[slice(*place)] for place in found] for text, found in zip(texts, places, strict=True)]
        for scores, heads, found in zip(self._scores(strings, batch), tasks, places, strict=True):
            yield [self._decoded(scores, found, head) for head in heads]

    def _decoded(self, scores: np.ndarray, places: Sequence[tuple[int, int]], head: Head) -> list[Located]:
        layers = [self.settings.layers[number][1] for number in self._places[head.task]]
        tags = np.stack([best_tags(_log_softmax(scores[:, outputs])) for outputs in layers], axis=1)
        return spans_of(tags, places, head)

    @torch.no_grad()
    def _scores(self, texts: Sequence[Sequence[str]], batch: int) -> list[np.ndarray]:
        """Return the outputs of texts by word, of shape (words, outputs)."""
        found = [np.zeros((len(text), len(self.settings.labels)), np.float32) for text in texts]
        windows = [(at, window) for at, mine in enumerate(self._reader.windows(texts)) for window in mine]
        # Neighbours are of one length: little is padded.
        windows.sort(key=lambda each: len(each[1].ids))
        for start in range(0, len(windows), batch):
            part = windows[start : start + batch]
            inputs = padded([window for _, window in part], int(self.tokenizer.pad_token_id), self.model.device)
            outputs = self.model(**inputs).logits.float().cpu().numpy()
            for (at, window), output in zip(part, outputs, strict=True):
                found[at][window.own.start : window.own.stop] = output[window.first]
        return found


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
