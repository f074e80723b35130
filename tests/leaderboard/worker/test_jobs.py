"""Who may take which job and when; what becomes of requests that are refused."""

import json

import pytest
from itamed.benchmark.errors import ItamedError, PublishError
from itamed.leaderboard.worker import show
from itamed.leaderboard.worker.jobs import Claim, Lost, admit, read_jobs, retry, to_do
from itamed.leaderboard.worker.show import age, show_queue
from itamed.leaderboard.worker.state import plain
from rich.console import Console

from .conftest import ASKED, COMMIT
from .test_request import HOSTILE

STALE = 1800


def names(queue, watch, worker="me"):
    return [job.id for job in to_do(read_jobs(queue.place), worker, watch(), STALE)]


def claim(queue, watch, name, worker):
    (job,) = (job for job in read_jobs(queue.place) if job.id == name)
    held = Claim(queue.place, job, worker, watch)
    held.begin()
    return held


@pytest.fixture
def two(queue, watch):
    """Return a queue in which "b" was seen a minute before "a"."""
    queue.ask("b")
    admit(queue.place, read_jobs(queue.place), watch)
    watch.add(minutes=1)
    queue.ask("a", shots=4, at="2020-01-01T00:00:00Z")
    admit(queue.place, read_jobs(queue.place), watch)
    return queue


def test_first_seen_first_taken_whatever_a_request_says_of_its_time(two, watch):
    assert names(two, watch) == ["b", "a"]


def test_of_those_seen_at_once_the_one_that_was_asked_first_comes_first(queue, watch):
    queue.ask("a", at="2026-01-01T08:30:00Z")
    queue.ask("b", shots=4, at="2026-01-01T08:10:00Z")
    queue.ask("c", mode="free", at="2026-01-01T08:20:00Z")
    admit(queue.place, read_jobs(queue.place), watch)
    assert names(queue, watch) == ["b", "c", "a"]


def test_a_running_job_is_its_workers_until_no_sign_of_life_comes(two, watch):
    held = claim(two, watch, "b", "me")
    assert names(two, watch, "other") == ["a"]
    assert names(two, watch, "me") == ["b", "a"]
    watch.add(seconds=STALE - 1)
    held.beat()
    watch.add(seconds=STALE - 1)
    assert names(two, watch, "other") == ["a"]
    watch.add(seconds=2)
    assert names(two, watch, "other") == ["b", "a"]
    taken = claim(two, watch, "b", "other")
    assert taken.state.attempt == 2 and "Goes on" in taken.state.message
    for change in (held.beat, lambda: held.hands_in("x"), lambda: held.end("done")):
        with pytest.raises(Lost):
            change()


def test_a_sign_of_life_from_the_future_keeps_nobody_away(two, watch):
    watch.add(days=365)
    claim(two, watch, "b", "liar")
    watch.add(days=-365)
    assert names(two, watch, "other")[0] == "b"


def test_two_who_saw_it_waiting(two, watch):
    (job,) = (job for job in read_jobs(two.place) if job.id == "b")
    first, second = (Claim(two.place, job, name, watch) for name in ("x", "y"))
    first.begin()
    with pytest.raises(Lost):
        second.begin()


def test_the_history_tells_everything(two, watch):
    held = claim(two, watch, "b", "me")
    watch.add(minutes=5)
    held.end("failed", "No memory.", log="the log")
    state = two.state("b")
    assert [(each.state, each.at[11:16], each.message) for each in state.history] == [
        ("waiting", "09:00", ""),
        ("running", "09:01", ""),
        ("failed", "09:06", "No memory."),
    ]
    assert two.log("b") == "the log"
    assert names(two, watch) == ["a"]


def test_a_stop_is_no_attempt(two, watch):
    claim(two, watch, "b", "me").stopped()
    assert (two.state("b").state, two.state("b").attempt) == ("waiting", 0)


class Unheard:
    """A place whose answers are lost on the way: what it was asked to write is there, or is not."""

    def __init__(self, place, written):
        self.place, self.written, self.lost = place, written, 0

    def swap(self, path, before, changes):
        if self.lost:
            self.lost -= 1
            if self.written:
                assert self.place.swap(path, before, changes)
            raise PublishError("No answer.")
        return self.place.swap(path, before, changes)


@pytest.mark.parametrize("written", [True, False])
def test_a_lost_answer_loses_no_job(two, watch, written):
    place = Unheard(two.place, written)
    (job,) = (job for job in read_jobs(two.place) if job.id == "b")
    held = Claim(place, job, "me", watch)
    held.begin()
    place.lost = 1
    watch.add(minutes=5)
    with pytest.raises(PublishError):
        held.beat()
    watch.add(minutes=5)
    held.beat()
    held.end("done")
    assert two.states("b") == ["waiting", "running", "done"]


def test_a_lost_answer_is_no_right_to_what_another_has_taken(two, watch):
    place = Unheard(two.place, written=True)
    (job,) = (job for job in read_jobs(two.place) if job.id == "b")
    held = Claim(place, job, "me", watch)
    held.begin()
    place.lost = 1
    with pytest.raises(PublishError):
        held.beat()
    watch.add(seconds=STALE + 1)
    claim(two, watch, "b", "other")
    with pytest.raises(Lost):
        held.beat()


