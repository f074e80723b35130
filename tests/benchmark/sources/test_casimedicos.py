"""CasiMedicos: untidy documents, no answer in questions, copies dropped, relations carried over."""

import json
from collections import Counter

import pytest
from itamed.benchmark.errors import SchemaError
from itamed.benchmark.rows import Edge
from itamed.benchmark.sources import casimedicos
from itamed.benchmark.sources.casimedicos_documents import CASE_IDS, PAIRS, SPLITS
from itamed.benchmark.sources.casimedicos_relations import project, read_pairs
from itamed.benchmark.sources.casimedicos_text import annotated_text, parse_case, read_cases
from itamed.benchmark.sources.iob import Token
from itamed.benchmark.sources.tree import Tree, open_tree
from itamed.benchmark.text import ngrams, words

HEADER = ["QUESTION TYPE: NONNE", "CLINICAL CASE:"]
QUESTION = ["Ines/B-Premise tossisce/I-Premise da/I-Premise tre/I-Premise giorni./I-Premise", "Che cosa le si dà?"]
OPTIONS = ["1- Miele./B-Claim", "2- Sale/B-Claim fino./I-Claim", "3- Pepe./B-Claim", "4- Nulla./B-Claim", "5- nan"]
EXPLANATION = [
    "Il/B-Premise miele/I-Premise calma/I-Premise la/I-Premise tosse,/I-Premise "
    "va/B-Claim bene/I-Claim la/I-Claim 1./I-Claim"
]
ENGLISH_QUESTION = ["Ines/B-Premise coughs./I-Premise", "What do you give her?"]
ENGLISH_OPTIONS = [
    "1- Honey./B-Claim",
    "2- Fine/B-Claim salt./I-Claim",
    "3- Pepper./B-Claim",
    "4- Nothing./B-Claim",
    "5- nan",
]
ENGLISH_EXPLANATION = ["Honey/B-Premise calms/I-Premise cough,/I-Premise 1/B-Claim is/I-Claim right./I-Claim"]


def document(question=QUESTION, options=OPTIONS, answer="RISPOSTA CORRETTA: 1", explanation=EXPLANATION):
    """Return a document's sentences; a word without a tag is outside."""
    sentences = [*HEADER, *question, *options, answer, *explanation]
    return [[Token(*(word.split("/") if "/" in word else (word, "O"))) for word in s.split()] for s in sentences]


def english(question=ENGLISH_QUESTION, options=ENGLISH_OPTIONS, explanation=ENGLISH_EXPLANATION):
    return document(question, options, "CORRECT ANSWER: 1", explanation)


def lines(documents, separator="\t"):
    return "\n\n".join("\n".join(f"{t.text}{separator}{t.tag}" for t in s) for d in documents for s in d) + "\n"


def other(number, explanation=EXPLANATION):
    """Return a question that shares no three words in a row with another number's."""
    question = [" ".join(f"parola{number}x{n}" for n in range(12)), "Che cosa le si dà?"]
    return document(question, [f"{n}- Opzione{number}x{n}./B-Claim" for n in (1, 2, 3, 4)], explanation=explanation)


def other_english(number):
    return english(options=[f"{n}- Option{number}x{n}./B-Claim" for n in (1, 2, 3, 4)])


def read(italian, translated, pairs, ids=None):
    """Read documents by split; ids and pairs by split as in the second archive."""
    tokens = {f"IT/{s}.tsv": lines(d).encode() for s, d in italian.items()}
    tokens |= {f"EN/{s}.tsv": lines(d, " ").encode() for s, d in translated.items()}
    grace = {}
    for split, part in SPLITS.items():
        named = [(f"{split}_{n}", document) for n, document in enumerate(italian[split])] if ids is None else ids[split]
        objects = [
            {key: {"text": [[t.text for t in s] for s in d], "labels": [[t.tag for t in s] for s in d]}}
            for key, d in reversed(named)
        ]
        grace[CASE_IDS.format(part=part)] = "\n".join(map(json.dumps, [{"9_9": ""}, *objects])).encode()
        grace[PAIRS.format(part=part)] = "\n".join(
            json.dumps({k: v}) for k, v in pairs.items() if k.startswith(split)
        ).encode()
    return casimedicos.read(
        {casimedicos.ARGUMENTS.name: Tree("tokens", tokens), casimedicos.GRACE.name: Tree("grace", grace)}
    )


def small(pairs, **replaced):
    """Read one document a split; the test one can be replaced."""
    italian = {"train": [other(1)], "dev": [other(2)], "test": [replaced.get("italian", document())]}
    translated = {"train": [other_english(1)], "dev": [other_english(2)], "test": [replaced.get("english", english())]}
    return read(italian, translated, {"test_0": pairs})


