"""The chain through the unmodified harness on all 20 tasks: the archives' own, and the made-up Hub sets."""

import os
import subprocess
import sys

import pytest
from itamed.benchmark.data.record import FILE
from itamed.benchmark.docs import task_docs
from itamed.benchmark.families import family_of
from itamed.benchmark.paths import datasets_dir
from itamed.benchmark.rows import row_class
from itamed.benchmark.sources.registry import SOURCES
from itamed.benchmark.suite import suite

from .hubsets import write_hub_sets
from .oracle import completions, last_prompt
from .test_oracle import check_perfect, gold_answers, run_harness

pytestmark = pytest.mark.integration
NEVER_EMPTY = {name for name in suite() if "_qa_" in name} | {"itamed_arg_casimedicos_relations"}
"""A question has an answer, and texts without relations are left out of that task, as unannotated."""


def build_suite(sources, folder):
    """Build all sources in a process of its own as a user does, and return the ITAMED_HOME of the data.

    Args:
        sources: folder of the original archives.
        folder: where to work; what was built there before is not built again.
    """
    inputs, home = folder / "sources", folder / "home"
    if not inputs.exists():
        inputs.mkdir(parents=True)
        for path in sources.iterdir():
            (inputs / path.name).symlink_to(path.resolve())
        write_hub_sets(inputs)
    command = [sys.executable, "-m", "itamed.benchmark.cli", "data", "build", "--sources", str(inputs)]
    env = os.environ | {"ITAMED_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return home


@pytest.fixture(scope="module")
def suite_home(sources_dir, tmp_path_factory):
    return build_suite(sources_dir, tmp_path_factory.getbasetemp() / "suite")


@pytest.fixture(autouse=True)
def built(suite_home, monkeypatch):
    monkeypatch.setenv("ITAMED_HOME", str(suite_home))


def test_all_sources_are_built():
    assert len(SOURCES) == 11
    assert [name for name in SOURCES if not (datasets_dir() / name / FILE).is_file()] == []


@pytest.mark.parametrize("name", suite())
def test_every_task_has_examples_and_the_second_is_empty_where_any_is(name):
    shots = list(task_docs(name, eval_notes=1)["fewshot"])
    kind = row_class(shots[0])
    empty = [family_of(kind).is_empty(kind.from_dict(doc)) for doc in shots]
    assert len({doc["doc_id"] for doc in shots}) >= 5
    assert empty[1] == any(empty) == (name not in NEVER_EMPTY)


def test_oracle_scores_one_on_all_tasks(tmp_path):
    names = list(suite())
    assert len(names) == 20
    answers = gold_answers(names)
    with completions(lambda prompt: answers[last_prompt(prompt)]) as url:
        results = run_harness(url, "itamed_*", tmp_path, "--num_fewshot", "0")
    assert {name for name in results if name.startswith("itamed")} == set(names)
    check_perfect(results, names)
