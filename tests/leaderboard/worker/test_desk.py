"""Bundles are found again where they were handed in: in the repository, or in a pull request."""

import pytest
from itamed.benchmark.errors import PublishError
from itamed.leaderboard.submit import place_of
from itamed.leaderboard.validate import validate
from itamed.leaderboard.worker.desk import FolderDesk, HubDesk

from ...benchmark.fakehub import TOKEN, Pull, Repo

RESULTS = "clinic/results"


@pytest.fixture
def handed(bundle):
    """Return a bundle's content, its run, and its place."""
    content, run = bundle.read_bytes(), validate(bundle, mini=True).run
    return content, run, place_of(run, content)


def test_a_folder(handed, tmp_path):
    content, run, place = handed
    desk = FolderDesk(tmp_path)
    assert desk.find(place) == ""
    assert desk.hand_in(content, run) == place == desk.find(place)
    assert (tmp_path / place).read_bytes() == content


def test_the_hub(hub, handed, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    content, run, place = handed
    repo = hub.repos.setdefault(RESULTS, Repo())
    desk = HubDesk(RESULTS)
    # One of a stranger who knows what its title will be.
    digest = place.rpartition("/")[2].removesuffix(".zip")
    repo.pulls.append(Pull(f"Add something ({digest})", "", {"README.md": b""}))
    assert desk.find(place) == ""
    address = desk.hand_in(content, run)
    assert address.endswith("/discussions/2") and desk.find(place) == address
    repo.files |= repo.pulls.pop().files
    assert desk.find(place) == f"{hub.url}/datasets/{RESULTS}/blob/main/{place}"


def test_a_worker_is_not_told_of_options_that_it_lacks(hub, handed, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    content, run, _ = handed
    hub.repos.setdefault(RESULTS, Repo())
    with pytest.raises(PublishError, match="log in") as caught:
        HubDesk(RESULTS).hand_in(content, run)
    assert "--out" not in str(caught.value)
