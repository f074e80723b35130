"""A store as an older itamed of the same suite wrote it, frozen: entries stay readable whatever parts come later.

Its bundle has answers of a rule to the mini set. Fingerprints have no part for reasoning, means no `further`.
"""

import json
import shutil
from pathlib import Path

import pytest
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard.board.audit import Audited, audit, read_unedited
from itamed.leaderboard.board.listing import boards
from itamed.leaderboard.board.site import build
from itamed.leaderboard.board.store import read_store
from itamed.leaderboard.bundle import MANIFEST

from .made_up import add_entry
from .tamper import changed, errors, only, verdict

FROZEN = Path(__file__).parent / "frozen"


@pytest.fixture
def store(tmp_path):
    return shutil.copytree(FROZEN, tmp_path / "store")


def test_it_is_read_compared_and_shown(store, tmp_path):
    pytest.importorskip("itables", reason="the site needs itables: pip install 'itamed[board]'")
    assert audit(store) == Audited()
    entries, alone = read_unedited(store)
    assert alone == []
    assert build(store, tmp_path / "site", entries=entries) == 1
    assert "lab/older" in (tmp_path / "site" / "entries" / f"{entries[0].key}.html").read_text()


def test_entries_with_and_without_a_part_that_came_later_are_ranked_together(files, tmp_path):
    def older(manifest):
        for parts in manifest["suite"]["fingerprints"].values():
            del parts["reasoning"]

    for name, made in (("new", files), ("old", changed(files, MANIFEST, older))):
        add_entry(tmp_path, made, name, suite=json.loads(made[MANIFEST])["suite"])
    ((one, two),) = boards(read_store(tmp_path)).values()
    assert one.ranks.keys() == two.ranks.keys() == {"id", "ood"}


def test_a_bundle_without_that_part_is_good_unless_its_answers_were_reasoned(one, tmp_path):
    def older(manifest):
        for parts in manifest["suite"]["fingerprints"].values():
            del parts["reasoning"]

    assert verdict(changed(one, MANIFEST, older), tmp_path).errors == 0

    def reasoned(manifest):
        older(manifest)
        manifest["decoding"]["reasoning"] = "cot"

    found = only(errors(changed(one, MANIFEST, reasoned), tmp_path))
    assert found.field.endswith(".reasoning") and found.found is None


def test_what_cannot_be_read_is_told_in_short_and_not_to_be_retracted(store):
    path = next(store.rglob("entry.json"))
    entry = json.loads(path.read_text())
    for parts in entry["manifest"]["suite"]["fingerprints"].values():
        parts["later"] = parts.pop("prompt")
    path.write_text(json.dumps(entry))
    (found,) = audit(store).changed
    assert "manifest.suite.fingerprints.itamed-mini-crf-dyspnea.prompt: expected this key, found nothing" in found
    assert "made by another itamed?" in found and "So are 5 more values" in found
    assert all(said not in found for said in ("retract", "pydantic", "\n"))
    with pytest.raises(ItamedError, match="made by another itamed"):
        read_unedited(store)
    path.write_bytes(b"{")
    assert "entry.json: expected JSON" in audit(store).changed[0]
