"""One run on the mini set for all tests, and the files of its bundle."""

import json

import pytest
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.finding import find_run
from itamed.leaderboard.bundle import MANIFEST, SCORES, Wishes, make_bundle

from ..conftest import offline
from .tamper import NER, TASKS, changed, sealed


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory, word_tokenizer):
    folder = tmp_path_factory.mktemp("leaderboard") / "run"
    arguments = ["--model", "itamed-baseline", "--model_args", f"model=lookup,tokenizer={word_tokenizer}"]
    with offline():
        evaluate([*arguments, "--tasks", ",".join(TASKS), "--output_path", str(folder)])
    return folder


@pytest.fixture(scope="module")
def browser():
    from ..browser import started_browser  # where there is no browser, this skips what asks for one

    with started_browser() as started:
        yield started


@pytest.fixture
def open_page(browser, site):
    """Return a function that opens a page of a module's site."""
    from ..browser import opener

    with opener(browser) as opened:
        yield lambda name="index.html", fragment="", **given: opened(site / name, fragment, **given)


@pytest.fixture(scope="session")
def rule_files(run_folder):
    """Return the files of the run's bundle by name, as it was made; not to be changed."""
    return make_bundle(find_run(run_folder), Wishes(mini=True))


@pytest.fixture(scope="session")
def files(rule_files):
    """Return the files of a bundle that says of the same answers that a model gave them; not to be changed."""
    return changed(rule_files, MANIFEST, as_of_a_model)


def as_of_a_model(manifest):
    manifest["decoding"]["engine"] = "hf"
    # No machine answers in the time of a rule.
    manifest["cost"]["seconds"] = 10.0


@pytest.fixture(scope="session")
def one(files):
    """Return the files of a bundle of one task alone, which is quicker to check."""
    left = {name: content for name, content in files.items() if name in (MANIFEST, SCORES) or NER in name}
    manifest, scores = json.loads(left[MANIFEST]), json.loads(left[SCORES])
    manifest["suite"]["fingerprints"] = {NER: manifest["suite"]["fingerprints"][NER]}
    scores["tasks"] = {NER: scores["tasks"][NER]}
    return sealed(left | {MANIFEST: json.dumps(manifest).encode(), SCORES: json.dumps(scores).encode()})
