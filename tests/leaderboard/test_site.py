"""The site: the same bytes for the same store, safe whatever is in it, versions apart."""

import json
import re
import runpy
import sys
import time
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard.board import frontend
from itamed.leaderboard.board.listing import boards
from itamed.leaderboard.board.pairs import mode_pairs
from itamed.leaderboard.board.replacing import FOLDERS
from itamed.leaderboard.board.site import build
from itamed.leaderboard.board.store import read_store, retract
from itamed.leaderboard.bundle import MANIFEST
from scipy.special import stdtrit
from typer.testing import CliRunner

from .made_up import ALIKE, add_entry, content, more_suites

pytest.importorskip("itables", reason="the site needs itables: pip install 'itamed[board]'")
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def listed(store):
    return {row.name: row for rows in boards(read_store(store)).values() for row in rows}


def page_data(path):
    return json.loads(re.search(r'id="data">(.*?)</script>', path.read_text(), re.S)[1])


def test_two_builds_are_the_same_bytes_and_old_pages_go(files, tmp_path):
    for number in range(3):
        add_entry(tmp_path / "store", files, f"a/m{number}", 0.3 + number / 10, seed=number)
    build(tmp_path / "store", tmp_path / "one")
    build(tmp_path / "store", tmp_path / "two")
    (tmp_path / "two" / "entries" / "gone.html").write_text("old")
    (tmp_path / "two" / ".git").mkdir()
    build(tmp_path / "store", tmp_path / "two")
    assert content(tmp_path / "one") == content(tmp_path / "two")
    assert (tmp_path / "two" / ".git").is_dir()
    assert not list((tmp_path / "one").glob("**/.*"))


def test_what_is_not_prompted_is_called_by_its_kind(files, tmp_path):
    free = {"engine": "itamed-baseline", "mode": "free", "batch": "1"}
    tagged = {"engine": "itamed-encoder", "mode": "tagged", "batch": "auto"}
    add_entry(tmp_path, files, "a/rule", decoding=free)
    add_entry(tmp_path, files, "a/tagger", decoding=tagged, lacks=("id", "ood"))
    rows = listed(tmp_path)
    assert (rows["a/rule"].method, rows["a/rule"].mode) == ("rule", "free")
    assert (rows["a/tagger"].method, rows["a/tagger"].mode) == ("tagger", "tagged")
    assert rows["a/tagger"].unranked == {"id": "tasks are missing", "ood": "tasks are missing"}


def test_nothing_to_show(tmp_path):
    with pytest.raises(ItamedError, match="no store"):
        build(tmp_path, tmp_path / "site")
    (tmp_path / "models").mkdir()
    with pytest.raises(ItamedError, match="no entry yet"):
        build(tmp_path, tmp_path / "site")


def test_a_thousand_entries_take_less_than_ten_seconds(files, tmp_path):
    for number in range(1000):
        mean = 0.2 + number / 2000
        add_entry(tmp_path / "store", files, f"a/m{number}", mean, seed=number, real=True, noise=0.01)
    store, spent = str(tmp_path / "store"), []
    # What else runs on a machine takes caches and clock: the best of some is nearest to the work itself.
    while len(spent) < 3 and min(spent, default=10) >= 10:
        start = time.process_time()
        done = CliRunner().invoke(app, ["board", "build", "--store", store, "--site", str(tmp_path / "site")])
        spent.append(time.process_time() - start)
        assert "1000 entries, 0 of them without bundle.zip" in done.output, done.exception
    assert min(spent) < 10


def test_ranks_are_of_whole_runs_with_the_same_fingerprints(files, tmp_path):
    suite = json.loads(files[MANIFEST])["suite"]
    task = next(iter(suite["fingerprints"]))
    other = suite | {
        "fingerprints": suite["fingerprints"] | {task: dict.fromkeys(suite["fingerprints"][task], "0" * 32)}
    }
    leaked = {"training": "all", "test_rows": "trained on"}
    add_entry(tmp_path, files, "best", 0.8, seed=1)
    add_entry(tmp_path, files, "worst", 0.2, seed=2)
    add_entry(tmp_path, files, "sample", 0.9, kind="sample")
    add_entry(tmp_path, files, "part", 0.9, lacks=("id",))
    add_entry(tmp_path, files, "other", 0.9, suite=other)
    add_entry(tmp_path, files, "leaked", 0.9, declaration=leaked)
    retract(add_entry(tmp_path, files, "retracted", 0.9).name, tmp_path, "wrong template")
    found = listed(tmp_path)
    assert {name: row.ranks["id"][:2] for name, row in found.items() if "id" in row.ranks} == {
        "best": (1, 1),
        "worst": (2, 2),
    }
    assert {name: row.unranked["id"] for name, row in found.items() if row.unranked} == {
        "sample": "sample",
        "part": "tasks are missing",
        "other": "other fingerprints",
        "leaked": "trained on test rows",
        "retracted": "retracted",
    }
    assert found["part"].ranks["ood"][:2] == (1, 1)
    assert list(found)[:2] == ["best", "worst"]


