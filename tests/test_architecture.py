"""docs/architecture.md: the folders and files that it leads to exist, and no folder of code is left out."""

import re

import pytest

from .conftest import ROOT

TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([\w/]+/)` \| .* \| (`.*`) \|$", TEXT, re.MULTILINE)


@pytest.mark.parametrize(("folder", "files"), ROWS, ids=[folder for folder, _ in ROWS])
def test_each_folder_has_what_to_begin_with(folder, files):
    assert [name for name in re.findall(r"`([^`]+)`", files) if not (ROOT / folder / name).is_file()] == []


def test_every_folder_of_code_has_a_place_in_the_table():
    tops = {folder.split("/")[0] for folder, _ in ROWS}
    inner = {path.parent.relative_to(ROOT).parts[:2] for top in tops for path in (ROOT / top).glob("*/__init__.py")}
    named = {tuple(folder.strip("/").split("/")) for folder, _ in ROWS}
    assert {folder for folder in inner if folder[0] in ("benchmark", "training", "leaderboard")} <= named


def test_named_paths_exist():
    paths = re.findall(r"`((?:benchmark|training|leaderboard|tests|lm_eval_tasks)/[\w./]*\w/?)`", TEXT)
    assert len(paths) > 15
    assert [path for path in paths if not (ROOT / path).exists() and "NAME" not in path] == []
