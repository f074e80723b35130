"""Speeds of no machine: more read or written in a run's time than hardware can, as far as the answers show it."""

from __future__ import annotations

from collections.abc import Iterator

from itamed.benchmark.report.settings import RULES, TAGGER

from .bundle import MANIFEST
from .findings import EXPLAIN, Finding
from .opened import Opened

MAX_WRITTEN, MAX_OPERATIONS = 500_000, 2e16
"""Tokens written a second, and operations a second that they take (2 a parameter): more than a machine with
eight of the fastest accelerators does."""
MAX_READ = 20_000_000
"""Tokens of prompts a second: all of a prompt is read at once, and what prompts begin with alike only once."""
MIN_ROW = 1e-3
"""Seconds a row of a model that reads prompts; loading, reading and writing together take far longer."""
MAX_TOKEN = 16
"""Characters of a token at most, on average over answers: words of Italian notes have one for every three to four."""
_COUNT = (
    "submit where the model's tokenizer can be loaded (its folder where the run found it, or the Hub within reach), "
    "or explain in the pull request why not"
)


def speed_findings(bundle: Opened) -> Iterator[Finding]:
    """Tell of a run that no machine does in its time, and of one whose speed was not fully checked.

    Stated tokens are the submitter's own: where they are fewer than the characters of the answers allow, those count.
    The time of a resumed run is that of its last part, and says nothing.
    """
    manifest = bundle.manifest
    if manifest.cost.resumed:
        return
    if found := _too_much(bundle):
        told = f"{found} in {manifest.cost.seconds:g} s"
        yield Finding(MANIFEST, "cost", "the speed of a machine", told, EXPLAIN, "warning")
    counted = None not in (manifest.cost.tokens_in, manifest.cost.tokens_out)
    if not counted and _has_tokenizer(manifest.decoding.engine):
        expected, told = "tokens of prompts and answers", "none: the speed was not fully checked"
        yield Finding(MANIFEST, "cost.tokens_out", expected, told, _COUNT, "warning")


def _too_much(bundle: Opened) -> str:
    """Return what was done too fast; "" if nothing."""
    cost, model = bundle.manifest.cost, bundle.manifest.model
    answers = [each for found in bundle.answers.values() for each in found]
    seen = sum(max(each.tokens_out or 0, -(-len(each.answer) // MAX_TOKEN)) for each in answers)
    written = max(cost.tokens_out or 0, seen)
    rate = written / cost.seconds
    if rate > MAX_WRITTEN or 2 * (model.parameters or 0) * rate > MAX_OPERATIONS:
        return f"{written} tokens of answers"
    if (cost.tokens_in or 0) / cost.seconds > MAX_READ:
        return f"{cost.tokens_in} tokens of prompts"
    prompted = bundle.manifest.decoding.engine not in (RULES, TAGGER)
    return f"{len(answers)} rows" if prompted and cost.seconds < MIN_ROW * len(answers) else ""


def _has_tokenizer(engine: str) -> bool:
    """Return whether an engine loads the model's tokenizer; of a server there may be none here."""
    return engine not in (RULES, TAGGER) and not engine.endswith("completions")
