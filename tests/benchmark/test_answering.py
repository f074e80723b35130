"""How long stored answers took: what a later run finds of them."""

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from itamed.benchmark import answering
from itamed.benchmark.answering import SECONDS, timed_answers
from lm_eval.api.instance import Instance
from lm_eval.api.model import CachingLM, hash_args


class Model:
    """Answers a request a clock's tick, and is killed at one; all that it was asked is in `asked`."""

    def __init__(self, clock, killed_at=None):
        self.clock, self.killed_at, self.asked = clock, killed_at, []

    def set_cache_hook(self, hook):
        self.hook = hook

    def generate_until(self, requests):
        for request in requests:
            self.clock.now += 1
            if request.doc_id == self.killed_at:
                raise KeyboardInterrupt
            self.asked.append(request.doc_id)
            self.hook.add_partial("generate_until", request.args, "yes")
        self.clock.now += 50
        return ["yes"] * len(requests)


def asks(*numbers):
    return [Instance("generate_until", {}, (f"prompt {n}", {}), 0, ("task", n, 1)) for n in numbers]


@pytest.fixture
def clock(monkeypatch):
    found = SimpleNamespace(now=1000)
    monkeypatch.setattr(answering, "time", SimpleNamespace(monotonic=lambda: found.now))
    return found


@pytest.fixture
def part(clock, tmp_path):
    """Return what runs a part: what it asks, where it is killed; it returns the model and the seconds found."""

    def run(numbers, killed_at=None):
        with timed_answers() as found:
            # Loading the model.
            clock.now += 1000
            model = Model(clock, killed_at)
            lm = CachingLM(model, str(tmp_path / "answers.db"))
            try:
                lm.generate_until(asks(*numbers))
            except KeyboardInterrupt:
                lm.dbdict.commit()
            lm.dbdict.close()
        return model.asked, found.seconds

    return run


def test_killed_parts_count_as_far_as_their_answers_were_stored(part):
    assert part(range(10), killed_at=4) == ([0, 1, 2, 3], 0)
    assert part(range(10), killed_at=7) == ([4, 5, 6], 4)
    assert part(range(10)) == ([7, 8, 9], 7)
    assert part(range(10)) == ([], 10)


def test_answers_to_other_questions_do_not_count(part):
    part(range(5))
    assert part([4, 8]) == ([8], 1)
    assert part([8, 8, 8]) == ([], 1), "the same question is the same answer"


def test_answers_whose_seconds_were_not_stored_leave_the_time_unknown(part, tmp_path, clock):
    part(range(3))
    lm = CachingLM(Model(clock), str(tmp_path / "answers.db"))
    del lm.dbdict[SECONDS + hash_args("generate_until", asks(1)[0].args)]
    lm.dbdict.commit()
    lm.dbdict.close()
    assert part([0, 2, 3])[1] == 2
    assert part([0, 1])[1] is None


def test_threads_share_the_time(monkeypatch, tmp_path):
    def slow():
        now = time.monotonic()
        # Others come in between, if they can.
        time.sleep(0.005)
        return now

    monkeypatch.setattr(answering, "time", SimpleNamespace(monotonic=slow))
    began = time.monotonic()
    with timed_answers():
        model = Model(SimpleNamespace(now=0))
        lm = CachingLM(model, str(tmp_path / "answers.db"))
        lm.generate_until([])
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda asked: model.hook.add_partial("generate_until", asked.args, ""), asks(*range(20))))
        seconds = [value for key, value in lm.dbdict.items() if key.startswith(SECONDS)]
    assert len(seconds) == 20 and 0 < sum(seconds) <= time.monotonic() - began, "no second is counted twice"
