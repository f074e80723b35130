"""Fixtures: runs of trivial rules on a few tasks of the embedded set, made once."""

import pytest
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.finding import find_run

from ...conftest import offline

TASKS = "itamed-mini-ner-e3c-clinentity,itamed-mini-ner-drugtemist,itamed-mini-qa-casimedicos"


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Return the results folders of runs of three rules, and of one with a single task."""
    found = {}
    with offline():
        for name, rule, tasks in (
            ("empty", "empty", TASKS),
            ("lookup", "lookup", TASKS),
            ("majority", "majority", TASKS),
            ("few", "lookup", TASKS[:30]),
        ):
            found[name] = tmp_path_factory.mktemp(name)
            arguments = ["--model", "itamed-baseline", "--model_args", f"model={rule}", "--tasks", tasks]
            label = ["--label", "model=Rules,training=FT,seed=4"] if name == "majority" else []
            evaluate([*arguments, *label, "--output_path", str(found[name])])
    return found


@pytest.fixture(scope="session")
def runs(folders):
    """Return the runs themselves."""
    return {name: find_run(folder) for name, folder in folders.items()}
