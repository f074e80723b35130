"""A real browser for tests of pages; to import this skips a module of tests where there is none."""

import shutil
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
if not CHROMIUM:
    pytest.skip("no browser: install chromium", allow_module_level=True)
playwright = pytest.importorskip(
    "playwright.sync_api", reason="no playwright: pip install -c constraints.txt playwright"
)
_LOCAL = ("file:", "data:", "blob:")


@contextmanager
def started_browser():
    """Start the browser, and end it."""
    with playwright.sync_playwright() as started:
        yield started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@contextmanager
def opener(browser):
    """Give a function that opens a page from the disk, without a network.

    Until the end no script may fail, the console may show no error, and nothing may be asked for but files. What it
    takes besides the file are the fragment of the address and the settings of the browser's context.
    """
    faults, contexts = [], []

    def opened(path, fragment="", **given):
        contexts.append(browser.new_context(offline=True, **given))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: None if asked.url.startswith(_LOCAL) else faults.append(asked.url))
        page.goto(path.as_uri() + fragment)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults, faults
