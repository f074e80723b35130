"""E3C on the original archive: counts, splits, traps, spans re-read, and the authors' own IOB files."""

import json
from collections import Counter

import pytest
from itamed.benchmark.errors import SchemaError
from itamed.benchmark.rows import SPLITS, Pair
from itamed.benchmark.sources import e3c, e3c_notes
from itamed.benchmark.sources.tree import Tree, open_tree
from itamed.benchmark.sources.xmi import Annotation, XmiDocument, parse_xmi
from itamed.benchmark.text import near_copies

NER = list(e3c.ENTITIES)
INCOMPLETE_TASKS = {"itamed_ner_e3c_clinentity"}
IOB = "preprocessed_data/clinical_entities/layer1/Italian/{}.txt"


def test_dev_is_stable_and_independent_of_the_order_given():
    keys = [f"IT{n:06}" for n in range(40)]
    chosen = e3c_notes.choose_dev(keys)
    assert len(set(chosen)) == e3c_notes.DEV_SIZE and chosen == e3c_notes.choose_dev(reversed(keys))
    assert set(e3c_notes.choose_dev(keys, 3)) < set(chosen)


def test_a_split_list_without_italian_notes_is_refused():
    assert e3c_notes.official_train("FRENCH\n'FR100001'\nITALIAN\n'IT100001', 'IT100002'") == {"IT100001", "IT100002"}
    with pytest.raises(SchemaError, match="names no Italian note"):
        e3c_notes.official_train("FRENCH\n'FR100001'")


def test_only_train_notes_that_copy_a_note_outside_train_are_leaks():
    tale = "la signora Bice racconta che da tre giorni non dorme per via del cane del vicino"
    texts = {
        "a": tale,
        "b": f"{tale} e basta",
        "c": f"Nota: {tale}",
        "d": "tutto un altro racconto fatto di altre parole",
    }
    assert e3c_notes.leaks(texts, {"a", "b", "d"}) == {"a", "b"}
    assert e3c_notes.leaks(texts, {"a", "b", "c", "d"}) == set()


def test_passages_part_no_pair_and_keep_the_ones_without():
    filler = "Il resto della giornata passa in giardino senza nulla da dire. " * 14
    text = f"{filler}Calcio basso. Poi ferro: era 8. {filler}{filler}"
    marks = [
        ("EVENT", "Calcio", {}),
        ("EVENT", "ferro", {}),
        ("RML", "basso", {"PERTAINSTO": "x"}),
        ("RML", "8", {"PERTAINSTO": "y x"}),
    ]
    made = [
        Annotation(str(i), kind, text.index(words), text.index(words) + len(words), words, more)
        for i, (kind, words, more) in enumerate(marks)
    ]
    rows = e3c.pair_rows(e3c_notes.Note("n", "dev", XmiDocument(text, tuple(made), {"x": "0", "y": "1"}), True))
    assert [row.pairs for row in rows if row.pairs] == [
        (Pair("Calcio", "basso"), Pair("Calcio", "8"), Pair("ferro", "8"))
    ]
    assert len(rows) > 3 and all(0 < len(row.text) <= 960 for row in rows)


@pytest.fixture(scope="module")
def tree(sources_dir) -> Tree:
    return open_tree(sources_dir / e3c.ARCHIVE.name, e3c.ARCHIVE.wanted)


@pytest.fixture(scope="module")
def notes(tree):
    return {note.id: note for note in e3c_notes.read_notes(tree)}


@pytest.fixture(scope="module")
def rows(tree):
    return e3c.read({e3c.ARCHIVE.name: tree})


@pytest.mark.integration
def test_the_archive_is_the_one_that_the_reader_was_made_for(tree):
    assert tree.digest() == e3c.ARCHIVE.digest


@pytest.mark.integration
@pytest.mark.parametrize(
    ("task", "documents", "gold"),
    [
        ("itamed_ner_e3c_clinentity", (27, 8, 48), (295, 59, 508)),
        ("itamed_ner_e3c_bodypart", (18, 8, 32), (105, 58, 165)),
        ("itamed_ner_e3c_timex", (18, 8, 32), (74, 44, 180)),
        ("itamed_ner_e3c_result", (18, 8, 32), (132, 33, 218)),
        ("itamed_re_e3c_pertainsto", (18, 8, 32), (151, 38, 255)),
    ],
)
def test_counts(rows, task, documents, gold):
    def size(row) -> int:
        return len(row.pairs if "_re_" in task else row.spans)

    found = rows[task]
    assert tuple(len({r.doc_id for r in found if r.split == split}) for split in SPLITS) == documents
    assert tuple(sum(size(r) for r in found if r.split == split) for split in SPLITS) == gold


@pytest.mark.integration
def test_the_source_gives_exactly_its_tasks_and_ids_are_unique(rows):
    assert set(rows) == set(e3c.SOURCE.tasks)
    for found in rows.values():
        assert max(Counter(row.id for row in found).values()) == 1


@pytest.mark.integration
def test_no_note_crosses_splits_between_tasks_and_dev_is_one_list(rows):
    splits = {}
    for found in rows.values():
        for row in found:
            assert splits.setdefault(row.doc_id, row.split) == row.split
    assert all({r.doc_id for r in found if r.split == "dev"} == _dev(splits) for found in rows.values())


def _dev(splits) -> set[str]:
    return {key for key, split in splits.items() if split == "dev"}


@pytest.mark.integration
def test_notes_with_clinical_entities_alone_serve_that_task_alone(tree, notes, rows):
    alone = {key for key, note in notes.items() if not note.complete}
    assert len(alone) == 26  # of 28: one has no annotation at all, one is the leak
    for task, found in rows.items():
        assert bool(alone & {row.doc_id for row in found}) == (task in INCOMPLETE_TASKS)
    official = e3c_notes.official_train(tree.text(e3c_notes.OFFICIAL_SPLIT))
    assert Counter(key in official for key in alone) == {True: 9, False: 17}


