"""Case report forms from E3C: the rules on made-up notes, the shares on the real ones."""

from collections import Counter, defaultdict

import pytest
from itamed.benchmark.sources.e3c import ARCHIVE
from itamed.benchmark.sources.e3c_forms import PAGE_SIZE, cell, cut, fields, form_rows, groups, mentioned
from itamed.benchmark.sources.e3c_items import ABSENT, STATUSES, Fact, exams, facts, findings, status
from itamed.benchmark.sources.e3c_notes import Note, read_notes
from itamed.benchmark.sources.tree import open_tree
from itamed.benchmark.sources.xmi import Annotation, XmiDocument


class Builder:
    """A made-up document: marks stretches of a text by their words."""

    def __init__(self, text: str) -> None:
        self.text, self.marks, self.links = text, [], {}

    def mark(self, kind: str, words: str, after: int = 0, **attributes: str) -> str:
        start = self.text.index(words, after)
        key = str(len(self.marks))
        self.marks.append(Annotation(key, kind, start, start + len(words), words, attributes))
        return key

    def event(self, words: str, modality: str = "ACTUAL", polarity: str = "POS", after: int = 0) -> str:
        return self.mark("EVENT", words, after, contextualModality=modality, polarity=polarity)

    def result(self, words: str, *events: str, after: int = 0) -> None:
        links = [f"l{len(self.links) + i}" for i in range(len(events))]
        self.links.update(zip(links, events, strict=True))
        self.mark("RML", words, after, PERTAINSTO=" ".join(links))

    def build(self) -> XmiDocument:
        return XmiDocument(self.text, tuple(sorted(self.marks, key=lambda a: (a.start, a.end))), self.links)


def finding(key: str, *values: str, surfaces: tuple[str, ...] = ()) -> Fact:
    return Fact("reperto", key, surfaces or (key,), values)


def exam(key: str, *values: str, surfaces: tuple[str, ...] = ()) -> Fact:
    return Fact("esame", key, surfaces or (key,), values)


def only(pool: list[Fact], text: str, reported: list[Fact]):
    (field,) = fields(pool)
    return cell(field, text, reported)


def test_results_of_one_exam_are_joined_in_text_order_without_repeats():
    note = Builder("Sodio 140, poi ancora sodio  131\nmEq e sodio 140.")
    for words, value, after in [("sodio 140", "140", 30), ("sodio  131", "131\nmEq", 10), ("Sodio", "140", 0)]:
        note.result(value, note.event(words.split(maxsplit=1)[0], after=after), after=after)
    (found,) = exams(note.build())
    assert found == exam("sodio", "140", "131 mEq", surfaces=("Sodio", "sodio", "sodio"))
    assert only([found], note.text, [found]).value == "140; 131 mEq"


def test_the_normal_range_is_no_exam_and_an_unlinked_result_no_item():
    note = Builder("calcio 9 (vn 8-10), e poi 77")
    calcium, usual = note.event("calcio"), note.event("vn")
    note.result("9", calcium)
    note.result("8-10", usual, calcium)
    note.result("77")
    assert [(f.key, f.values) for f in exams(note.build())] == [("calcio", ("9", "8-10"))]


@pytest.mark.parametrize(
    ("modality", "polarity", "expected"),
    [
        ("ACTUAL", "POS", ("presente",)),
        ("ACTUAL", "NEG", ("assente",)),
        ("HEDGED", "POS", ("incerto",)),
        ("HEDGED", "NEG", ("incerto",)),
        ("HYPOTHETICAL-OTHER", "POS", ("incerto",)),
        ("HYPOTHETICAL-IF", "NEG", ("incerto",)),
        ("GENERIC", "POS", ()),
    ],
)
def test_the_status_comes_from_the_overlapping_event(modality, polarity, expected):
    note = Builder("forse una febbre alta oggi")
    note.mark("CLINENTITY", "febbre alta")
    note.event("febbre", modality, polarity)
    note.event("oggi")
    assert findings(note.build())[0].values == expected


def test_the_event_with_the_longest_overlap_decides_and_no_event_gives_no_status():
    note = Builder("dolore addominale, tosse")
    note.mark("CLINENTITY", "dolore addominale")
    note.mark("CLINENTITY", "tosse")
    note.event("dolore", polarity="POS")
    note.event("addominale", polarity="NEG")
    assert [f.values for f in findings(note.build())] == [("assente",), ()]


