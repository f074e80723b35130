"""The matcher is llguidance: same masks, forced tokens that leave no choice, and a way back."""

import random

import pytest
from itamed.benchmark.engines.hf.matcher import Free, Grammar, guidance_tokenizer
from itamed.benchmark.errors import ItamedError
from llguidance import LLMatcher

from . import runs, tiny
from .randomgrammars import random_grammar

SIZES = [len(tiny.tokenizer()), 416, 421, tiny.ROWS]
"""Vocabularies with and without tokens that have no text, of whole machine words and not."""


def random_grammars(count):
    rng = random.Random(7)
    return [random_grammar(rng) for _ in range(count)]


def fresh(size, grammar, tokens):
    """Return llguidance's own matcher after these tokens."""
    matcher = LLMatcher(runs.vocabulary((tiny.END,), size), grammar)
    assert matcher.consume_tokens(list(tokens))
    return matcher


def walk(size, grammar, seed, most=12):
    """Yield our matcher, llguidance's own and the tokens so far, at the states of a random answer."""
    rng, tokens = random.Random(seed), []
    matcher, own = Grammar(runs.vocabulary((tiny.END,), size), grammar), fresh(size, grammar, [])
    while True:
        yield matcher, own, tokens
        ids = [] if matcher.finished else [token for token in matcher.allowed().tolist() if token != tiny.END]
        if not ids or len(tokens) > most:
            return
        tokens.append(rng.choice(ids))
        matcher.consume(tokens[-1:])
        assert own.consume_token(tokens[-1])


def mask(matcher):
    """Return llguidance's own mask as ascending ids."""
    return runs.allowed_by(matcher).nonzero()[0].tolist()


@pytest.mark.parametrize("size", SIZES)
def test_what_may_come_next_is_the_mask_of_llguidance(size):
    states = 0
    for seed, grammar in enumerate(random_grammars(60)):
        for matcher, own, _ in walk(size, grammar, seed):
            assert matcher.finished == own.is_stopped()
            assert matcher.allowed().tolist() == mask(own)
            states += 1
    assert states > 200


def test_a_token_is_accepted_where_the_mask_says_so():
    """Forced text may also be written with other tokens than the mask's: those are accepted as well."""
    for seed, grammar in enumerate(random_grammars(12)):
        for matcher, own, _ in walk(tiny.ROWS, grammar, seed, most=4):
            found = {token for token in range(tiny.ROWS) if matcher.accepts(token)}
            expected = set(mask(own)) - {tiny.END}
            assert expected <= found
            assert matcher.forced() or expected == found - {tiny.END}


def test_the_way_back_leads_to_the_same_state():
    rng = random.Random(1)
    for seed, grammar in enumerate(random_grammars(60)):
        *_, (matcher, _, tokens) = walk(tiny.ROWS, grammar, seed)
        count = rng.randint(0, len(tokens))
        matcher.rollback(count)
        kept = tokens[: len(tokens) - count]
        own = fresh(tiny.ROWS, grammar, kept)
        assert matcher.finished == own.is_stopped()
        assert matcher.allowed().tolist() == mask(own)
        assert matcher.forced() == own.compute_ff_tokens()
        matcher.consume(tokens[len(kept) :])
        assert matcher.allowed().tolist() == mask(fresh(tiny.ROWS, grammar, tokens))


def test_the_way_back_from_the_end_of_an_answer():
    grammar = Grammar(runs.vocabulary(), 'start: "ab" | "ac"')
    tokens = tiny.encode("ab")
    grammar.consume(tokens)
    assert grammar.finished
    grammar.rollback(1)
    assert not grammar.finished
    assert set(grammar.allowed()) == {tiny.encode("b")[0], tiny.encode("c")[0]}


def check_forced(matcher, own):
    """Check that the mask leaves one token at each of the forced places; returns how many there are."""
    forced, own = matcher.forced(), own.deep_copy()
    for token in forced:
        assert mask(own) == [token]
        assert own.consume_token(token)
    return len(forced)


def test_forced_tokens_are_the_only_ones_allowed():
    count = 0
    for seed, grammar in enumerate(random_grammars(60)):
        for matcher, own, _ in walk(tiny.ROWS, grammar, seed):
            count += check_forced(matcher, own)
    assert count > 200


def test_the_grammars_of_the_suite():
    """They count in parameters of their rules, which the way back has to restore."""
    for seed, grammar in enumerate(runs.suite_requests()[2]):
        for state in walk(tiny.ROWS, grammar, seed, most=60):
            matcher, own, tokens = state
            assert matcher.allowed().tolist() == mask(own)
            check_forced(matcher, own)
        for count in (1, len(tokens) // 2):
            matcher.rollback(count)
            assert matcher.allowed().tolist() == mask(fresh(tiny.ROWS, grammar, tokens[:-count]))
            matcher.consume(tokens[-count:])


@pytest.mark.parametrize(
    "broken", ["start: NOTHING\n", "", 'start: "' + "segreto " * 50, 'start: "a" | segreto altro\n', "start: <segreto>"]
)
def test_a_bad_grammar_is_one_clear_error_without_its_text(broken):
    with pytest.raises(ItamedError, match=r"The grammar of an answer failed: .") as raised:
        Grammar(runs.vocabulary(), broken)
    message = str(raised.value)
    assert "\n" not in message
    assert "start:" not in message
    assert len(message) < 400


def test_a_token_outside_of_the_grammar_is_an_error_without_the_grammar():
    matcher = Grammar(runs.vocabulary(), 'start: "segreto" | "altro segreto"')
    with pytest.raises(ItamedError, match="The grammar of an answer failed") as raised:
        matcher.consume(tiny.encode("b"))
    assert "\n" not in str(raised.value)
    assert "segreto" not in str(raised.value)


def test_without_a_grammar_anything_goes():
    free = Free()
    free.consume([1, 2])
    free.rollback(1)
    assert free.allowed() is None
    assert free.accepts(447)
    assert free.forced() == []
    assert not free.finished


def test_all_end_tokens_are_allowed_at_the_end():
    vocabulary = guidance_tokenizer(tiny.tokenizer(), tiny.ROWS, [1, 300])
    matcher = Grammar(vocabulary, 'start: "a"?')
    assert {1, 300} <= set(matcher.allowed())
    assert not matcher.accepts(0)


def test_a_tokenizer_may_hold_more_tokens_than_the_output_layer_has_rows():
    """Gemma-3's text models do not have a row for the token that stands for an image."""
    rows = len(tiny.tokenizer()) - 1
    vocabulary = guidance_tokenizer(tiny.tokenizer(), rows, [tiny.END])
    whole, cut = (Grammar(vocabulary, "start: /(?s:.*)/", size) for size in (None, rows))
    assert whole.allowed().tolist() == [*cut.allowed().tolist(), rows]


def test_a_slow_tokenizer_is_a_clear_error():
    from transformers import ByT5Tokenizer

    with pytest.raises(ItamedError, match="need a fast tokenizer"):
        guidance_tokenizer(ByT5Tokenizer(), 400, [1])
