"""The comment on a pull request: whose words it shows, how, and on which pull request."""

import json
import shutil
import subprocess

import pytest
import yaml

from ..conftest import ROOT
from .hosting import HOSTING, commented, shown

OWN = (
    "### Bundle `0123`\n\n`lab/m`, 0-shot. **Well** (errors: 0).\n\n| a | b |\n| --- | --- |\n| 1.0 [0.5, 2.0] | – |\n"
)
FINDINGS = "What was found:\n\n```text\nerror: <b>@you [x](y)\n```\n"


@pytest.mark.parametrize("text", [OWN, OWN + "\n" + FINDINGS])
def test_own_lines_stay_as_they_are(tmp_path, text):
    assert shown(tmp_path, text) == text


@pytest.mark.parametrize(
    "line",
    [
        "@team",
        "<img src=x>",
        "<!-- hidden",
        "[x](y)",
        "[x]: y",
        "![x]",
        "https://evil.example",
        "www.evil.example",
        "evil.example",
        "a@evil.example",
        "#1",
        ":tada:",
        "&lt;",
        "\\`",
        "`a` and `@team",
        "``` @team",
        "~~~",
        "zero\u200bwidth",
        "\u202etxt",
        "mailto:x",
        "## title",
    ],
)
def test_any_other_line_makes_all_of_it_plain_text(tmp_path, line):
    found = shown(tmp_path, f"{OWN}\n{line}\n")
    lines = found.splitlines()
    assert (lines[0], lines[-1]) == ("```text", "```")
    assert "`" not in "".join(lines[1:-1])
    assert found.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "```text\nopen\n",
        "```text\na\n```\n@b\n```\n",
        "```\n@b\n```\n",
        "```text\n```text\n```text\n@b\n```\n",
        "x" * 20_000,
    ],
)
def test_code_blocks_are_closed_and_short(tmp_path, text):
    found = shown(tmp_path, text)
    assert found.count("```") == 2
    assert len(found) < 15_100


def test_only_numbered_files_are_shown_and_few_of_them(tmp_path):
    for number in range(1, 12):
        (tmp_path / f"{number}.md").write_text(f"Bundle {number}\n")
    (tmp_path / "x.md").write_text("no number\n")
    (tmp_path / "99.md").symlink_to(ROOT / "README.md")
    assert commented(tmp_path).split("\n\n") == [
        "Bundle 1",
        "Bundle 2",
        "Bundle 3",
        "Bundle 4",
        "7 more bundles: see the log of the check.\n",
    ]


def test_nothing_new(tmp_path):
    assert commented(tmp_path) == "No bundle that is new.\n"


NODE = """
const fs = require("fs");
const { script, sha, comments } = JSON.parse(fs.readFileSync(0));
const done = [];
const listComments = () => {};
const github = {
  paginate: async (asked, given) => (asked === listComments && given.issue_number === 7 ? comments : []),
  rest: {
    pulls: { get: async (given) => ({ data: { head: { sha: given.pull_number === 7 ? "good" : "none" } } }) },
    issues: {
      listComments,
      createComment: async (given) => done.push(["create", given]),
      updateComment: async (given) => done.push(["update", given]),
    },
  },
};
const context = { repo: { owner: "me", repo: "results" }, payload: { workflow_run: { head_sha: sha } } };
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
new AsyncFunction("github", "context", "require", script)(github, context, require)
  .then(() => console.log(JSON.stringify(done)));
"""
MARK = "<!-- itamed check -->\n"


def posted(folder, number="7\n", sha="good", comments=()):
    """Run the script of comment.yml as the action does that it is given to; return what it asked of GitHub."""
    steps = yaml.safe_load((HOSTING / "comment.yml").read_text())["jobs"]["comment"]["steps"]
    (folder / "found").mkdir(exist_ok=True)
    (folder / "found" / "number").write_text(number)
    (folder / "body.md").write_text(OWN)
    given = {"script": steps[-1]["with"]["script"], "sha": sha, "comments": list(comments)}
    return subprocess.run(
        ["node", "-e", NODE], input=json.dumps(given), cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js, which runs the workflow's script")
def test_a_pull_request_has_one_comment_that_each_push_renews(tmp_path):
    where = {"owner": "me", "repo": "results"}
    ((what, given),) = json.loads(posted(tmp_path).stdout)
    assert (what, given) == ("create", where | {"issue_number": 7, "body": MARK + OWN})
    bot = {"login": "github-actions[bot]"}
    others = [
        {"id": 1, "user": {"login": "somebody"}, "body": MARK},
        {"id": 2, "user": bot, "body": "another workflow's"},
        {"id": 3, "user": None, "body": None},
    ]
    ((what, _),) = json.loads(posted(tmp_path, comments=others).stdout)
    assert what == "create", "a stranger's comment is not written over"
    ((what, given),) = json.loads(posted(tmp_path, comments=[*others, {"id": 4, "user": bot, "body": MARK}]).stdout)
    assert (what, given) == ("update", where | {"comment_id": 4, "body": MARK + OWN})


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js, which runs the workflow's script")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"number": "7; drop"}, "no number"),
        ({"number": "-1"}, "no number"),
        ({"number": ""}, "no number"),
        ({"number": "8"}, "another pull request"),
        ({"sha": "other"}, "another pull request"),
    ],
)
def test_a_stranger_cannot_choose_what_is_commented_on(tmp_path, given, said):
    done = posted(tmp_path, **given)
    assert done.returncode != 0 and not done.stdout and said in done.stderr
