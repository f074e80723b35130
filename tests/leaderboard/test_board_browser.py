"""The board in a real browser: what a reader does with it, and what axe finds."""

import json

import pytest
from itamed.leaderboard.board.site import build
from itamed.leaderboard.board.store import retract

from ..browser import playwright
from .made_up import ALIKE, add_entry, more_suites

pytestmark = pytest.mark.backend
axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="no axe: pip install -c constraints.txt axe-playwright-python"
)
MODES = [{"mode": mode, "engine": "itamed-hf", "batch": "8"} for mode in ("free", "constrained")]
NAMES = "#table tbody th a"


MIXED = "suites/0.0.9.html"


def add_mixed(store, files):
    """Add an older suite: models on two machines, a rule, one without two families, and one that was taken back."""
    for name, mean, machine in (("lab/a", 0.2, "L4"), ("lab/b", 0.22, "H100"), ("lab/rule", 0.21, "L4")):
        decoding = MODES[0] | ({"engine": "itamed-baseline"} if name == "lab/rule" else {})
        given = {"decoding": decoding, "machine": {"gpus": [machine]}, "cost": {"seconds": 9.0}}
        add_entry(store, files, name, mean, version="0.0.9", **given)
    part = add_entry(store, files, "lab/part", 0.1, version="0.0.9", lacks=("id",)) / "entry.json"
    entry = json.loads(part.read_text())
    for family in ("re", "crf"):
        del entry["roles"]["id"]["families"][family]
    part.write_text(json.dumps(entry))
    retract(add_entry(store, files, "lab/gone", 0.9, version="0.0.9").name, store, "wrong template")


