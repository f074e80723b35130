"""What each family's grammar takes and refuses: made-up documents, gold answers and answers next to them."""

import json

import pytest
from itamed.benchmark.decoding.grammar import COT_CHARS, COT_OPENING, COT_PARAGRAPHS, grammar_of
from itamed.benchmark.decoding.pairs import SAME_FIRST
from itamed.benchmark.decoding.relations import MAX_CHOICES
from itamed.benchmark.decoding.units import MAX_UNITS
from itamed.benchmark.rows import ChoiceRow, Component, FormRow, GraphRow, Item, PairRow, SpanRow
from itamed.benchmark.verdict import judge
from llguidance import LLMatcher, LLTokenizer

from ..families.samples import LABELS, ROWS
from .machine import accepts, compact, document, ends, gold, matcher, takes

TEXT = 'Nega tosse; tosse "secca" e\nfebbre \\n alta, 9,2 g/dl.'
LABEL = ["sintomo", "segno"]
LONG = " ".join(f"parola{number}," for number in range(MAX_UNITS))


def entities(*texts, kind="sintomo"):
    return {"entities": [{"text": text, "type": kind} for text in texts]}


def passage(text=TEXT, **bounds):
    return document(SpanRow("r", "n", "test", text, ()), LABEL, **bounds)


def pairs(*found):
    return {"relations": [{"esame": exam, "risultato": result} for exam, result in found]}


def edges(*found):
    return {"relations": [{"head": head, "tail": tail, "type": kind} for head, tail, kind in found]}


def graph(size=4, max_items=32):
    components = tuple(Component(f"A{number}", "frase", "premessa") for number in range(1, size + 1))
    return document(GraphRow("r", "n", "test", "caso", components, ()), ["supporto", "attacco"], max_items=max_items)


STATUS = ("presente", "assente")
ITEMS = (
    Item("febbre", "reperto", "assente", STATUS),
    Item('TC "torace"', "esame", "nd", empty="nd"),
    Item("tosse", "reperto", "presente", STATUS),
    Item("peso", "esame", "non disponibile"),
)
FORM = document(FormRow("r", "n", "test", TEXT, ITEMS), max_items=3, max_chars=12)
FILLED = {"febbre": "assente", 'TC "torace"': "nd", "tosse": "presente", "peso": "9,2 g/dl"}
QUESTION = document(ChoiceRow("r", "n", "test", "Quale?", ("sì", "no", "forse"), 1))
NOTE = document(PairRow("r", "n", "test", TEXT, ()), max_items=3, max_chars=14)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_gold_is_taken_and_nothing_can_follow(row):
    grammar = grammar_of(document(row, LABELS.get(type(row), ()), nested=True))
    answer = gold(row)
    assert accepts(grammar, answer)
    assert not any(accepts(grammar, answer[:cut]) for cut in range(len(answer)))
    assert not any(accepts(grammar, answer + tail) for tail in ("\n", " ", ".", "}", answer))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_the_form_is_that_of_compact_json_alone(row):
    grammar = grammar_of(document(row, LABELS.get(type(row), ()), nested=True))
    value = json.loads(gold(row))
    (root, content), *rest = value.items()
    variants = [json.dumps(value, ensure_ascii=False), json.dumps(value, indent=1), " " + gold(row), f"[{gold(row)}]"]
    variants += [compact({**value, "nota": "x"}), compact({"altro": content, **dict(rest)}), compact(dict(rest))]
    variants += [compact({root: None, **dict(rest)}), f"```json\n{gold(row)}\n```"]
    assert not any(accepts(grammar, variant) for variant in variants)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("text", [TEXT, f"{TEXT} {LONG}"], ids=["ordered", "plain"])
