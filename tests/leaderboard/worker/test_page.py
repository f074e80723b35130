"""The queue in README.md: up to date, safe, and beside what a maintainer wrote there."""

import threading

import pytest
from itamed.leaderboard.markdown import said
from itamed.leaderboard.worker import page as module
from itamed.leaderboard.worker.hub import HubPlace
from itamed.leaderboard.worker.jobs import Claim, Job, admit, read_jobs
from itamed.leaderboard.worker.page import keep_page, page
from itamed.leaderboard.worker.place import MAX_FILE, PAGE
from itamed.leaderboard.worker.state import Event, State

from ...benchmark.fakehub import TOKEN, Repo
from .conftest import ASKED, COMMIT
from .test_work import COPY

ADDRESS = "https://huggingface.co/datasets/clinic/results/discussions/7"


def shown(queue):
    """Return the cells of the table's lines."""
    lines = [line for line in queue.place.read(PAGE).decode().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def claim(queue, watch, name):
    held = Claim(queue.place, next(job for job in read_jobs(queue.place) if job.id == name), "me", watch)
    held.begin()
    return held


def test_each_state_has_its_line(queue, watch):
    for number, name in enumerate(("a", "b", "c", "d")):
        queue.ask(name, shots=4 * (number % 2), reasoning=("none", "cot")[number // 2])
    queue.put("evil", b"{}")
    admit(queue.place, read_jobs(queue.place), watch)
    watch.add(minutes=1)
    claim(queue, watch, "a").end("done", "Warnings: 2.", address=ADDRESS)
    watch.add(minutes=1)
    claim(queue, watch, "b").end("failed", "No memory.", log="the log")
    claim(queue, watch, "c")
    keep_page(queue.place)
    model, day = f"`clinic/small` at `{COMMIT[:7]}`", "2026-01-01"
    running, waiting, failed, done, refused = shown(queue)
    assert running == ["`c`", model, "0-shot, constrained, cot, bfloat16", "running", f"{day} 09:02:00", ""]
    assert waiting[0] == "`d`" and waiting[3:] == ["waiting", f"{day} 09:00:00", ""]
    assert failed[0] == "`b`" and failed[3:] == ["failed", f"{day} 09:02:00", "`No memory.` [log](logs/b.txt)"]
    assert done[0] == "`a`" and done[3:] == ["done", f"{day} 09:01:00", f"[result]({ADDRESS})"]
    assert refused[:4] == ["`evil`", "", "", "failed"] and "expected this key" in refused[5]


def test_an_adapter_stands_beside_its_model(queue):
    queue.ask("a", adapter={"name": "clinic/lora", "revision": "b" * 40})
    keep_page(queue.place)
    assert shown(queue)[0][1] == f"`clinic/small` at `{COMMIT[:7]}` with `clinic/lora` at `bbbbbbb`"


def test_nobody_has_asked(queue):
    keep_page(queue.place)
    assert queue.place.read(PAGE).decode().startswith("---\nviewer: false\n---\n")
    assert "Nobody has asked" in queue.place.read(PAGE).decode()


@pytest.mark.parametrize("before", [b"", b"# Ours\n\nRead this. \xff\n", b"---\nlicense: mit\n---\n"])
def test_what_others_wrote_stays(queue, before):
    queue.place.swap(PAGE, None, {PAGE: before})
    keep_page(queue.place)
    first = queue.place.read(PAGE)
    assert first.startswith(before.rstrip())
    after = first + b"\nBelow.\n"
    queue.place.swap(PAGE, first, {PAGE: after})
    queue.ask("a")
    keep_page(queue.place)
    text = queue.place.read(PAGE)
    assert text.startswith(before.rstrip()) and text.endswith(b"\nBelow.\n") and text.count(b"<!-- The queue") == 1
    assert b"`a`" in text and b"Nobody" not in text


def test_the_same_queue_is_not_written_again(queue, monkeypatch):
    queue.ask("a")
    keep_page(queue.place)
    monkeypatch.setattr(queue.place, "swap", None)
    keep_page(queue.place)


@pytest.mark.parametrize(
    "text",
    [
        "`",
        "`` @team",
        "a | b",
        "<img src=x>",
        "<!-- End of the queue. -->",
        "[x](https://evil.example)",
        "\u202etxt\n# b",
    ],
)
def test_no_words_of_a_stranger_are_more_than_text(text):
    event = Event(state="failed", at="2026-01-01T09:00:00Z", message=text)
    state = State(state="failed", address="", history=[event])
    jobs = [Job("a", refusal=text), Job(text, damage=text), Job("b", state=state)]
    jobs.append(Job("c", state=state.model_copy(update={"address": f"javascript:{text}"})))
    _, _, *lines = page(jobs).splitlines()
    assert len(lines) == 4
    for line in lines:
        assert line.isascii() and line.count("|") == 7 and not set(line) & set("<>")
        # What is left outside of code spans are our own words.
        assert not set("".join(line.split("`")[::2])) & set("[]()@#")


def test_words_are_short():
    assert len(said("a" * 1000)) < 170 and said(" \n") == "`?`" and said("") == ""


def test_a_long_queue_is_cut(monkeypatch):
    monkeypatch.setattr(module, "MOST", 3)
    text = page([Job(f"j{number}", refusal="gone") for number in range(5)])
    assert text.count("| `j") == 3 and "Requests beside these: 2." in text
    event = Event(state="failed", at="2026-01-01T09:00:00Z", message="x" * 300)
    job = Job("a" * 80, state=State(state="failed", attempt=1, history=[event]))
    assert 200 * len(page([job])) < MAX_FILE


def test_two_who_write_at_once_leave_the_newest(queue, watch, monkeypatch):
    """One has read the states and is slow; the other has changed one and writes; then the first one writes."""
    queue.ask("a")
    admit(queue.place, read_jobs(queue.place), watch)
    held, swap, slow = claim(queue, watch, "a"), queue.place.swap, []

    def late(path, before, changes):
        if path == PAGE and not slow:
            slow.append(True)
            held.end("done", address=ADDRESS)
            keep_page(queue.place)
        return swap(path, before, changes)

    monkeypatch.setattr(queue.place, "swap", late)
    keep_page(queue.place)
    assert [line[3] for line in shown(queue)] == ["done"]


def test_many_workers(queue):
    queue.ask("a")
    threads = [threading.Thread(target=keep_page, args=(queue.place,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shown(queue)) == 1


def test_on_the_hub(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    repo = hub.repos["clinic/requests"] = Repo({"README.md": b"# Ours\n"})
    place = HubPlace("clinic/requests")
    keep_page(place)
    assert repo.files["README.md"].startswith(b"# Ours\n\n<!-- The queue")
    calls = len(hub.calls)
    keep_page(place)
    assert not any(call.startswith("POST") for call in hub.calls[calls:])
    assert place.names() == [], "the page is no request"


def test_a_worker_keeps_it(queue, bundle, monkeypatch):
    queue.ask("a")
    script = (
        "import os, pathlib; page = pathlib.Path(os.environ['QUEUE'], 'queue', 'README.md').read_text();"
        "assert '| running |' in page, page;"
    )
    queue.work(script + COPY.format(str(bundle)))
    ((_, _, _, state, _, result),) = shown(queue)
    assert state == "done" and result.startswith("`bundles/lookup/")


def test_a_page_that_cannot_be_written_ends_no_job(queue, bundle, capsys):
    queue.place.path.mkdir(parents=True)
    (queue.place.path / PAGE).write_bytes(b"x" * (MAX_FILE + 1))
    queue.ask("a", at=ASKED["at"])
    queue.work(COPY.format(str(bundle)))
    assert queue.state("a").state == "done" and f"at most {MAX_FILE} bytes" in capsys.readouterr().err
