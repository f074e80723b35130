"""Dyspnea forms: 134 items in pages, the values they may take, and a test part with or without answers."""

import json

import pytest
from itamed.benchmark.data.faults import document_faults, row_faults
from itamed.benchmark.errors import SchemaError
from itamed.benchmark.sources.dyspnea import ARCHIVE, DEVELOPMENT, ITEMS, PAGE, TASK, TEST, read
from itamed.benchmark.sources.dyspnea_form import EMPTY, MEASURES, TESTS, options_of
from itamed.benchmark.sources.fetch import open_archive
from itamed.benchmark.sources.tree import Tree

from .hubfiles import hub_tables

NAMES = ["spo2", "heart rate", "level of consciousness", *(f"made-up item {n}" for n in range(ITEMS - 3))]
LABELS = "development_data/dev_gt.jsonl"


def form(values, names=NAMES):
    return [{"item": name, "ground_truth": values.get(name, EMPTY)} for name in names]


def note(number, values, language="it"):
    text = f"Racconto {number}: il marinaio {number} respira l'aria del porto {number}, saturazione {90 + number}%."
    return {"document_id": f"{number}_{language}", "clinical_note": text, "annotations": form(values)}


def trees(labels=({"heart rate": "tachycardic"},)):
    lines = "\n".join(json.dumps({"document_id": str(n), "annotations": form(v)}) for n, v in enumerate(labels))
    return {ARCHIVE.name: Tree("made up", {LABELS: lines.encode()})}


def rows_of(tmp_path, development, test, **kwargs):
    tables = {
        DEVELOPMENT.name: hub_tables(tmp_path, DEVELOPMENT, {"data/it-00000-of-00001.parquet": development}),
        TEST.name: hub_tables(tmp_path, TEST, {"data/it-00000-of-00001.parquet": test}),
    }
    return read(tables, trees(**kwargs))[TASK]


DEVELOPED = [note(n, {"spo2": f"{90 + n}%", "made-up item 1": "y"}) for n in range(1, 4)]
TESTED = [note(n, {"heart rate": "normocardic", "spo2": f"{90 + n}%"}) for n in range(5, 8)]


def test_the_form_is_cut_in_pages_that_hold_every_item_once(tmp_path):
    rows = rows_of(tmp_path, DEVELOPED, TESTED)
    pages = [row for row in rows if row.doc_id == "dyspnea-5_it"]
    assert [len(page.items) for page in pages] == [PAGE] * 6 + [ITEMS - 6 * PAGE]
    assert [item.name for page in pages for item in page.items] == NAMES
    assert not list(document_faults(rows))
    assert not [fault for row in rows for fault in row_faults(row)]


def test_the_publishers_parts_are_dev_and_test(tmp_path):
    rows = rows_of(tmp_path, DEVELOPED, TESTED)
    assert {row.doc_id: row.split for row in rows} == {
        **{f"dyspnea-{n}_it": "dev" for n in (1, 2, 3)},
        **{f"dyspnea-{n}_it": "test" for n in (5, 6, 7)},
    }


@pytest.mark.parametrize("hidden", [EMPTY, "", None])
def test_hidden_answers_make_the_development_part_the_test(tmp_path, hidden):
    development = [note(n, {"spo2": f"{90 + n}%"}) for n in range(100, 130)]
    test = [note(n, dict.fromkeys(NAMES, hidden)) for n in range(5, 8)]
    rows = rows_of(tmp_path, development, test)
    assert {row.doc_id.split("-")[1] for row in rows} == {f"{n}_it" for n in range(100, 130)}
    assert len({row.doc_id for row in rows if row.split == "dev"}) == 3
    assert {row.split for row in rows} == {"dev", "test"}


def items_of(rows, doc_id):
    return {item.name: item for row in rows if row.doc_id == doc_id for item in row.items}


def test_values_and_the_empty_value(tmp_path):
    items = items_of(rows_of(tmp_path, DEVELOPED, TESTED), "dyspnea-6_it")
    assert (items["spo2"].value, items["heart rate"].value) == ("96%", "normocardic")
    assert {item.value for name, item in items.items() if name not in ("spo2", "heart rate")} == {EMPTY}
    assert {item.empty for item in items.values()} == {EMPTY}


