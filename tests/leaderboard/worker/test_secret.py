"""A token in a worker's environment is none of the evaluation's."""

import subprocess
import sys

import pytest

READ = """
import os, pathlib, subprocess, sys
from itamed.leaderboard.worker.secret import hide_environment
hide_environment()
os.setuid(65534)
hide_environment()
look = f"import pathlib; print(b'hf_made_up' in pathlib.Path('/proc/{os.getpid()}/environ').read_bytes())"
raise SystemExit(subprocess.run([sys.executable, "-c", look], env={}, capture_output=True).returncode)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux alone")
def test_another_process_of_the_same_user_cannot_read_it():
    import os

    # Root may read everything, so a process of root gives that up first.
    give_up = READ if os.getuid() == 0 else READ.replace("os.setuid(65534)\n", "")
    done = subprocess.run([sys.executable, "-c", give_up], env={**os.environ, "HF_TOKEN": "hf_made_up"}, check=False)
    assert done.returncode == 1
