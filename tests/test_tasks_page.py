"""docs/tasks.md is what `make docs` writes from the task files, the readers and the archives' data."""

import pytest
from itamed.benchmark.paths import datasets_dir
from itamed.benchmark.report.cards import write_cards
from itamed.benchmark.sources.registry import SOURCES

from .conftest import ROOT


@pytest.mark.integration
def test_the_page_of_tasks_is_current(suite_home):
    datasets_dir().mkdir(parents=True)
    for name, source in SOURCES.items():
        if not source.hub:  # of these, the suite's home holds made-up rows, which nobody should count
            (datasets_dir() / name).symlink_to(suite_home / "datasets" / name)
    assert write_cards() == (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8"), "run `make docs`"