def test_the_question_shows_all_before_the_options_and_never_the_answer():
    (row,) = [row for row in small([])[casimedicos.QA] if row.split == "test"]
    assert row.id == row.doc_id == "test_0"
    assert row.text == "Ines tossisce da tre giorni. Che cosa le si dà?"
    assert row.options == ("Miele.", "Sale fino.", "Pepe.", "Nulla.") and row.answer == 0


@pytest.mark.parametrize(
    "options",
    [
        ["1-Miele./B-Claim", *OPTIONS[1:]],
        ["1/B-Claim -/I-Claim Miele./I-Claim", *OPTIONS[1:4], "5-/B-Claim Nan/I-Claim"],
        ["1- Miele./B-Claim", "2 Sale/B-Claim fino./I-Claim", "3 - Pepe./B-Claim", "4- Nulla./B-Claim", "5-"],
    ],
)
def test_numbers_are_taken_off_options_however_they_are_written(options):
    case = parse_case(document(options=options), "d")
    assert case.option_texts() == ("Miele.", "Sale fino.", "Pepe.", "Nulla.")
    text, components = annotated_text(case)
    assert "\n1- Miele.\n2- Sale fino.\n3- Pepe.\n4- Nulla.\nRISPOSTA CORRETTA: 1\nIl miele" in text
    assert [span.text for _, span in components if span.tag] == list(case.option_texts())


def test_options_of_several_sentences_and_numbers_in_the_question():
    question = ["1- e 2- sono i piani di casa.", "2 gatti dormono.", *QUESTION]
    options = [*OPTIONS[:2], "E poi/B-Claim si/I-Claim vede./I-Claim", *OPTIONS[2:]]
    case = parse_case(document(question, options), "d")
    assert case.question_text().startswith("1- e 2- sono i piani di casa. 2 gatti dormono. Ines")
    assert case.option_texts()[1:3] == ("Sale fino. E poi si vede.", "Pepe.")
    assert [span.tag for _, span in annotated_text(case)[1]] == ["", *["opzione"] * 5, "", ""]


def test_components_are_what_stands_in_the_text_and_headers_are_not_shown():
    rows = [row for row in small([])[casimedicos.COMPONENTS] if row.split == "test"]
    assert "".join(row.text for row in rows).startswith("Ines tossisce")
    found = [(span.text, span.type, span.tag) for row in rows for span in row.spans]
    assert found == [
        ("Ines tossisce da tre giorni.", "premessa", ""),
        *[(text, "affermazione", "opzione") for text in ("Miele.", "Sale fino.", "Pepe.", "Nulla.")],
        ("Il miele calma la tosse,", "premessa", ""),
        ("va bene la 1.", "affermazione", ""),
    ]
    assert all(row.text[s.start : s.end] == s.text for row in rows for s in row.spans)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (document()[1:], "begins with"),
        ([*document()[:1], *document()[2:]], "begins with"),
        (document(answer="Risposta 1"), "no line with the right answer"),
        (document(options=[]), "no option 1-"),
        (document(answer="RISPOSTA CORRETTA: 5"), "right answer is 5, the options are 1, 2, 3, 4"),
    ],
)
def test_documents_without_header_options_or_answer_are_refused(broken, message):
    with pytest.raises(SchemaError, match=message):
        read_cases(lines([broken]), "IT/test.tsv")


def test_a_question_explained_anew_leaves_train_and_dev_in_all_tasks_and_stays_in_test():
    retold = ["Ines/B-Premise tossisce/I-Premise da/I-Premise tre/I-Premise notti/I-Premise intere.", "Che le si dà?"]
    copy = document(retold, explanation=["Lo/B-Claim sanno/I-Claim tutti./I-Claim"])
    pairs = [["Ines coughs", "Honey", "Support"]]
    rows = read(
        {"train": [copy, other(1), other(2)], "dev": [copy, other(2)], "test": [document()]},
        {
            "train": [english(), other_english(1), other_english(2)],
            "dev": [english(), other_english(2)],
            "test": [english()],
        },
        {f"{split}_{n}": pairs for split in SPLITS for n in (0, 1)}
        | {"train_1": [["Ines coughs", "Option1x1", "Support"]]},
    )
    for task in (casimedicos.QA, casimedicos.COMPONENTS):
        assert {row.doc_id for row in rows[task]} == {"train_1", "dev_1", "test_0"}
    assert {row.doc_id for row in rows[casimedicos.RELATIONS]} <= {"train_1", "dev_1", "test_0"}


