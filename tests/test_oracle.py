"""The whole chain through the unmodified harness: gold answers score 1.0, noise does not crash."""

import json
import os
import subprocess
import sys
from functools import cache
from unittest.mock import patch

import pytest
from itamed.benchmark.suite import suite, tasks_dir
from lm_eval import utils
from lm_eval.tasks import TaskManager

from .oracle import completions, last_prompt, noise


def run_harness(url, tasks, output, *extra):
    """Call the harness as a user does, in a process of its own."""
    arguments = f"base_url={url},model=oracle,tokenizer_backend=none,tokenized_requests=False,num_concurrent=16"
    command = [sys.executable, "-m", "lm_eval", "run", "--model", "local-completions", "--model_args", arguments]
    command += ["--tasks", tasks, "--output_path", str(output), "--log_samples", "--include_path", str(tasks_dir())]
    done = subprocess.run(
        [*command, *extra], capture_output=True, text=True, env=os.environ | {"HF_HUB_OFFLINE": "1"}, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    (path,) = output.rglob("results_*.json")
    return json.loads(path.read_text())["results"]


def gold_answers(names):
    """Return the right answer of every test document by its prompt; no prompt may have two."""
    manager = TaskManager(include_path=str(tasks_dir()), include_defaults=False)
    docs = [(task, doc) for task in manager.load(names)["tasks"].values() for doc in task.eval_docs]
    answers = {}
    # The harness compiles a prompt's template anew for every document: most of the time this takes.
    with patch.object(utils.env, "from_string", cache(utils.env.from_string)):
        for task, doc in docs:
            prompt, gold = task.doc_to_text(doc).strip(), task.doc_to_target(doc)
            assert answers.setdefault(prompt, gold) == gold, f"another document asks the same as {doc['id']}"
    return answers


def check_perfect(results, names):
    for name in names:
        for mode in ("repaired", "strict"):
            assert results[name][f"score,{mode}"] == 1.0, name
            assert results[name][f"valid,{mode}"] == 1.0, name
            assert results[name][f"score_stderr,{mode}"] == 0.0, name


@pytest.mark.parametrize("shots", ["0", "4"])
def test_oracle_scores_one_on_all_mini_tasks(tmp_path, shots):
    names = [task.mini_name for task in suite().values()]
    assert len(names) == 20
    answers = gold_answers(names)
    with completions(lambda prompt: answers[last_prompt(prompt)]) as url:
        results = run_harness(url, "itamed-mini", tmp_path, "--num_fewshot", shots)
    check_perfect(results, names)


def test_noise_does_not_crash(tmp_path):
    with completions(noise) as url:
        results = run_harness(url, "itamed-mini", tmp_path, "--num_fewshot", "4")
    scores = [numbers["score,repaired"] for name, numbers in results.items() if "score,repaired" in numbers]
    assert len(scores) >= 20
    assert max(scores) < 0.7
