"""The commands of a job: fetch the model, with the network; then evaluate it, without network, home or token."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from itamed.benchmark.paths import home

from .running import Step

_PASSED = (
    "PATH",
    "LANG",
    "LC_",
    "TZ",
    "TMPDIR",
    "CUDA_",
    "NVIDIA_",
    "ROCR_",
    "HIP_",
    "LD_LIBRARY_PATH",
    "OMP_",
    "MKL_",
)
"""Beginnings of the names of variables that an evaluation needs; tokens are in others."""
_IMPORTED = "PYTHONPATH"


def steps(folder: Path) -> list[Step]:
    """Return the steps of the job in a folder."""
    return [
        Step([sys.executable, "-m", "itamed.leaderboard.worker.fetch", str(folder)], os.environ),
        Step(
            [sys.executable, "-m", "itamed.leaderboard.worker.evaluation", str(folder)],
            environment(folder, os.environ),
        ),
    ]


def environment(folder: Path, own: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of an evaluation: a model is data of a stranger, and gets nothing to tell.

    Args:
        folder: of the job, which becomes the home folder, so that no token file is found either.
        own: the worker's environment.
    """
    passed = {name: value for name, value in own.items() if name.startswith(_PASSED)}
    if own.get(_IMPORTED):
        # Otherwise another itamed might evaluate than the one that checks; a step runs in another folder.
        passed[_IMPORTED] = os.pathsep.join(str(Path(each).resolve()) for each in own[_IMPORTED].split(os.pathsep))
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    places = {"HOME": str(folder), "HF_HOME": str(folder / "hf"), "ITAMED_HOME": str(home().resolve())}
    return passed | offline | places
