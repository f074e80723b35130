"""What peers do, to be measured against: the harness's `hf` with an XGrammar logits processor.

The grammar is the JSON schema of the answer's shape; XGrammar has no substring of a document.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM

from ..errors import ItamedError
from ..families import family_of
from ..rows import ChoiceRow, FormRow, GraphRow, row_class
from .hf.model import end_tokens
from .work import Work


class StockHF(HFLM):
    """`hf`, all of whose arguments it takes, with generate() held to the answer's JSON schema."""

    def __init__(self, pretrained: Any, **kwargs: Any) -> None:
        if not str(kwargs.get("batch_size", 1)).isdecimal():
            raise ItamedError(
                f"itamed-stock takes no batch_size={kwargs['batch_size']}: give a number, --batch_size 8."
            )
        super().__init__(pretrained, **kwargs)
        try:
            import xgrammar
        except ModuleNotFoundError as error:
            raise ItamedError(f"itamed-stock needs XGrammar ({error}): pip install xgrammar.") from error
        vocabulary = self.model.config.get_text_config().vocab_size
        info = xgrammar.TokenizerInfo.from_huggingface(self.tokenizer, vocab_size=vocabulary)
        self._compiler = xgrammar.GrammarCompiler(info)
        self._grammars: list[Any] = []
        self.work = Work()
        self.model.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, model: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.work.forwards += 1
        self.work.fed += kwargs["input_ids"].numel()

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answer batch by batch, in the harness's own order, so that each row's grammar is known."""
        answers = [""] * len(requests)
        for batch in _batches(
            requests, [len(self.tok_encode(each.args[0])) for each in requests], int(self.batch_size)
        ):
            self._grammars = [self._grammar(requests[i].doc) for i in batch]
            for i, answer in zip(batch, super().generate_until([requests[i] for i in batch], True), strict=True):
                answers[i] = answer
        return answers

    def _grammar(self, doc: Mapping[str, Any]) -> Any:
        schema = json.dumps(answer_schema(doc), ensure_ascii=False)
        return self._compiler.compile_json_schema(schema, any_whitespace=False, separators=(",", ":"))

    def _model_generate(self, context: torch.Tensor, max_length: int, stop: list[str], **kwargs: Any) -> torch.Tensor:
        from xgrammar.contrib.hf import LogitsProcessor

        processor = LogitsProcessor(self._grammars)
        found = super()._model_generate(context, max_length, stop, logits_processor=[processor], **kwargs)
        ends = end_tokens(self.model, self.tokenizer)
        for row in found[:, context.shape[1] :].tolist():
            size = next((place for place, token in enumerate(row) if token in ends), len(row))
            self.work.answered += size
            self.work.cut += size == len(row)
        return found


def _batches(requests: Sequence[Instance], lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Yield batches of places as the harness forms them: of equal settings, longest prompts first."""
    by_settings: dict[str, list[int]] = defaultdict(list)
    for place, request in enumerate(requests):
        by_settings[json.dumps(request.args[1], sort_keys=True)].append(place)
    for places in by_settings.values():
        places.sort(key=lambda i: (-lengths[i], requests[i].args[0]))
        for start in range(0, len(places), size):
            yield places[start : start + size]


def answer_schema(doc: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of a document's answers: shape and fixed values, as far as a schema can say it."""
    row = row_class(doc).from_dict(dict(doc))
    if isinstance(row, ChoiceRow):
        return _object({"answer": {"enum": list(ascii_uppercase[: len(row.options)])}})
    if isinstance(row, FormRow):
        return _object({i.name: {"enum": list(i.options)} if i.options else {"type": "string"} for i in row.items})
    root = next(iter(family_of(type(row)).gold(row)))
    ids = {"enum": [component.id for component in row.components]} if isinstance(row, GraphRow) else {"type": "string"}
    keys = {
        "entities": ("text",),
        "relations": ("head", "tail") if isinstance(row, GraphRow) else ("esame", "risultato"),
    }
    item = dict.fromkeys(keys[root], ids)
    if root == "entities" or isinstance(row, GraphRow):
        item["type"] = {"enum": list(doc["labels"])}
    return _object({root: {"type": "array", "items": _object(item), "maxItems": doc["bounds"]["max_items"]}})


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
