"""The workflows of docs/hosting: their steps run as a runner would, with hostile files and a hub on the loopback."""

import os
import shutil
import stat
import subprocess
import sys

import pytest
import yaml
from itamed.leaderboard.board.unchecked import Head, mark_of, unchecked

from ..benchmark.fakehub import TOKEN, Pull, Repo
from .hosting import HOSTING, commented, step


@pytest.fixture
def tools(tmp_path):
    """Return the environment of a runner whose `itamed` takes files that hold "right"; `hf` is the installed one."""
    folder = tmp_path / "bin"
    folder.mkdir()
    itamed = (
        "#!/bin/bash\n"
        'if grep -q crash "$3"; then exit 9; fi\n'
        'echo "Looked at $(cat "$3") in $5" > "$7"\n'
        'if grep -q missing "$3"; then exit 3; fi\n'
        'grep -q right "$3"\n'
    )
    hf = f'#!/bin/bash\nexec {sys.executable} -m huggingface_hub.cli.hf "$@"\n'
    for name, text in (("itamed", itamed), ("hf", hf)):
        (folder / name).write_text(text)
        (folder / name).chmod(stat.S_IRWXU)
    return os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "GIT_CONFIG_GLOBAL": os.devnull}


def run(script, place, env):
    return subprocess.run(["bash", "-e", "-c", script], cwd=place, env=env, capture_output=True, text=True, check=False)


def git(place, *arguments):
    settings = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *settings, *arguments], cwd=place, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def pull(tmp_path):
    """Return a function that makes a pull request of files by name, None for one that is gone, beside its base."""
    submitted = tmp_path / "submitted"

    def made(files):
        (submitted / "bundles" / "m").mkdir(parents=True)
        (submitted / "bundles" / "m" / "old.zip").write_text("right")
        git(submitted, "init")
        git(submitted, "add", "."), git(submitted, "commit", "-m", "base")
        shutil.copytree(submitted, tmp_path / "store", ignore=shutil.ignore_patterns(".git"))
        base = git(submitted, "rev-parse", "HEAD").strip()
        for name, content in files.items():
            path = submitted / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if content is not None:
                path.symlink_to(content[1:]) if content.startswith("@") else path.write_text(content)
        git(submitted, "add", "-A"), git(submitted, "commit", "-m", "head")
        return base

    return made


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ({"bundles/m/new.zip": "right"}, 0, "Looked at right in ../store"),
        ({"bundles/m/new.zip": "wrong"}, 1, "Looked at wrong"),
        ({"bundles/m/new.zip": "missing"}, 0, "Looked at missing"),
        ({"bundles/m/new.zip": "crash"}, 1, "failed itself"),
        ({"bundles/m/$(id)\n; rm -rf x.zip": "right"}, 0, "Looked at right"),
        ({"bundles/m/--store.zip": "right"}, 0, "Looked at right"),
        ({"bundles/m/old.zip": "right too"}, 1, "changed or gone"),
        ({"bundles/m/old.zip": None}, 1, "changed or gone"),
        ({"bundles/m/link.zip": "@/etc/passwd"}, 1, "changed or gone"),
        ({"bundles/new.zip": "right"}, 1, "Not a bundle"),
        ({"bundles/m/n/new.zip": "right"}, 1, "Not a bundle"),
        ({"models/m/x/y/entry.json": "{}"}, 1, "Not a bundle"),
        ({"models/m/x/y/bundles/m/new.zip": "right"}, 1, "Not a bundle"),
        ({".github/workflows/check.yml": "x"}, 1, "Not a bundle"),
    ],
)
def test_a_pull_request_on_github(tmp_path, tools, pull, files, status, said):
    env = tools | {"NUMBER": "7", "BASE": pull(files)}
    done = run(step("check.yml", "check", "Check every bundle that is new"), tmp_path, env)
    assert (done.returncode, done.stderr) == (status, "")
    assert (tmp_path / "found" / "number").read_text() == "7\n"
    assert said in (tmp_path / "found" / "1.md").read_text()
    if "Looked" not in said:
        assert "```" not in commented(tmp_path / "found"), "words of the workflow itself stay as they are"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda place: (place / "models" / "new.json").write_text("{}"), ""),
        (lambda place: (place / "README.md").write_text("others"), ""),
        (lambda place: (place / "models" / "m" / "entry.json").write_text("forged"), "M models/m/entry.json"),
        (lambda place: (place / "models" / "m" / "retracted.json").unlink(), "D models/m/retracted.json"),
        (lambda place: (place / "models" / "m").rename(place / "models" / "n"), "D models/m/entry.json"),
    ],
)
def test_a_push_may_only_add_to_the_store(tmp_path, tools, change, told):
    place = tmp_path / "results"
    (place / "models" / "m").mkdir(parents=True)
    for name in ("README.md", "models/m/entry.json", "models/m/retracted.json"):
        (place / name).write_text(f"this is {name}")
    git(place, "init")
    git(place, "add", "."), git(place, "commit", "-m", "base")
    before = git(place, "rev-parse", "HEAD").strip()
    change(place)
    git(place, "add", "-A"), git(place, "commit", "-m", "push")
    script = step("store.yml", "grows", "Compare the store with what it was")
    after = git(place, "rev-parse", "HEAD").strip()
    done = run(script, place, tools | {"BEFORE": before, "AFTER": after})
    assert (done.returncode, done.stderr) == (bool(told), "")
    assert told in done.stdout
    first = run(script, place, tools | {"BEFORE": "0" * 40, "AFTER": after})
    assert (first.returncode, first.stdout, first.stderr) == (0, "", ""), "all is new at first"
    unknown = run(script, place, tools | {"BEFORE": "1" * 40, "AFTER": after})
    assert unknown.returncode, "a push that cannot be compared is none that adds"


