"""The house: which folder may import which, how long files are, what must not be in them."""

import ast
import re
import subprocess

import pytest

from .conftest import ROOT

FOLDERS = ("benchmark", "training", "leaderboard", "lm_eval_tasks")
ALLOWED = {
    "benchmark": set(),
    "training": {"benchmark"},
    "leaderboard": {"benchmark"},
    "lm_eval_tasks": {"benchmark"},
}


def python_files(folder):
    return sorted((ROOT / folder).rglob("*.py"))


def imported_folders(path, folder):
    """Return the project folders that a file imports, relative imports resolved."""
    found = set()
    depth = len(path.relative_to(ROOT).parts) - 1
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level <= depth, f"{path}: a relative import leaves {folder}"
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        for name in names:
            parts = name.split(".")
            assert parts[0] not in FOLDERS, f"{path}: import itamed.{name}, never the bare folder"
            if parts[0] == "itamed" and len(parts) > 1:
                found.add(parts[1])
            if parts[:3] == ["lm_eval", "tasks", "itamed"]:
                found.add("lm_eval_tasks")
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_go_down_only(folder):
    for path in python_files(folder):
        assert imported_folders(path, folder) <= ALLOWED[folder], path


def test_files_stay_small():
    sizes = [len(path.read_text(encoding="utf-8").splitlines()) for folder in FOLDERS for path in python_files(folder)]
    assert max(sizes) <= 400
    assert sorted(sizes)[len(sizes) // 2] <= 120


def test_every_package_is_installed():
    listed = set(
        re.findall(r"^    (itamed\.[\w.]+|lm_eval\.tasks[\w.]*)$", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    )
    folders = {path.parent.relative_to(ROOT).as_posix() for folder in FOLDERS for path in python_files(folder)}
    names = {
        f"itamed.{name.replace('/', '.')}"
        if not name.startswith("lm_eval_tasks")
        else "lm_eval.tasks.itamed" + name[13:].replace("/", ".")
        for name in folders
    }
    assert names <= listed


def test_no_machine_path_or_registry_host_is_tracked():
    pattern = r"/(wo)rk/|/(fa)rm/|(py)thonhosted|registry\.npmjs"
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    for name in files:
        if (ROOT / name).is_file() and not name.endswith((".png", ".svg")):
            assert not re.search(pattern, (ROOT / name).read_text(encoding="utf-8", errors="replace")), name
