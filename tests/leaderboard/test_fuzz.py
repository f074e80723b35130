"""Hundreds of changed bundles: never a traceback, and none is taken whose scores or answers are others."""

import json
import random

import pytest
from itamed.leaderboard.archive import pack
from itamed.leaderboard.bundle import MANIFEST, SCORES
from itamed.leaderboard.opened import open_bundle

from .tamper import NER, sealed, verdict

BYTES, VALUES = 800, 80
JUNK = [
    None,
    True,
    -1,
    0,
    1e308,
    2**53,
    "",
    "x" * 600,
    "=1",
    "<b>",
    "\u202e",
    [],
    {},
    [[[[[[[[[]]]]]]]]],
    {"": ""},
    "A",
]


def mangled(content, rng):
    """Flip, cut out, repeat or insert bytes."""
    found = bytearray(content)
    for _ in range(rng.randrange(1, 4)):
        at, length = rng.randrange(len(found)), rng.randrange(1, 40)
        kind = rng.randrange(4)
        if kind == 0:
            found[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del found[at : at + length]
        elif kind == 2:
            found[at:at] = found[max(0, at - length) : at]
        else:
            found[at:at] = rng.randbytes(length)
        if not found:
            break
    return bytes(found)


def test_changed_archives(one, tmp_path):
    rng, path, taken = random.Random(1), tmp_path / "bundle.zip", 0
    honest = pack(one)
    path.write_bytes(honest)
    expected, _ = open_bundle(path, mini=True)
    assert expected
    for _ in range(BYTES):
        path.write_bytes(mangled(honest, rng))
        bundle, findings = open_bundle(path, mini=True)
        assert (bundle is None) == bool(findings)
        if bundle:
            taken += 1
            assert bundle == expected
    # Time stamps and rights of files decide nothing.
    assert taken < BYTES / 5


def places(value, place=()):
    """Yield the path to every value inside plain JSON."""
    yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*place, key))


def replaced(value, place, new):
    if not place:
        return new
    copy = value.copy()
    copy[place[0]] = replaced(value[place[0]], place[1:], new)
    return copy


def other_numbers(rng):
    return rng.choice([*JUNK, rng.random(), rng.randrange(100)])


@pytest.mark.parametrize("name", [MANIFEST, SCORES])
def test_changed_values_under_new_checksums(one, tmp_path, name):
    """Of the scores only what is within the tolerance may pass, of the manifest only what nobody can check."""
    rng, value = random.Random(2), json.loads(one[name])
    everywhere = [place for place in places(value) if place]
    for _ in range(VALUES):
        place = rng.choice(everywhere)
        changed = replaced(value, place, other_numbers(rng))
        files = one | {name: json.dumps(changed).encode()}
        found = verdict(files if name == MANIFEST else sealed(files), tmp_path)
        assert (found.run is None) == bool(found.errors)
        if not found.errors and name == SCORES:
            for task in found.run.tasks:
                assert changed["tasks"][NER]["modes"]["repaired"]["gold"] == task.gold
            assert changed["tasks"][NER]["modes"] == value["tasks"][NER]["modes"]


def test_changed_answers_under_new_checksums(one, tmp_path):
    """Whatever else was written, the scores are those of what is written now, or the bundle is refused."""
    rng, name = random.Random(3), f"samples_{NER}.jsonl"
    for _ in range(VALUES):
        found = verdict(sealed(one | {name: mangled(one[name], rng)}), tmp_path)
        assert (found.run is None) == bool(found.errors)
        assert all(len(str(each)) < 3000 for each in found.findings)