def test_every_pull_request_is_checked():
    """One that changes an entry of the store alone must not pass for want of a check."""
    # YAML takes "on" for a truth value.
    assert yaml.safe_load((HOSTING / "check.yml").read_text())[True] == "pull_request"


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ({"bundles/m/new.zip": "right"}, 0, "Looked at right in store"),
        ({"bundles/m/new.zip": "missing"}, 0, "Looked at missing"),
        ({"bundles/m/new.zip": "wrong"}, 1, "Looked at wrong"),
        ({"bundles/m/$(id)\n; rm -rf x.zip": "right"}, 0, "Looked at right"),
        ({"bundles/m/old.zip": "right too"}, 1, "changed or gone"),
        ({"bundles/m/old.zip": None}, 1, "changed or gone"),
        ({"bundles/m/link.zip": "@/etc/passwd"}, 1, "changed or gone"),
        ({"bundles/new.zip": "right"}, 1, "Not a bundle"),
        ({"models/m/x/y/entry.json": "{}"}, 1, "Not a bundle"),
        ({"README.md": "mine"}, 1, "Not a bundle"),
    ],
)
def test_what_a_pull_request_on_the_hub_touches(tmp_path, tools, pull, files, status, said):
    base = pull(files)
    submitted = tmp_path / "submitted"
    changes = git(submitted, "diff", "--raw", "--no-renames", "-z", f"{base}...HEAD")
    (tmp_path / "changed").write_text(changes)
    shutil.copytree(submitted, tmp_path / "pull", symlinks=True)
    done = run(step("check-hub.yml", "check", "Check every bundle that is new"), tmp_path, tools | {"NUMBER": "7"})
    assert (done.returncode, done.stderr) == (status, "")
    assert said in (tmp_path / "found" / "1.md").read_text()


