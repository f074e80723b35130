"""Entries of a store as nobody handed them in: quick to make, with the scores that a test asks for."""

import hashlib
import json
from contextlib import contextmanager
from itertools import cycle

import numpy as np
import pytest
from itamed.benchmark.suite import FAMILIES, ROLES, suite
from itamed.leaderboard import known
from itamed.leaderboard.archive import pack
from itamed.leaderboard.board.scored import ranked_tasks
from itamed.leaderboard.bundle import MANIFEST

RESAMPLES = 500
FOUND = ("precision", "recall")
SPANS = (*FOUND, "macro_f1", "invented", "iob2_f1", "relaxed_f1", "untagged_f1")
FORMS = (*FOUND, "accuracy", "official_f1", "f1:esame", "f1:reperto")
METRICS = {"ner": SPANS, "re": (*FOUND, "invented"), "crf": FORMS, "qa": (), "arg": SPANS}
"""Metrics of real tasks beside the score, those of their labels and shares of answers, by family."""


ALIKE = {name: {known.FACTS: found[known.FACTS]} for name, found in known.content()["0.1.0"].items()}
"""What is known of a version that has today's tasks, none of which is ranked."""


@contextmanager
def more_suites(**versions):
    """Know other versions of the suite, too; a name is one with "_" for ".", and a value what known.json would hold."""
    found = known.content() | {name.removeprefix("v").replace("_", "."): tasks for name, tasks in versions.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known, "content", lambda: found)
        known.tasks_of.cache_clear()
        yield
    known.tasks_of.cache_clear()


def add_entry(store, files, name, mean=0.5, *, version="0.1.0", noise=0.02, seed=0, lacks=(), real=False, **manifest):
    """Add an entry to a store; returns its folder.

    `files` are those of a bundle of mini tasks; `lacks` are roles that are not complete; `real` makes it as large as
    an entry of all 20 tasks, with an archive of its manifest; `manifest` are parts of it that differ. The model is one
    at a commit of its own.
    """
    said = json.loads(files[MANIFEST]) | {"decoding": {"mode": "free", "engine": "itamed-hf", "batch": "8"}}
    said |= {"arguments": {}, "untold": []}
    commit = hashlib.sha1(name.encode()).hexdigest()
    model = said["model"] | {"name": name, "parameters": 270_000_000, "revision": commit}
    said |= manifest | {"model": model | manifest.get("model", {})}
    said["suite"] = said["suite"] | {"version": version}
    if real:
        said["suite"]["fingerprints"] = dict(zip(suite(), cycle(said["suite"]["fingerprints"].values()), strict=False))
    named = repr((name, version, seed, sorted(manifest.items()))).encode()
    archive = pack({MANIFEST: json.dumps(said).encode()}) if real else named
    digest = hashlib.sha256(archive).hexdigest()
    tasks = list(said["suite"]["fingerprints"])
    span = [mean, max(0, mean - 0.04), min(1, mean + 0.04)]
    entry = {
        "format": 1,
        "bundle": digest,
        "accepted": "2026-01-31",
        "licence": "apache-2.0",
        "warnings": [],
        "manifest": said,
        "tasks": {
            task: {
                "shots": 4,
                "notes": 9,
                "rows": 9,
                "gold": 9,
                "strict": span,
                "metrics": {"score": span} | (_metrics(task, np.random.default_rng(seed)) if real else {"f1:a": span}),
            }
            for task in tasks
        },
        "roles": {
            role: {
                "tasks": list(ranked_tasks(version, role)) if real else tasks,
                "families": dict.fromkeys(ranked_tasks(version, role).values() if real else FAMILIES, span),
                "mean": None if role in lacks else span,
                "freedom": 40.0,
            }
            for role in ROLES
        },
    }
    own = np.random.default_rng(seed).normal(0, noise, (len(ROLES) - len(lacks), RESAMPLES)) + mean
    folder = store / "models" / name.replace("/", "__") / commit / digest[:16]
    folder.mkdir(parents=True)
    (folder / "entry.json").write_text(json.dumps(entry))
    (folder / "badge-re-scored.json").write_text('{"date": "2026-01-31"}')
    if real:
        (folder / "bundle.zip").write_bytes(archive)
    np.save(folder / "draws.npy", own.astype(np.float32))
    return folder


def _metrics(task, random):
    """Return all metrics of a real task but its score, each with an interval of six digits."""
    types, found = (f"f1:{label}" for label in suite()[task].labels), METRICS[suite()[task].family]
    names = (*types, *found, "repaired", "truncated", "unparseable", "valid")
    values = np.sort(random.random((len(names), 3)), axis=1).round(6).tolist()
    return {name: [middle, low, high] for name, (low, middle, high) in zip(names, values, strict=True)}


def content(folder):
    """Return the bytes of all files of a folder, by their place in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
