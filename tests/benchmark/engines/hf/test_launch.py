"""Several processes, as a launcher starts them: notes are shared, one writes the results."""

import os
import subprocess
import sys

import pytest
from itamed.benchmark.evaluate import evaluate

from .test_run import command, samples

pytestmark = pytest.mark.usefixtures("no_hub")
EVALUATE = """
import sys
from itamed.benchmark.evaluate import evaluate

print("results:", evaluate(sys.argv[1:]))
"""


def test_two_processes_share_the_notes_and_one_writes(folder, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(EVALUATE)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    arguments = [str(script), *command(folder, tmp_path / "two"), "--resume"]
    done = subprocess.run(
        [*launcher, *arguments], capture_output=True, text=True, check=False, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("results: None") == 1
    (path,) = (tmp_path / "two").rglob("results_*.json")
    assert samples(path) == samples(evaluate(command(folder, tmp_path / "one")))
    caches = list((tmp_path / "two").rglob("*.db"))
    assert len(caches) == 2, "both have answered"
