"""One run on the mini set for all tests, and the files of its bundle."""

import pytest
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.run import find_run
from itamed.leaderboard.bundle import Wishes, make_bundle

from ..conftest import only_own_tasks
from .tamper import TASKS


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory, word_tokenizer):
    folder = tmp_path_factory.mktemp("leaderboard") / "run"
    arguments = ["--model", "itamed-baseline", "--model_args", f"model=lookup,tokenizer={word_tokenizer}"]
    with only_own_tasks():
        evaluate([*arguments, "--tasks", ",".join(TASKS), "--output_path", str(folder)])
    return folder


@pytest.fixture(scope="session")
def files(run_folder):
    """Return the files of the run's bundle by name; not to be changed."""
    return make_bundle(find_run(run_folder), Wishes(mini=True))
