"""Hand-made rows of every kind, and their labels, that the family tests share."""

from itamed.benchmark.rows import ChoiceRow, Component, Edge, FormRow, GraphRow, Item, Pair, PairRow, Row, Span, SpanRow


def span_row() -> SpanRow:
    """Return a passage with nested spans, a repeated string, accents and curly quotes."""
    text = "Edema dell’arto destro; nega edema polmonare. Già trattato: edema, però è «più grave»."
    wanted = [("Edema dell’arto destro", 0), ("arto destro", 0), ("edema", 1), ("edema polmonare", 0), ("più grave", 0)]
    kinds = ["disturbo", "sede", "disturbo", "disturbo", "disturbo"]
    spans = []
    for (string, nth), kind in zip(wanted, kinds, strict=True):
        start = -1
        for _ in range(nth + 1):
            start = text.index(string, start + 1)
        spans.append(Span(start, start + len(string), kind, string))
    return SpanRow("r1", "n1", "test", text, tuple(spans))


def pair_row() -> PairRow:
    """Return a passage with the same examination twice and two equal pairs."""
    text = "Emoglobina 9,2 g/dl, poi emoglobina 10 g/dl; ECG normale, TC normale, ECG normale."
    pairs = (Pair("Emoglobina", "9,2 g/dl"), Pair("emoglobina", "10 g/dl"), *[Pair("ECG", "normale")] * 2)
    return PairRow("r1", "n1", "test", text, (*pairs, Pair("TC", "normale")))


def form_row() -> FormRow:
    """Return a page with findings, an examination, an empty cell and one that is not scored."""
    status = ("presente", "assente", "incerto", "non disponibile")
    items = (
        Item("febbre", "reperto", "assente", status),
        Item("tosse", "reperto", "non disponibile", status),
        Item("dispnea", "reperto", "presente", status, scored=False),
        Item("emoglobina", "esame", "9,2 g/dl"),
        Item("glicemia", "esame", "non disponibile"),
    )
    return FormRow("r1", "n1", "test", "Nega febbre. Emoglobina 9,2 g/dl. Dispnea.", items)


def choice_row() -> ChoiceRow:
    """Return a question with four options."""
    return ChoiceRow(
        "q1", "q1", "test", "Quale ormone abbassa la glicemia?", ("Glucagone", "Insulina", "Cortisolo", "TSH"), 1
    )


def graph_row() -> GraphRow:
    """Return three components with two relations."""
    components = tuple(Component(f"A{i}", f"frase {i}", "premessa") for i in range(1, 4))
    return GraphRow("r1", "n1", "test", "caso", components, (Edge("A1", "A3", "supporto"), Edge("A2", "A3", "attacco")))


ROWS: list[Row] = [span_row(), pair_row(), form_row(), choice_row(), graph_row()]
LABELS = {SpanRow: ["disturbo", "sede"], GraphRow: ["supporto", "attacco"]}
LISTS: list[Row] = [span_row(), pair_row(), graph_row()]


def document(row: Row) -> dict:
    """Return a row as the harness sees it."""
    return row.to_dict() | {"labels": LABELS.get(type(row), []), "instruction": "", "definitions": []}
