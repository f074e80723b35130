"""What pages of entries, types and columns tell: where a bundle is, what is no model, what a column means."""

import csv
import html
import re

import pytest
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard.board.dictionary import ENTRY_COLUMNS, SCORE_COLUMNS
from itamed.leaderboard.board.site import build
from itamed.leaderboard.board.types import type_file

from .made_up import add_entry

pytest.importorskip("itables", reason="the site needs itables: pip install 'itamed[board]'")
RULE = {"engine": "itamed-baseline", "mode": "free", "batch": "1"}
NO_COMMIT = {"revision": None, "parameters": None, "precision": None}


def entry_page(site, key):
    """Return the text of an entry's page, without markup."""
    page = (site / "entries" / f"{key}.html").read_text()
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page[page.index("<main") :]).split()))


@pytest.mark.parametrize(
    ("results", "base"),
    [
        ("lab/results", "https://huggingface.co/datasets/lab/results/resolve/main/"),
        ("https://github.com/lab/results/raw/main", "https://github.com/lab/results/raw/main/"),
    ],
)
def test_an_entrys_page_links_the_bundle_of_the_store(files, tmp_path, results, base):
    folder = add_entry(tmp_path / "store", files, "lab/model")
    build(tmp_path / "store", tmp_path / "site", results=results)
    place = folder.relative_to(tmp_path / "store") / "bundle.zip"
    page = (tmp_path / "site" / "entries" / f"{folder.name}.html").read_text()
    assert f'href="{base}{place}"' in page
    assert "itamed validate bundle.zip" in page


def test_where_the_store_is_not_known_its_path_is_told(files, tmp_path):
    folder = add_entry(tmp_path / "store", files, "lab/model")
    build(tmp_path / "store", tmp_path / "site")
    told = f"{folder.relative_to(tmp_path / 'store')}/bundle.zip in the store that this board was built from"
    assert told in entry_page(tmp_path / "site", folder.name)


@pytest.mark.parametrize("results", ["results", "javascript:alert(1)", 'https://a"b', "ftp://lab/results"])
def test_what_is_no_address_of_a_store_is_refused(files, tmp_path, results):
    add_entry(tmp_path / "store", files, "lab/model")
    with pytest.raises(ItamedError, match="--results"):
        build(tmp_path / "store", tmp_path / "site", results=results)
    assert not (tmp_path / "site").exists()


def test_a_rule_is_said_to_be_no_model(files, tmp_path):
    key = add_entry(tmp_path / "store", files, "lookup", decoding=RULE, model=NO_COMMIT).name
    other = add_entry(tmp_path / "store", files, "lab/model", model=NO_COMMIT).name
    build(tmp_path / "store", tmp_path / "site")
    page = entry_page(tmp_path / "site", key)
    assert "Rule lookup, a rule of itamed, no model; licence apache-2.0" in page
    assert "Badge none, a rule of itamed, no model" in page
    assert "re-scored" not in page
    for blame in ("unknown", "not declared", "the model's commit"):
        assert blame not in page
        assert blame in entry_page(tmp_path / "site", other)
    assert "<small>rule, free, run of" in (tmp_path / "site" / "index.html").read_text()


def test_a_time_a_note_is_told_where_it_is_known(files, tmp_path):
    cost = {"seconds": 54.0, "resumed": False}
    whole = add_entry(tmp_path / "store", files, "lab/model", cost=cost).name
    part = add_entry(tmp_path / "store", files, "lab/tagger", cost=cost, lacks=("id",)).name
    build(tmp_path / "store", tmp_path / "site")
    assert "Time 54 s, 2.0 s a note" in entry_page(tmp_path / "site", whole)
    assert "Time 54 s Tokens" in entry_page(tmp_path / "site", part)


def test_every_column_of_the_downloads_is_explained_once(files, tmp_path):
    add_entry(tmp_path / "store", files, "lab/model")
    build(tmp_path / "store", tmp_path / "site")
    data = tmp_path / "site" / "data"
    page = (data / "columns.html").read_text()
    for name, meanings in (("entries", ENTRY_COLUMNS), ("scores", SCORE_COLUMNS)):
        told = [column for each in meanings for column in each.columns]
        assert sorted(told) == sorted(next(csv.reader((data / f"{name}.csv").open())))
        assert all(f"<code>{column}</code>" in page for column in told)
    assert 'href="data/columns.html"' in (tmp_path / "site" / "index.html").read_text()


def test_a_type_has_a_page_with_all_tasks_that_have_it(files, tmp_path):
    add_entry(tmp_path / "store", files, "lab/model", real=True)
    build(tmp_path / "store", tmp_path / "site")
    page = (tmp_path / "site" / "types" / "0.1.0" / "farmaco.html").read_text()
    heads = re.findall(r'<th scope="col"[^>]*>([^<]*)</th>', page)
    assert heads == ["Model", "ner drugtemist", "ner pharmaer", "ner cardioccc (OOD)"]
    task = (tmp_path / "site" / "tasks" / "0.1.0" / "itamed_ner_pharmaer.html").read_text()
    assert 'href="../../types/0.1.0/farmaco.html"' in task
    assert 'href="types/0.1.0/parte-del-corpo.html"' in (tmp_path / "site" / "index.html").read_text()


def test_a_types_file_stays_in_its_folder():
    assert type_file("../../Età e sesso") == "-età-e-sesso.html"
