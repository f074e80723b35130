"""What tells rows of one name apart, in tables, downloads and permalinks."""

import json
import re

import pytest
from itamed.leaderboard.board.columns import board_rows, task_rows
from itamed.leaderboard.board.listing import boards
from itamed.leaderboard.board.site import build
from itamed.leaderboard.board.store import read_store
from itamed.leaderboard.board.telling import told_apart

from .made_up import add_entry

FREE = {"mode": "free", "engine": "itamed-hf", "batch": "8"}
COMMIT = "0123456789" * 4
ADAPTERS = [{"name": "a/adapter", "revision": letter * 40} for letter in "ab"]


def told(store, files, *parts):
    """Return what is told of runs of one model that differ in some parts, in the order of these."""
    keys = []
    for number, given in enumerate(parts):
        model = {"revision": COMMIT} | given.get("model", {})
        keys.append(add_entry(store, files, "a/b", seed=number, **given | {"model": model}).name)
    found = told_apart(boards(read_store(store))["0.1.0"])
    return [found[key] for key in keys]


def test_a_row_says_its_commit_where_it_has_one(files, tmp_path):
    assert told(tmp_path, files, {}) == ["at 0123456"]
    assert told(tmp_path / "none", files, {"model": {"revision": None}}) == [""]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([{"model": {"precision": "4bit"}}, {"model": {"precision": None}}], ["4bit", "unknown precision"]),
        ([{"seeds": {"examples": 7}}, {"seeds": {}}], ["examples of seed 7", "examples of seed 0"]),
        (
            [{"chat": {"template_sha256": "c" * 64}}, {"chat": {}}],
            ["chat template ccccccc, all in one turn", "no chat template"],
        ),
        (
            [{"arguments": {"gguf_file": f"q{bits}.gguf"}} for bits in (2, 4)],
            ["gguf_file=q2.gguf", "gguf_file=q4.gguf"],
        ),
        ([{"model": {"adapter": adapter}} for adapter in ADAPTERS], ["adapter at aaaaaaa", "adapter at bbbbbbb"]),
        ([{"decoding": FREE | {"engine": name}} for name in ("hf", "vllm")], ["hf", "vllm"]),
        ([{"created": f"2026-01-0{day}T00:00:00Z"} for day in (1, 2)], ["run of 2026-01-01", "run of 2026-01-02"]),
    ],
)
def test_rows_that_agree_in_all_else_say_what_differs(files, tmp_path, parts, expected):
    assert told(tmp_path, files, *parts) == [f"at 0123456, {each}" for each in expected]


def test_other_commits_and_modes_need_no_more(files, tmp_path):
    parts = [
        {"model": {"precision": "4bit"}},
        {"model": {"revision": "f" * 40}},
        {"decoding": FREE | {"mode": "schema"}},
    ]
    assert told(tmp_path, files, *parts) == ["at 0123456", "at fffffff", "at 0123456"]


def test_the_same_run_twice_is_told_by_its_entry(files, tmp_path):
    first, second = told(tmp_path, files, {}, {})
    assert re.fullmatch("at 0123456, entry [0-9a-f]{8}", first)
    assert first != second


def test_tables_have_what_is_told_and_the_day_of_the_run(files, tmp_path):
    add_entry(tmp_path / "store", files, "a/b", model={"revision": COMMIT}, created="2026-01-31T12:00:00Z")
    rows = boards(read_store(tmp_path / "store"))["0.1.0"]
    task, told = next(iter(rows[0].stored.entry.tasks)), told_apart(rows)
    for listed in (board_rows(rows, told), task_rows(task, "id", rows, told)):
        assert [(each["told"], each["created"]) for each in listed] == [("at 0123456", "2026-01-31")]
    build(tmp_path / "store", tmp_path / "site")
    page = (tmp_path / "site" / "index.html").read_text()
    assert "<small>◐ re-scored, 4-shot, free, at 0123456, run of 2026-01-31</small>" in page


def test_downloads_say_how_each_entry_was_made(files, tmp_path):
    made = {
        "model": {"revision": COMMIT, "precision": "4bit", "adapter": ADAPTERS[0]},
        "arguments": {"load_in_4bit": "True", "gguf_file": "q2.gguf"},
        "untold": ["base_url"],
        "seeds": {"examples": 7},
        "chat": {"template_sha256": "c" * 64, "multiturn": True},
        "declaration": {"training": "fine-tuning", "test_rows": "unknown"},
    }
    add_entry(tmp_path / "store", files, "a/b", **made)
    add_entry(tmp_path / "store", files, "a/c", declaration=None)
    build(tmp_path / "store", tmp_path / "site")
    rows = {row["name"]: row for row in json.loads((tmp_path / "site" / "data" / "entries.json").read_text())}
    expected = {
        "revision": COMMIT,
        "engine": "itamed-hf",
        "precision": "4bit",
        "arguments": "gguf_file=q2.gguf load_in_4bit=True",
        "arguments_untold": "base_url",
        "adapter": "a/adapter",
        "adapter_revision": "a" * 40,
        "chat_template": "c" * 64,
        "chat_turns": True,
        "fewshot_seed": 7,
        "declared_test_rows": "unknown",
    }
    found = rows["a/b + a/adapter"]
    assert {name: found[name] for name in expected} == expected
    assert re.fullmatch("[0-9a-f]{64}", found["bundle"])
    assert (rows["a/c"]["adapter"], rows["a/c"]["declared_test_rows"]) == (None, None)
    assert "chat_template" in (tmp_path / "site" / "data" / "entries.csv").read_text().splitlines()[0]
