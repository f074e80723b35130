"""A folder and a repository on the Hub behave alike: of those who change one file at once, one succeeds."""

import threading

import pytest
from itamed.benchmark.errors import ItamedError, PublishError
from itamed.leaderboard.findings import Refused
from itamed.leaderboard.worker.hub import HubPlace
from itamed.leaderboard.worker.place import MAX_FILE, Folder

from ...benchmark.fakehub import TOKEN, Repo

REPO = "clinic/requests"
STATE = "states/a.json"


@pytest.fixture(params=["folder", "hub"])
def places(request, tmp_path, monkeypatch):
    """Return two views of one place, as two workers have them."""
    if request.param == "folder":
        return Folder(tmp_path / "queue"), Folder(tmp_path / "queue")
    hub = request.getfixturevalue("hub")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.repos[REPO] = Repo({"README.md": b"Requests"})
    return HubPlace(REPO), HubPlace(REPO)


def test_what_is_written_can_be_read(places):
    here, there = places
    assert here.names() == [] and here.read(STATE) is None
    assert here.swap(STATE, None, {STATE: b"1", "logs/a.txt": b"log", "requests/a.json": b"{}"})
    assert there.names() == ["requests/a.json", STATE]
    assert there.read(STATE) == b"1" and there.read("requests/a.json") == b"{}"


def test_only_one_of_two_changes_a_file(places):
    here, there = places
    assert here.swap(STATE, None, {STATE: b"1"})
    assert not there.swap(STATE, None, {STATE: b"2"})
    assert there.swap(STATE, b"1", {STATE: b"2"})
    assert not here.swap(STATE, b"1", {STATE: b"3"})
    here.names()
    assert here.read(STATE) == b"2"


def test_many_at_once(places):
    won = []

    def count(place):
        paths = [f"states/{number}.json" for number in range(4)]
        won.extend(path for path in paths if place.swap(path, None, {path: b"x"}))

    threads = [threading.Thread(target=count, args=(place,)) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [f"states/{number}.json" for number in range(4)]


def test_a_file_that_is_too_long_is_not_read(places):
    here, _ = places
    here.swap(STATE, None, {STATE: b"x" * (MAX_FILE + 1)})
    here.names()
    with pytest.raises(Refused, match="at most"):
        here.read(STATE)


@pytest.fixture
def repo(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return hub.repos.setdefault(REPO, Repo({STATE: b"1"}))


def test_a_commit_of_somebody_else_in_between_is_looked_at(hub, repo):
    hub.before_commit = lambda: repo.files.update({"requests/new.json": b"{}"})
    assert HubPlace(REPO).swap(STATE, b"1", {STATE: b"2"})
    assert repo.files == {STATE: b"2", "requests/new.json": b"{}"}
    hub.before_commit = lambda: repo.files.update({STATE: b"other"})
    assert not HubPlace(REPO).swap(STATE, b"2", {STATE: b"3"})
    assert repo.files[STATE] == b"other"


def test_a_file_is_fetched_once_for_each_content(hub, repo):
    place = HubPlace(REPO)
    for _ in range(3):
        place.names()
        assert place.read(STATE) == b"1"
    assert sum(call.startswith("GET /datasets/") for call in hub.calls) == 1
    repo.files[STATE] = b"2"
    place.names()
    assert place.read(STATE) == b"2"


def test_trouble_is_told(hub, repo, monkeypatch):
    hub.fail_commits_with = 403
    with pytest.raises(PublishError, match="refused access"):
        HubPlace(REPO).swap(STATE, b"1", {STATE: b"2"})
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(PublishError, match="cannot be reached"):
        HubPlace(REPO).names()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ItamedError, match="Cannot write"):
        Folder(tmp_path / "file").swap(STATE, None, {STATE: b"1"})


def test_a_link_is_no_request(tmp_path):
    (tmp_path / "requests").mkdir()
    (tmp_path / "requests" / "a.json").symlink_to("/etc/hostname")
    assert Folder(tmp_path).names() == []
