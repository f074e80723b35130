"""What pages of the board show in a real browser: cells, widths, the keyboard, pictures."""

import pytest
from itamed.leaderboard.board.site import build
from itamed.leaderboard.board.store import retract

from ..browser import playwright
from .made_up import add_entry

pytestmark = pytest.mark.backend
LONG = "a-very-long-organisation-name/extremely-long-model-name-with-many-parts-medical-italian-clinical-cpt-ft-merged"
RULE = {"mode": "free", "engine": "itamed-baseline", "batch": "1"}
FREE = {"mode": "free", "engine": "itamed-hf", "batch": "8"}
SAMPLE = {"kind": "sample", "decoding": FREE}
SIZES = [999_400_000, 1_250_000_000, 8_000_000_000, 10_000_000_000]


@pytest.fixture(scope="module")
def site(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("looks")
    for number in range(40):
        given = {"model": {"parameters": SIZES[number % 4]}, "cost": {"seconds": 9000.0 + number}}
        add_entry(folder / "store", files, f"{LONG}-{number}", 0.3125 + number / 80, seed=number, real=True, **given)
    add_entry(folder / "store", files, "lookup", 0.1225, decoding=RULE, model={"parameters": None}, real=True)
    add_entry(folder / "store", files, "lab/part", 0.4, lacks=("id",), real=True)
    add_entry(folder / "store", files, "lab/sample", 0.9, real=True, **SAMPLE)
    add_entry(folder / "store", files, "lab/leaked", 0.99, declaration={"training": "all", "test_rows": "trained on"})
    retract(add_entry(folder / "store", files, "lab/gone", 0.95).name, folder / "store", "wrong template")
    build(folder / "store", folder / "site")
    few = tmp_path_factory.mktemp("few")
    for name, mean, given in (
        ("lookup", 0.1225, {"decoding": RULE}),
        ("lab/model", 0.3125, {}),
        ("lab/a", 0.2, SAMPLE),
    ):
        add_entry(few / "store", files, name, mean, real=True, **given)
    build(few / "store", folder / "site" / "few")
    return folder / "site"


def cells(page, table):
    """Return the texts of a table's head and rows, without the column of boxes; lines are joined."""
    read = """lines => lines.map((line) => [...line.cells].filter((cell) => !cell.matches(".pick"))
        .map((cell) => cell.textContent.replace(/\\s+/g, " ").trim()))"""
    return page.locator(f"{table} tr").evaluate_all(read)


@pytest.mark.parametrize("folder", ["", "few/"])
@pytest.mark.parametrize("name", ["index.html", "tasks/0.1.0/itamed_ner_pharmaer.html", "types/0.1.0/farmaco.html"])
def test_a_page_says_the_same_with_and_without_scripts(open_page, folder, name):
    without = cells(open_page(folder + name, java_script_enabled=False), "#preview")
    drawn = cells(open_page(folder + name), "#table")
    assert without == drawn
    assert len(drawn) == (26 if not folder else 4)


def test_figures_are_rounded_as_python_rounds_them(open_page):
    values = [0.0, 0.25, 0.75, 31.25, 31.35, 8.35, 12.25, 99.95, 0.125, 0.375, 0.625, 2.675, 1.5, 2.5, 270.5, 0.05]
    page = open_page()
    for digits in (0, 1, 2):
        found = page.evaluate("([values, digits]) => values.map((each) => board.fixed(each, digits))", [values, digits])
        assert found == [f"{value:.{digits}f}" for value in values]


@pytest.mark.parametrize("families", ["", "ood"])
def test_a_desk_sees_the_whole_table(open_page, families):
    page = open_page(viewport={"width": 1185, "height": 800})
    page.select_option("select[name=families]", families)
    region = page.get_by_role("region", name="Models, suite 0.1.0")
    assert region.evaluate("(each) => each.scrollWidth <= each.clientWidth"), "1,200 points, less a scroll bar"
    playwright.expect(page.get_by_role("columnheader", name="Seconds a note")).to_be_in_viewport()
    heads = region.locator("thead th").evaluate_all("all => all.map((each) => each.clientHeight)")
    assert max(heads) < 80, "no heading takes more than two lines"


def test_a_phone_sees_scores_beside_names(open_page):
    page = open_page(viewport={"width": 390, "height": 844}, is_mobile=True)
    right = (
        page.locator("#table tbody tr:first-child td.score")
        .nth(1)
        .evaluate("(each) => each.getBoundingClientRect().right")
    )
    assert right <= 390


def test_arrows_move_a_table_that_is_wider_than_the_page(open_page):
    page = open_page(viewport={"width": 700, "height": 800})
    region = page.get_by_role("region", name="Models, suite 0.1.0")
    region.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("(each) => each.scrollLeft > 0", arg=region.element_handle())


@pytest.mark.parametrize("width", [1440, 1200])
def test_a_comparison_of_long_names_shows_its_figures(open_page, width):
    page = open_page(viewport={"width": width, "height": 900})
    page.locator("input.pick").first.check()
    page.locator("input.pick").nth(1).check()
    inside = "(each) => each.closest('.scroll').getBoundingClientRect().right - each.getBoundingClientRect().right"
    for figure in page.locator("#compared tbody td").all():
        assert figure.evaluate(inside) >= 0


def test_what_is_compared_is_told_at_once_and_shown(open_page):
    page = open_page(viewport={"width": 1200, "height": 700})
    line = page.locator("#picked")
    said = line.get_by_role("status")
    assert said.inner_text() == ""
    assert not page.get_by_role("link", name="show").is_visible()
    page.locator("input.pick").first.check()
    playwright.expect(said).to_have_text("1 of 4 compared")
    playwright.expect(line).to_be_in_viewport()
    before = page.url
    page.get_by_role("link", name="show").click()
    playwright.expect(page.locator("#compare-title")).to_be_in_viewport()
    assert page.evaluate("document.activeElement.id") == "compare-title"
    assert page.url == before
    page.locator("input.pick").first.uncheck()
    playwright.expect(said).to_have_text("")


@pytest.mark.parametrize("width", [1440, 390, 320])
@pytest.mark.parametrize("role", ["", "ood"])
def test_no_text_of_a_chart_is_cut(open_page, width, role):
    page = open_page(viewport={"width": width, "height": 800}, is_mobile=width < 400)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.select_option("select[name=families]", role)
    page.locator(".chart[data-x=parameters] svg a").first.wait_for()
    cut = page.locator(".chart[data-x] svg text").evaluate_all(
        """texts => texts.filter((text) => {
          const box = text.getBBox(), { width, height } = text.ownerSVGElement.viewBox.baseVal;
          return box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height;
        }).map((text) => text.textContent)"""
    )
    assert cut == []


def test_what_has_no_rank_is_drawn_hollow_and_what_holds_no_longer_is_not(open_page):
    page = open_page()
    page.get_by_text("Mean against parameters").click()
    chart = page.locator(".chart[data-x=parameters]")
    hollow = chart.locator("a:has(.hollow)")
    assert [each.get_attribute("aria-label").split(",")[0] for each in hollow.all()] == ["lab/sample"]
    assert hollow.get_attribute("aria-label").endswith("; not ranked: sample")
    assert "no rank" in chart.locator("figcaption").inner_text()
    assert chart.locator("a").count() == 41
    assert chart.locator(".front.hollow").count() == 0
    page.get_by_label("ranked only").check()
    assert hollow.count() == 0
    assert chart.locator("figcaption").count() == 0
