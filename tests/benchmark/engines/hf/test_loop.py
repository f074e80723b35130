"""The loop's answers are those of `generate()` with the same masks, whatever it saves on the way."""

from copy import deepcopy
from itertools import product

import pytest
import torch
from itamed.benchmark.engines.hf import attention, matcher, waiting
from itamed.benchmark.engines.hf import loop as module
from itamed.benchmark.engines.hf.loop import Request
from itamed.benchmark.engines.hf.row import Answer
from llguidance import LLMatcher

from . import runs, tiny


@pytest.mark.parametrize("guess", [True, False])
@pytest.mark.parametrize("width", [1, 3, 16])
@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("name", runs.NAMES)
def test_answers_are_those_of_generate(name, constrained, width, guess):
    prompts, _, expected = runs.case(name, constrained)
    assert min(map(len, prompts)) > 5 * tiny.WINDOW
    assert runs.run(name, constrained, width, guess)[0] == expected


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("name", runs.NAMES)
def test_the_reference_is_the_same_without_padding(name, constrained):
    prompts, grammars, expected = runs.case(name, constrained)
    assert len(set(map(len, prompts))) > 1, "the batch is padded"
    assert runs.one_by_one(tiny.model(name), prompts, grammars) == expected


def test_the_cases_are_of_some_variety():
    found = [answer for each in product(runs.NAMES, (True, False)) for answer in runs.case(*each)[2]]
    assert len({answer.tokens for answer in found}) == len(found)
    assert sum(answer.cut for answer in found) < len(found) * 0.8
    assert sum(len(set(answer.tokens)) > 8 for answer in found) > len(found) / 2, "not all repeat a few tokens"


@pytest.mark.parametrize("name", runs.NAMES)
def test_prompts_that_begin_each_other_or_are_equal(name):
    (whole, *_), texts = tiny.prompts(5)
    prompts = [whole[:size] for size in (len(whole), 40, 41, 1, len(whole), 90, 40, len(whole) - 1, 2, 1)]
    grammars = [tiny.copying(texts[0]), None] * 5
    expected = runs.one_by_one(tiny.model(name), prompts, grammars, 10)
    for width in (1, 2, 10):
        found, work = runs.answers(tiny.model(name), runs.asked(prompts, grammars, 10), width)
        assert found == expected
        assert work.reused >= sum(len(prompt) - 1 for prompt in prompts) - len(whole) - module.WAIT * 2


@pytest.mark.parametrize("wait", [0, 10_000])
@pytest.mark.parametrize("room", [1, 7, 50])
@pytest.mark.parametrize("name", runs.NAMES)
def test_prompts_in_parts(name, room, wait, monkeypatch):
    monkeypatch.setattr(module, "ROOM", room)
    monkeypatch.setattr(module, "WAIT", wait)
    prompts, grammars, _ = runs.case(name, True)
    if room == 1:
        prompts, grammars = [prompt[-30:] for prompt in prompts[:3]], grammars[:3]
    expected = runs.reference(tiny.model(name), prompts, grammars, 20)
    sizes = []
    lm = runs.loop_model(tiny.model(name), tiny.tokenizer())
    lm = runs.observed(lm, lambda ids, _: sizes.append(ids.shape[1]))
    assert runs.answers(tiny.model(name), runs.asked(prompts, grammars, 20), 3, lm=lm)[0] == expected
    assert max(sizes) < max(map(len, prompts))


@pytest.mark.parametrize("name", [*runs.NAMES, "gemma3-wide"])
def test_every_way_to_attend(name, monkeypatch):
    """Padded calls for several sequences and long blocks are meant for other devices than a processor."""
    prompts, texts = tiny.prompts(0, 4)
    grammars = [tiny.copying(text) for text in texts]
    expected = runs.reference(tiny.model(name), prompts, grammars, 20)
    for few, block in ((32, 512), (3, 5), (0, 512), (0, 64)):
        monkeypatch.setitem(attention._FEW, "cpu", few)
        monkeypatch.setitem(attention._BLOCK, "cpu", block)
        for width in (1, 3):
            assert runs.answers(tiny.model(name), runs.asked(prompts, grammars, 20), width)[0] == expected


@pytest.mark.parametrize("name", runs.NAMES)
def test_all_tasks_in_one_run_with_their_own_grammars(name):
    tasks, prompts, grammars = runs.suite_requests()
    expected = runs.reference(tiny.model(name), prompts, grammars, 40)
    each = zip(prompts, grammars, tasks, strict=True)
    requests = [Request(prompt, 40, grammar, task=task) for prompt, grammar, task in each]
    for width in (4, 20):
        assert runs.answers(tiny.model(name), requests, width)[0] == expected
    assert len({answer.tokens[:3] for answer in expected}) > 3, "grammars differ"


