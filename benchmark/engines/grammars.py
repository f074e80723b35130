"""Which grammar a request's answer must follow: what all engines share.

The grammar comes from a request's document, never from its generation arguments: the harness merges
those of several requests by their keys, and would give a document the grammar of another one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lm_eval.api.instance import Instance

from ..decoding.grammar import Reasoning, grammar_of
from ..errors import ItamedError, SchemaError
from ..rows import row_class

if TYPE_CHECKING:
    from llguidance import LLTokenizer

_log = logging.getLogger(__name__)
# The harness turns the word "none" into None.
_KINDS: Mapping[str, Reasoning] = {"None": "none", "none": "none", "cot": "cot", "think": "think"}
_EXTRA_TOKENS: Mapping[Reasoning, int] = {"none": 0, "cot": 784, "think": 2048}
"""Room for the longest reasoning that the grammars allow, at two characters a token."""
_ROOM = 2
"""The longest lists that grammars allow are half as long again as the longest right ones, of longer strings."""
_MAX_REASON = 300
"""llguidance's errors may quote a whole grammar: so many characters of them say enough."""


@dataclass(frozen=True)
class Decoding:
    """How an engine decodes; model arguments of the same names choose it.

    `constrained`: answers follow the document's grammar (false: free, as in the harness's own
    models); `reasoning`: what may come before the answer.
    """

    constrained: bool = True
    reasoning: Reasoning = "none"

    @classmethod
    def parse(cls, constrained: Any = True, reasoning: Any = "none") -> Decoding:
        """Read the two model arguments as the harness hands them over: strings, booleans or None.

        Raises:
            ItamedError: an unknown value, or reasoning without a grammar.
        """
        switch = {"true": True, "false": False}.get(str(constrained).lower())
        if switch is None:
            raise ItamedError(f"constrained={constrained} is neither true nor false.")
        if str(reasoning) not in _KINDS:
            raise ItamedError(f"reasoning={reasoning} is unknown: choose none, cot or think.")
        if not switch and _KINDS[str(reasoning)] != "none":
            raise ItamedError(
                f"reasoning={reasoning} is part of a grammar: leave out constrained=false. A thinking model thinks "
                "freely with enable_thinking=True,think_end_token=</think>."
            )
        return cls(switch, _KINDS[str(reasoning)])

    @property
    def thinks(self) -> bool:
        """Return whether grammars name a model's own thinking tokens."""
        return self.constrained and self.reasoning == "think"

    def thinking_arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the harness's local models need beside the given arguments to open a thought."""
        if not self.thinks:
            return {}
        return {"enable_thinking": True, "think_end_token": given.get("think_end_token", "</think>")}

    def budget(self, free: int, prompt: int, longest: int) -> int:
        """Return the most tokens of a constrained answer.

        The grammar ends it: it is hardly ever cut off if it has some more room than a free one. The
        prompt is never cut for that, so that it is the same in both modes; reasoning has room of its own.

        Args:
            free: the most tokens of a free answer.
            prompt: tokens of the prompt; 0 where they are not known.
            longest: tokens of prompt and answer that the model takes.
        """
        least = free + _EXTRA_TOKENS[self.reasoning]
        return max(least, min(least + (_ROOM - 1) * free, longest - prompt))


def fitting(prompt: Sequence[int], budget: int, longest: int, task: str) -> list[int]:
    """Return a prompt's last tokens, as many as leave room for its answer; says so if it is cut.

    Args:
        prompt: its tokens.
        budget: the most tokens of its answer.
        longest: tokens of prompt and answer that the model takes.
        task: for messages.

    Raises:
        ItamedError: there is no room for a prompt.
    """
    require_room(budget, longest, task)
    room = longest - budget
    if len(prompt) > room:
        _log.warning(
            "A prompt of %s has %d tokens; the first %d are left out. Where the model takes more, raise max_length in "
            "--model_args.",
            task,
            len(prompt),
            len(prompt) - room,
        )
    return list(prompt[-room:])


def require_room(budget: int, longest: int, task: str) -> None:
    """Refuse answers that leave no room for a prompt; for the arguments see `fitting`.

    Raises:
        ItamedError: there is none.
    """
    if budget >= longest:
        raise ItamedError(
            f"{task} needs {budget} tokens for an answer, the model takes {longest} in all: raise max_length (of vLLM: "
            "max_model_len) in --model_args, or choose a model with a longer context."
        )


def request_grammar(
    request: Instance, decoding: Decoding, tokenizer: LLTokenizer | None = None, validate: bool = True
) -> str | None:
    """Return the grammar of a request's answer (Lark text for llguidance).

    None in free mode, and for documents that are no rows of itamed: those of other tasks run
    unconstrained, as in the harness.

    Args:
        request: its document gives the grammar.
        decoding: see `Decoding`.
        tokenizer: the model's; where it is given, the grammar must not name tokens that it lacks.
        validate: compile it here, for engines that would not tell.

    Raises:
        ItamedError: llguidance refuses the grammar. Engines differ in what they would do with it
            (vLLM ends every such answer at once), so it must not reach them.
    """
    if not decoding.constrained or not _is_row(request.doc):
        return None
    from llguidance import LLMatcher

    grammar = grammar_of(request.doc, decoding.reasoning)
    if not validate:
        return grammar
    refusal = LLMatcher.validate_grammar(LLMatcher.grammar_from_lark(grammar), tokenizer)
    if refusal:
        raise ItamedError(
            f"The grammar of document {request.doc['id']} of {request.task_name} does not compile for this model: use "
            f"constrained=false, or another reasoning=. {' '.join(refusal.partition(';')[0].split())[:_MAX_REASON]}"
        )
    return grammar


def request_grammars(
    requests: Sequence[Instance], decoding: Decoding, tokenizer: LLTokenizer | None = None
) -> list[str | None]:
    """Return the grammars of requests, all of which compile.

    They are compiled in a thread of its own, whose heap is whole: that takes half the time.

    Args:
        requests: their documents give the grammars.
        decoding: see `Decoding`.
        tokenizer: see `request_grammar`.

    Raises:
        ItamedError: llguidance refuses a grammar, see `request_grammar`.
    """
    with ThreadPoolExecutor(1) as own:
        return list(own.map(lambda request: request_grammar(request, decoding, tokenizer), requests))


def prefix_order(requests: Sequence[Instance]) -> list[int]:
    """Return the order of requests in which neighbours share the longest prompt prefixes.

    Caches of prefixes then hold one task's instruction and examples, or one note, at a time.
    """
    return sorted(range(len(requests)), key=lambda at: requests[at].args[0])


def _is_row(doc: Any) -> bool:
    try:
        row_class(doc)
    except (SchemaError, TypeError):
        return False
    return True
