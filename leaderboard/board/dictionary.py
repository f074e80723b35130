"""What the columns of the downloads mean: the page beside them, which a test holds against the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from itamed.benchmark.suite import FAMILIES, ROLES

from .ranks import Rank


class Meaning(NamedTuple):
    """Columns that are explained together."""

    columns: Sequence[str]
    text: str


def _ends(names: Sequence[str]) -> list[str]:
    return [f"{name}{end}" for name in names for end in ("", "_low", "_high")]


_ENTRY = Meaning(["key"], "The entry: the name of its page, and the first 16 letters of its bundle's SHA-256.")
_NAME = Meaning(["name"], "The model, with its adapter after a plus sign.")
_SUITE = Meaning(["suite"], "The version of the suite; scores of two versions do not compare.")
ENTRY_COLUMNS: Sequence[Meaning] = (
    _SUITE,
    _ENTRY,
    _NAME,
    Meaning(["revision"], "The commit of the model; empty where none is named."),
    Meaning(["method"], "How it was asked: examples a prompt, and whether it was trained on tasks; or rule, tagger."),
    Meaning(["mode"], "Decoding: free, constrained, schema or tagged, after how it reasoned, if it did."),
    Meaning(["badge"], "self-reported, re-scored or reproduced."),
    Meaning(["kind"], "full, or sample: some notes of each task, which is never ranked."),
    Meaning(["aside"], "Why it is never ranked whatever it answered; empty if it may be."),
    Meaning(["licence"], "Of the model, as its card states it."),
    Meaning(["data"], "How much is told of the model's own training, by the submitter's word."),
    Meaning(["parameters"], "Their number."),
    Meaning(
        ["seconds"],
        "Wall time a note of the whole run, loading included, by the submitter's word; empty where a ranked task is "
        "missing, or the run had stopped in between.",
    ),
    Meaning(["hardware"], "The machine, as far as it is told: GPUs, else the processor."),
    Meaning(["created", "accepted"], "The days of the run, and of its acceptance."),
    Meaning(["retracted"], "Why it was taken back; empty if it was not."),
    Meaning(
        _ends([f"{role}_{family}" for role in ROLES for family in (*FAMILIES, "mean")]),
        "Means of a family's tasks, and of families, with the ends of the 95 % interval: shares from 0 to 1, of "
        "in-distribution (id) or out-of-distribution (ood) tasks. Empty where a task is missing.",
    ),
    Meaning(
        [f"{role}_rank_{part}" for role in ROLES for part in Rank._fields],
        "The best and the worst rank that the notes leave open, and the tie group, from 1. Empty without a rank.",
    ),
    Meaning([f"{role}_unranked" for role in ROLES], "Why there is no rank."),
    Meaning(["engine", "precision"], "What computed the answers, and the number format of the weights."),
    Meaning(["arguments"], "Model arguments that say how it was run, as name=value."),
    Meaning(["arguments_untold"], "Names of those that were set, and whose values are not told."),
    Meaning(["adapter", "adapter_revision"], "The adapter and its commit."),
    Meaning(["chat_template"], "SHA-256 of the chat template; empty where none was used."),
    Meaning(["chat_turns"], "Whether examples were turns of the chat."),
    Meaning(["fewshot_seed"], "Which examples were shown."),
    Meaning(["declared_test_rows"], "Whether the model was trained on test rows, as is declared; empty: nothing is."),
    Meaning(["bundle"], "SHA-256 of the bundle."),
)
"""Of `entries`, which has a line an entry."""
SCORE_COLUMNS: Sequence[Meaning] = (
    _ENTRY,
    _NAME,
    _SUITE,
    Meaning(["task", "family", "role"], "The task, its family, and its role: id or ood."),
    Meaning(
        ["metric"],
        "score is the task's main one, f1:TYPE that of one type; all are of repaired answers but strict:score. "
        "valid, repaired, truncated and unparseable are shares of answers.",
    ),
    Meaning(["value", "low", "high"], "The figure and its 95 % interval over notes: shares from 0 to 1."),
    Meaning(["notes"], "On how many notes it stands."),
)
"""Of `scores`, which has a line a metric of a task of an entry."""
