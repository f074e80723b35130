"""The whole data folder out of the original archives: the same each time, quick, and without faults."""

import resource
import time

import pytest
from itamed.benchmark.data.build import Request, build
from itamed.benchmark.data.check import check_source
from itamed.benchmark.data.load import load_rows
from itamed.benchmark.data.record import read_record
from itamed.benchmark.paths import datasets_dir
from itamed.benchmark.sources import registry

pytestmark = pytest.mark.integration
SOURCES = [source for source in registry.SOURCES.values() if not source.hub]
TASKS = [task for source in SOURCES for task in source.tasks]


@pytest.fixture(scope="module")
def homes(sources_dir, tmp_path_factory):
    """Build all archives twice, and return both homes and the seconds that a build took."""
    with pytest.MonkeyPatch.context() as patch:
        places, start = [], time.monotonic()
        for _ in range(2):
            places.append(tmp_path_factory.mktemp("home"))
            patch.setenv("ITAMED_HOME", str(places[-1]))
            outcomes = list(build(Request(SOURCES, sources_dir)))
            assert [(o.source.name, o.message) for o in outcomes if o.status != "built"] == []
        return places, (time.monotonic() - start) / 2


@pytest.fixture(autouse=True)
def first_home(homes, monkeypatch):
    monkeypatch.setenv("ITAMED_HOME", str(homes[0][0]))


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_builds_are_the_same_bytes(homes):
    first, second = map(content, homes[0])
    assert first == second
    assert {name.split("/")[2] for name in first if name.endswith(".parquet")} == set(TASKS)


def test_a_build_is_quick_and_small(homes):
    assert homes[1] < 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 * 1024**2


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_no_source_has_a_fault(source):
    folder = datasets_dir() / source.name
    report = check_source(source, folder, read_record(folder))
    assert report.faults == []


@pytest.mark.parametrize("task", TASKS)
def test_every_task_loads_as_one_kind_of_row_with_a_test_part(task):
    rows = load_rows(task)
    assert rows["test"]
    assert len({type(row) for held in rows.values() for row in held}) == 1
