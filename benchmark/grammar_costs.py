"""What grammars cost with a tokenizer: compiling one a document, and a mask a token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from llguidance import LLTokenizer
from transformers import AutoTokenizer

from .decoding.grammar import grammar_of
from .docs import task_docs
from .engines.hf.matcher import Grammar, guidance_tokenizer
from .errors import ItamedError
from .evaluate import explained
from .families import right_answer
from .rows import row_class
from .suite import own_name

T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """What one document's grammar took, in milliseconds of its thread's processor time.

    `characters`: of the grammar's text; `compiled`: once a document; `masks`: one a place of the right
    answer, which the grammar takes from there; `refused`: it does not take it, or not its end.
    """

    characters: int
    compiled: float
    masks: tuple[float, ...]
    refused: bool


def costs(tokenizer: str, tasks: Sequence[str], notes: int) -> Iterator[tuple[str, list[Cost]]]:
    """Yield each task with the costs of its documents' grammars.

    Grammars are compiled in a thread of their own, as `itamed-hf` does: what its allocator has given
    out is theirs alone, where that of the main thread is in pieces once a tokenizer was loaded.

    Args:
        tokenizer: a folder or a name on the Hub.
        tasks: names of tasks, or of their mini versions.
        notes: test notes a task, the same ones every time.

    Raises:
        ItamedError: there is no such tokenizer or task, or no data.
    """
    docs = {name: task_docs(own_name(name), mini=name != own_name(name), eval_notes=notes)["test"] for name in tasks}
    with explained():
        found: Any = AutoTokenizer.from_pretrained(tokenizer)
    if found.eos_token_id is None:
        raise ItamedError(f"The tokenizer of {tokenizer} has no token that ends an answer.")
    vocabulary = guidance_tokenizer(found, len(found), [found.eos_token_id])
    with ThreadPoolExecutor(1) as own:
        for name, own_docs in docs.items():
            jobs = [own.submit(_cost, vocabulary, found, doc) for doc in own_docs]
            yield name, [job.result() for job in jobs]


def _cost(vocabulary: LLTokenizer, tokenizer: Any, doc: dict[str, Any]) -> Cost:
    text = grammar_of(doc)
    matcher, compiled = _timed(lambda: Grammar(vocabulary, text))
    gold = right_answer(row_class(doc).from_dict(doc))
    masks: list[float] = []
    for token in tokenizer.encode(gold, add_special_tokens=False):
        # Not by the mask: where only one text can follow, it holds one way to write it in tokens.
        if matcher.finished or not matcher.accepts(token):
            return Cost(len(text), compiled, tuple(masks), refused=True)
        masks.append(_timed(matcher.allowed)[1])
        matcher.consume([token])
    return Cost(len(text), compiled, tuple(masks), refused=not matcher.finished)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begin = time.thread_time()
    return work(), 1000 * (time.thread_time() - begin)