def test_a_pull_request_on_the_hub_is_fetched_checked_and_commented_on(tmp_path, tools, pull, hub):
    old, new = "bundles/m/old.zip", {"bundles/m/new.zip": "wrong", "bundles/m/two.zip": "right"}
    pulled = Pull("Add", "", {old: b"right"} | {name: content.encode() for name, content in new.items()})
    hub.repos["me/results"] = Repo({old: b"right", "models/a/b/c/entry.json": b"{}"}, [pulled])
    # The same repository for git, which the hub here does not speak; main has gone on since.
    base = pull(new)
    shutil.rmtree(tmp_path / "store")
    git(tmp_path / "submitted", "update-ref", "refs/pr/1", "HEAD")
    git(tmp_path / "submitted", "reset", "--hard", base)
    (tmp_path / "submitted" / "later").write_text("later")
    git(tmp_path / "submitted", "add", "."), git(tmp_path / "submitted", "commit", "-m", "later")
    config = f'[url "{tmp_path / "submitted"}"]\n\tinsteadOf = https://huggingface.co/datasets/me/results\n'
    (tmp_path / "gitconfig").write_text(config)
    pulled.commit = git(tmp_path / "submitted", "rev-parse", "refs/pr/1").strip()
    tools |= {"GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig")}
    env = tools | {
        "HF_ENDPOINT": hub.url,
        "RESULTS": "me/results",
        "NUMBER": "1",
        "HEAD": pulled.commit,
        "HF_HUB_DISABLE_XET": "1",
    }
    env |= {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "0"}
    done = run(step("check-hub.yml", "check", "Fetch what is there, and what is added"), tmp_path, env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "store" / "models" / "a" / "b" / "c" / "entry.json").is_file()
    done = run(step("check-hub.yml", "check", "Check every bundle that is new"), tmp_path, env)
    assert (done.returncode, sorted(path.name for path in (tmp_path / "found").iterdir())) == (
        1,
        ["1.md", "2.md", "number"],
    )
    assert unchecked("me/results", "somebody") == [Head(1, pulled.commit)]
    answer(tmp_path, env)
    ((_, said),) = pulled.comments
    assert said.startswith(mark_of(pulled.commit))
    assert "Looked at wrong" in said
    assert "Looked at right" in said
    assert unchecked("me/results", "somebody") == []
    # A check that broke off is answered, too.
    shutil.rmtree(tmp_path / "found")
    answer(tmp_path, env)
    assert "failed itself" in pulled.comments[-1][1]


def answer(place, env):
    """Run the steps of check-hub.yml that comment."""
    made = run(
        step("check-hub.yml", "comment", "Make the comment").replace("own/.github/workflows", str(HOSTING)), place, env
    )
    assert made.returncode == 0, made.stderr
    done = subprocess.run(
        [sys.executable, "-c", step("check-hub.yml", "comment", "Comment")],
        cwd=place,
        env=env | {"HF_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", ["", "7"])
def test_the_list_goes_from_job_to_job(tmp_path, number):
    """All that have no answer, or the one whose number was typed."""
    itamed = tmp_path / "itamed"
    itamed.write_text('#!/bin/bash\nprintf "%s\\n" "$@" > asked\necho \'[{"number": 7, "commit": "a"}]\'\n')
    itamed.chmod(stat.S_IRWXU)
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(tmp_path / "output")}
    env |= {"RESULTS": "me/results", "ACCOUNT": "me", "NUMBER": number}
    done = run(step("check-hub.yml", "list", "List what has no answer yet"), tmp_path, env)
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text().split("\n")
    wanted = [f"--number={number}"] if number else []
    assert asked == ["board", "unchecked", "--results", "me/results", "--account", "me", *wanted, "--json", ""]
    assert (tmp_path / "output").read_text() == 'pulls=[{"number": 7, "commit": "a"}]\n'


def test_a_pull_request_on_the_hub_that_adds_nothing(tmp_path, tools):
    (tmp_path / "changed").write_text("")
    done = run(step("check-hub.yml", "check", "Check every bundle that is new"), tmp_path, tools | {"NUMBER": "7"})
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "found").iterdir()] == ["number"], "an artifact is kept"
    assert commented(tmp_path / "found") == "No bundle that is new.\n"


def test_every_pull_request_on_the_hub_is_looked_at_by_the_clock():
    workflow = yaml.safe_load((HOSTING / "check-hub.yml").read_text())
    assert workflow[True]["schedule"] == [{"cron": "17 * * * *"}]
    assert all(job["strategy"]["matrix"] for name, job in workflow["jobs"].items() if name != "list")


def test_what_has_rights_runs_nothing_of_a_stranger():
    """No job both reads a bundle and holds a secret, and those that comment take the default branch."""
    for path in HOSTING.glob("*.yml"):
        workflow = yaml.safe_load(path.read_text())
        for job in workflow["jobs"].values():
            text = yaml.safe_dump(job)
            reads, holds = "itamed board" in text, "secrets." in text or "github-token" in text
            assert not (reads and holds), path
            if holds:
                assert "ref:" not in text, path
        rights = workflow["permissions"]
        assert rights == {"contents": "read"} or path.name == "comment.yml"