def test_spans_are_strings_of_the_passage(text, nested):
    doc = passage(text, nested=nested)
    right = ["tosse", 'tosse "secca"', '"', "e\nfebbre", "\\", "n alta", "9", "9,2 g/dl.", "Nega tosse; tosse"]
    wrong = ["", "tos", "osse", "secc", "tosse ", " tosse", "\n", " ", "e\n", "febbre\\", "e febbre", "dolore", "TOSSE"]
    assert [string for string in right if not takes(doc, entities(string))] == []
    assert [string for string in wrong if takes(doc, entities(string))] == []
    assert takes(doc, entities("tosse", kind="segno"))
    assert not takes(doc, entities("tosse", kind="malattia"))
    assert not takes(doc, {"entities": [{"type": "segno", "text": "tosse"}]})
    assert not takes(doc, {"entities": [{"text": "tosse"}]})


def test_flat_spans_keep_the_order_of_the_text():
    assert takes(passage(), entities("Nega", "tosse", "tosse", "secca", "febbre"))
    for wrong in (
        ["tosse", "Nega"],
        ["tosse"] * 3,
        ["Nega"] * 2,
        ["Nega tosse", "Nega"],
        ["Nega tosse", "tosse", "tosse"],
    ):
        assert not takes(passage(), entities(*wrong)), wrong


def test_nested_spans_keep_the_order_of_their_starts():
    doc = passage(nested=True)
    assert takes(doc, entities("Nega tosse", "tosse; tosse", "tosse", "tosse", "febbre"))
    assert takes(doc, entities("Nega tosse; tosse", "Nega tosse", "Nega", "tosse"))
    assert takes(doc, entities("Nega tosse; tosse", "Nega tosse", "tosse; tosse", "tosse", "tosse"))
    for wrong in (
        ["tosse", "Nega tosse"],
        ["febbre", "e\nfebbre"],
        ["Nega", "Nega"],
        ["Nega", "Nega tosse"],
        [".", "."],
        ["Nega tosse; tosse e", "Nega tosse; tosse", "Nega tosse", "Nega"],
    ):
        assert not takes(doc, entities(*wrong)), wrong


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("text", ["a b c d e f", "a b c d e f" + " z" * MAX_UNITS], ids=["ordered", "plain"])
def test_spans_are_bounded_in_number_and_length(text, nested):
    doc = passage(text, nested=nested, max_items=3, max_chars=5)
    assert takes(doc, entities("a", "b", "c"))
    assert not takes(doc, entities("a", "b", "c", "d"))
    assert takes(doc, entities("a b c", "d e f"))
    assert not takes(doc, entities("a b c d"))


@pytest.mark.parametrize("text", ["parola b c", "parola b c" + " z" * MAX_UNITS], ids=["ordered", "plain"])
def test_no_word_is_too_long(text):
    assert takes(passage(text, max_chars=2), entities("parola"))


@pytest.mark.parametrize("size", [4, MAX_CHOICES], ids=["ordered", "plain"])
def test_relations_join_given_components(size):
    doc = graph(size)
    assert takes(doc, edges())
    assert takes(doc, edges(("A1", "A2", "supporto"), ("A3", "A1", "attacco")))
    for wrong in [
        ("A0", "A1", "supporto"),
        ("A1", f"A{size + 1}", "supporto"),
        ("A1", "A2", "nega"),
        ("a1", "A2", "supporto"),
    ]:
        assert not takes(doc, edges(wrong)), wrong


def test_relations_are_bounded_in_number():
    chain = [("A1", f"A{number}", "supporto") for number in range(2, 6)]
    for size in (6, MAX_CHOICES):
        assert takes(graph(size, max_items=3), edges(*chain[:3]))
        assert not takes(graph(size, max_items=3), edges(*chain))


def test_pairs_are_strings_of_the_passage():
    right = [(), [("tosse", "9,2 g/dl")], [('"', "e\nfebbre"), ("\\", "\\n"), ("9", "9")]]
    assert [found for found in right if not takes(NOTE, pairs(*found))] == []
    for wrong in [
        ("tosse", "9,3 g/dl"),
        ("toss", "9"),
        ("tosse ", "9"),
        ("", "9"),
        ("tosse", "\n"),
        ('Nega tosse; tosse "secca" e\nfebbre', "9"),
        ("tosse", "Nega tosse; tosse"),
    ]:
        assert not takes(NOTE, pairs(wrong)), wrong
    assert not takes(NOTE, pairs(*[("tosse", "9")] * 4))
    assert not takes(NOTE, {"relations": [{"risultato": "9", "esame": "tosse"}]})


