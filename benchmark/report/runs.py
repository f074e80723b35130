"""What each run was made with: versions, date, engine, model arguments and sample."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from ..suite import CHOICES
from .redact import told, without_folder
from .run import Run
from .series import Series
from .sheet import NONE, Section, Sheet

_HEADER = ("run", "itamed", "harness", "date", "engine", "model", "model arguments", "sample", "model commit", "commit")


def settings(series: Sequence[Series]) -> Section:
    """Return a line a run."""
    rows = [_row(run) for each in series for run in each.runs]
    text = (
        "The date is that of the start (UTC). Model arguments that may hold addresses or folders are left out. The "
        f"commit is that of the folder in which the run was begun; {NONE} where something is not known."
    )
    return Section("Runs", text, [Sheet("Versions and settings", _HEADER, rows)], folded=True)


def _row(run: Run) -> list[str]:
    known = run.settings
    arguments = {name: value for name, value in told(known.arguments).items() if name != "pretrained"}
    sample = {name: value for name in (*CHOICES, "limit") if (value := getattr(known, name)) is not None}
    cells = [known.version, known.lm_eval_version, _date(known.date), known.backend, without_folder(run.model)]
    cells += [_pairs(arguments), _pairs(sample), (known.model_sha or "")[:12], known.git_hash]
    return [run.label, *(str(cell or NONE) for cell in cells)]


def _pairs(given: dict[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in given.items())


def _date(seconds: object) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).date().isoformat() if isinstance(seconds, (int, float)) else ""