def test_versions_are_never_mixed(files, tmp_path):
    add_entry(tmp_path / "store", files, "old", 0.9, version="0.1.0")
    add_entry(tmp_path / "store", files, "new", 0.1, version="0.10.0")
    add_entry(tmp_path / "store", files, "middle", 0.5, version="0.9.0")
    assert list(boards(read_store(tmp_path / "store"))) == ["0.10.0", "0.9.0", "0.1.0"]
    site = tmp_path / "site"
    with more_suites(v0_9_0=ALIKE, v0_10_0=ALIKE):
        build(tmp_path / "store", site)
    names = {path.name: [row["name"] for row in page_data(path)["rows"]] for path in (site / "suites").iterdir()}
    assert names == {"0.10.0.html": ["new"], "0.9.0.html": ["middle"], "0.1.0.html": ["old"]}
    assert page_data(site / "index.html")["rows"] == page_data(site / "suites" / "0.10.0.html")["rows"]
    assert 'href="suites/0.1.0.html"' in (site / "index.html").read_text()
    assert all(row.ranks["id"][:2] == (1, 1) for row in listed(tmp_path / "store").values())


def test_a_page_tells_what_text_was_not_held_against(files, tmp_path):
    kept = {"method": "eight words in a row", "dropped": 7, "unchecked": ["itamed_qa_ssm", "itamed_qa_medqa"]}
    declared = {"training": "all", "test_rows": "unknown"}
    for name, more in (("a/b", {"decontamination": kept}), ("a/c", {})):
        add_entry(tmp_path / "store", files, name, declaration=declared | more)
    build(tmp_path / "store", tmp_path / "site")
    pages = [path.read_text() for path in (tmp_path / "site" / "entries").glob("*.html")]
    (told,) = (page for page in pages if "Decontamination: none told" not in page)
    assert "eight words in a row; 7 documents dropped; not checked against: itamed_qa_ssm, itamed_qa_medqa" in told
    assert sum("Test rows: unknown" in page for page in pages) == 2


def test_markup_of_strangers_is_text(files, tmp_path):
    declared = {"training": EVIL, "test_rows": "unknown", "corpora": [{"name": EVIL, "licence": EVIL}]}
    machine = {"processor": EVIL, "gpus": [EVIL]}
    key = add_entry(tmp_path / "store", files, "a/b", declaration=declared, machine=machine).name
    # Written by hand: `retract` takes no such reason.
    retracted = {"reason": EVIL, "date": "2026-01-31"}
    next((tmp_path / "store").glob(f"models/*/*/{key}")).joinpath("retracted.json").write_text(json.dumps(retracted))
    build(tmp_path / "store", tmp_path / "site")
    for path in (tmp_path / "site").rglob("*.html"):
        assert "<script>alert" not in path.read_text()
        assert "<img" not in path.read_text()
    assert page_data(tmp_path / "site" / "index.html")["rows"][0]["retracted"] == EVIL


def test_pairs_differ_in_their_decoding_alone(files, tmp_path):
    free, constrained = ({"mode": mode, "engine": "x", "batch": "1"} for mode in ("free", "constrained"))
    suite = json.loads(files[MANIFEST])["suite"]
    other = suite | {
        "fingerprints": {name: dict.fromkeys(found, "0" * 32) for name, found in suite["fingerprints"].items()}
    }

    def add(name, mean, mode, **given):
        return add_entry(tmp_path, files, name, mean, decoding=mode, **given).name

    pair = {"free": add("both", 0.4, free, seed=1), "constrained": add("both", 0.5, constrained, seed=2)}
    add("both", 0.9, constrained | {"reasoning": "cot"})
    add("both", 0.9, constrained, kind="sample")
    add("both", 0.9, constrained, created="2020-01-01T00:00:00Z")
    retract(add("gone", 0.9, free), tmp_path, "wrong template")
    for name, mode, more in (
        ("gone", constrained, {}),
        ("one", free, {}),
        ("new", free, {}),
        ("new", constrained, {"suite": other}),
    ):
        add(name, 0.3, mode, **more)
    rows = boards(read_store(tmp_path))["0.1.0"]
    (found,) = mode_pairs(rows)
    gains = found.pop("gains")
    assert found == pair
    one, two = (next(row.stored for row in rows if row.stored.key == key) for key in pair.values())
    error = np.std(two.draws["id"] - one.draws["id"])
    value, low, high = gains["id"]
    assert value == pytest.approx(0.1)
    assert (high - low) / 2 == pytest.approx(stdtrit(40, 0.975) * error, rel=1e-3)


