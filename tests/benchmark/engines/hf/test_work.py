"""What the loop saves: prompts that are known, tokens that are forced, guesses that come true."""

import pytest
from itamed.benchmark.engines.hf import loop as module
from itamed.benchmark.engines.hf.loop import Request

from . import runs, tiny


@pytest.mark.parametrize("width", [1, 3, 16])
@pytest.mark.parametrize("name", runs.NAMES)
def test_the_work_adds_up(name, width):
    prompts, _, _ = runs.case(name, True)
    (found, plain), (_, guessing) = runs.run(name, True, width, False), runs.run(name, True, width, True)
    assert plain.answered == guessing.answered == sum(len(answer.tokens) for answer in found)
    assert plain.prompt == guessing.prompt == sum(map(len, prompts))
    assert plain.prompt - plain.reused <= plain.fed <= plain.prompt - plain.reused + plain.answered
    assert plain.guessed == plain.confirmed == 0
    assert 0 <= guessing.confirmed <= guessing.guessed
    for work in (plain, guessing):
        assert work.forwards <= work.decided <= work.answered + len(prompts), "end tokens are decided as well"
        # The last decision of each answer need not be fed.
        assert work.prompt - work.reused + work.decided - len(prompts) <= work.fed
    assert plain.decided == guessing.decided
    wrong = guessing.guessed - guessing.confirmed
    assert guessing.fed <= guessing.prompt - guessing.reused + guessing.answered + wrong, "nothing is fed twice"


@pytest.mark.parametrize("width", [1, 3, 16])
def test_what_all_prompts_share_is_fed_once(width):
    prompts, _, _ = runs.case("llama", True)
    shared = min(module.common(prompts[0], prompt) for prompt in prompts)
    assert shared > 3 * module.WAIT
    assert runs.run("llama", True, width, True)[1].reused >= (len(prompts) - 1) * shared


@pytest.mark.parametrize("width", [1, 2])
def test_a_prompt_asked_twice_is_fed_once(width):
    (prompt, *_), _ = tiny.prompts(0)
    _, work = runs.answers(tiny.model("gemma3"), runs.asked([prompt] * 2, [None] * 2, 5), width)
    assert work.reused == len(prompt) - 1, "the last token gives the first choice"


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("name", runs.NAMES)
def test_guesses_never_cost_a_forward_for_a_single_sequence(name, constrained):
    assert runs.run(name, constrained, 1, True)[1].forwards <= runs.run(name, constrained, 1, False)[1].forwards


@pytest.mark.parametrize("constrained", [True, False])
def test_guesses_help_where_answers_repeat(constrained):
    prompts, grammars, _ = runs.case("qwen3", constrained)
    requests = runs.asked([prompts[2]] * 6, [grammars[2]] * 6)
    guessing, plain = (runs.answers(tiny.model("qwen3"), requests, 1, guess)[1] for guess in (True, False))
    assert guessing.forwards < plain.forwards / 2
    assert guessing.confirmed > guessing.guessed / 2


def test_guesses_are_learned_from_the_answers_of_the_same_task():
    prompts, _, _ = runs.case("qwen3", False)
    asked = ([Request(prompts[2], 30, task=task) for task in tasks] for tasks in ("aaaa", "abcd"))
    same, others = (runs.answers(tiny.model("qwen3"), requests, 1)[1] for requests in asked)
    assert same.forwards < others.forwards


def test_no_guess_goes_beyond_the_end():
    prompts, _, expected = runs.case("qwen3", False)
    ended = next(prompt for prompt, answer in zip(prompts, expected, strict=True) if not answer.cut)
    fed = []
    lm = runs.loop_model(tiny.model("qwen3"), tiny.tokenizer())
    lm = runs.observed(lm, lambda ids, _: fed.extend(ids[0].tolist()))
    _, work = runs.answers(tiny.model("qwen3"), runs.asked([ended] * 5, [None] * 5), 1, lm=lm)
    assert work.confirmed > 0
    assert tiny.END not in fed