def test_entities_merge_by_concept_in_any_id_field_else_by_lower_cased_text():
    note = Builder("Tosse, catarro, tossire, Prurito e prurito")
    note.mark("CLINENTITY", "Tosse", entityID="C0000007")
    note.mark("CLINENTITY", "tossire", entityIDEN="C0000007")
    note.mark("CLINENTITY", "catarro", entityID="C0000008")
    note.mark("CLINENTITY", "Prurito")
    note.mark("CLINENTITY", "prurito", entityID="non trovato")
    merged = {f.key: f.surfaces for f in findings(note.build())}
    assert merged == {
        "C0000007": ("Tosse", "tossire"),
        "C0000008": ("catarro",),
        "prurito": ("Prurito", "prurito"),
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        (["presente", "presente"], "presente"),
        (["presente", "incerto"], "presente"),
        (["incerto", "assente"], "assente"),
        (["presente", "assente"], None),
        (["presente", "incerto", "assente"], None),
    ],
)
def test_certain_mentions_outweigh_uncertain_ones_and_contradictions_have_no_status(values, expected):
    assert status(values) == expected


def test_a_contradictory_finding_and_one_without_status_are_not_scored():
    for values in [("presente", "assente"), ()]:
        item = only([finding("tosse", *values)], "tosse", [finding("tosse", *values)])
        assert (item.value, item.scored) == (ABSENT, False)


@pytest.mark.parametrize(
    ("text", "scored"), [("ha la Tosse, secca", False), ("ha una tossetta", True), ("sta bene", True)]
)
def test_an_absent_item_whose_name_stands_in_the_note_is_not_scored(text, scored):
    other = [finding("febbre", "presente")]
    for pool in ([finding("C1", "presente", surfaces=("tosse", "tosse", "colpi di tosse"))], [exam("tosse", "3")]):
        item = only(pool, text, other)
        assert (item.value, item.scored) == (ABSENT, scored)


def test_other_written_forms_count_as_mentions_too():
    pool = [finding("C1", "presente", surfaces=("tosse", "tosse", "colpo di tosse"))]
    (field,) = fields(pool)
    assert field.name == "tosse" and mentioned(field.surfaces, "un Colpo, di tosse!")
    assert not mentioned(["...", ""], "ma ... niente")


def test_a_finding_without_status_is_not_scored_even_where_it_is_only_a_part_of_a_word():
    reported = [finding("C1", surfaces=("febbr",))]
    assert not only(reported, "era febbrile", reported).scored


def test_findings_of_a_note_without_annotated_findings_are_not_scored_but_its_exams_are():
    pool = [finding("febbre", "presente"), exam("sodio", "140")]
    cells = [cell(field, "sta bene", [exam("calcio", "9")]) for field in fields(pool)]
    assert [(item.name, item.scored) for item in cells] == [("febbre", False), ("sodio", True)]


def test_an_item_takes_its_most_usual_form_case_aside():
    names = ("Febbre", "febbre", "ipertermia", "ipertermia", "FEBBRE")
    assert fields([finding("C1", surfaces=names)])[0].name == "febbre"
    assert fields([exam("hb", "9", surfaces=("HB", "Hb", "Hb"))])[0].name == "Hb"


def test_names_are_unique_and_alphabetical_whatever_the_order_of_the_facts():
    pool = [
        finding("C1", surfaces=("Tosse",)),
        finding("C2", surfaces=("tosse",)),
        exam("tosse", "lieve"),
        finding("C3", surfaces=("acne",)),
        exam("Sodio", "1", surfaces=("Sodio",)),
    ]
    form = fields(pool)
    assert form == fields(reversed(pool))
    assert [field.name for field in form] == ["acne", "Sodio", "Tosse", "tosse (valore)"]
    assert form[2].keys == {"C1", "C2"}


def test_pages_are_nearly_equal_and_hold_every_item_once():
    form = fields(exam(f"e{n:03}", "1") for n in range(45))
    pages = cut(form)
    assert [len(page) for page in pages] == [15, 15, 15]
    assert [field for page in pages for field in page] == form
    assert len(cut(form[:PAGE_SIZE])) == 1 and cut([]) == []


