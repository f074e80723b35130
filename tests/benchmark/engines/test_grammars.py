"""What engines share: the two model arguments, and the grammar of a request."""

import pytest
from itamed.benchmark.decoding.answer import ANSWER_HEADING
from itamed.benchmark.decoding.grammar import COT_CHARS, COT_OPENING, COT_PARAGRAPHS, THINK_CHARS
from itamed.benchmark.engines.grammars import Decoding, prefix_order, request_grammar
from itamed.benchmark.errors import ItamedError

from .grammarserver import accepts
from .instances import RIGHT, question

GRAMMAR = "itamed.benchmark.engines.grammars.grammar_of"


@pytest.mark.parametrize("given", [True, "true", "True"])
def test_arguments_are_read_as_the_harness_hands_them_over(given):
    assert Decoding.parse() == Decoding.parse(given, "none") == Decoding.parse(given, None) == Decoding()
    assert Decoding.parse(given, "cot") == Decoding(True, "cot")
    assert Decoding.parse("False", None) == Decoding.parse(False, "none") == Decoding(False)


@pytest.mark.parametrize("given", ["yes", 1, 0, None, ""])
def test_an_unknown_switch_is_refused(given):
    with pytest.raises(ItamedError, match=f"constrained={given} is neither"):
        Decoding.parse(given)


@pytest.mark.parametrize("given", ["Cot", "", True, 1])
def test_an_unknown_kind_of_reasoning_is_refused_with_the_choices(given):
    with pytest.raises(ItamedError, match=f"reasoning={given} is unknown: choose none, cot or think"):
        Decoding.parse(True, given)


@pytest.mark.parametrize("kind", ["cot", "think"])
def test_reasoning_without_a_grammar_is_refused(kind):
    with pytest.raises(ItamedError, match=f"reasoning={kind} is part of a grammar: leave out constrained=false"):
        Decoding.parse(False, kind)


def test_the_grammar_is_that_of_the_document_alone():
    request = question(1, structured_outputs={"grammar": "start: NOTHING"})
    grammar = request_grammar(request, Decoding())
    assert accepts(grammar, RIGHT)
    assert not accepts(grammar, "A")
    assert not accepts(grammar, RIGHT.replace("A", "C")), "there are two options"


def test_the_kind_of_reasoning_is_passed_on(monkeypatch):
    asked = []
    monkeypatch.setattr(GRAMMAR, lambda doc, reasoning: asked.append((doc["id"], reasoning)) or 'start: "a"\n')
    request_grammar(question(1), Decoding(reasoning="cot"))
    assert asked == [("q1", "cot")]


def test_the_longest_reasoning_has_room_at_two_characters_a_token():
    longest = COT_OPENING + "\n".join(["x" * COT_CHARS] * COT_PARAGRAPHS)
    assert accepts(request_grammar(question(1), Decoding(reasoning="cot")), longest + ANSWER_HEADING + RIGHT)
    assert 2 * Decoding(reasoning="cot").budget(0, 0, 10**6) > len(longest + ANSWER_HEADING)
    assert 2 * Decoding(reasoning="think").budget(0, 0, 10**6) > THINK_CHARS + len("<think></think>")


def test_free_mode_and_documents_of_others_have_no_grammar():
    assert request_grammar(question(1), Decoding(constrained=False)) is None
    for doc in ({"question": "?", "options": ["a"]}, {}, "text", None):
        request = question(1)
        request.doc = doc
        assert request_grammar(request, Decoding()) is None


@pytest.mark.parametrize("broken", ["start: NOTHING\n", "", 'start: "' + "a" * 5000])
def test_a_grammar_that_does_not_compile_names_its_document_in_few_words(monkeypatch, broken):
    monkeypatch.setattr(GRAMMAR, lambda doc, reasoning: broken)
    with pytest.raises(ItamedError, match=r"document q7 of task does not compile.*constrained=false") as raised:
        request_grammar(question(7), Decoding())
    assert len(str(raised.value)) < 600
    assert "\n" not in str(raised.value)


def test_neighbours_share_prefixes():
    prompts = ["b uno", "a due", "b due", "a uno"]
    assert [prompts[at] for at in prefix_order([question(1, prompt) for prompt in prompts])] == sorted(prompts)


@pytest.mark.parametrize(
    ("prompt", "longest", "expected"),
    [(0, 10**6, 200), (800, 1000, 200), (850, 1000, 150), (900, 1000, 100), (5000, 1000, 100)],
)
def test_a_constrained_answer_has_more_room_than_a_free_one_where_the_prompt_leaves_it(prompt, longest, expected):
    assert Decoding().budget(100, prompt, longest) == expected
    own = Decoding(reasoning="cot").budget(100, prompt, longest + 784)
    assert own == expected + 784, "reasoning has its own room"
