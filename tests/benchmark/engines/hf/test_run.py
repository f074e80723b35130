"""Whole runs of the evaluation command with `itamed-hf`, on a tiny model in a folder."""

import json
import sqlite3
import subprocess
import sys
from unittest.mock import patch

import pytest
from itamed.benchmark.answering import SECONDS
from itamed.benchmark.decoding.answer import read_answer
from itamed.benchmark.decoding.grammar import grammar_of
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.finding import find_run
from llguidance import LLMatcher

from . import runs, tiny

TASKS = ["itamed-mini-ner-drugtemist", "itamed-mini-qa-ssm"]
pytestmark = pytest.mark.usefixtures("no_hub")


def command(folder, output, model="itamed-hf", **arguments):
    """Return the arguments of `itamed eval` for two tasks."""
    given = ",".join(f"{key}={value}" for key, value in {"pretrained": folder, "dtype": "float32", **arguments}.items())
    return [
        *("--model", model, "--model_args", given, "--device", "cpu", "--tasks", ",".join(TASKS)),
        *("--num_fewshot", "1", "--output_path", str(output)),
    ]


def samples(results):
    """Return what a run sampled: the answer and its score by task, document and filter."""
    found = {}
    for name in TASKS:
        path = results.with_name(results.name.replace("results", f"samples_{name}").replace(".json", ".jsonl"))
        for line in map(json.loads, path.read_text().splitlines()):
            found[name, line["doc_id"], line["filter"]] = (
                line["resps"],
                line["filtered_resps"],
                line["score"],
                line["doc"],
            )
    return found


@pytest.fixture(scope="module")
def constrained(folder, tmp_path_factory):
    """Return the results file of an undisturbed run."""
    return evaluate(command(folder, tmp_path_factory.mktemp("constrained")))


def test_free_answers_are_those_of_the_harness(folder, tmp_path):
    short = ["--gen_kwargs", "max_gen_toks=60", "--limit", "4"]
    plain = evaluate([*command(folder, tmp_path / "hf", "hf"), *short, "--batch_size", "3"])
    ours = evaluate([*command(folder, tmp_path / "free", constrained="false"), *short])
    assert samples(ours) == samples(plain)
    assert len({resps[0][0] for resps, *_ in samples(ours).values()}) == 8


def test_answers_with_grammars_are_right_shaped(constrained):
    found = samples(constrained)
    assert len(found) == 24
    for resps, _, _, doc in found.values():
        ((text,),) = resps
        status = read_answer(text).status
        matcher = LLMatcher(runs.vocabulary(), grammar_of(doc))
        assert matcher.consume_tokens(tiny.encode(text))
        assert status == "valid" if matcher.is_accepting() else len(tiny.encode(text)) > 300, text
    results = json.loads(constrained.read_text())
    assert results["results"][TASKS[1]]["valid,strict"] == 1
    assert results["results"][TASKS[0]]["valid,strict"] > 0.5
    assert results["config"]["itamed_work"]["forwards"] > 0


KILLED = """
import os, signal, sys, time
from lm_eval.api.model import CacheHook
from itamed.benchmark.evaluate import evaluate

store, left = CacheHook.add_partial, iter(range(4))

def add_partial(self, *given):
    store(self, *given)
    if next(left, None) is None:
        time.sleep(1)  # A thread of its own writes.
        os.kill(os.getpid(), signal.SIGKILL)

CacheHook.add_partial = add_partial
evaluate(sys.argv[1:])
"""


def test_a_killed_run_goes_on_where_it_stood(folder, tmp_path, constrained):
    arguments = [*command(folder, tmp_path / "out"), "--resume"]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr[-2000:]
    (cache,) = (path for path in (tmp_path / "out" / "cache").iterdir() if path.suffix == ".db")
    answers = f"select count(*) from unnamed where key not like '{SECONDS}%'"
    stored = sqlite3.connect(cache).execute(answers).fetchone()[0]
    assert 0 < stored <= 5
    asked = []
    answer = ItamedHF.generate_until
    with patch.object(
        ItamedHF, "generate_until", lambda self, given, **rest: asked.extend(given) or answer(self, given)
    ):
        resumed = evaluate(arguments)
    assert samples(resumed) == samples(constrained)
    assert len(asked) == 12 - stored, "what it had is not answered again"
    last = find_run(resumed)
    before = last.settings.seconds_before
    assert 0 < before < last.seconds == pytest.approx(before + last.settings.usage["seconds"])