def paired(text=TEXT, **bounds):
    return document(PairRow("r", "n", "test", text, ()), **bounds)


def test_pairs_keep_the_order_of_both_strings():
    found = ("Nega", "9"), ("tosse", "Nega"), ("tosse", "alta"), ("tosse; tosse", "9"), ("9", "g")
    assert takes(paired(), pairs(*found))
    for wrong in [
        [("9", "g"), ("tosse", "9")],
        [("tosse", "alta"), ("tosse", "Nega")],
        [("Nega", "9"), ("Nega", "9,2")],
    ]:
        assert not takes(paired(), pairs(*wrong)), wrong
    text = TEXT + " z" * MAX_UNITS
    assert takes(paired(text), pairs(("9", "g"), ("tosse", "9"))), "any order in a very long text"
    assert not takes(paired(text), pairs(("9", "x")))


def test_a_pair_comes_twice_only_where_its_first_word_returns():
    assert takes(paired(), pairs(("tosse", "9"), ("tosse", "9"), ("tosse", "g"), ("tosse", "g")))
    for wrong in [[("tosse", "9")] * 3, [("Nega", "9")] * 2, [("Nega tosse", "9")] * 2]:
        assert not takes(paired(), pairs(*wrong)), wrong
    # Its second string may be the last that the text has.
    assert takes(paired("a b a ."), pairs(("a", "."), ("a", ".")))


def test_a_first_string_has_so_many_pairs():
    text = " ".join(f"parola{number}" for number in range(20))
    found = [("parola0", f"parola{number}") for number in range(SAME_FIRST + 1)]
    assert takes(paired(text), pairs(*found[:-1], ("parola1", "parola0")))
    assert not takes(paired(text), pairs(*found))


def test_first_strings_may_have_to_be_words():
    doc = paired('PA 120/80, p-ANCA "++"', one_word=True)
    assert takes(doc, pairs(("PA", "120/80"), ("p-ANCA", '"++"')))
    assert takes(doc, pairs(("120/80,", "PA 120/80")))
    assert not takes(doc, pairs(("PA 120", "80")))
    assert not takes(doc, pairs(("p-ANCA ", "80")))


def test_a_frequent_word_does_not_keep_all_its_places_open():
    """Nor do many pairs of far places: llguidance gives up at 2,000 items a place."""
    text = " ".join(f"di parola{number}" for number in range(MAX_UNITS // 2))
    many = [("di", f"parola{number}") for number in range(SAME_FIRST)]
    last = [(f"parola{number}", "parola149") for number in range(100, 114)]
    assert takes(paired(text, one_word=True), pairs(*many, *last))
    assert not takes(paired(text, one_word=True), pairs(("parola9", "di"), ("di", "di"))), "it stands first before"
    text = "PA di p-ANCA, p-ANCA e PA/FC"
    found = [("PA", "e"), ("p-ANCA", "di"), ("ANCA", "e"), ("PA/FC", "e")]
    assert takes(paired(text, one_word=True), pairs(*found))


def test_forms_hold_every_item_in_order():
    assert takes(FORM, FILLED)
    first, second, *rest = FILLED.items()
    wrong = [[second, *rest], [first, second], [second, first, *rest], [first, second, *rest, ("sete", "nd")], []]
    assert not any(takes(FORM, dict(found)) for found in wrong)
    assert not accepts(grammar_of(FORM), compact(FILLED)[:-1] + ',"peso":"nd"}')


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("febbre", ["presente", "assente"], ["incerto", "", "present", "presente ", "febbre", "nd", "non disponibile"]),
        ('TC "torace"', ["nd", "secca", '"', "\\n", "tosse; secca", "9; g; dl"], ["non disponibile", ""]),
        (
            "peso",
            ["non disponibile", "g/dl", "9,2 g/dl; 9", "tosse; tosse"],
            ["nd", "9,2 g/dl; ", "; 9", "9;9 ", "dolore"],
        ),
        ("peso", ["9; 9; 9"], ["9; 9; 9; 9", 'tosse; tosse "sec', 'tosse; tosse "secca"', "9 ; 9"]),
    ],
)
def test_cells_hold_options_or_strings_of_the_note(name, right, wrong):
    assert [value for value in right if not takes(FORM, FILLED | {name: value})] == []
    assert [value for value in wrong if takes(FORM, FILLED | {name: value})] == []


