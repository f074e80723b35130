"""The pages of report, compare and inspect in a real browser: from the disk, without a network, on a phone."""

import pytest
from itamed.benchmark.cli import app
from typer.testing import CliRunner

from ...browser import opener, started_browser

pytestmark = pytest.mark.backend
DRUGS = "itamed-mini-ner-drugtemist"
PAGES = ("report", "compare", "inspect")


@pytest.fixture(scope="module")
def browser():
    with started_browser() as started:
        yield started


@pytest.fixture(scope="module")
def written(folders, tmp_path_factory):
    """Return the folder of the pages."""
    folder = tmp_path_factory.mktemp("pages")
    empty, lookup, majority = (str(folders[name]) for name in ("empty", "lookup", "majority"))
    for command in (
        ["report", empty, lookup, majority, "--baseline", "empty"],
        ["compare", empty, lookup],
        ["inspect", lookup],
    ):
        done = CliRunner().invoke(app, [*command, "--html", str(folder / f"{command[0]}.html")])
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def open_page(browser, written):
    """Return a function that opens a page by its command."""
    with opener(browser) as opened:
        yield lambda name, **given: opened(written / f"{name}.html", **given)


@pytest.mark.parametrize("name", PAGES)
def test_what_is_folded_opens(open_page, name, tmp_path):
    page = open_page(name)
    fold = page.locator("details").first
    held = fold.locator("table, pre").first
    assert not held.is_visible()
    fold.locator("summary").first.click()
    assert held.is_visible()
    picture = tmp_path / f"{name}.png"
    page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 0


@pytest.mark.parametrize("name", ["compare", "inspect"])
def test_filters_leave_the_notes_that_fit(open_page, name):
    page = open_page(name)
    notes = page.locator("article:visible")
    whole = notes.count()
    page.select_option("select[name=task]", DRUGS)
    shown = notes.evaluate_all("all => all.map((each) => each.dataset.task)")
    assert set(shown) == {DRUGS} and len(shown) < whole
    assert page.locator("#shown").inner_text() == f"{len(shown)} of {whole} notes"
    page.select_option("select[name=kinds]", "missed")
    assert 0 < notes.count() <= len(shown)
    for choice in ("task", "kinds"):
        page.select_option(f"select[name={choice}]", "")
    assert notes.count() == whole


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_scrolls_tables_alone(open_page, name, tmp_path):
    page = open_page(name, viewport={"width": 390, "height": 800}, is_mobile=True)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
