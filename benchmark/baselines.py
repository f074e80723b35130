"""Trivial baselines: what a score is worth is seen beside what no model at all scores.

They run through the harness like a model: `itamed eval --model itamed-baseline --model_args
model=lookup --tasks itamed`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from string import ascii_uppercase
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from .docs import task_rows
from .errors import ItamedError
from .families import family_of
from .rows import ChoiceRow, FormRow, Row, SpanRow, row_class
from .suite import MINI_PREFIX, task_of

Rule = Callable[[Row, Sequence[Row]], dict[str, Any]]
"""Answers a row, given the training rows of its task (the few-shot pool where there are none)."""


def empty(row: Row, train: Sequence[Row]) -> dict[str, Any]:
    """Find nothing: empty lists, every form value empty, no option."""
    if isinstance(row, FormRow):
        return {item.name: item.empty for item in row.items}
    root = next(iter(family_of(type(row)).gold(row)))
    return {root: "" if isinstance(row, ChoiceRow) else []}


def constant(row: Row, train: Sequence[Row]) -> dict[str, Any]:
    """Answer C to every question; elsewhere find nothing."""
    return {"answer": "C"} if isinstance(row, ChoiceRow) else empty(row, train)


def majority(row: Row, train: Sequence[Row]) -> dict[str, Any]:
    """Give the most frequent letter of the training questions; call every finding of a form present."""
    if isinstance(row, ChoiceRow):
        return {"answer": _common_letter(tuple(train))}
    if isinstance(row, FormRow):
        # The most frequent value is the empty one; "presente" is the most frequent of the filled ones, and says more.
        return {item.name: "presente" if "presente" in item.options else item.empty for item in row.items}
    return empty(row, train)


def lookup(row: Row, train: Sequence[Row]) -> dict[str, Any]:
    """Find the strings annotated in training; call a form's finding present where its name stands."""
    if isinstance(row, SpanRow):
        return {"entities": _known_strings(row.text, _lexicon(tuple(train)))}
    if isinstance(row, FormRow):
        text = row.text.casefold()
        return {
            i.name: "presente" if "presente" in i.options and i.name.casefold() in text else i.empty for i in row.items
        }
    return majority(row, train)


def whole(row: Row, train: Sequence[Row]) -> dict[str, Any]:
    """Call the whole passage one entity of the most frequent type: most argument components are sentences."""
    if not isinstance(row, SpanRow):
        return majority(row, train)
    return {"entities": [{"text": row.text, "type": _common_type(tuple(train))}]}


RULES: Mapping[str, Rule] = {
    "empty": empty,
    "constant": constant,
    "majority": majority,
    "lookup": lookup,
    "whole": whole,
}


@cache
def _common_letter(train: tuple[Row, ...]) -> str:
    counts = Counter(row.answer for row in train if isinstance(row, ChoiceRow))
    return ascii_uppercase[counts.most_common(1)[0][0]] if counts else "A"


@cache
def _common_type(train: tuple[Row, ...]) -> str:
    counts = Counter(span.type for row in train if isinstance(row, SpanRow) for span in row.spans)
    return counts.most_common(1)[0][0] if counts else ""


@cache
def _lexicon(train: tuple[Row, ...]) -> Mapping[str, str]:
    """Return the training strings that are annotated more often than not, with their usual type.

    The second half of the condition matters: "ferro" as a drug once must not tag every "ferro".
    """
    kinds: dict[str, Counter[str]] = {}
    for row in train:
        for span in row.spans if isinstance(row, SpanRow) else ():
            kinds.setdefault(span.text.casefold(), Counter())[span.type] += 1
    everything = "\n".join(row.text for row in train).casefold()
    return {
        string: kind.most_common(1)[0][0]
        for string, kind in kinds.items()
        if 2 * kind.total() > everything.count(string)
    }


def _known_strings(text: str, lexicon: Mapping[str, str]) -> list[dict[str, str]]:
    """Return non-overlapping occurrences of known strings as whole words, the longest first."""
    lower = text.casefold()
    found: dict[int, tuple[int, str]] = {}
    taken = [False] * len(text)
    if len(lower) != len(text):
        return []
    for string in sorted((s for s in lexicon if s in lower), key=lambda s: (-len(s), s)):
        for match in re.finditer(rf"(?<!\w){re.escape(string)}(?!\w)", lower):
            if not any(taken[match.start() : match.end()]):
                taken[match.start() : match.end()] = [True] * len(string)
                found[match.start()] = (match.end(), lexicon[string])
    return [{"text": text[start:end], "type": kind} for start, (end, kind) in sorted(found.items())]


def answer_by(rule: Rule, name: str, doc: Mapping[str, Any]) -> str:
    """Return a rule's answer, as JSON, to a document of a task, or of its mini version."""
    return json.dumps(rule(row_class(doc).from_dict(dict(doc)), _train_rows(name)), ensure_ascii=False)


class Baseline(LM):
    """A model of the harness that answers by a rule.

    Args:
        model: the rule's name, one of `RULES`.
    """

    def __init__(self, model: str = "empty", **_: Any) -> None:
        super().__init__()
        if model not in RULES:
            raise ItamedError(
                f"No baseline is named {model}: choose one of {', '.join(RULES)} (--model_args model=NAME)."
            )
        self.rule = RULES[model]

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answer every request from its document and its task's training rows."""
        return [answer_by(self.rule, str(request.task_name), request.doc) for request in requests]

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Refuse: a rule has no probabilities."""
        raise ItamedError("A baseline answers in text only: choose tasks of itamed.")

    loglikelihood_rolling = loglikelihood


@cache
def _train_rows(name: str) -> tuple[Row, ...]:
    task, split = task_of(name).shots
    return tuple(task_rows(task, {split}, mini=name.startswith(MINI_PREFIX)).get(split, []))
