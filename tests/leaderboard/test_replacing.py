"""A site in place of the one before: whole, or not at all, and nothing else is touched."""

import pytest
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard.board.site import build

from .made_up import add_entry, content

pytest.importorskip("itables", reason="the site needs itables: pip install 'itamed[board]'")


def test_a_build_that_fails_leaves_the_site_as_it_was(files, tmp_path):
    store, site = tmp_path / "store", tmp_path / "site"
    add_entry(store, files, "a/b")
    build(store, site)
    before = content(site)
    add_entry(store, files, "a/c", version="9.9.9")
    with pytest.raises(ItamedError, match=r"9\.9\.9"):
        build(store, site)
    assert content(site) == before


@pytest.mark.parametrize("left", [("assets/board.js",), ("data/entries.json", "entries/old.html")])
def test_a_build_that_was_killed_while_it_replaced_a_site_is_mended_by_the_next(files, tmp_path, left):
    site = tmp_path / "site"
    for name in (*left, ".building/half.html"):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("old")
    add_entry(tmp_path / "store", files, "a/b")
    build(tmp_path / "store", site)
    assert "old" not in {path.read_text(errors="replace") for path in site.rglob("*.*") if path.is_file()}
    assert not (site / ".building").exists()


def test_a_folder_of_something_else_is_not_touched(files, tmp_path):
    add_entry(tmp_path / "store", files, "a/b")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "precious.txt").write_text("x")
    with pytest.raises(ItamedError, match="another folder"):
        build(tmp_path / "store", tmp_path)
    assert (tmp_path / "data" / "precious.txt").is_file()


def test_a_place_that_cannot_be_written(files, tmp_path):
    add_entry(tmp_path / "store", files, "a/b")
    (tmp_path / "file").write_text("")
    with pytest.raises(ItamedError, match="Cannot write"):
        build(tmp_path / "store", tmp_path / "file")