def test_nothing_to_answer():
    assert runs.answers(tiny.model("llama"), [])[0] == []


def test_answers_come_as_they_are_finished():
    """A caller that stores answers must have them before the run ends."""
    prompts, grammars, _ = runs.case("llama", True)
    loop = module.Loop(runs.loop_model(tiny.model("llama"), tiny.tokenizer()), 2)
    with runs.packed_attention(tiny.model("llama")):
        seen = [loop.work.forwards for _ in loop.run(runs.asked(prompts, grammars))]
    assert len(set(seen)) > len(seen) / 2


@pytest.mark.parametrize("name", runs.NAMES)
def test_a_half_precision_model_keeps_to_its_grammar(name):
    model = tiny.fresh(name, dtype=torch.bfloat16)
    prompts, grammars, _ = runs.case(name, True)
    found, _ = runs.answers(model, runs.asked(prompts, grammars))
    for answer, grammar in zip(found, grammars, strict=True):
        matcher = LLMatcher(runs.vocabulary(), grammar)
        assert matcher.consume_tokens(list(answer.tokens))
        assert answer.cut or matcher.is_accepting()


@pytest.mark.parametrize("name", runs.NAMES)
def test_a_free_answer_that_repeats_itself_takes_few_forwards(name):
    """Without attention a token decides the next one: the answer must end in a loop, as those of small models do."""
    model = deepcopy(tiny.model(name))
    for layer in model.get_decoder().layers:
        layer.self_attn.o_proj.weight.data.zero_()
    model.get_output_embeddings().weight.data[tiny.END] = 0
    (prompt,), _ = tiny.prompts(0, 1)
    plain, quick = (runs.answers(model, runs.asked([prompt], [None], 400), guess=guess) for guess in (False, True))
    assert quick[0] == plain[0]
    assert plain[0][0].cut and len(set(plain[0][0].tokens[-200:])) < 100
    assert quick[1].forwards < plain[1].forwards / 3


@pytest.mark.parametrize("few", [0, 32])
@pytest.mark.parametrize("name", [*runs.NAMES, "gemma3-wide"])
def test_what_prompts_begin_with_is_attended_to_together(name, few, monkeypatch):
    """As often as they can be: with any prefix, in single and in padded calls."""
    monkeypatch.setattr(module, "SHARED", 1)
    monkeypatch.setitem(attention._FEW, "cpu", few)
    together = []
    real = attention._prefix_attention
    monkeypatch.setattr(attention, "_prefix_attention", lambda *args: together.append(args[1]) or real(*args))
    prompts, texts = tiny.prompts(0, 4)
    grammars = [tiny.copying(text) for text in texts]
    expected = runs.reference(tiny.model(name), prompts, grammars, 20)
    for width in (1, 2, 5):
        together.clear()
        assert runs.answers(tiny.model(name), runs.asked(prompts, grammars, 20), width)[0] == expected
        assert bool(together) == (width > 1)
    assert max(map(len, together)) > len(prompts), "tokens of several sequences"


@pytest.mark.parametrize("guess", [True, False])
@pytest.mark.parametrize("name", runs.NAMES)
def test_a_grammar_that_fails_on_its_way_costs_no_other_answer(name, guess, monkeypatch, caplog):
    monkeypatch.setattr(matcher, "_MAX_ITEMS", 5)
    prompts, grammars, expected = runs.case(name, True)
    requests = runs.asked([*prompts, prompts[0]], [*grammars, None], name="Document 7 of a task")
    found, work = runs.answers(tiny.model(name), requests, 3, guess)
    assert 0 < work.failed < len(requests), "some come to llguidance's limit"
    assert work.failed == sum(a != b for a, b in zip(found[:-1], expected, strict=True))
    assert work.cut == sum(answer.cut for answer in found)
    for answer, whole in zip(found, expected, strict=False):
        assert answer == whole or (answer.cut and answer.tokens == whole.tokens[: len(answer.tokens)])
    assert caplog.text.count("Document 7 of a task: the answer ends after") == work.failed


def test_an_answer_that_nothing_may_follow_is_cut_off(monkeypatch, caplog):
    """The model has no row for any of the tokens that the grammar allows."""
    prompts, _ = tiny.prompts(1, 2)
    requests = runs.asked(prompts, ["start: /[a-z]*/", None], 5)
    expected = runs.reference(tiny.model("llama"), prompts[1:], [None], 5)
    monkeypatch.setattr(waiting, "Grammar", lambda vocabulary, grammar, _: matcher.Grammar(vocabulary, grammar, 1))
    found, work = runs.answers(tiny.model("llama"), requests)
    assert found == [Answer((), True), *expected]
    assert work.failed == 1
    assert "no token of this model may come next" in caplog.text