def test_what_is_done_is_evaluated_anew(two, watch):
    held = claim(two, watch, "b", "me")
    held.hands_in("bundles/b/1.zip")
    held.end("done", address="there")
    retry(two.place, "b", watch)
    state = two.state("b")
    assert (state.state, state.attempt, state.bundle, state.address) == ("waiting", 0, "", "")
    assert names(two, watch) == ["b", "a"]


def test_a_failed_job_waits_again_at_its_old_place(two, watch):
    claim(two, watch, "b", "me").end("failed", "No memory.")
    retry(two.place, "b", watch)
    assert names(two, watch) == ["b", "a"] and two.state("b").attempt == 0
    for name in ("a", "nothing"):
        with pytest.raises(ItamedError, match="no job that has ended"):
            retry(two.place, name, watch)


@pytest.mark.parametrize(("changed", "message"), HOSTILE)
def test_each_hostile_request_fails_with_its_reason(queue, watch, changed, message):
    queue.ask("evil", **changed)
    admit(queue.place, read_jobs(queue.place), watch)
    state = queue.state("evil")
    assert state.state == "failed" and len(state.message) > 20
    assert names(queue, watch) == []


def test_what_was_asked_twice_runs_once(queue, watch):
    queue.ask("a")
    queue.ask("b", by="Reparto B")
    admit(queue.place, read_jobs(queue.place), watch)
    assert names(queue, watch) == ["a"]
    assert queue.state("b").message == "The same is asked in a."


def test_a_twin_is_not_tried_again_before_the_other_has_failed(queue, watch):
    queue.ask("a")
    queue.ask("b", by="Reparto B")
    admit(queue.place, read_jobs(queue.place), watch)
    for end in (None, "done"):
        if end:
            claim(queue, watch, "a", "me").end(end)
        with pytest.raises(ItamedError, match=f"the same as a, which is {end or 'waiting'}"):
            retry(queue.place, "b", watch)
    assert queue.state("b").state == "failed"


def test_of_two_that_failed_one_is_tried_again(queue, watch):
    queue.ask("a")
    queue.ask("b", by="Reparto B")
    admit(queue.place, read_jobs(queue.place), watch)
    claim(queue, watch, "a", "me").end("failed", "No memory.")
    retry(queue.place, "b", watch)
    with pytest.raises(ItamedError, match="the same as b, which is waiting"):
        retry(queue.place, "a", watch)
    assert names(queue, watch) == ["b"]


def test_states_of_strangers(queue, watch, capsys):
    queue.ask("a")
    (queue.place.path / "states").mkdir()
    (queue.place.path / "states" / "a.json").write_text('{"format": 1, "state": "done"}')
    (queue.place.path / "states" / "lost.json").write_bytes(
        json.dumps({"state": "waiting", "history": [{"state": "waiting", "at": "2026-01-01T00:00:00Z"}]}).encode()
    )
    (queue.place.path / "requests" / "Evil [red]!.json").write_text(json.dumps(ASKED))
    admit(queue.place, read_jobs(queue.place), watch)
    jobs = {job.id: job for job in read_jobs(queue.place)}
    assert jobs["a"].kind == "damaged" and "history" in jobs["a"].damage
    assert jobs["lost"].refusal == "The file of the request is gone."
    assert jobs["Evil [red]!"].kind == "damaged"
    assert names(queue, watch) == ["lost"]
    show_queue(read_jobs(queue.place), watch(), STALE)
    assert "damaged" in capsys.readouterr().out


def test_the_table(two, watch, capsys):
    two.put("evil", b"{}")
    claim(two, watch, "b", "me")
    watch.add(hours=2, minutes=5)
    show_queue(read_jobs(two.place), watch(), STALE)
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    running, waiting, failed = (row for row in rows if len(row) == 8)
    assert running[1:] == [
        *("b", f"clinic/small@{COMMIT[:7]}", "0-shot, constrained, bfloat16", "running", "2 h 5 min", "1"),
        "no sign of life for 2 h 5 min: any worker takes it over",
    ]
    assert waiting[:2] == ["1", "a"] and waiting[4:6] == ["waiting", "2 h 5 min"]
    assert failed[1] == "evil" and failed[4] == "failed" and "expected this" in failed[7]


def test_a_narrow_terminal_shows_requests_one_below_the_other(two, watch, capsys, monkeypatch):
    monkeypatch.setattr(show, "out", lambda piped: Console(width=80))
    two.put("Evil [red]!", b"{}")
    claim(two, watch, "b", "me")
    watch.add(minutes=5)
    show_queue(read_jobs(two.place), watch(), STALE)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "b: running for 5 min, attempt 1",
        f"  clinic/small@{COMMIT[:7]}, 0-shot, constrained, bfloat16",
        "a: waiting for 5 min, number 1 in the line",
        f"  clinic/small@{COMMIT[:7]}, 4-shot, constrained, bfloat16",
        "Evil [red]!: damaged",
    ]
    assert lines[5].startswith("  ")


def test_ages(watch):
    assert [age(moment, watch()) for moment in ("", "2026-01-01T08:59:30Z", "2025-12-30T08:00:00Z")] == [
        *("", "0 min", "2 d 1 h")
    ]


def test_messages_are_plain():
    assert plain("=x <b>\n\ty\x1b[0m è") == "x (b) y[0m ?"
    assert len(plain("a" * 1000)) == 300
