"""`itamed-hf`: the harness's `hf` with our decode loop and one grammar a document."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np
from llguidance import LLTokenizer
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs, postprocess_generated_text
from tqdm import tqdm

from ...console import drop_messages
from ...errors import ItamedError
from ..grammars import Decoding, fitting, request_grammar
from ..template import pinned
from ..work import Work
from .adapter import adapter_folder
from .loop import Loop
from .memory import sequences_that_fit
from .model import Model, loop_model, packed_attention
from .precision import fast_dtype
from .row import Request

_log = logging.getLogger(__name__)
_UNDERSTOOD = frozenset({"until", "max_gen_toks", "do_sample", "temperature", "top_p", "top_k"})
"""Generation arguments that greedy search follows, or that say nothing without sampling."""
_SEARCH = ("num_beams", "repetition_penalty", "no_repeat_ngram_size")
_PLAIN = (False, 0, 1)
"""Values that leave plain greedy search as it is."""

_REFUSED = {
    "mixed_precision_dtype": "load the model in the precision to compute in, dtype=bfloat16 or dtype=float16",
    "parallelize": "for a model that one GPU does not hold use itamed-vllm with tensor_parallel_size=2, or --model hf",
}
"""Arguments of `hf` that the loop does not follow, and what to do instead."""
# What the harness says of a model that training gives it: none of it applies.
drop_messages(HFLM.__module__, "`pretrained` model kwarg is not of type", "Passed an already-initialized model")


class ItamedHF(HFLM):
    """A transformers model, all of whose `hf` arguments it takes, with a grammar for each document.

    An adapter (`peft`) is merged into the weights; one of the Hub is taken at `peft_revision`, whatever the base
    model's `revision` is. Answers are greedy.

    Args:
        pretrained: the model.
        constrained: see `Decoding`.
        reasoning: see `Decoding`.
        guess: whether to confirm guesses at several tokens in one forward; the answers are the same.
        **kwargs: as for `hf`; `batch_size` is the number of answers in progress, "auto" by memory; `dtype`
            defaults to float32 on processors without bfloat16.
    """

    def __init__(
        self, pretrained: Any, constrained: Any = True, reasoning: Any = "none", guess: bool = True, **kwargs: Any
    ) -> None:
        for name, instead in _REFUSED.items():
            if kwargs.get(name):
                raise ItamedError(f"itamed-hf does not take {name}: {instead}.")
        self.decoding = Decoding.parse(constrained, reasoning)
        self.guess = guess
        self.work = Work()
        revision, self._adapter_commit = str(kwargs.pop("peft_revision", "")), ""
        if kwargs.get("peft"):
            kwargs["peft"], self._adapter_commit = adapter_folder(str(kwargs["peft"]), revision)
        kwargs["dtype"] = fast_dtype(kwargs.get("dtype", "auto"), kwargs.get("device"))
        kwargs["chat_template_args"] = pinned(kwargs.get("chat_template_args"))
        super().__init__(pretrained, **kwargs | self.decoding.thinking_arguments(kwargs))
        if launched := getattr(self, "accelerator", None):
            # The harness shares documents among GPUs only, and counts those of one machine.
            self._rank, self._world_size = launched.process_index, launched.num_processes
        if kwargs.get("peft"):
            self._model = self.model.merge_and_unload()

    @cached_property
    def _loop_model(self) -> Model:
        """Return the model as the loop takes it: checked once, and its vocabulary read once, in seconds."""
        return loop_model(self.model, self.tokenizer)

    def prepare(self) -> None:
        """Check the model for the loop now; later its attention may be another one (training)."""
        self._loop_model  # noqa: B018

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answer all requests; each answer goes to the harness's cache when it is complete."""
        model = self._loop_model
        vocabulary = model.vocabulary() if self.decoding.thinks else None
        todo = [self._request(request, vocabulary) for request in requests]
        if self.batch_size != "auto" and int(self.batch_size) < 1:
            raise ItamedError(f"batch_size is {self.batch_size}: give at least 1, or auto.")
        self._warn_of_settings()
        answers = [""] * len(requests)
        bar = tqdm(total=len(requests), disable=disable_tqdm or self.rank != 0, desc="Answering")
        with packed_attention(self.model), bar:
            for length, group in _groups(todo):
                width = sequences_that_fit(self.model, length) if self.batch_size == "auto" else int(self.batch_size)
                loop = Loop(model, width, self.guess, self.work)
                for place, answer in loop.run([todo[number] for number in group]):
                    number = group[place]
                    answers[number] = self._text(answer.tokens, todo[number])
                    self.cache_hook.add_partial("generate_until", requests[number].args, answers[number])
                    bar.update()
        return answers

    def _text(self, tokens: Sequence[int], request: Request) -> str:
        """Return an answer's text: of a constrained one all of it, of a free one what `hf` returns."""
        end = None if request.grammar else self.think_end_token
        if isinstance(end, int) and end in tokens:
            tokens = tokens[len(tokens) - tuple(reversed(tokens)).index(end) :]
        # The mark that ends a constrained thought must stay: the answer is what comes after it.
        special = not (request.grammar and self.decoding.thinks)
        text = str(self.tokenizer.decode(tokens, skip_special_tokens=special, clean_up_tokenization_spaces=False))
        if isinstance(end, int):
            text = text.lstrip()
        return postprocess_generated_text(text, list(request.stops), end if isinstance(end, str) else None)

    def _request(self, request: Instance, vocabulary: LLTokenizer | None) -> Request:
        """Tokenise a request as `hf` does.

        Raises:
            ItamedError: it asks for sampling, leaves no room for a prompt, or its grammar names tokens
                that the model lacks.
        """
        context, arguments = request.args
        options = normalize_gen_kwargs(arguments, self.max_gen_toks)
        _require_plain_greedy(options, str(request.task_name))
        # Other grammars are compiled when their turn comes, once.
        grammar = request_grammar(request, self.decoding, vocabulary, validate=self.decoding.thinks)
        prompt, budget, task = self.tok_encode(context), options["max_gen_toks"], str(request.task_name)
        if grammar:
            budget = self.decoding.budget(budget, len(prompt), self.max_length)
        prompt = fitting(prompt, budget, self.max_length, task)
        eos = self.tok_decode([self.eot_token_id], skip_special_tokens=False)
        stops = () if grammar else tuple(handle_stop_sequences(options["until"], eos=eos))
        # Only a grammar can fail, and only our documents have one.
        name = f"Document {request.doc['id']} of {task}" if grammar else Request.name
        return Request(np.asarray(prompt, np.int64), budget, grammar, stops, task, name)

    def _warn_of_settings(self) -> None:
        """Say what a model's own generation settings ask for beyond plain greedy search."""
        config = self.model.generation_config
        asked = [name for name in _SEARCH if getattr(config, name, None) not in (None, *_PLAIN)]
        if asked:
            _log.warning("The model's settings for %s are left out: answers are plain greedy.", ", ".join(asked))

    def get_model_info(self) -> dict[str, Any]:
        """Return what the harness writes about the model, with what the answers of this process cost."""
        info = {**super().get_model_info(), "itamed_work": asdict(self.work)}
        # The harness asks for it by the folder, and at the base model's revision.
        return info | ({"peft_sha": self._adapter_commit} if self._adapter_commit else {})


def _require_plain_greedy(options: Mapping[str, Any], task: str) -> None:
    unknown = [name for name, value in options.items() if name not in _UNDERSTOOD and value not in (None, *_PLAIN)]
    if options.get("do_sample") or unknown:
        asked = "sampling" if options.get("do_sample") else ", ".join(unknown)
        raise ItamedError(f"itamed-hf answers greedily; {task} asks for {asked}: use --model hf.")


def _groups(requests: Sequence[Request]) -> list[tuple[int, list[int]]]:
    """Return (most tokens, places) of requests that are answered together, the longest first.

    Every answer in progress has room for the longest of its group: those are the requests of tasks
    whose longest ones differ by less than a factor of two.
    """
    longest: dict[str, int] = defaultdict(int)
    for request in requests:
        longest[request.task] = max(longest[request.task], len(request.prompt) + request.budget)
    groups: dict[int, list[int]] = defaultdict(list)
    for place, request in enumerate(requests):
        groups[longest[request.task].bit_length()].append(place)
    found = [(max(longest[requests[place].task] for place in group), group) for group in groups.values()]
    return sorted(found, reverse=True)