@pytest.fixture(scope="module")
def site(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    for number in range(60):
        add_entry(
            folder / "store", files, f"lab/m{number}", 0.2 + number / 100, seed=number, decoding=MODES[number % 2]
        )
    for number, mode in enumerate(MODES * 2):
        name, mean = f"lab/both{number // 2}", 0.5 + number / 20
        add_entry(folder / "store", files, name, mean, seed=100 + number, decoding=mode)
    retract(add_entry(folder / "store", files, "lab/gone").name, folder / "store", "wrong template")
    add_mixed(folder / "store", files)
    with more_suites(v0_0_9=ALIKE):
        build(folder / "store", folder / "site")
    return folder / "site"


def names(page):
    return page.locator(NAMES).all_inner_texts()


def test_filters_sorting_and_comparison_are_in_the_address(open_page):
    page = open_page()
    page.select_option("select[name=mode]", "constrained")
    page.get_by_role("button", name="ID mean").click()
    page.get_by_role("button", name="ID mean").click()
    for name in ("lab/m1", "lab/m3"):
        page.get_by_label(f"Compare {name}", exact=True).check()
    assert names(page)[:3] == ["lab/m1", "lab/m3", "lab/m5"]
    again = open_page(fragment=page.url[page.url.index("#") :])
    assert names(again) == names(page)
    assert again.locator("#compared tbody tr").count() == 2
    assert "lab/m1" in again.locator("#radar svg").get_attribute("aria-label")


def test_a_permalink_keeps_its_suite_after_a_bump(open_page):
    page = open_page()
    page.select_option("select[name=mode]", "free")
    assert "suite=0.1.0" in page.url
    again = open_page(fragment="#mode=free&suite=0.0.9")
    again.wait_for_url("**/suites/0.0.9.html#*")
    again.wait_for_selector("#table tbody tr")
    assert "lab/a" in names(again)


def test_links_within_a_page_leave_the_state_alone(open_page):
    page = open_page()
    page.select_option("select[name=mode]", "free")
    before = page.url
    for link, place in (("How to read this", "reading"), ("Skip to the content", "main")):
        page.get_by_role("link", name=link).focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == place
        playwright.expect(page.locator(f"#{place}")).to_be_in_viewport()
        assert page.url == before
    page.reload()
    assert page.locator("select[name=mode]").input_value() == "free"


def test_a_permalink_in_an_open_page_is_applied(open_page):
    page = open_page(fragment="#mode=constrained&ranked=1&q=both&suite=0.1.0")
    assert set(names(page)) == {"lab/both0", "lab/both1"}
    page.evaluate("location.hash = 'mode=free&sort=id_mean.asc&suite=0.1.0'")
    playwright.expect(page.locator("select[name=mode]")).to_have_value("free")
    assert names(page)[:2] == ["lab/m0", "lab/m2"]
    assert not page.get_by_label("ranked only").is_checked()
    assert page.get_by_role("searchbox").input_value() == ""
    page.go_back()
    playwright.expect(page.locator("select[name=mode]")).to_have_value("constrained")
    page.evaluate("location.hash = 'mode=free&suite=0.0.9'")
    page.wait_for_url("**/suites/0.0.9.html#*")


def test_what_a_link_asks_for_in_vain_is_told(open_page):
    page = open_page(fragment="#suite=7.7.7&compare=0123456789abcdef&mode=often&sort=luck.asc")
    told = page.locator("#lost")
    for lost in ("suite 7.7.7", "entry 0123456789abcdef", "mode often", "column luck"):
        playwright.expect(told).to_contain_text(lost)
    page.evaluate("location.hash = 'mode=free&suite=0.1.0'")
    playwright.expect(told).to_be_hidden()


def test_the_link_is_copied_or_shown(open_page):
    page = open_page()
    page.select_option("select[name=mode]", "free")
    page.evaluate("void (navigator.clipboard.writeText = async (text) => { window.copied = text; })")
    page.get_by_role("button", name="Copy link").click()
    playwright.expect(page.locator("#copied")).to_have_text("Copied.")
    assert page.evaluate("window.copied") == page.url
    page.evaluate("void (navigator.clipboard.writeText = async () => { throw new Error('forbidden'); })")
    page.get_by_role("button", name="Copy link").click()
    assert page.get_by_label("Link").input_value() == page.url


def test_the_page_around_a_space_keeps_the_state(browser, site):
    around, inside = "https://huggingface.co/spaces/lab/board", "https://lab-board.static.hf.space"
    context = browser.new_context()
    page = context.new_page()
    heard = "<script>onmessage = ({ data }) => { window.heard = data; };</script>"
    frame = f'{heard}<iframe src="{inside}/index.html" style="width: 90vw; height: 90vh"></iframe>'
    page.route(f"{around}", lambda route: route.fulfill(body=frame, content_type="text/html"))
    page.route(f"{inside}/**", lambda route: route.fulfill(path=site / route.request.url.removeprefix(f"{inside}/")))
    page.goto(around)
    board = page.frame_locator("iframe")
    board.locator("select[name=mode]").select_option("free")
    page.wait_for_function("window.heard")
    assert page.evaluate("window.heard") == {"hash": "#mode=free&suite=0.1.0"}
    context.close()


def test_four_models_are_the_most_to_compare(open_page):
    page = open_page()
    boxes = page.locator("input.pick")
    for number in range(4):
        boxes.nth(number).check()
    assert boxes.nth(4).is_disabled()
    boxes.nth(0).uncheck()
    assert boxes.nth(4).is_enabled()


def test_search_families_and_pages(open_page):
    page = open_page()
    assert len(names(page)) == 25
    page.keyboard.press("/")
    page.keyboard.type("m57")
    page.wait_for_function(f"document.querySelectorAll('{NAMES}').length === 1")
    assert names(page) == ["lab/m57"]
    page.select_option("select[name=families]", "ood")
    assert page.get_by_role("columnheader", name="NER (OOD)").is_visible()


def test_charts_are_drawn_when_opened_and_their_points_are_links(open_page):
    page = open_page()
    assert page.locator(".chart svg").count() == 0
    page.get_by_text("Mean against parameters").click()
    assert page.locator(".chart svg a").count() == 64
    page.select_option("select[name=mode]", "free")
    assert page.locator(".chart svg a").count() == 32
    page.select_option("select[name=families]", "ood")
    assert "OOD mean" in page.locator(".chart svg").get_attribute("aria-label")


def test_models_that_were_asked_both_ways_are_joined(open_page):
    page = open_page()
    page.get_by_text("Free and constrained answers").click()
    lines = page.locator("#pairs tbody tr")
    assert [line.split()[0] for line in lines.all_inner_texts()] == ["lab/both1", "lab/both0"]
    assert page.locator("#pairs .end-free").count() == page.locator("#pairs .end-constrained").count() == 3
    assert "+5.0" in lines.first.inner_text()
    page.select_option("select[name=mode]", "free")
    assert lines.count() == 2
    page.select_option("select[name=pairs]", "ner")
    page.get_by_role("searchbox").fill("both0")
    page.wait_for_function("document.querySelectorAll('#pairs tbody tr').length === 1")
    again = open_page(fragment=page.url[page.url.index("#") :])
    again.wait_for_selector("#pairs svg")
    assert "NER in %" in again.locator("#pairs svg").get_attribute("aria-label")
    assert again.locator("#pairs tbody tr").all_inner_texts() == lines.all_inner_texts()


@pytest.mark.parametrize("column", ["ID mean", "NER"])
def test_what_was_taken_back_comes_last_whatever_the_order(open_page, column):
    page = open_page(MIXED)
    models = ["lab/b", "lab/rule", "lab/a", "lab/part"]
    for order in (models, models[::-1]):
        page.locator("#table thead").get_by_role("button", name=column, exact=False).first.click()
        playwright.expect(page.locator(NAMES)).to_have_text([*order, "lab/gone"])


def test_rules_have_a_shade_and_can_be_hidden(open_page, site):
    task = next(path for path in (site / "tasks" / "0.0.9").iterdir())
    for name in (MIXED, str(task.relative_to(site))):
        page = open_page(name)
        assert page.locator("#table tr.rule th a").all_inner_texts() == ["lab/rule"]
        page.get_by_label("hide rules").check()
        assert set(names(page)) == {"lab/a", "lab/b", "lab/part", "lab/gone"}
        page.get_by_label("ranked only").check()
        assert {"lab/a", "lab/b"} <= set(names(page)) <= {"lab/a", "lab/b", "lab/part"}


def test_a_radar_has_gaps_for_what_is_missing_and_an_axis_as_long_as_scores(open_page):
    page = open_page(MIXED)
    page.get_by_label("Compare lab/part").check()
    note = page.locator("#radar figcaption")
    assert page.locator("#radar text.axis").all_text_contents() == ["NER", "QA", "ARG"]
    assert "No model here has a score of RE, CRF." in note.inner_text()
    page.get_by_label("Compare lab/a").check()
    assert page.locator("#radar text.axis").count() == 5
    assert page.locator("#radar text.mark").all_text_contents() == ["5", "10", "15", "20", "25"]
    assert "lab/part (4-shot, free, at " in note.inner_text()
    assert ") has none of RE, CRF" in note.inner_text()
    lines = page.locator("#radar path.shape").evaluate_all("all => all.map((each) => each.getAttribute('d'))")
    assert [line.count("M") for line in lines] == [2, 5]
    assert "0.0,0.0" not in lines[0]


def test_no_line_joins_times_of_several_machines(open_page):
    page = open_page(MIXED)
    page.get_by_text("Mean against seconds a note").click()
    chart = page.locator(".chart[data-x=seconds]")
    chart.locator("a").first.wait_for()
    assert chart.locator("a").count() == 3
    assert "s on H100" in chart.locator("title", has_text="lab/b").text_content()
    assert chart.locator("circle.front").count() == 0
    assert "2 machines" in chart.locator("figcaption").inner_text()
    page.select_option("select[name=hardware]", "L4")
    assert chart.locator("a").count() == 2
    assert chart.locator("circle.front").count() == 1
    assert chart.locator("figcaption").count() == 0


def test_a_thousand_rows_are_painted_within_a_second(browser, files, tmp_path):
    for number in range(1000):
        mean = 0.2 + number / 2000
        add_entry(tmp_path / "store", files, f"lab/m{number}", mean, seed=number, real=True)
    build(tmp_path / "store", tmp_path / "site")
    context = browser.new_context()
    page, found = context.new_page(), []
    # The first is of a browser that has just begun; another process may be in the way of any.
    for _ in range(4):
        page.goto((tmp_path / "site" / "index.html").as_uri())
        page.wait_for_selector("#table tbody tr")
        found.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    context.close()
    assert min(found) < 1000, "milliseconds"


def test_tie_groups_are_shaded_by_the_families_shown(open_page):
    page = open_page()
    groups = page.locator("#table tbody tr").evaluate_all(
        "lines => lines.map((line) => [line.querySelector('.rank small').textContent, line.className.includes('tied')])"
    )
    assert len({group for group, _ in groups}) > 1
    assert all(tied == (int(group.split()[1]) % 2 == 1) for group, tied in groups)


def test_without_scripts_the_first_rows_are_there(open_page):
    page = open_page(java_script_enabled=False)
    assert page.locator("#preview tbody tr").count() == 25
    assert not page.locator("#filters").is_visible()


def test_dark_mode_is_kept(open_page):
    page = open_page(color_scheme="light")
    page.get_by_role("button", name="Dark mode").click()
    assert page.evaluate("document.documentElement.classList.contains('dark')")
    page.reload()
    assert page.get_by_role("button", name="Dark mode").get_attribute("aria-pressed") == "true"


def test_a_phone_scrolls_the_table_alone(open_page):
    page = open_page(viewport={"width": 390, "height": 800}, is_mobile=True)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.wait_for_selector("#pairs svg")
    sizes = page.locator(".chart svg").evaluate_all(
        "all => all.map((each) => each.clientWidth / each.viewBox.baseVal.width)"
    )
    assert min(sizes) > 0.95, "letters in pictures are as large as on a desk"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("kind", "scheme"),
    [
        ("board", "light"),
        ("board", "dark"),
        ("task", "light"),
        ("entry", "dark"),
        ("type", "dark"),
        ("columns", "light"),
    ],
)
def test_axe_finds_nothing_serious(open_page, site, scheme, kind):
    places = {"board": "index.html", "task": "tasks/*/*.html", "entry": "entries/*.html", "type": "types/*/*.html"}
    places["columns"] = "data/columns.html"
    page = open_page(str(next(site.glob(places[kind])).relative_to(site)), color_scheme=scheme)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    if kind == "board":
        page.locator("input.pick").first.check()
    # Style sheets that axe would fetch itself are refused by the page's policy.
    found = axe.Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")] == []
