"""A running vLLM server behind its OpenAI-compatible API, with one grammar a document."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.models.api_models import LMEVAL_MODEL_NONE_ANSWER_PLACEHOLDER, TemplateAPI
from lm_eval.models.openai_completions import LocalChatCompletion, LocalCompletionsAPI
from lm_eval.models.utils import normalize_gen_kwargs
from tqdm import tqdm

from ..errors import ItamedError
from .asking import ask
from .grammars import Decoding, fitting, prefix_order, request_grammars
from .unanswered import AsksAgain

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
        **kwargs: as for the harness's class; in constrained mode `num_concurrent` requests of one
            prompt are on their way at a time, whatever the batch size.
    """

    def __init__(
        self, constrained: Any = True, reasoning: Any = "none", grammar_field: str = _FIELDS[0], **kwargs: Any
    ) -> None:
        self.decoding, self.grammar_field = Decoding.parse(constrained, reasoning), grammar_field
        if grammar_field not in _FIELDS:
            raise ItamedError(f"grammar_field={grammar_field} is unknown: choose one of {', '.join(_FIELDS)}.")
        super().__init__(**kwargs | ({"batch_size": 1} if self.decoding.constrained else {}))

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answer every request under its own grammar; in free mode as the harness does."""
        if not self.decoding.constrained:
            return super().generate_until(requests, disable_tqdm)
        order = prefix_order(requests)
        grammars = request_grammars(requests, self.decoding)
        self._probe([requests[at] for at in order if grammars[at]])
        with ThreadPoolExecutor(max(1, self._concurrent)) as pool:
            texts = pool.map(lambda at: self._answer(requests[at], grammars[at]), order)
            answers = dict(zip(order, tqdm(texts, "Requesting API", len(order), disable=disable_tqdm), strict=True))
        self.note_unanswered([requests[at] for at in order if answers[at] is None], "The server gave no text")
        none = LMEVAL_MODEL_NONE_ANSWER_PLACEHOLDER
        return [none if (text := answers[at]) is None else text for at in range(len(requests))]

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
            prompt = self.tok_encode(prompt, add_special_tokens=self.add_bos_token)
            limit = self.decoding.budget(limit, len(prompt), self.max_length) if grammar else limit
            prompt = fitting(prompt, limit, self.max_length, str(request.task_name))
        elif grammar:
            limit = self.decoding.budget(limit, 0, sys.maxsize)
        options["max_gen_toks"] = limit
        where = f"document {request.doc_id} of {request.task_name}"
        reply = ask(lambda: self.model_call([prompt], gen_kwargs=options, grammar=grammar), self.max_retries, where)
        return self.parse_generations(outputs=reply)[0]

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
