"""The wheel: it holds every file that is needed, and an unmodified harness finds the tasks after a plain install."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import lm_eval
import pytest
from itamed.benchmark.suite import FAMILIES, suite

from .conftest import ROOT

PLACES = {"benchmark": "itamed/benchmark", "training": "itamed/training", "leaderboard": "itamed/leaderboard"} | {
    "lm_eval_tasks": "lm_eval/tasks/itamed"
}


def run(*command, **kwargs):
    python = [sys.executable, "-m", *map(str, command)]
    done = subprocess.run(python, capture_output=True, text=True, check=False, **kwargs)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def needed(folder):
    """Return the files of a folder that users need, as the wheel should name them."""
    paths = [path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*") if path.is_file()]
    return {f"{PLACES[folder]}/{path.as_posix()}" for path in paths if "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel of a copy: a build leaves files beside the sources, and takes up those of earlier ones."""
    place = tmp_path_factory.mktemp("wheel")
    for name in (*PLACES, "setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, place / name)
    run("pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", place, place)
    (built,) = place.glob("*.whl")
    return built


def test_every_file_is_in_the_wheel(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        (metadata,) = (archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA"))
    assert set().union(*map(needed, PLACES)) == held
    for package in ("llguidance", "psutil", "torch"):
        assert any(line.startswith(f"Requires-Dist: {package}") and "hf" in line for line in metadata.splitlines())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Return a folder with the wheel installed over the harness, whose own task files are left away: they are slow."""
    place = tmp_path_factory.mktemp("installed")
    run("pip", "install", "--quiet", "--no-deps", "--target", place, wheel)
    harness = Path(lm_eval.__file__).parent
    for path in harness.iterdir():
        if path.name not in ("tasks", "__pycache__"):
            (place / "lm_eval" / path.name).symlink_to(path)
    for path in (harness / "tasks").glob("*.py"):
        shutil.copy(path, place / "lm_eval" / "tasks" / path.name)
    return place


def harness(installed, *arguments):
    env = os.environ | {"PYTHONPATH": str(installed), "HF_HUB_OFFLINE": "1", "COLUMNS": "300"}
    return run("lm_eval", *arguments, cwd=installed, env=env)


def test_the_harness_lists_our_tasks(installed):
    listed = {word for line in harness(installed, "ls", "tasks").splitlines() for word in line.split("|")}
    groups = {"itamed", "itamed-id", "itamed-ood", "itamed-mini", *(f"itamed-{family}" for family in FAMILIES)}
    minis = {task.mini_name for task in suite().values()}
    assert {word.strip() for word in listed} >= set(suite()) | minis | groups


def test_the_harness_validates_our_tasks(installed):
    assert "All tasks found and valid" in harness(installed, "validate", "--tasks", ",".join(["itamed", *suite()]))


def test_the_harness_runs_our_tasks(installed, tmp_path):
    harness(installed, "--model", "dummy", "--tasks", "itamed-mini", "--limit", "1", "--output_path", tmp_path)
    assert list(tmp_path.rglob("results_*.json"))
