"""Token files with IOB tags: one token a line, a blank line between sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..errors import SchemaError
from ..rows import Span

OUTSIDE = "O"

# Publishers mix tabs and blanks, leave blanks at the end and add columns: only the first two count.
_LINE = re.compile(r"\s*(?P<text>\S+)\s+(?P<tag>O|[BI]-[A-Za-z_]+)(?:\s|$)")
_ELIDED = re.compile(r"(?:^|\W)(?:[cdlmnstv]|un|(?:a|be|da|de|ne|que|su)ll|quest)['’]$", re.IGNORECASE)


@dataclass(frozen=True)
class Token:
    """A token and its tag: "O", "B-<label>" or "I-<label>"."""

    text: str
    tag: str

    @property
    def label(self) -> str:
        """The tag without its prefix; empty outside."""
        return self.tag[2:]


Sentence: TypeAlias = Sequence[Token]


def read_sentences(content: str, origin: str) -> list[list[Token]]:
    """Read a token file; further columns are ignored, and so are empty sentences.

    Args:
        content: the file's text.
        origin: the file's name, for the message.

    Raises:
        SchemaError: a line has no token, or no tag, in its first two columns.
    """
    sentences: list[list[Token]] = [[]]
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            sentences.append([])
            continue
        match = _LINE.match(line)
        if match is None:
            raise SchemaError(
                f"{origin}, line {number}: found the columns {line.split()[:4]}, wanted a token and an IOB tag "
                "(O, B-label or I-label). The publisher's file may have changed: use the version named in the docs."
            )
        sentences[-1].append(Token(match["text"], match["tag"]))
    return [sentence for sentence in sentences if sentence]


def words_of(sentence: Sentence) -> str:
    """Return the tokens of a sentence joined by blanks, exactly as published."""
    return " ".join(token.text for token in sentence)


def render(sentence: Sentence, labels: Mapping[str, str]) -> tuple[str, list[Span]]:
    """Return the text of a sentence and its spans, in order of text.

    Tokens are joined by a blank, except after an elided article or preposition. A span starts at a
    B tag, and at an I tag that continues no span of its label.

    Args:
        sentence: the tokens.
        labels: the label to show for each label of the publisher.

    Raises:
        SchemaError: a tag has a label that is not in `labels`.
    """
    text, spans = "", list[Span]()
    before = Token("", OUTSIDE)
    for token in sentence:
        text += _gap(before.text, token.text)
        start = len(text)
        text += token.text
        if token.tag != OUTSIDE:
            continues = token.tag.startswith("I") and token.label == before.label
            begin = spans.pop().start if continues else start
            spans.append(Span(begin, len(text), _shown(token, labels), text[begin:]))
        before = token
    return text, spans


def shifted(span: Span, by: int, tag: str = "") -> Span:
    """Return a span `by` characters further on, with another tag."""
    return Span(span.start + by, span.end + by, span.type, span.text, tag)


def _gap(left: str, right: str) -> str:
    if not left or (_ELIDED.search(left) and right[0].isalnum()):
        return ""
    return " "


def _shown(token: Token, labels: Mapping[str, str]) -> str:
    try:
        return labels[token.label]
    except KeyError:
        message = f"Found the label {token.label} at the token {token.text!r}, wanted one of {', '.join(labels)}."
        raise SchemaError(message) from None
