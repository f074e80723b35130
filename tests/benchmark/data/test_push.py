"""Uploading built sources: what is sent, what is refused, and that it can be loaded back."""

import pytest
from itamed.benchmark.data.load import load_rows
from itamed.benchmark.data.push import push
from itamed.benchmark.errors import PublishError
from itamed.benchmark.paths import datasets_dir

from ..fakehub import TOKEN, Repo


@pytest.fixture
def token(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def local_files(name):
    folder = datasets_dir() / name
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_repository_holds_exactly_the_built_folder(hub, token, built_open):
    url = push(built_open, "clinic", private=False)
    assert url == f"{hub.url}/datasets/clinic/itamed-open"
    assert hub.repos["clinic/itamed-open"].files == local_files("open")
    assert not hub.repos["clinic/itamed-open"].private


def test_what_was_pushed_loads_like_what_was_built(hub, token, built_open, tmp_path, monkeypatch):
    task = built_open.tasks[0]
    here = load_rows(task)
    push(built_open, "clinic", private=False)
    monkeypatch.setenv("ITAMED_HOME", str(tmp_path / "another"))
    monkeypatch.setenv("ITAMED_HUB", "clinic")
    assert load_rows(task) == here


def test_files_that_the_build_no_longer_has_are_deleted(hub, token, built_open):
    hub.repos["clinic/itamed-open"] = Repo({"gone/train.parquet": b"old", ".gitattributes": b"kept"})
    push(built_open, "clinic", private=False)
    assert hub.repos["clinic/itamed-open"].files == local_files("open") | {".gitattributes": b"kept"}


def test_a_source_that_forbids_copies_is_not_even_looked_up(hub, token, built_closed):
    with pytest.raises(PublishError, match=r"may not be published.*--private"):
        push(built_closed, "clinic", private=False)
    assert hub.calls == []


def test_a_private_copy_of_it_is_allowed(hub, token, built_closed):
    push(built_closed, "clinic", private=True)
    assert hub.repos["clinic/itamed-closed"].private
    assert hub.repos["clinic/itamed-closed"].files == local_files("closed")


def test_private_does_not_upload_into_a_repository_that_is_public_already(hub, token, built_closed):
    hub.repos["clinic/itamed-closed"] = Repo()
    with pytest.raises(PublishError, match="is public already"):
        push(built_closed, "clinic", private=True)
    assert hub.repos["clinic/itamed-closed"].files == {}


def test_what_is_asked_to_be_private_is_so_whatever_its_terms(hub, token, built_open):
    hub.repos["clinic/itamed-open"] = Repo()
    with pytest.raises(PublishError, match="is public already"):
        push(built_open, "clinic", private=True)
    assert hub.repos["clinic/itamed-open"].files == {}


def test_without_a_token_the_message_says_how_to_log_in(hub, built_open):
    with pytest.raises(PublishError, match="hf auth login"):
        push(built_open, "clinic", private=False)
    assert hub.repos == {}


def test_a_refused_commit_is_one_message(hub, token, built_open):
    hub.fail_commits_with = 403
    with pytest.raises(PublishError, match=r"clinic/itamed-open.*403"):
        push(built_open, "clinic", private=False)


def test_what_is_not_built_names_the_command(hub, token, open_source):
    with pytest.raises(PublishError, match="itamed data build --source open"):
        push(open_source, "clinic", private=False)