def test_relations_are_carried_over_by_place():
    pairs = [
        ["Honey calms cough\n", "1 is right\n", "Support"],
        ["1 is right", "HONEY", "Support"],
        ["1 is right\n", "honey\n", "Support"],
        ["Ines coughs", "Fine salt", "Attack"],
        ["Ines coughs", "Snow", "Support"],
    ]
    (row,) = small(pairs)[casimedicos.RELATIONS]
    assert [(c.id, c.text, c.type) for c in row.components][5:] == [
        ("A6", "Il miele calma la tosse,", "premessa"),
        ("A7", "va bene la 1.", "affermazione"),
    ]
    assert row.relations == (
        Edge("A1", "A3", "attacco"),
        Edge("A6", "A7", "supporto"),
        Edge("A7", "A2", "supporto"),
    )
    assert row.text.startswith("Ines tossisce") and "RISPOSTA CORRETTA: 1" in row.text


def test_unannotated_documents_and_those_whose_pairs_cannot_be_placed_have_no_row():
    assert small([])[casimedicos.RELATIONS] == []
    assert small([["Snow", "Ice", "Support"]])[casimedicos.RELATIONS] == []


def test_components_divided_otherwise_are_merged_or_given_up_but_never_guessed():
    pairs = [["Honey calms cough", "Pepper", "Attack"], ["1 is right", "Pepper", "Support"]]
    merged = [EXPLANATION[0].replace("va/B-Claim", "va/I-Premise").replace("-Claim", "-Premise")]
    (row,) = small(pairs, italian=document(explanation=merged))[casimedicos.RELATIONS]
    assert row.relations == (Edge("A6", "A4", "attacco"), Edge("A6", "A4", "supporto"))
    swapped = [EXPLANATION[0].replace("Premise", "X").replace("Claim", "Premise").replace("X", "Claim")]
    assert small(pairs, italian=document(explanation=swapped))[casimedicos.RELATIONS] == []
    shifted = ["Dunque.", *EXPLANATION]
    assert small(pairs, italian=document(explanation=shifted))[casimedicos.RELATIONS] == []


def test_a_text_at_two_places_is_given_up():
    doubled = english(options=["1- Honey./B-Claim", "2- Honey./B-Claim", *ENGLISH_OPTIONS[2:]])
    pairs = [["Ines coughs", "Honey", "Support"], ["Ines coughs", "Pepper", "Support"]]
    (row,) = small(pairs, english=doubled)[casimedicos.RELATIONS]
    assert row.relations == (Edge("A1", "A4", "supporto"),)


def test_no_component_relates_to_itself():
    placed = annotated_text(parse_case(document(), "d"))[1]
    assert project([("Miele.", "miele", "supporto"), ("Miele", "Pepe", "supporto")], placed, placed) == [
        (1, 3, "supporto")
    ]


def test_languages_that_are_not_parallel_are_refused():
    with pytest.raises(SchemaError, match="do not hold the same 1 questions"):
        small([], english=english(options=ENGLISH_OPTIONS[:3]))


def test_ids_are_matched_by_text_and_stable_without_one():
    italian = {"train": [other(1)], "dev": [other(2)], "test": [document()]}
    translated = {"train": [other_english(1)], "dev": [other_english(2)], "test": [english()]}
    shorter = [sentence for sentence in document(explanation=[*EXPLANATION, "Fine."]) if sentence]
    ids = {"train": [], "dev": [("2_2", other(2))], "test": [("7_7", shorter)]}
    found = {row.split: row.id for row in read(italian, translated, {}, ids)[casimedicos.QA]}
    assert found["dev"] == "2_2" and found["test"] == "7_7" and found["train"].startswith("text-")


def test_pairs_of_unknown_kind_and_damaged_lines_are_refused():
    assert read_pairs('[{"1_1": []}]\n{"2_2": [["a", "b", "Attack"]]}\n', "f") == {"2_2": [("a", "b", "attacco")]}
    with pytest.raises(SchemaError, match=r"f, case 3_3: wanted \[head, tail, Support or Attack\]"):
        read_pairs('{"3_3": [["a", "b", "Doubt"]]}', "f")
    for line in ("{", "7", '"x"'):
        with pytest.raises(SchemaError, match="f, line 2: wanted a JSON object"):
            read_pairs('{"2_2": []}\n' + line, "f")


@pytest.fixture(scope="module")
def trees(sources_dir) -> dict[str, Tree]:
    return {a.name: open_tree(sources_dir / a.name, a.wanted) for a in casimedicos.SOURCE.archives}


@pytest.fixture(scope="module")
def rows(trees):
    return casimedicos.read(trees)


@pytest.mark.integration
def test_the_archives_are_those_that_the_reader_was_made_for(trees):
    assert {a.name: a.digest for a in casimedicos.SOURCE.archives} == {n: tree.digest() for n, tree in trees.items()}