def test_a_retraction_stays_visible(files, tmp_path):
    key = add_entry(tmp_path / "store", files, "a/b").name
    retract(key, tmp_path / "store", "the template was another")
    build(tmp_path / "store", tmp_path / "site")
    assert "the template was another" in (tmp_path / "site" / "entries" / f"{key}.html").read_text()
    assert page_data(tmp_path / "site" / "index.html")["rows"][0]["retracted"] == "the template was another"


def test_downloads_say_the_same_in_all_forms(files, tmp_path):
    add_entry(tmp_path / "store", files, "a/b", 0.25)
    add_entry(tmp_path / "store", files, "a/c", 0.5, lacks=("id",))
    build(tmp_path / "store", tmp_path / "site")
    data = tmp_path / "site" / "data"
    rows = json.loads((data / "entries.json").read_text())
    assert pq.read_table(data / "entries.parquet").to_pylist() == rows
    assert {row["name"]: (row["id_mean"], row["id_rank_best"]) for row in rows} == {
        "a/b": (0.25, 1),
        "a/c": (None, None),
    }
    scores = pq.read_table(data / "scores.parquet").to_pylist()
    assert len(scores) == len((data / "scores.csv").read_text().splitlines()) - 1 == 2 * 3 * 3
    assert {each["value"] for each in scores if each["name"] == "a/b"} == {0.25}


def test_published_rows_are_marked(files, tmp_path):
    add_entry(tmp_path / "store", files, "a/b")
    build(tmp_path / "store", tmp_path / "site")
    page = (tmp_path / "site" / "index.html").read_text()
    told = page[page.index("Reported elsewhere") : page.index("medgemma-27b")]
    for caveat in ("never ranked", "one of them must be damaged", "is unknown", "Gain is the mean less", "more stars"):
        assert caveat in told
    assert "medgemma-27b" not in json.dumps(page_data(tmp_path / "site" / "index.html"))


def test_every_link_leads_somewhere(files, tmp_path):
    for version in ("0.1.0", "0.2.0"):
        add_entry(tmp_path / "store", files, "a/b", version=version)
    with more_suites(v0_2_0=ALIKE):
        build(tmp_path / "store", tmp_path / "site")
    for path in (tmp_path / "site").rglob("*.html"):
        for link in re.findall(r'(?:href|src)="([^"#]+)"', path.read_text()):
            assert (path.parent / link).is_file() or link.startswith("https://huggingface.co/a/b/tree/"), (path, link)
    assert {path.name for path in (tmp_path / "site").iterdir() if path.is_dir()} == set(FOLDERS)


def test_libraries_of_another_form_are_refused():
    assert "window.DataTable=b" in frontend._classic("const b=1;export{a as x,b as default};")
    with pytest.raises(ItamedError, match="another version"):
        frontend._classic("const b=1;")


def test_the_space_has_a_front_matter_and_a_gradio_entry(files, tmp_path, monkeypatch):
    add_entry(tmp_path / "store", files, "a/b")
    build(tmp_path / "store", tmp_path / "site")
    front = yaml.safe_load((tmp_path / "site" / "README.md").read_text().split("---")[1])
    assert (front["sdk"], front["app_file"]) == ("static", "index.html")
    seen = {}

    class Blocks:
        def __init__(self, title, fill_width):
            seen.update(title=title, wide=fill_width)

        __enter__ = __exit__ = lambda *_: None

    gradio = SimpleNamespace(
        Blocks=Blocks, HTML=lambda text: seen.update(html=text), mount_gradio_app=lambda *_, path: path
    )
    server = SimpleNamespace(mount=lambda path, files: seen.update(mount=path, folder=files["directory"]))
    for name, module in {
        "gradio": gradio,
        "uvicorn": SimpleNamespace(),
        "fastapi": SimpleNamespace(FastAPI=lambda: server),
        "fastapi.staticfiles": SimpleNamespace(StaticFiles=lambda **given: given),
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    runpy.run_path(str(tmp_path / "site" / "app.py"))
    assert f'src="{seen["mount"]}/index.html"' in seen["html"]
    assert seen["wide"]
    assert (seen["folder"] / "index.html").is_file()
