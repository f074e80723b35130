"""The documents of CasiMedicos-Arg: a question, its options, the right answer and a doctor's explanation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..errors import SchemaError
from ..rows import Span
from .iob import Sentence, Token, read_sentences, render, shifted, words_of

LABELS = {"Premise": "premessa", "Claim": "affermazione"}
OPTION_TAG = "opzione"

_HEADER = ("QUESTION TYPE:", "CLINICAL CASE:")
_ANSWER = re.compile(r"(?:RISPOSTA CORRETTA|CORRECT ANSWER):\s*(\d+)")
_NO_OPTION: tuple[list[str], ...] = ([], ["nan"])

Place: TypeAlias = tuple[str, int, int]
"""Where a component stands: part of the document, sentence in it, component in that sentence."""


@dataclass(frozen=True)
class Case:
    """One document without its header.

    `options` are the sentences of each option by its number, the number itself taken off; options
    that the publisher left empty are not there. `answer` is the number of the right option.
    """

    question: Sequence[Sentence]
    options: dict[int, list[Sentence]]
    answer: int
    explanation: Sequence[Sentence]

    def question_text(self) -> str:
        """Return everything that stands before the options."""
        return _joined(self.question)

    def option_texts(self) -> tuple[str, ...]:
        """Return the options in order, without their numbers."""
        return tuple(map(_joined, self.options.values()))

    def answer_index(self) -> int:
        """Return the place of the right option in `option_texts`."""
        return list(self.options).index(self.answer)

    def lines(self) -> Iterator[tuple[str, str, Sequence[Sentence]]]:
        """Yield (part of the document, what begins its line, its sentences) in order of text."""
        yield "question", "", self.question
        for number, sentences in self.options.items():
            yield f"option {number}", f"{number}- ", sentences
        yield "answer", f"RISPOSTA CORRETTA: {self.answer}", ()
        yield "explanation", "", self.explanation


def read_cases(content: str, origin: str) -> list[Case]:
    """Read the documents of a token file, in order.

    Args:
        content: the file's text.
        origin: the file's name, for messages.

    Raises:
        SchemaError: a line is no token line, or a document lacks its header, options or answer.
    """
    documents: list[list[Sentence]] = []
    for sentence in read_sentences(content, origin):
        if words_of(sentence).startswith(_HEADER[0]):
            documents.append([])
        if not documents:
            raise SchemaError(f"{origin} begins with {words_of(sentence)[:40]!r}, wanted {_HEADER[0]!r}.")
        documents[-1].append(sentence)
    return [parse_case(document, f"{origin}, document {number}") for number, document in enumerate(documents, 1)]


def parse_case(sentences: Sequence[Sentence], origin: str) -> Case:
    """Take one document apart.

    The options begin at the last "1-" before the answer line, since numbers also begin sentences of
    the question; an option may have several sentences, and its hyphen may be missing.

    Raises:
        SchemaError: it has no header, no answer line, no options, or the answer names none of them.
    """
    texts = [words_of(sentence) for sentence in sentences]
    if not all(text.startswith(wanted) for text, wanted in zip(texts, _HEADER, strict=False)) or len(texts) < 2:
        raise SchemaError(f"{origin} begins with {texts[:2]}, wanted {' and '.join(_HEADER)}.")
    answers = [(number, match) for number, text in enumerate(texts) if (match := _ANSWER.fullmatch(text))]
    first = [n for n, text in enumerate(texts[: answers[0][0]]) if re.match(r"1\s*-", text)] if answers else []
    if not first:
        raise SchemaError(f"{origin} has no line with the right answer, or no option 1- before it.")
    end, match = answers[0]
    options = _options(sentences[first[-1] : end])
    if int(match[1]) not in options:
        raise SchemaError(f"{origin}: the right answer is {match[1]}, the options are {', '.join(map(str, options))}.")
    return Case(sentences[2 : first[-1]], options, int(match[1]), sentences[end + 1 :])


def annotated_text(case: Case) -> tuple[str, list[tuple[Place, Span]]]:
    """Return the document as it is shown and its components, in order of text.

    The question, every option with its number, the answer line and the explanation stand on lines
    of their own. Components of options bear the tag `OPTION_TAG`.
    """
    text, components = "", list[tuple[Place, Span]]()
    for part, prefix, sentences in case.lines():
        text += ("\n" if text else "") + prefix
        tag = OPTION_TAG if part.startswith("option") else ""
        for number, sentence in enumerate(sentences):
            text += " " if number else ""
            shown, spans = render(sentence, LABELS)
            components += [((part, number, rank), shifted(s, len(text), tag)) for rank, s in enumerate(spans)]
            text += shown
    return text.rstrip(), components


def _joined(sentences: Sequence[Sentence]) -> str:
    return " ".join(render(sentence, LABELS)[0] for sentence in sentences)


def _options(sentences: Sequence[Sentence]) -> dict[int, list[Sentence]]:
    options: dict[int, list[Sentence]] = {}
    for sentence in sentences:
        number = len(options) + 1
        if re.match(rf"{number}(?:\s*-|\s)", words_of(sentence)):
            options[number] = [_without_number(sentence, number)]
        else:
            options[number - 1].append(sentence)
    return {
        number: option
        for number, option in options.items()
        if [token.text.lower() for sentence in option for token in sentence] not in _NO_OPTION
    }


def _without_number(sentence: Sentence, number: int) -> list[Token]:
    """Take off "1-", "1 -" or "1", also where the publisher tagged it or glued it to the first word."""
    head, *tail = sentence
    rest = head.text.removeprefix(str(number)).removeprefix("-")
    if rest:
        return [Token(rest, head.tag), *tail]
    return tail[1:] if tail and tail[0].text == "-" else tail
