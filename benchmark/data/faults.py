"""What must hold for every row, whatever its source: one function a kind of row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping

from ..rows import ChoiceRow, FormRow, GraphRow, PairRow, Row, SpanRow


def task_faults(rows: Mapping[str, list[Row]]) -> Iterator[str]:
    """Yield the faults of one task's rows, by split, that can be found without comparing texts."""
    if "test" not in rows:
        yield "there are no test rows"
    for split, held in rows.items():
        for row in held:
            yield from (f"{row.id} {message}" for message in row_faults(row))
            if row.split != split:
                yield f"{row.id} says that it is {row.split} but stands in {split}"
    yield from document_faults(row for held in rows.values() for row in held)


def row_faults(row: Row) -> Iterator[str]:
    """Yield what is wrong with one row, in words."""
    if not row.text.strip():
        yield "has no text"
    if isinstance(row, SpanRow):
        yield from _span_faults(row)
    elif isinstance(row, PairRow):
        missing = {side for pair in row.pairs for side in (pair.exam, pair.result) if side not in row.text or not side}
        yield from (f"has a pair with {side!r}, which is not in its text" for side in sorted(missing))
    elif isinstance(row, FormRow):
        yield from _form_faults(row)
    elif isinstance(row, ChoiceRow):
        yield from _choice_faults(row)
    elif isinstance(row, GraphRow):
        yield from _graph_faults(row)


def document_faults(rows: Iterable[Row]) -> Iterator[str]:
    """Yield what is wrong between the rows of one task: ids and form items that occur twice."""
    listed = list(rows)
    yield from (f"the id {key} occurs {n} times" for key, n in _repeated(row.id for row in listed))
    cells = ((row.doc_id, item.name) for row in listed if isinstance(row, FormRow) for item in row.items)
    yield from (f"{doc_id} has the item {name!r} {n} times" for (doc_id, name), n in _repeated(cells))


def contradictions(rows: Iterable[Row]) -> list[tuple[str, str]]:
    """Return pairs of rows, by id, that ask the same and have different gold: one pair a text.

    No fault of a build: publishers annotate a sentence twice and disagree, and their data are
    scored as published. But no answer is right for all of these rows, so their number is told.
    """
    asked: dict[Hashable, list[tuple[Hashable, str]]] = {}
    for row in rows:
        for question, gold in _questions(row):
            asked.setdefault(question, []).append((gold, row.id))
    found = ((held[0][1], key) for held in asked.values() for gold, key in held if gold != held[0][0])
    # Two rows of a form may disagree on many cells, and a row with several others.
    return list({first: (first, other) for first, other in found}.values())


def _questions(row: Row) -> Iterator[tuple[Hashable, Hashable]]:
    """Yield what is asked of a row, with its gold in a form that ids and orders do not change."""
    if isinstance(row, SpanRow):
        yield row.text, frozenset((span.start, span.end, span.type) for span in row.spans)
    elif isinstance(row, PairRow):
        yield row.text, tuple(sorted((pair.exam, pair.result) for pair in row.pairs))
    elif isinstance(row, FormRow):
        yield from (((row.text, item.name), item.value) for item in row.items if item.scored)
    elif isinstance(row, ChoiceRow):
        yield (row.text, tuple(sorted(row.options))), row.options[row.answer : row.answer + 1]
    elif isinstance(row, GraphRow):
        given = {component.id: component.text for component in row.components}
        edges = ((given.get(edge.head), given.get(edge.tail), edge.type) for edge in row.relations)
        yield (row.text, tuple(sorted(given.values()))), frozenset(edges)


def _span_faults(row: SpanRow) -> Iterator[str]:
    for span in row.spans:
        if row.text[span.start : span.end] != span.text:
            yield f"has a span {span.start}-{span.end} whose text is not the text there"
        elif not span.text.strip() or not span.type:
            yield f"has a span {span.start}-{span.end} that is blank or has no type"
    yield from (f"has the span {key} {n} times" for key, n in _repeated((s.start, s.end, s.type) for s in row.spans))


def _form_faults(row: FormRow) -> Iterator[str]:
    for item in row.items:
        if item.scored and item.options and item.value not in item.options:
            yield f"has the value {item.value!r} for {item.name!r}, which is none of the options"
        if item.options and item.empty not in item.options:
            yield f"has no option {item.empty!r} for {item.name!r}"


def _choice_faults(row: ChoiceRow) -> Iterator[str]:
    if not 0 <= row.answer < len(row.options):
        yield f"has the answer {row.answer} of {len(row.options)} options"
    if len(set(row.options)) < 2 or not all(map(str.strip, row.options)):
        yield "has fewer than two different options, or an empty one"


def _graph_faults(row: GraphRow) -> Iterator[str]:
    known = {component.id for component in row.components}
    yield from (f"has the component {key} {n} times" for key, n in _repeated(c.id for c in row.components))
    for edge in row.relations:
        if not {edge.head, edge.tail} <= known or edge.head == edge.tail:
            yield f"has a relation {edge.head} -> {edge.tail} between components that it does not give"


def _repeated(keys: Iterable) -> list[tuple]:
    return sorted((key, n) for key, n in Counter(keys).items() if n > 1)
