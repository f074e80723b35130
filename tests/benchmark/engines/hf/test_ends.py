"""How answers end: at an end token, complete in their grammar, cut by a budget, or at a stop string."""

from functools import cache

import pytest
from itamed.benchmark.engines.hf.loop import Request
from itamed.benchmark.engines.hf.row import Answer
from llguidance import LLMatcher
from lm_eval.models.utils import postprocess_generated_text

from . import runs, tiny


@pytest.mark.parametrize("constrained", [True, False])
def test_budgets_cut_answers(constrained):
    prompts, grammars, expected = runs.case("qwen3", constrained)
    lengths = {len(answer.tokens) for answer in expected if not answer.cut}
    assert lengths
    for budget in sorted({1, 2, *(min(30, size + more) for size in lengths for more in (-1, 0, 1))}):
        found, _ = runs.answers(tiny.model("qwen3"), runs.asked(prompts, grammars, budget))
        for answer, whole, grammar in zip(found, expected, grammars, strict=True):
            assert answer.tokens == whole.tokens[:budget]
            if len(whole.tokens) != budget:
                assert answer.cut == (len(whole.tokens) > budget)
            else:
                assert answer.cut != stopped_by(grammar, answer), "its end token has no room"


def stopped_by(grammar, answer):
    """Return whether a grammar leaves nothing to add to an answer."""
    matcher = grammar and LLMatcher(runs.vocabulary(), grammar)
    return bool(matcher and matcher.consume_tokens(list(answer.tokens)) and matcher.is_stopped())


def test_each_request_has_its_own_budget():
    prompts, grammars, expected = runs.case("gemma3", True)
    budgets = [1, 30, 3, 17, 2, 9]
    requests = [Request(*each) for each in zip(prompts, budgets, grammars, strict=True)]
    for width in (1, 3):
        found, _ = runs.answers(tiny.model("gemma3"), requests, width)
        pairs = zip(expected, budgets, strict=True)
        assert [answer.tokens for answer in found] == [whole.tokens[:budget] for whole, budget in pairs]


@pytest.mark.parametrize("guess", [True, False])
def test_a_grammar_with_one_answer_needs_no_forward(guess):
    prompts, _ = tiny.prompts(0)
    grammar = 'start: "{\\"answer\\":\\"A\\"}"'
    whole, *others = runs.answers(tiny.model("llama"), runs.asked(prompts, [grammar] * 6), 2, guess)[0]
    assert others == [whole] * 5
    assert runs.decoded(whole) == '{"answer":"A"}'
    assert not whole.cut
    for budget in range(1, len(whole.tokens) + 1):
        found, work = runs.answers(tiny.model("llama"), runs.asked(prompts, [grammar] * 6, budget), 2, guess)
        assert found == [Answer(whole.tokens[:budget], budget < len(whole.tokens))] * 6
        assert work.forwards == work.fed == work.decided == 0


def test_one_choice_is_one_forward():
    prompts, _ = tiny.prompts(0, 1)
    grammar = 'start: "{\\"answer\\":\\"" ("A"|"B") "\\"}"'
    (found,), work = runs.answers(tiny.model("llama"), runs.asked(prompts, [grammar]))
    assert runs.decoded(found) in ('{"answer":"A"}', '{"answer":"B"}')
    assert work.forwards == work.decided == 1


def test_an_answer_may_be_empty():
    prompts, _ = tiny.prompts(3, 12)
    for grammar in ('start: ""', 'start: "b"?', "start: /[a-c]{0,3}/"):
        expected = runs.reference(tiny.model("llama"), prompts, [grammar] * 12, 6)
        assert Answer((), False) in expected
        for width in (1, 5):
            assert runs.answers(tiny.model("llama"), runs.asked(prompts, [grammar] * 12, 6), width)[0] == expected
    assert len({len(answer.tokens) for answer in expected}) > 1, "others are not empty"


def test_all_end_tokens_end_an_answer():
    prompts, _ = tiny.prompts(1)
    grammars = ["start: /[a-z ]*/", None] * 3
    model = tiny.fresh("llama")
    plain = runs.reference(model, prompts, grammars)
    more = sorted({answer.tokens[10] for answer in plain} - {tiny.END})[:2]
    model.generation_config.eos_token_id = more
    ends = (tiny.END, *more)
    expected = runs.reference(model, prompts, grammars, ends=ends)
    assert expected != plain
    found, _ = runs.answers(model, runs.asked(prompts, grammars))
    assert found == expected
    assert not any(set(answer.tokens) & set(ends) for answer in found)


@cache
def spoken(name):
    """Return a model that chooses no token without text, and its free answers."""
    model = tiny.speaking(name)
    prompts, grammars, _ = runs.case(name, False)
    return model, runs.reference(model, prompts, grammars)


@pytest.mark.parametrize("name", runs.NAMES)
def test_stop_strings_end_free_answers_where_the_harness_cuts_them(name):
    model, expected = spoken(name)
    texts = [runs.decoded(answer) for answer in expected]
    # Strings that occur: of one character, of several tokens.
    found = {text[at : at + size] for text in texts for at in range(5, 25) for size in (1, 3)}
    stops = sorted(stop for stop in found if stop.isascii() and len(stop) in (1, 3))
    assert len(stops) > 20
    for some in (stops[5:6], stops[7:20:6], ["\n###", stops[-1]]):
        check_stops(model, expected, tuple(some))


def test_a_stop_string_may_be_the_beginning_of_a_long_token():
    model, expected = spoken("llama")
    pieces = {tiny.tokenizer().decode(token) for answer in expected for token in answer.tokens}
    long = sorted(piece for piece in pieces if len(piece) > 6 and piece.isascii())
    assert long
    for piece in long[:3]:
        check_stops(model, expected, (piece[:1],))


def test_a_token_without_text_holds_no_stop_string():
    """Output layers have more rows than tokenizers have tokens; llguidance names those after their numbers."""
    expected, size = runs.case("llama", False)[2], len(tiny.tokenizer())
    nameless = next(token for answer in expected for token in answer.tokens if token >= size)
    check_stops(tiny.model("llama"), expected, (f"[{nameless}]",))


def check_stops(model, expected, stops):
    prompts, grammars, _ = runs.case("llama", False)
    found, _ = runs.answers(model, runs.asked(prompts, grammars, stops=stops))
    for answer, whole in zip(found, expected, strict=True):
        assert answer.tokens == whole.tokens[: len(answer.tokens)]
        assert trimmed(answer, stops) == trimmed(whole, stops)
        assert len(answer.tokens) == needed(whole, stops), "it ends with the first stop string"
        assert answer.cut == (whole.cut and not stopped(answer.tokens, stops))


def trimmed(answer, stops):
    return postprocess_generated_text(runs.decoded(answer), list(stops), None)


def stopped(tokens, stops):
    text = tiny.tokenizer().decode(tokens)
    return any(stop in text for stop in stops)


def needed(whole, stops):
    """Return how many tokens of an answer hold the first stop string."""
    sizes = range(len(whole.tokens) + 1)
    return next((size for size in sizes if stopped(whole.tokens[:size], stops)), len(whole.tokens))
