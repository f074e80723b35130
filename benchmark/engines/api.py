"""A running vLLM server behind its OpenAI-compatible API, with one grammar a document."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.models.api_models import LMEVAL_MODEL_NONE_ANSWER_PLACEHOLDER, TemplateAPI
from lm_eval.models.openai_completions import LocalChatCompletion, LocalCompletionsAPI
from lm_eval.models.utils import has_bos_prefix, normalize_gen_kwargs
from tqdm import tqdm

from ..errors import ItamedError
from .asking import ask, served_length
from .grammars import Decoding, fitting, prefix_order, request_grammars
from .template import pinned
from .unanswered import AsksAgain

_log = logging.getLogger(__name__)
_FIELDS = ("structured_outputs", "guided_grammar")
_PROBE = 'WORD: %regex {"substring_words": "itamed"} & /.+/\n'
"""The one word that answers a probe, in terms that no other engine of vLLM than llguidance reads."""
_NEEDS = (
    "Constrained answers need a vLLM server that reads grammars with llguidance: start it with "
    '`--structured-outputs-config \'{"backend":"guidance"}\'` (before 0.12: `--guided-decoding-backend guidance`, '
    "and add grammar_field=guided_grammar to --model_args). It must not think by itself: --gen_kwargs "
    '\'{"chat_template_kwargs":{"enable_thinking":false}}\'. constrained=false does without.'
)


class _Constrained(AsksAgain, TemplateAPI):
    """What both APIs share: a request a document, with the document's grammar in it.

    Args:
        constrained: see `Decoding`.
        reasoning: see `Decoding`.
        grammar_field: the payload's field for a grammar; "guided_grammar" for old servers.
        chat_template_args: for the chat template of a tokenizer that is loaded here, see `pinned`.
        enable_thinking: likewise; by default only where `reasoning` is "think".
        **kwargs: as for the harness's class; `num_concurrent` requests of one prompt are on their way at a time,
            whatever the batch size. Without `max_length` the server is asked what its model takes.
    """

    def __init__(
        self,
        constrained: Any = True,
        reasoning: Any = "none",
        grammar_field: str = _FIELDS[0],
        chat_template_args: Mapping[str, Any] | None = None,
        enable_thinking: Any = None,
        **kwargs: Any,
    ) -> None:
        self.decoding, self.grammar_field = Decoding.parse(constrained, reasoning), grammar_field
        if grammar_field not in _FIELDS:
            raise ItamedError(f"grammar_field={grammar_field} is unknown: choose one of {', '.join(_FIELDS)}.")
        thinks = self.decoding.reasoning == "think" if enable_thinking is None else enable_thinking
        self._template = {**pinned(chat_template_args), "enable_thinking": thinks}
        self._asked_length, self._given_bos = "max_length" not in kwargs, kwargs.get("add_bos_token")
        super().__init__(**kwargs | {"batch_size": 1})

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> Any:
        """Fill the template of a tokenizer that is loaded here as other engines do, with a date and thinking fixed."""
        if self.tokenizer_backend != "huggingface" or not self.tokenized_requests:
            return super().apply_chat_template(chat_history, add_generation_prompt)
        return self.tokenizer.apply_chat_template(
            chat_history,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
            **self._template,
        )

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answer every request, under its own grammar unless answers are free."""
        order = prefix_order(requests)
        grammars = request_grammars(requests, self.decoding)
        self._learn_length()
        self._probe([requests[at] for at in order if grammars[at]])
        with ThreadPoolExecutor(max(1, self._concurrent)) as pool:
            texts = pool.map(lambda at: self._answer(requests[at], grammars[at]), order)
            answers = dict(zip(order, tqdm(texts, "Requesting API", len(order), disable=disable_tqdm), strict=True))
        self.note_unanswered([requests[at] for at in order if answers[at] is None], "The server gave no text")
        none = LMEVAL_MODEL_NONE_ANSWER_PLACEHOLDER
        return [none if (text := answers[at]) is None else text for at in range(len(requests))]

    def _learn_length(self) -> None:
        """Take what the server says that its model takes, where prompts are cut here and nobody has said it."""
        if not (self._asked_length and self.tokenized_requests):
            return
        self._asked_length = False
        if told := served_length(self.base_url, self.model, self.header, verify=self.verify_certificate):
            self.max_length = told
            return
        _log.warning(
            "The server does not say how many tokens its model takes: prompt and answer get %d. Where it takes more, "
            "give max_length in --model_args.",
            self.max_length,
        )

    def _probe(self, requests: list[Instance]) -> None:
        """Ask the first once under a grammar with one answer: servers ignore fields that they do not know."""
        start = "start: <think>? </think> WORD\n" if self.decoding.reasoning == "think" else "start: WORD\n"
        for request in requests[:1]:
            try:
                text = self._text(request, start + _PROBE) or ""
            except ItamedError as error:
                raise ItamedError(f"{error} {_NEEDS}") from error
            if text.rpartition("</think>")[2].strip() != "itamed":
                raise ItamedError(f"{self.base_url} says {text[:40]!r} where a grammar allows itamed alone. {_NEEDS}")

    def _answer(self, request: Instance, grammar: str | None) -> str | None:
        text = self._text(request, grammar)
        if text is not None:
            self.cache_hook.add_partial("generate_until", request.args, text)
        return text

    def _text(self, request: Instance, grammar: str | None) -> str | None:
        """Return what the server answers; it is asked again where that may help."""
        options: dict[str, Any] = {**normalize_gen_kwargs(request.args[1], self._max_gen_toks)}
        prompt, limit = request.args[0], options["max_gen_toks"]
        if self.tokenized_requests:
            prompt = self._encoded(prompt)
            limit = self.decoding.budget(limit, len(prompt), self.max_length) if grammar else limit
            prompt = fitting(prompt, limit, self.max_length, str(request.task_name))
        elif grammar:
            limit = self.decoding.budget(limit, 0, sys.maxsize)
        options["max_gen_toks"] = limit
        where = f"document {request.doc_id} of {request.task_name}"
        reply = ask(lambda: self.model_call([prompt], gen_kwargs=options, grammar=grammar), self.max_retries, where)
        return self.parse_generations(outputs=reply)[0]

    def _encoded(self, text: str) -> list[int]:
        """Return the tokens of a prompt, which begins as the tokenizer has it, as in all other engines."""
        if self.tokenizer_backend != "huggingface":
            return list(self.tok_encode(text, add_special_tokens=self.add_bos_token))
        own = {} if self._given_bos is None else {"add_special_tokens": bool(self._given_bos)}
        # Chat templates write it themselves.
        begun = has_bos_prefix(text, self.tokenizer.bos_token)
        return list(self.tokenizer.encode(text, **({"add_special_tokens": False} if begun else own)))

    def _create_payload(self, messages: Any, *, grammar: str | None = None, **kwargs: Any) -> dict[str, Any]:
        payload = super()._create_payload(messages, **kwargs)
        if grammar is None:
            return payload
        # The grammar alone ends the answer: reasoning before it may hold a stop string.
        del payload["stop"]
        if self.decoding.reasoning == "think":
            payload["skip_special_tokens"] = False
        return payload | {self.grammar_field: {"grammar": grammar} if self.grammar_field == _FIELDS[0] else grammar}


class ItamedCompletions(_Constrained, LocalCompletionsAPI):
    """The harness's `local-completions`, with a grammar for each document."""


class ItamedChatCompletions(_Constrained, LocalChatCompletion):
    """The harness's `local-chat-completions`, with a grammar for each document."""