@pytest.mark.integration
@pytest.mark.parametrize(
    ("task", "documents"),
    [
        (casimedicos.QA, (330, 53, 117)),
        (casimedicos.COMPONENTS, (330, 53, 117)),
        (casimedicos.RELATIONS, (321, 51, 115)),
    ],
)
def test_documents(rows, task, documents):
    found = Counter(split for split, _ in {(row.split, row.doc_id) for row in rows[task]})
    assert tuple(found[split] for split in SPLITS) == documents
    assert len({row.id for row in rows[task]}) == len(rows[task])


@pytest.mark.integration
def test_every_document_has_its_published_id_and_one_split_in_all_tasks(rows):
    splits = {(row.doc_id, row.split) for task in rows.values() for row in task}
    assert len(splits) == len({doc_id for doc_id, _ in splits}) == 500
    assert all(part.isdecimal() for doc_id, _ in splits for part in doc_id.split("_"))


@pytest.mark.integration
def test_questions_show_no_answer_and_no_number(rows):
    questions = rows[casimedicos.QA]
    assert not [r.id for r in questions if "RISPOSTA" in r.text or "QUESTION" in r.text or "CLINICAL" in r.text]
    assert not [o for r in questions for o in r.options if not o or o.lower() == "nan" or o[:2] in ("1-", "5-")]
    test = [row for row in questions if row.split == "test"]
    assert Counter(len(row.options) for row in test) == {4: 61, 5: 56}
    assert Counter(row.answer for row in test) == {0: 23, 1: 22, 2: 38, 3: 24, 4: 10}


@pytest.mark.integration
def test_components(rows):
    gold = Counter((row.split, span.type) for row in rows[casimedicos.COMPONENTS] for span in row.spans)
    assert [gold["test", kind] for kind in ("premessa", "affermazione")] == [441, 1062]
    assert [gold["train", kind] for kind in ("premessa", "affermazione")] == [1421, 2900]
    for row in rows[casimedicos.COMPONENTS]:
        assert all(row.text[s.start : s.end] == s.text for s in row.spans)
        assert not row.text.endswith("RISPOSTA CORRETTA:") and len(row.text) <= 900
    spans = [span for row in rows[casimedicos.COMPONENTS] if row.split == "test" for span in row.spans]
    options = [option for row in rows[casimedicos.QA] if row.split == "test" for option in row.options]
    tagged = [span.text for span in spans if span.tag]
    assert len(tagged) == 524 and sum(text in options for text in tagged) > 510


@pytest.mark.integration
def test_relations(rows):
    edges = Counter((row.split, edge.type) for row in rows[casimedicos.RELATIONS] for edge in row.relations)
    assert [edges["test", kind] for kind in ("supporto", "attacco")] == [491, 233]
    assert [edges["train", kind] for kind in ("supporto", "attacco")] == [1291, 607]
    for row in rows[casimedicos.RELATIONS]:
        ids = {component.id for component in row.components}
        assert all(edge.head in ids and edge.tail in ids and edge.head != edge.tail for edge in row.relations)
        assert len(set(row.relations)) == len(row.relations)
        place = 0
        for component in row.components:
            place = row.text.index(component.text, place) + len(component.text)


@pytest.mark.integration
def test_the_publisher_s_own_projection_agrees_where_it_names_single_components(sources_dir, rows):
    tree = open_tree(sources_dir / casimedicos.GRACE.name, ("data/casimedicos/raw/relations/it/*.jsonl",))
    agree = Counter()
    for part in SPLITS.values():
        path = f"data/casimedicos/raw/relations/it/{part}_relations.jsonl"
        pairs = read_pairs(tree.text(path), path)
        for row in rows[casimedicos.RELATIONS]:
            texts = Counter(component.text for component in row.components)
            by_id = {component.id: component.text for component in row.components}
            ours = {(by_id[edge.head], by_id[edge.tail], edge.type) for edge in row.relations}
            theirs = {
                pair for pair in pairs.get(row.id, []) if texts[pair[0]] == texts[pair[1]] == 1 and pair[0] != pair[1]
            }
            agree.update(pair in ours for pair in theirs)
    assert agree.total() > 500 and agree[True] / agree.total() > 0.95


@pytest.mark.integration
def test_no_question_copies_one_of_another_split(rows):
    grams = {r.id: (r.split, ngrams(" ".join((r.text, *r.options)), 3)) for r in rows[casimedicos.QA]}
    shares = [
        len(left & right) / min(len(left), len(right))
        for a, (split, left) in grams.items()
        for b, (held_out, right) in grams.items()
        if a < b and split != held_out
    ]
    assert max(shares) < 0.3
    explanations = {tuple(words(row.text)) for row in rows[casimedicos.RELATIONS] if row.split == "test"}
    assert not [r.id for r in rows[casimedicos.RELATIONS] if r.split != "test" and tuple(words(r.text)) in explanations]