def test_groups_hold_every_note_once_and_put_similar_notes_together():
    texts = {f"n{i}": ("cuore battito polso " if i % 2 else "pelle prurito squame ") + str(i) for i in range(8)}
    reported = {note: [] for note in texts}
    made = groups(reported, texts, size=4)
    assert made == [["n0", "n2", "n4", "n6"], ["n1", "n3", "n5", "n7"]]
    reported["n0"] = reported["n7"] = [finding("C1", "presente")]
    assert "n7" in groups(reported, texts, size=4)[0]
    assert groups({}, {}) == [] and groups({"a": []}, {"a": "x"}) == [["a"]]


def test_a_form_is_shared_within_a_split_only_and_incomplete_notes_have_none():
    def note(key: str, split: str, name: str, complete: bool = True) -> Note:
        made = Builder(f"Nota: {name} 12 unità")
        made.result("12", made.event(name))
        return Note(key, split, made.build(), complete)

    notes = [note("a", "train", "sodio"), note("b", "train", "calcio"), note("c", "test", "ferro")]
    rows = form_rows([*notes, note("d", "test", "rame", complete=False)])
    assert {row.id: [(i.name, i.value) for i in row.items] for row in rows} == {
        "a-f0": [("calcio", ABSENT), ("sodio", "12")],
        "b-f0": [("calcio", "12"), ("sodio", ABSENT)],
        "c-f0": [("ferro", "12")],
    }
    assert all(row.text == n.document.text for row, n in zip(rows, notes, strict=True))


@pytest.fixture(scope="module")
def notes(sources_dir):
    return read_notes(open_tree(sources_dir / ARCHIVE.name, ARCHIVE.wanted))


@pytest.fixture(scope="module")
def rows(notes):
    return form_rows(notes)


@pytest.mark.integration
def test_shares_of_the_real_forms(rows):
    scored = {s: [i for r in rows if r.split == s for i in r.items if i.scored] for s in ("train", "dev", "test")}
    absent = {split: sum(i.value == ABSENT for i in items) / len(items) for split, items in scored.items()}
    assert absent["test"] == pytest.approx(0.84, abs=0.01)
    assert all(0.8 < share < 0.9 for share in absent.values())
    filled = Counter((i.kind, i.value if i.options else "") for i in scored["test"] if i.value != ABSENT)
    assert min(filled.values()) >= 8 and len(filled) == 4


@pytest.mark.integration
def test_real_pages_are_bounded_named_uniquely_and_ordered_by_name_alone(rows):
    by_note = defaultdict(list)
    for row in rows:
        assert 0 < len(row.items) <= PAGE_SIZE and any(item.scored for item in row.items)
        by_note[row.doc_id] += [item.name.lower() for item in row.items]
    assert Counter(row.split for row in {row.doc_id: row for row in rows}.values()) == {
        "train": 18,
        "dev": 8,
        "test": 32,
    }
    for names in by_note.values():
        assert len(set(names)) == len(names) and names == sorted(names)


@pytest.mark.integration
def test_real_values_are_options_or_strings_of_the_note(rows):
    for row in rows:
        for item in row.items:
            if item.kind == "reperto":
                assert item.options == STATUSES and item.value in STATUSES
            elif item.value != ABSENT:
                assert item.scored and item.options == ()
                assert all(part in row.text for part in item.value.split("; "))


@pytest.mark.integration
def test_every_real_fact_with_one_clear_value_is_a_scored_cell(notes, rows):
    cells = defaultdict(list)
    for row in rows:
        cells[row.doc_id] += [i for i in row.items if i.scored and i.value != ABSENT]
    for note in notes:
        if note.complete:
            told = [f for f in facts(note.document) if f.kind == "esame" or status(f.values)]
            assert len(told) - 3 <= len(cells[note.id]) <= len(told)


@pytest.mark.integration
def test_looking_names_up_is_the_baseline_that_the_source_states(rows):
    cells = [(r.text, i) for r in rows if r.split == "test" for i in r.items if i.scored and i.kind == "reperto"]
    told = [item.value != ABSENT for _, item in cells]
    named = [mentioned([item.name], text) for text, item in cells]
    hits = sum(item.value == "presente" for (_, item), name in zip(cells, named, strict=True) if name)
    assert 2 * hits / (sum(told) + sum(named)) == pytest.approx(0.92, abs=0.005)
