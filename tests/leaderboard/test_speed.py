"""Runs that no machine does in their time, and honest ones, which get no warning."""

import pytest
from itamed.leaderboard.bundle import MANIFEST

from .tamper import NER, TASKS, answers, changed, verdict, with_answers

MODEL, RULE, TAGGER = "itamed-hf", "itamed-baseline", "itamed-encoder"


def with_tokens(files, given, text=None):
    """Return the files with so many tokens in and out for each answer, of another text if one is given."""
    for task in TASKS:
        found = [each | given | ({} if text is None else {"answer": text}) for each in answers(files, task)]
        files = with_answers(files, task, found)
    return files


def told(files, tmp_path, *, engine=MODEL, parameters=None, **cost):
    """Return the fields of a bundle that are warned of, and what was found there, as far as they are its cost."""

    def change(manifest):
        manifest["decoding"].update(engine=engine)
        manifest["model"].update(parameters=parameters)
        manifest["cost"].update({"resumed": False} | cost)

    found = verdict(changed(files, MANIFEST, change), tmp_path).findings
    return [(each.field, each.found) for each in found if each.field.startswith("cost") and each.severity == "warning"]


@pytest.mark.parametrize(
    ("tokens", "parameters", "expected"), [(10**6, None, 0), (10**6, 10**9, 0), (10**7, None, 1), (10**6, 10**12, 1)]
)
def test_more_tokens_than_a_machine_writes(files, tmp_path, tokens, parameters, expected):
    found = told(files, tmp_path, parameters=parameters, seconds=10.0, tokens_out=tokens)
    assert found == [("cost", f"{tokens} tokens of answers in 10 s")] * expected


@pytest.mark.parametrize(("tokens", "expected"), [(10**8, 0), (10**9, 1)])
def test_more_tokens_than_a_machine_reads(files, tmp_path, tokens, expected):
    found = told(files, tmp_path, seconds=10.0, tokens_in=tokens)
    assert found == [("cost", f"{tokens} tokens of prompts in 10 s")] * expected


@pytest.mark.parametrize("given", [{"tokens_out": None}, {"tokens_out": 0}])
@pytest.mark.parametrize(("characters", "seconds", "expected"), [(16_000, 0.03, 1), (16_000, 10.0, 0), (160, 0.03, 0)])
def test_tokens_that_are_not_told_are_seen_in_the_answers(files, tmp_path, given, characters, seconds, expected):
    found = told(with_tokens(files, given, "a" * characters), tmp_path, engine=RULE, seconds=seconds)
    assert [field for field, _ in found] == ["cost"] * expected


@pytest.mark.parametrize(("engine", "expected"), [(MODEL, 1), ("itamed-completions", 1), (RULE, 0), (TAGGER, 0)])
def test_less_than_a_millisecond_a_row(files, tmp_path, engine, expected):
    rows = sum(len(answers(files, task)) for task in TASKS)
    fast = told(files, tmp_path, engine=engine, seconds=0.9e-3 * rows)
    assert fast == [("cost", f"{rows} rows in {0.9e-3 * rows:g} s")] * expected
    assert told(files, tmp_path, engine=engine, seconds=1.1e-3 * rows) == []


def test_a_resumed_run_has_the_time_of_its_last_part_alone(files, tmp_path):
    assert told(files, tmp_path, seconds=0.001, resumed=True) == []


@pytest.mark.parametrize(
    ("engine", "expected"), [(MODEL, 1), ("vllm", 1), ("itamed-completions", 0), (RULE, 0), (TAGGER, 0)]
)
@pytest.mark.parametrize("side", ["tokens_in", "tokens_out"])
def test_tokens_that_could_have_been_counted(files, tmp_path, side, engine, expected):
    found = told(with_tokens(files, {side: None}), tmp_path, engine=engine, seconds=60.0)
    assert [field for field, _ in found] == ["cost.tokens_out"] * expected


def test_one_task_is_measured_as_several_are(one, tmp_path):
    rows = len(answers(one, NER))
    assert told(one, tmp_path, seconds=1e-3, tokens_out=None)[0] == ("cost", f"{rows} rows in 0.001 s")
