"""Other wordings of the tasks: they ask for the same, and change nothing of a prompt but its instruction."""

import re

import pytest
from itamed.benchmark.suite import own_tasks, suite
from lm_eval.tasks import TaskManager

TASKS = list(suite().values())


def loaded(**metadata):
    names = [task.mini_name for task in TASKS]
    return TaskManager(**own_tasks(), metadata=metadata).load(names)["tasks"]


@pytest.fixture(scope="module")
def by_wording():
    return {number: loaded(eval_wording=number) for number in (0, 1, 2)}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_wordings_differ_and_name_the_same_empty_value(task):
    found = [task.worded(number).instruction for number in (0, 1, 2)]
    assert len(set(found)) == 3
    assert len({tuple(re.findall(r'"[^"]+"', text)) for text in found}) == 1


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_wording_changes_the_instruction_alone(task, by_wording):
    prompts = {
        number: [asked.doc_to_text(doc) for doc in asked.eval_docs]
        for number, asked in ((number, tasks[task.mini_name]) for number, tasks in by_wording.items())
    }
    for number in (1, 2):
        other = task.worded(number).instruction
        assert prompts[number] == [text.replace(task.instruction, other) for text in prompts[0]]
        assert all(other in text for text in prompts[number])


def test_examples_are_asked_for_in_the_same_words(by_wording):
    for number, tasks in by_wording.items():
        for task in TASKS:
            shots = tasks[task.mini_name].sampler.sample(4)
            assert {shot["instruction"] for shot in shots} <= {task.worded(number).instruction}