@pytest.mark.integration
def test_the_note_without_annotations_and_the_leaked_one_are_nowhere(tree, notes, rows):
    files = {path[-12:-4] for path in tree.glob(e3c_notes.ANNOTATIONS)}
    assert files - set(notes) == {"IT100830", "IT101011"}
    assert not any(row.doc_id in {"IT100830", "IT101011"} for found in rows.values() for row in found)
    assert notes["IT101038"].split == "test"


@pytest.mark.integration
def test_no_two_notes_share_text(notes):
    texts = [(key, note.document.text) for key, note in notes.items()]
    assert {(a, b) for a, b, _ in near_copies(texts, texts, 0.05) if a != b} == set()


@pytest.mark.integration
def test_spans_read_back_from_passage_and_note_and_none_is_lost(notes, rows):
    for task in NER:
        kind, label = e3c.ENTITIES[task]
        for row in rows[task]:
            text = notes[row.doc_id].document.text
            assert text[row.offset : row.offset + len(row.text)] == row.text
            for span in row.spans:
                assert span.type == label and span.text == span.text.strip()
                assert row.text[span.start : span.end] == span.text
        found = Counter((r.doc_id, r.offset + s.start, r.offset + s.end) for r in rows[task] for s in r.spans)
        known = {row.doc_id for row in rows[task]}
        assert found == Counter((k, a.start, a.end) for k in known for a in notes[k].document.of(kind))
        assert max(found.values()) == 1


@pytest.mark.integration
def test_passages_leave_out_white_space_only(notes, rows):
    for task in [*NER, e3c.RELATIONS]:
        pieces = {}
        for row in rows[task]:
            pieces.setdefault(row.doc_id, []).append(row.text)
        for key, parts in pieces.items():
            assert _squeezed("".join(parts)) == _squeezed(notes[key].document.text)


@pytest.mark.integration
def test_the_note_with_an_emoji_is_read(notes, rows):
    wide = [key for key, note in notes.items() if any(ord(c) > 0xFFFF for c in note.document.text)]
    assert wide == ["IT101195"]
    starts = [a for a in notes["IT101195"].document.annotations if a.text != a.text.strip() or not a.text]
    assert starts == [] and len(notes["IT101195"].document.of("CLINENTITY")) == 24


@pytest.mark.integration
def test_flags_are_repaired_and_nested_entities_kept(tree):
    raw = [tree.text(path).count(" discontinuous=") for path in tree.glob(e3c_notes.ANNOTATIONS)]
    documents = [parse_xmi(tree.read(p), p, ["CLINENTITY"]) for p in tree.glob(e3c_notes.ANNOTATIONS)]
    flags = [a.attributes.get("discontinuous") for d in documents for a in d.annotations]
    assert sum(raw) == 42 and Counter(filter(None, flags)) == {"DISCONTINUOUS": 23}
    pairs = [(a, b) for d in documents for i, a in enumerate(d.annotations) for b in d.annotations[i + 1 :]]
    assert sum(a.start < b.end and b.start < a.end for a, b in pairs) == 17


@pytest.mark.integration
def test_pairs_are_strings_of_their_passage_and_heads_single_words(rows):
    for row in rows[e3c.RELATIONS]:
        for pair in row.pairs:
            assert pair.exam in row.text and pair.result in row.text
            assert len(pair.exam.split()) == 1


@pytest.mark.integration
def test_licences_allow_the_claim_of_the_source(tree):
    stated = {path[-13:-5]: json.loads(tree.text(path))["licence"] for path in tree.glob(e3c_notes.METADATA)}
    assert set(stated) == {path[-12:-4] for path in tree.glob(e3c_notes.ANNOTATIONS)}
    assert Counter(stated.values()) == {"CC-BY": 51, "CC-BY-NC": 35}


@pytest.mark.integration
@pytest.mark.parametrize(
    ("part", "entities", "unparsed", "extra"), [("train", 345, [], 16), ("test", 460, ["IT101195"], 24)]
)
def test_the_authors_own_files_agree(tree, part, entities, unparsed, extra):
    """Their IOB files leave out flagged and some nested entities, and one note; all others must be ours."""
    stream, theirs = _iob(tree.text(IOB.format(part)))
    official = e3c_notes.official_train(tree.text(e3c_notes.OFFICIAL_SPLIT))
    ours, missing = set(), []
    for path in tree.glob(e3c_notes.ANNOTATIONS):
        if (path[-12:-4] in official) == (part == "train"):
            document = parse_xmi(tree.read(path), path, ["CLINENTITY"])
            begin = stream.find(_squeezed(document.text))
            if begin < 0:
                missing.append(path[-12:-4])
                continue
            for a in document.annotations:
                start = begin + len(_squeezed(document.text[: a.start]))
                ours.add((start, start + len(_squeezed(a.text))))
    assert (len(theirs), missing) == (entities, unparsed)
    assert set(theirs) <= ours and len(ours) - len(theirs) == extra


def _iob(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return all tokens run together and the entities' offsets in that string."""
    stream, spans = "", []
    for line in text.splitlines():
        token, _, tag = line.rpartition(" ")
        begin, stream = len(stream), stream + _squeezed(token)
        if tag.startswith("B-"):
            spans.append((begin, len(stream)))
        elif tag.startswith("I-"):
            spans[-1] = (spans[-1][0], len(stream))
    return stream, spans


def _squeezed(text: str) -> str:
    return "".join(text.split())
