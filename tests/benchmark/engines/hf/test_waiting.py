"""Requests that wait: neighbours in turn, grammars compiled ahead of it, and back in line after a failure."""

from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest
from itamed.benchmark.engines.hf import waiting as module
from itamed.benchmark.engines.hf.loop import Loop
from itamed.benchmark.engines.hf.matcher import Free
from itamed.benchmark.engines.hf.row import Request
from itamed.benchmark.engines.hf.waiting import Waiting
from itamed.benchmark.errors import ItamedError

from . import runs, tiny

CHOICE = 'start: "a" | "b"'


class Pool:
    """Runs what it is given at once, and notes what that was given."""

    def __init__(self):
        self.given = []

    def submit(self, call, request):
        self.given.append(request)
        done = Future()
        try:
            done.set_result(call(request))
        except ItamedError as error:
            done.set_exception(error)
        return done


def line(*requests, guess=True):
    """Return requests that wait, and their pool."""
    pool = Pool()
    return Waiting(requests, runs.loop_model(tiny.model("llama"), tiny.tokenizer()), guess, pool), pool


def request(*prompt, grammar=CHOICE, task=""):
    return Request(np.array(prompt), 5, grammar, task=task)


def test_neighbours_share_prefixes_and_tasks():
    waiting, _ = line(
        request(9, 8, task="a"),
        request(9, 9, task="b"),
        request(1, 2, task="b"),
        request(9, 8, 7, task="a"),
        request(3),
    )
    numbers = []
    while waiting:
        prompt = waiting.prompt
        row = waiting.take()
        assert row.request.prompt is prompt
        numbers.append(row.number)
    assert numbers == [4, 0, 3, 2, 1]


def test_grammars_are_compiled_ahead_but_not_all_at_once():
    requests = [request(number) for number in range(30)]
    waiting, pool = line(*requests)
    assert pool.given == []
    for taken in range(1, 31):
        waiting.take()
        assert pool.given == requests[: min(30, taken - 1 + module._AHEAD)], "each once, in turn"


def test_rows_begin_anew_before_all_others():
    waiting, _ = line(*(request(number) for number in range(12)))
    rows = [waiting.take() for _ in range(3)]
    rows[0].matcher.consume(tiny.encode("a"))
    waiting.put_back(rows[:2])
    assert len(waiting) == 11
    again = [waiting.take() for _ in range(3)]
    assert [row.number for row in again] == [0, 1, 3]
    assert not again[0].matcher.finished
    assert again[0].answer == []


def test_free_answers_wait_for_no_grammar():
    waiting, _ = line(request(5, grammar=None))
    assert isinstance(waiting.take().matcher, Free)


def test_only_those_that_guess_have_a_guesser():
    assert line(request(5), guess=True)[0].take().guesser
    assert line(request(5), guess=False)[0].take().guesser is None


def test_what_all_prompts_of_a_task_share_is_no_note():
    """Copies come from a document, not from the instruction or the examples before it."""
    common, own = tiny.encode(' Copia "febbre alta" e'), tiny.encode(" dolore al torace")
    others = [request(*common, *tiny.encode(text), task="a") for text in (" tosse", " nega allergie")]
    alone = request(*common, *own, task="b")
    rows = {row.number: row for row in _all(line(request(*common, *own, task="a"), *others, alone)[0])}
    begun = b'{"text":"'
    assert rows[0].guesser.guess([], begun + b" dolore")[0] == own[1]
    assert rows[0].guesser.guess([], begun + b"febbre") is None
    assert rows[3].guesser.guess([], begun + b"febbre") is not None, "alone it shares nothing"


def _all(waiting):
    while waiting:
        yield waiting.take()


def test_a_bad_grammar_costs_no_answer_before_it():
    requests = [request(number) for number in range(5)]
    requests.append(replace(request(7, grammar="start: NOTHING"), name="Document q7 of task"))
    model = tiny.model("llama")
    run = Loop(runs.loop_model(model, tiny.tokenizer()), 2).run(requests)
    found = []
    with runs.packed_attention(model), pytest.raises(ItamedError, match=r"Document q7 of task: .*unknown name"):
        found.extend(number for number, _ in run)
    assert len(found) >= 3
