"""The chain through the unmodified harness on all 20 tasks: the archives' own, and the made-up Hub sets."""

import pytest
from itamed.benchmark.data.record import FILE
from itamed.benchmark.docs import task_docs
from itamed.benchmark.families import family_of
from itamed.benchmark.paths import datasets_dir
from itamed.benchmark.rows import row_class
from itamed.benchmark.sources.registry import SOURCES
from itamed.benchmark.suite import suite

from .oracle import completions, last_prompt
from .test_oracle import check_perfect, gold_answers, run_harness

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("built_suite")]
NEVER_EMPTY = {name for name in suite() if "_qa_" in name} | {"itamed_arg_casimedicos_relations"}
"""A question has an answer, and texts without relations are left out of that task, as unannotated."""


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
