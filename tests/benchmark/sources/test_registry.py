"""The registry: twenty tasks, each on one source, every source complete."""

import pytest
from itamed.benchmark.errors import DataMissingError
from itamed.benchmark.sources.registry import SOURCES, named, source_of
from itamed.benchmark.sources.source import Source


def test_twenty_tasks_stand_on_one_source_each():
    tasks = [task for source in SOURCES.values() for task in source.tasks]
    assert len(tasks) == len(set(tasks)) == 20
    assert all(source_of(task).tasks.count(task) == 1 for task in tasks)
    assert {task.split("_")[1] for task in tasks} == {"ner", "re", "crf", "qa", "arg"}


@pytest.mark.parametrize("source", SOURCES.values(), ids=lambda source: source.name)
def test_a_source_has_terms_inputs_traps_and_one_reader(source):
    assert SOURCES[source.name] is source
    assert all([source.title, source.homepage, source.licence, source.licence_note, source.citation, source.traps])
    assert (source.read is None) != (source.read_hub is None)
    assert bool(source.hub) == (source.read_hub is not None)
    assert source.archives or source.hub
    assert all(len(archive.digest) == 64 and archive.url.startswith("https://") for archive in source.archives)
    assert source.licence != "other" or not source.redistribute


def test_names_that_do_not_exist_list_those_that_do():
    with pytest.raises(DataMissingError, match=r"no source moon.*e3c"):
        named(["moon", "e3c"])
    with pytest.raises(DataMissingError, match=r"no task moon.*itamed_qa_ssm"):
        source_of("moon")
    assert [source.name for source in named(["ssm", "e3c"])] == ["e3c", "ssm"]
    assert named([]) == list(SOURCES.values())


def test_a_source_without_a_reader_is_a_fault_of_the_suite():
    source = Source("x", "x", "x", "x", "x", True, "x", ())
    with pytest.raises(TypeError, match="has no reader"):
        source.rows({}, {})
