"""The README and the guide in Italian: links, commands and flags exist; sources are named with terms and citation."""

import re

import pytest
import yaml
from itamed.benchmark.cli import app
from itamed.benchmark.sources.registry import SOURCES
from itamed.benchmark.suite import PREFIX
from itamed.training.named import names_of
from lm_eval._cli.harness import HarnessCLI
from typer.main import get_command

from .conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "docs" / "guida.md"]
LINKS = {"README.md": 5, "guida.md": 4}
OTHER_FLAGS = {"README.md": {"--sources"}, "guida.md": {"--base", "--with-text"}}
TARGETS = {"README.md": {"demo", "test"}, "guida.md": {"demo"}}
TEXT = PAGES[0].read_text(encoding="utf-8")
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def commands_of(page):
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    code = re.findall(r"```\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", prose)
    return [line for block in code for line in block.replace("\\\n", " ").splitlines()]


HARNESS = HarnessCLI()._subparsers.choices["run"]._option_string_actions
OUR_OWN_FLAGS = {"--label", "--resume"}


def flags(command):
    return re.findall(r"(?<!\S)(--?[a-z_-]+)", command.partition("  #")[0])


@each_page
def test_prose_is_wrapped(page):
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if not line.startswith(("|", "* "))]
    assert max(map(len, lines)) <= 120


@each_page
def test_local_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert len(local) >= LINKS[page.name]
    assert [link for link in local if not (page.parent / link).is_file()] == []


@pytest.mark.parametrize("source", SOURCES.values(), ids=lambda source: source.name)
def test_every_source_has_its_tasks_licence_and_citation(source):
    (row,) = (line for line in TEXT.splitlines() if line.startswith("|") and f"]({source.homepage})" in line)
    _, title, tasks, licence, _ = (cell.strip() for cell in row.split("|"))
    assert source.title in title
    assert re.findall(r"`(\w+)`", tasks) == [task.removeprefix(PREFIX) for task in source.tasks]
    stated = "none stated" if source.licence == "other" else source.licence
    assert licence == stated + ("" if source.redistribute else " (no public copies)")
    assert f"* {source.title}: {source.citation}\n" in TEXT


def test_what_a_build_alone_cannot_get_is_said():
    prose = " ".join(TEXT.split())
    assert "PharmaER.IT and the Hub copy of ITAMed are gated" in prose
    by_hand = [name for name, source in SOURCES.items() if any(archive.by_hand for archive in source.archives)]
    assert by_hand == ["multicardioner"]
    assert "MultiCardioNER cannot be downloaded as one file: its archive has to be laid out by hand" in prose


def test_the_founding_paper_is_cited_with_title_and_address():
    (line,) = (line for line in TEXT.splitlines() if line.startswith("* Founding paper: "))
    assert "Small LLMs for Medical NLP" in line
    assert "https://arxiv.org/abs/2602.17475" in line


def test_the_citation_file_names_the_same_founding_paper():
    (line,) = (line for line in TEXT.splitlines() if line.startswith("* Founding paper: "))
    (paper,) = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["references"]
    names = ", ".join(f"{author['given-names']} {author['family-names']}" for author in paper["authors"])
    assert f"* Founding paper: {names} ({paper['year']}). {paper['title']}. [arXiv:" in line
    assert f"]({paper['url']})" in line


@each_page
def test_our_commands_and_their_flags_exist(page):
    ours = [command.partition("  #")[0].split() for command in commands_of(page) if command.startswith("itamed ")]
    assert {words[1] for words in ours} >= {"data", "eval", "report", "train"}
    for words in ours:
        command, rest = get_command(app), words[1:]
        while hasattr(command, "commands") and not rest[0].startswith("-"):
            if rest[0] in names_of("recipe"):
                rest = ["run", *rest]
            assert rest[0] in command.commands, words
            command, rest = command.commands[rest[0]], rest[1:]
        known = {flag for parameter in command.params for flag in parameter.opts}
        if words[1] == "eval":
            known = HARNESS.keys() | OUR_OWN_FLAGS
        assert set(flags(" ".join(rest))) <= set(known), words


@each_page
def test_flags_that_are_named_alone_exist(page):
    alone = {flag for command in commands_of(page) if command.startswith("--") for flag in flags(command)}
    assert alone >= {"--metadata", "--model"}
    assert alone - HARNESS.keys() - OUR_OWN_FLAGS == OTHER_FLAGS[page.name] <= flags_of(get_command(app))


def test_flags_of_the_harness_exist():
    found = {flag for command in commands_of(PAGES[0]) if command.startswith("lm_eval ") for flag in flags(command)}
    assert found >= {"--tasks", "--model"}
    assert found <= HARNESS.keys()


def flags_of(command):
    inner = (flags_of(each) for each in getattr(command, "commands", {}).values())
    return {flag for parameter in command.params for flag in parameter.opts}.union(*inner)


@each_page
def test_targets_and_extras_exist(page):
    makefile, setup = (ROOT / "Makefile").read_text(), (ROOT / "setup.cfg").read_text()
    targets = {command.split()[1] for command in commands_of(page) if command.startswith("make ")}
    assert targets == TARGETS[page.name]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    for extra in re.findall(r"pip install '\.\[(\w+)\]'", page.read_text(encoding="utf-8")):
        assert f"\n{extra} =\n" in setup
