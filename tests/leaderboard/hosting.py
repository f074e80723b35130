"""The workflows of docs/hosting as tests run them: their steps, and what their comment shows."""

import runpy

import yaml

from ..conftest import ROOT

HOSTING = ROOT / "docs" / "hosting"


def step(workflow, job, name):
    """Return what a named step of a workflow runs."""
    steps = yaml.safe_load((HOSTING / workflow).read_text())["jobs"][job]["steps"]
    return next(each["run"] for each in steps if each.get("name") == name)


def commented(folder):
    """Return the comment on what is in a folder."""
    return runpy.run_path(str(HOSTING / "comment.py"))["body"](folder)


def shown(place, text):
    """Return a text as the comment shows it."""
    folder = place / "found"
    folder.mkdir(exist_ok=True)
    (folder / "1.md").write_text(text)
    return commented(folder)