def test_questions_take_the_letters_that_they_have():
    assert [letter for letter in "ABCDEFGHIJ" if takes(QUESTION, {"answer": letter})] == ["A", "B", "C"]
    assert not any(takes(QUESTION, {"answer": wrong}) for wrong in ("a", "AB", "", "A)", None))


@pytest.mark.parametrize("text", ["", " ", "\n\t \u2028\x1c"])
def test_a_text_without_words_has_empty_answers_alone(text):
    form = document(FormRow("r", "n", "test", text, ITEMS))
    assert takes(passage(text), entities())
    assert not takes(passage(text), entities(text))
    assert takes(document(PairRow("r", "n", "test", text, ())), pairs())
    assert takes(form, FILLED | {"peso": "non disponibile"})
    assert not takes(form, FILLED)


def test_one_component_has_no_relations():
    assert takes(graph(1), edges())
    assert not takes(graph(1), edges(("A1", "A1", "supporto")))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_reasoning_comes_before_a_heading_and_is_no_part_of_the_answer(row):
    doc = document(row, LABELS.get(type(row), ()), nested=True)
    grammar, answer = grammar_of(doc, "cot"), gold(row)
    heading = "\n## Risposta finale\n"
    paragraph = 'Penso {"answer":"?"} e poi # decido. '
    full = "\n\n".join([(paragraph * 20)[:COT_CHARS]] * COT_PARAGRAPHS)
    for text in ("x", paragraph, f"{paragraph}\n\n- uno\n- due", full):
        response = COT_OPENING + text + heading + answer
        assert accepts(grammar, response)
        assert judge(response, doc) == judge(answer, doc)
        assert not accepts(grammar, text + heading + answer)
    assert judge(answer, doc)[1] == "valid"
    for text in ("", "# Titolo", "sì\n### Compito", "\n", "sì\n", f"{full}x", f"{full}\nx"):
        assert not accepts(grammar, COT_OPENING + text + heading + answer)
    assert not accepts(grammar, answer)
    assert not accepts(grammar, f"{COT_OPENING}{paragraph}\n{answer}")


def thinking_tokenizer(special):
    """Return a tokenizer of bytes with the two tokens, marked as special or as ordinary additions."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: number for number, letter in enumerate(alphabet)}, []))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made.add_special_tokens([AddedToken("<end>", special=True)])
    tokens = [AddedToken(token, special=special) for token in ("<think>", "</think>")]
    (made.add_special_tokens if special else made.add_tokens)(tokens)
    return made


@pytest.mark.parametrize("special", [True, False])
def test_thoughts_stand_between_the_tokens_of_the_model(special):
    made = thinking_tokenizer(special)
    tokenizer = LLTokenizer(made.to_str(), eos_token=made.token_to_id("<end>"))
    grammar = grammar_of(QUESTION, "think")
    for before in ("<think>\nforse {\n</think>\n\n", "<think></think>", "\nforse B</think>\n"):
        response = before + '{"answer":"B"}'
        assert ends(matcher(grammar, tokenizer), made.encode(response).ids)
        assert judge(response, QUESTION) == (1, "valid")
    for response in ('{"answer":"B"}', '<think>sì{"answer":"B"}', '<think>sì</think>ecco {"answer":"B"}'):
        assert not ends(matcher(grammar, tokenizer), made.encode(response).ids)


def test_a_model_without_thinking_tokens_cannot_think():
    machine = LLMatcher(LLTokenizer("byte"), grammar_of(QUESTION, "think"))
    assert "unknown special token" in machine.get_error()


def test_documents_without_bounds_get_the_default_ones():
    doc = passage()
    del doc["bounds"]
    assert takes(doc, entities("tosse"))
