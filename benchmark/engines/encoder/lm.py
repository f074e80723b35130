"""`itamed-encoder`: a token classifier as a model of the harness, which answers from rows and reads no prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import torch
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from tqdm import tqdm

from ...errors import ItamedError
from ...families import right_answer
from ...rows import Row, Span, SpanRow, row_class
from ...scoring.align import Located
from ...suite import MINI_PREFIX, PREFIX
from .tagger import Tagger
from .tags import Head

_AUTO_BATCH = 32
_PART = 256
"""Texts after which answers are stored: so many are lost at most when a run is killed."""


def answer_of(row: SpanRow, spans: Sequence[Located]) -> str:
    """Return spans of a row's text as the answer to it: compact JSON on one line, as the suite writes right answers."""
    found = tuple(Span(start, end, kind, row.text[start:end]) for start, end, kind in spans)
    return right_answer(replace(row, spans=found))


class ItamedEncoder(LM):
    """A tagger that `itamed train` has made. Prompts, examples and token budgets mean nothing to it.

    Args:
        pretrained: folder or Hub name, or a `Tagger`.
        revision: branch, tag or commit of the latter.
        batch_size: windows of notes in a forward; "auto": 32.
        device: of torch; a GPU if there is one.
        **kwargs: what the harness adds for models of others; other arguments are refused.

    Raises:
        ItamedError: it cannot be loaded, or an argument is unknown.
    """

    def __init__(
        self,
        pretrained: str | Tagger,
        revision: str = "",
        batch_size: Any = "auto",
        device: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if unknown := kwargs.keys() - {"max_batch_size"}:
            raise ItamedError(f"itamed-encoder has no argument {sorted(unknown)[0]}: give pretrained and revision.")
        self._revision = revision
        usable = "cuda" if torch.cuda.is_available() else "cpu"
        place = device if device and (usable == "cuda" or not device.startswith("cuda")) else usable
        self.tagger = pretrained if isinstance(pretrained, Tagger) else Tagger.load(pretrained, revision, place)
        self._batch = _AUTO_BATCH if str(batch_size).startswith("auto") else int(batch_size)
        if self._batch < 1:
            raise ItamedError(f"batch_size is {batch_size}: give at least 1, or auto.")

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answer requests from their documents; a text that several tasks ask about is read once.

        Raises:
            ItamedError: tasks are among them that a token classifier cannot answer, or that this one was not
                trained for.
        """
        heads = self._heads(requests)
        by_text: dict[str, list[int]] = {}
        for number, request in enumerate(requests):
            by_text.setdefault(str(request.doc["text"]), []).append(number)
        texts = sorted(by_text, key=len)
        answers = [""] * len(requests)
        with tqdm(total=len(requests), disable=disable_tqdm, desc="Tagging") as bar:
            for start in range(0, len(texts), _PART):
                part = texts[start : start + _PART]
                asked = [[heads[number] for number in by_text[text]] for text in part]
                for text, found in zip(part, self.tagger.spans(part, asked, self._batch), strict=True):
                    for number, spans in zip(by_text[text], found, strict=True):
                        request = requests[number]
                        answers[number] = answer_of(_span_row(request), spans)
                        self.cache_hook.add_partial("generate_until", request.args, answers[number])
                    bar.update(len(found))
        return answers

    def _heads(self, requests: Sequence[Instance]) -> list[Head]:
        """Return the head that answers each request."""
        settings = self.tagger.settings
        names = dict.fromkeys(str(request.task_name) for request in requests)
        ours = [name for name in names if name.startswith((PREFIX, MINI_PREFIX))]
        found = {name: head for name in ours if (head := settings.head_of(name))}
        if missing := [name for name in names if name not in found]:
            raise ItamedError(
                f"This encoder cannot answer {', '.join(missing)}: it tags words of a note. It can answer "
                f"{', '.join(settings.answered())}: give --tasks those."
            )
        return [found[str(request.task_name)] for request in requests]

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Refuse: a tagger has no probabilities of texts."""
        raise ItamedError("An encoder tags words and has no probabilities of texts: choose tasks of itamed.")

    loglikelihood_rolling = loglikelihood

    def get_model_info(self) -> dict[str, Any]:
        """Return what the harness writes about the model, under the names that its own models have."""
        model = self.tagger.model
        return {
            "model_num_parameters": model.num_parameters(),
            "model_dtype": str(model.dtype),
            "model_revision": self._revision or "main",
            "model_sha": getattr(model.config, "_commit_hash", None) or "",
        }


def _span_row(request: Instance) -> SpanRow:
    kind: type[Row] = row_class(request.doc)
    return cast(SpanRow, kind.from_dict(dict(request.doc)))
