"""From a document to the grammar of its right-shaped answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

from ..families import family_of
from ..rows import row_class
from .answer import ANSWER_HEADING, COT_OPENING
from .lark import Bounds, literal

Reasoning: TypeAlias = Literal["none", "cot", "think"]
COT_PARAGRAPHS, COT_CHARS = 5, 300
"""Most reasoning between it and the heading of the answer: so many paragraphs of so many characters."""
THINK_CHARS = 4000
"""Longest thought between a model's own thinking tokens, in characters."""

# One terminal each, as the lexer does not go back. No paragraph starts like a heading: the prompts'
# own end an answer, and that of the answer must be the only one. Negation and intersection would
# say so more freely, but make every mask a hundred times slower.
_COT = f"""start: COT answer
COT: {literal(COT_OPENING)} PARAGRAPH (/\\n{{1,2}}/ PARAGRAPH){{0,{COT_PARAGRAPHS - 1}}} {literal(ANSWER_HEADING)}
PARAGRAPH: /[^#\\n][^\\n]{{0,{COT_CHARS - 1}}}/"""
# The tokens themselves, which tokenizers hold whole; the opening one may stand in the prompt.
_THINK = f"""start: <think>? THOUGHT? </think> BLANKS? answer
THOUGHT: /(?s:.{{1,{THINK_CHARS}}})/
BLANKS: /\\n{{1,2}}/"""
_START: dict[Reasoning, str] = {"none": "start: answer", "cot": _COT, "think": _THINK}


def grammar_of(doc: Mapping[str, Any], reasoning: Reasoning = "none") -> str:
    """Return the Lark grammar (llguidance) of all right-shaped answers to this document.

    Answers are compact JSON, written as `json.dumps(answer, ensure_ascii=False, separators=(",", ":"))`
    writes them.

    Args:
        doc: a row as a mapping, with the task's "labels" and "bounds".
        reasoning: what comes before the answer. "cot": `COT_OPENING`, `COT_PARAGRAPHS` of text at
            most and `ANSWER_HEADING`; "think": up to `THINK_CHARS` between `<think>` and `</think>`, for
            models that have these tokens (a grammar that names a missing token does not compile).
    """
    kind = row_class(doc)
    bounds = Bounds(**doc.get("bounds", {}))
    rules = family_of(kind).grammar(kind.from_dict(dict(doc)), doc.get("labels", ()), bounds)
    return "\n".join(["%llguidance {}", _START[reasoning], *rules, ""])


def reasoning_rules() -> str:
    """Return the rules of what comes before answers, of all kinds of reasoning; they are those of every task."""
    return "\n".join(_START[kind] for kind in get_args(Reasoning))
