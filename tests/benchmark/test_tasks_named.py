"""Names, groups and patterns of tasks, as the harness takes them."""

import pytest
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.suite import own_tasks, suite, tasks_named
from lm_eval.tasks import TaskManager


@pytest.mark.parametrize(
    "text", ["itamed", "itamed-ood", "itamed-qa,itamed_qa_ssm", "itamed_ner_e3c_*", "itamed-mini-qa-ssm"]
)
def test_they_are_those_of_the_harness(text):
    manager = TaskManager(**own_tasks())
    found = tasks_named(text)
    wanted = set()
    for name in manager.match_tasks(text.split(",")):
        wanted |= {name} if "_" in name or "mini" in name else set(tasks_named(name))
    assert len(found) == len(set(found)) and set(found) == wanted


def test_all_of_them():
    assert sorted(tasks_named("itamed")) == sorted(suite())
    assert sorted(tasks_named("itamed-id, itamed-ood")) == sorted(suite())
    with pytest.raises(ItamedError, match=r"No task or group is named itamed-all\. The groups are: itamed, itamed-arg"):
        tasks_named("itamed_qa_ssm,itamed-all")
