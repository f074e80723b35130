"""Made-up data sets in the schemas of those that are served on the Hub alone.

The rows are the embedded mini set's, told as each publisher would, and variations that differ in
their numbers: enough of them that every carved-out split and every few-shot pool gets some.
"""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
from itamed.benchmark.mini.rows import mini_rows
from itamed.benchmark.sources.dyspnea import ITEMS
from itamed.benchmark.sources.dyspnea_form import EMPTY, MEASURES, TESTS

VARIATIONS = 60
"""Ten documents for each of the five that a few-shot pool needs, and more: dev is a tenth at most."""
_TOKEN = re.compile(r"\w+|[^\w\s]")
_OPTION_COLUMNS = ("opa", "opb", "opc", "opd")


def write_hub_sets(folder):
    """Write the six data sets into a folder as `itamed data build --sources` takes them."""
    for split, ours in (("train", "train"), ("validation", "dev"), ("test", "test")):
        _parquet(folder / "PharmaER.IT" / "data" / f"{split}-00000-of-00001.parquet", _leaflets(ours))
        _parquet(folder / "medmcqa-ita" / "data" / f"{split}-00000-of-00001.parquet", _medmcqa(split))
    for split in ("train", "test"):
        _parquet(folder / "medqa-it" / split / "train-00000-of-00001.parquet", _medqa(split))
    _parquet(folder / "Italian_Relation_Exteraction" / "data" / "train-00000-of-00001.parquet", _relations())
    for part, ours in (("development", "dev"), ("test", "test")):
        _parquet(folder / f"dyspnea-crf-{part}" / "data" / "it-00000-of-00001.parquet", _forms(ours))
    ssm = folder / "ITAMed" / "Dataset" / "IT" / "json" / "ITAMed_complete.json"
    ssm.parent.mkdir(parents=True)
    ssm.write_text(json.dumps(_ssm(), ensure_ascii=False), encoding="utf-8")


def _parquet(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(records), path)


def _mini(task, *splits):
    return [row for row in mini_rows(task) if row.split in splits]


def _leaflets(split):
    """Return leaflets as tagged tokens; those of the test are one long document each three, to be cut."""
    rows, size = _mini("itamed_ner_pharmaer", split), 3 if split == "test" else 1
    return [_leaflet(rows[start : start + size]) for start in range(0, len(rows), size)]


def _leaflet(rows):
    tokens = [token for row in rows for token in _TOKEN.findall(row.text)]
    text, labels = "\n".join(row.text for row in rows), [label for row in rows for label in _bio(row)]
    return {"document_id": rows[0].doc_id, "text": text, "tokens": tokens, "labels": labels}


def _bio(row):
    """Return a label a token; of nested spans the outer one alone, as tagged tokens can hold no more."""
    places = [match.span() for match in _TOKEN.finditer(row.text)]
    labels = ["O"] * len(places)
    for span in sorted(row.spans, key=lambda span: span.start - span.end):
        inside = [i for i, (start, end) in enumerate(places) if span.start <= start and end <= span.end]
        if all(labels[i] == "O" for i in inside):
            labels[inside[0]] = f"B-{span.type}"
            labels[inside[0] + 1 : inside[-1] + 1] = [f"I-{span.type}"] * (len(inside) - 1)
    return labels


def _dose(weight):
    """Return a question of arithmetic that differs from all others, its right answer and four wrong ones."""
    total = weight * weight
    question = f"Letto {weight}: un malato di {weight} kg riceve {weight} mg/kg al giorno; quanti mg al letto {weight}?"
    return question, [f"{n} mg" for n in (total, total + 5, 2 * total, 10 * total, total + 100)]


def _questions(task, splits, first, number_of_options):
    """Yield (question, options, index of the right one) of the mini set and of variations."""
    for row in _mini(task, *splits):
        yield row.text, list(row.options), row.answer
    for weight in range(first, first + VARIATIONS):
        question, (right, *wrong) = _dose(weight)
        place = weight % number_of_options
        yield question, [*wrong[:place], right, *wrong[place : number_of_options - 1]], place


def _medmcqa(split):
    """Return questions with the right option's index; the publisher's test hides it."""
    splits = {"train": ("train", "dev"), "validation": ("test",), "test": ("dev",)}[split]
    first = {"train": 20, "validation": 100, "test": 200}[split]
    rest = {"choice_type": "single", "exp": None, "subject_name": "Farmacologia", "topic_name": None}
    return [
        {"id": f"{split}-{n}", "question": question, **dict(zip(_OPTION_COLUMNS, options, strict=True))}
        | {"cop": -1 if split == "test" else right, **rest}
        for n, (question, options, right) in enumerate(_questions("itamed_qa_medmcqa", splits, first, 4))
    ]


def _medqa(split):
    splits, first = (("test",), 100) if split == "test" else (("train", "dev"), 20)
    return [
        {"question": question, "options": dict(zip("ABCD", options, strict=True)), "answer_idx": "ABCD"[right]}
        for question, options, right in _questions("itamed_qa_medqa", splits, first, 4)
    ]


def _ssm():
    """Return questions whose right answer is always A; every tenth needs an image."""
    records = []
    for n, (question, options, right) in enumerate(_questions("itamed_qa_ssm", ("dev", "test"), 20, 5)):
        answers = [options[right], *options[:right], *options[right + 1 :]]
        record = {"year": 2020, "question_number": n, "question_code": f"q{n}", "question": question}
        record |= {f"answer_{letter}": answer for letter, answer in zip("abcde", answers, strict=True)}
        rest = {"category": "Farmacologia", "has_image": n % 10 == 9, "image_category": "", "image_path": ""}
        records.append(record | {"correct_answer": "A"} | rest)
    return records


def _relations():
    """Return sentences with their [result, examination] pairs; every third of our own has none."""
    mini = _mini("itamed_re_e3c_projected", "dev", "test")
    told = [{"text": row.text, "relations": [[pair.result, pair.exam] for pair in row.pairs]} for row in mini]
    return told + [_sentence(n, with_pairs=n % 3 > 0) for n in range(VARIATIONS)]


def _sentence(n, with_pairs):
    weight, glucose = f"{40 + n} kg", f"{80 + n} mg/dl"
    if with_pairs:
        text = f"Letto {n}: peso {weight}, glicemia {glucose} a {n} ore dal pasto, riposo fino alle {n}."
        return {"text": text, "relations": [[weight, "peso"], [glucose, "glicemia"]]}
    return {"text": f"Letto {n}: si chiedono peso e glicemia, esiti fra {n} ore al letto {n}.", "relations": []}


def _forms(split):
    """Return notes with all items of the form; a reading that the note does not write so is among them."""
    mini = _mini("itamed_crf_dyspnea", "dev", "test")
    names = sorted({item.name for row in mini for item in row.items} | MEASURES | TESTS)
    names += [f"other finding {n}" for n in range(ITEMS - len(names))]
    notes = {}
    for row in _mini("itamed_crf_dyspnea", split):
        _, values = notes.setdefault(row.doc_id, (row.text, {"spo2": "99 %"}))
        values.update({item.name: item.value for item in row.items})
    return [
        {"document_id": f"{key}_it", "clinical_note": text}
        | {"annotations": [{"item": name, "ground_truth": values.get(name, EMPTY)} for name in names]}
        for key, (text, values) in notes.items()
    ]
