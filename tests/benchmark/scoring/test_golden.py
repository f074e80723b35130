"""The same numbers as the scorers that others use, wherever they mean the same thing."""

import json
import random

import pytest
from itamed.benchmark.families import family_of
from itamed.benchmark.rows import FormRow, Item, Span, SpanRow
from itamed.benchmark.scoring.iob import flatten, iob2, strict_counts
from itamed.benchmark.sources.tree import open_tree
from itamed.benchmark.verdict import report
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from sklearn.metrics import f1_score as sklearn_f1

WORDS = ["dolore", "edema", "febbre", "tosse", "astenia", "dispnea", "nausea", "vertigine", "prurito", "eritema"]


def random_spans(rng, text, kinds, many):
    bounds = [
        i
        for i in range(len(text) + 1)
        if i == 0 or i == len(text) or not text[i - 1].isalnum() or not text[i : i + 1].isalnum()
    ]
    found = []
    for _ in range(rng.randrange(many)):
        start, end = sorted(rng.sample(bounds, 2))
        piece = text[start:end]
        if piece.strip() == piece and piece:
            found.append((start, end, rng.choice(kinds)))
    return flatten(found)


@pytest.mark.parametrize("seed", range(20))
def test_seqeval_strict_iob2(seed):
    rng = random.Random(seed)
    totals, tags = [0, 0, 0], ([], [])
    for _ in range(30):
        text = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 25)))
        gold, predicted = (random_spans(rng, text, ["a", "b"], 6) for _ in range(2))
        totals = [total + number for total, number in zip(totals, strict_counts(text, gold, predicted), strict=True)]
        tags[0].append(iob2(text, gold))
        tags[1].append(iob2(text, predicted))
    hits, predicted_total, gold_total = totals
    ours = 2 * hits / (predicted_total + gold_total)
    assert ours == pytest.approx(f1_score(*tags, mode="strict", scheme=IOB2))


@pytest.mark.parametrize("seed", range(20))
def test_seqeval_on_answers(seed):
    """The metric that reports show, from answers; a string that is not in the text is an entity outside of it."""
    rng = random.Random(seed)
    records, tags = [], ([], [])
    for number in range(20):
        # Distinct words: one string names one place, so that tags and strings say the same.
        text = " ".join(rng.sample(WORDS, rng.randrange(2, len(WORDS))))
        gold, others = (random_spans(rng, text, ["a", "b"], 5) for _ in range(2))
        predicted = flatten([*(span for span in gold if rng.random() < 0.6), *others])
        row = SpanRow(f"r{number}", f"n{number}", "test", text, tuple(Span(*s, text[s[0] : s[1]]) for s in gold))
        invented = [("cefalea", rng.choice("ab")) for _ in range(rng.randrange(3))]
        answer = [*((text[start:end], kind) for start, end, kind in predicted), *invented]
        rng.shuffle(answer)
        counts = family_of(SpanRow).count(row, answer)
        records.append(("SpanRow", row.doc_id, tuple(sorted({**counts, "rows": 1}.items()))))
        tags[0].append([*iob2(text, gold), *("O" for _ in invented)])
        tags[1].append([*iob2(text, predicted), *(f"B-{kind}" for _, kind in invented)])
    ours = report(tuple(records), 10)["metrics"]["iob2_f1"]["value"]
    assert 0 < ours < 1
    assert ours == pytest.approx(f1_score(*tags, mode="strict", scheme=IOB2))


@pytest.mark.parametrize("seed", range(20))
def test_multicardioner_definition(seed):
    """Micro F1 over the set of exact (file, label, start, end), as the task's organisers define it."""
    rng = random.Random(seed)
    records, gold_set, predicted_set = [], set(), set()
    for number in range(20):
        # Distinct words: one string names one place, so that offsets and strings say the same.
        text = " ".join(rng.sample(WORDS, rng.randrange(2, len(WORDS))))
        gold, predicted = (random_spans(rng, text, ["farmaco"], 5) for _ in range(2))
        row = SpanRow(f"r{number}", f"n{number}", "test", text, tuple(Span(*s, text[s[0] : s[1]]) for s in gold))
        answer = [(text[start:end], kind) for start, end, kind in predicted]
        rng.shuffle(answer)
        counts = family_of(SpanRow).count(row, answer)
        records.append(("SpanRow", row.doc_id, tuple(sorted({**counts, "rows": 1}.items()))))
        gold_set |= {(number, *span) for span in gold}
        predicted_set |= {(number, *span) for span in predicted}
    hits = len(gold_set & predicted_set)
    precision, recall = hits / len(predicted_set), hits / len(gold_set)
    metrics = report(tuple(records), 10)["metrics"]
    assert metrics["precision"]["value"] == pytest.approx(precision)
    assert metrics["recall"]["value"] == pytest.approx(recall)
    expected = 2 * precision * recall / (precision + recall) if hits else 0
    assert metrics["score"]["value"] == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(20))
def test_cl4health_definition(seed):
    """Mean over notes of the macro F1 over value strings, "unknown" included."""
    rng = random.Random(seed)
    values = ["y", "n", "unknown", "98%"]
    records, per_note = [], []
    for number in range(15):
        items = tuple(Item(f"item {i}", "k", rng.choice(values), (), True, "unknown") for i in range(8))
        answer = {item.name: rng.choice(values) for item in items if rng.random() < 0.9}
        # The form is cut in two pages: the official score is of the whole note.
        for page, part in enumerate((items[:5], items[5:])):
            row = FormRow(f"r{number}-{page}", f"n{number}", "test", "nota", part)
            counts = family_of(FormRow).count(row, {i.name: answer[i.name] for i in part if i.name in answer})
            records.append(("FormRow", row.doc_id, tuple(sorted({**counts, "rows": 1}.items()))))
        truth = [item.value for item in items]
        guess = [answer.get(item.name, "unknown") for item in items]
        per_note.append(sklearn_f1(truth, guess, average="macro", labels=sorted({*truth, *guess}), zero_division=0))
    metrics = report(tuple(records), 10)["metrics"]
    assert metrics["official_f1"]["value"] == pytest.approx(sum(per_note) / len(per_note))


@pytest.mark.integration
def test_cl4health_score_of_an_unfilled_form(sources_dir):
    """On the organisers' development labels, a form left empty scores 0.414 by their metric."""
    tree = open_tree(sources_dir / "CRF-filling-CL4Health2026-main.tar.gz", ["development_data/dev_gt.jsonl"])
    records = []
    for line in tree.text("development_data/dev_gt.jsonl").splitlines():
        note = json.loads(line)
        cells = [(cell["item"], cell["ground_truth"]) for cell in note["annotations"]]
        items = tuple(Item(name, "k", value, (), True, "unknown") for name, value in cells)
        row = FormRow(note["document_id"], note["document_id"], "test", "", items)
        counts = family_of(FormRow).count(row, {name: "unknown" for name, _ in cells})
        records.append(("FormRow", row.doc_id, tuple(sorted({**counts, "rows": 1}.items()))))
    metrics = report(tuple(records), 10)["metrics"]
    assert metrics["official_f1"]["value"] == pytest.approx(0.414, abs=0.001)
    assert metrics["score"]["value"] == 0.0
