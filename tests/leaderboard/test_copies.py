"""Copies are found by the digests that entries keep, by archives where there are none, and nobody copies itself."""

import numpy as np
import pytest
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard import copies
from itamed.leaderboard.archive import pack
from itamed.leaderboard.board.accept import accept
from itamed.leaderboard.bundle import MANIFEST
from itamed.leaderboard.said import same, telling

from .tamper import changed, errors


@pytest.fixture
def entry(one, tmp_path):
    """Return the folder of an accepted bundle of one task."""
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack(one))
    return accept(path, tmp_path / "store", badge=None, licence="mit", mini=True)


def test_an_entry_is_compared_without_its_archive_and_by_it_where_digests_are_gone(entry, one, tmp_path, monkeypatch):
    monkeypatch.setattr(copies, "ENOUGH", 3)
    copy = changed(one, MANIFEST, lambda manifest: manifest["model"].update(name="clinic/mine"))

    def found():
        return [each.field for each in errors(copy, tmp_path, tmp_path / "store")]

    (entry / "bundle.zip").write_bytes(b"damaged")
    assert found() == ["answers"]
    (entry / "answers.npy").write_bytes(b"damaged")
    with pytest.raises(ItamedError, match=r"answers\.npy"):
        found()
    (entry / "answers.npy").unlink()
    assert found() == []
    (entry / "bundle.zip").write_bytes(pack(one))
    assert found() == ["answers"]


def test_a_merged_archive_may_be_accepted_but_not_handed_in_again(one, tmp_path):
    merged = tmp_path / "results" / "bundles" / "lookup" / "0123.zip"
    merged.parent.mkdir(parents=True)
    merged.write_bytes(pack(one))
    assert "bundles/lookup/0123.zip" in errors(one, tmp_path, tmp_path / "results")[0].found
    elsewhere = tmp_path / "bundle.zip"
    elsewhere.write_bytes(pack(one))
    assert accept(elsewhere, tmp_path / "results", badge=None, licence="mit", mini=True).is_dir()


def test_telling_answers_come_once_and_rows_are_matched():
    one = np.array([[1, 10], [2, 20], [3, 20], [4, 40], [6, 60]], dtype=np.uint64)
    two = np.array([[1, 10], [3, 30], [4, 41], [5, 50], [6, 60]], dtype=np.uint64)
    assert telling(one)[:, 0].tolist() == [1, 4, 6]
    assert same(telling(one), telling(two)) == (2, 3)