def test_a_reading_that_the_note_does_not_write_so_is_not_scored(tmp_path):
    rows = rows_of(tmp_path, DEVELOPED, [note(5, {"spo2": "95 %"}), note(6, {"spo2": "96%"})])
    assert not items_of(rows, "dyspnea-5_it")["spo2"].scored
    assert items_of(rows, "dyspnea-6_it")["spo2"].scored


def test_options_cover_values_that_only_the_test_shows(tmp_path):
    rows = rows_of(tmp_path, DEVELOPED, [note(5, {"made-up item 9": "moderato"})])
    assert items_of(rows, "dyspnea-1_it")["made-up item 9"].options == ("moderato", EMPTY)


@pytest.mark.parametrize(
    ("name", "seen", "options"),
    [
        ("heart rate", {EMPTY, "tachycardic"}, ("bradycardic", "normocardic", "tachycardic", EMPTY)),
        ("agitation", {"n"}, ("y", "n", EMPTY)),
        ("never filled", {EMPTY}, ("y", "n", EMPTY)),
        ("chronic something", set(), ("certainly chronic", "possibly chronic", "certainly not chronic", EMPTY)),
        ("duration of it", {EMPTY}, ("short", "long", EMPTY)),
        (sorted(TESTS)[0], {EMPTY}, ("pos", "neg", EMPTY)),
        ("spo2", {EMPTY}, ()),
        ("c-reactive protein", {"neg", EMPTY}, ()),
        ("another reading", {"12 mg", "neg"}, ()),
        ("odd values", {"b", "a"}, ("a", "b", EMPTY)),
    ],
)
def test_options_of_an_item(name, seen, options):
    assert options_of(name, seen) == options


def test_english_notes_beside_the_italian_ones_are_not_read(tmp_path):
    english = {"data/en-00000-of-00001.parquet": [note(1, {}, "en")]}
    both = english | {"data/it-00000-of-00001.parquet": DEVELOPED}
    assert hub_tables(tmp_path, DEVELOPMENT, both).splits == ["it"]
    assert all(row.doc_id.endswith("_it") for row in rows_of(tmp_path, DEVELOPED, TESTED))


def test_a_form_with_other_items_is_an_error_that_names_the_note(tmp_path):
    short = {**note(5, {}), "annotations": form({}, NAMES[:5])}
    with pytest.raises(SchemaError, match="note 5_it has 5 form items, 5 of them different, instead of 134"):
        rows_of(tmp_path / "a", DEVELOPED, [short])
    twice = {**note(5, {}), "annotations": form({}, [*NAMES, NAMES[0]])}
    with pytest.raises(SchemaError, match="note 5_it has 135 form items, 134 of them different"):
        rows_of(tmp_path / "b", DEVELOPED, [twice])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clinical_note": None}, "note 5_it: note is None"),
        ({"clinical_note": 7}, "note 5_it: note is 7"),
        ({"document_id": None}, "row 0: document_id is None"),
        ({"annotations": form({"spo2": 98})}, "note 5_it: an annotation is "),
    ],
)
def test_a_missing_value_or_one_of_another_type_is_refused(tmp_path, change, message):
    tables = {DEVELOPMENT.name: hub_tables(tmp_path, DEVELOPMENT, {"it.json": DEVELOPED})}
    tables[TEST.name] = hub_tables(tmp_path, TEST, {"it.json": [note(5, {}) | change]})
    with pytest.raises(SchemaError, match=message):
        read(tables, trees())


@pytest.mark.integration
def test_the_published_labels_give_each_item_its_scale(sources_dir):
    tree = open_archive(ARCHIVE, sources_dir / ARCHIVE.name)
    seen: dict[str, set[str]] = {}
    for line in tree.text(LABELS).splitlines():
        for entry in json.loads(line)["annotations"]:
            seen.setdefault(entry["item"], set()).add(entry["ground_truth"])
    options = {name: options_of(name, values) for name, values in seen.items()}
    assert len(options) == ITEMS
    assert {name for name, values in options.items() if not values} == MEASURES
    assert set(seen) >= TESTS
    assert sum(values == ("y", "n", EMPTY) for values in options.values()) == 89
    assert all(seen[name] <= set(values) for name, values in options.items() if values)
