"""Evaluate the model in a job's folder, and make the bundle of the run.

Run as `python -m itamed.leaderboard.worker.evaluation FOLDER`; answers of an earlier attempt are reused.
"""

from __future__ import annotations

import sys
from pathlib import Path

from itamed.benchmark.asked import Asked
from itamed.benchmark.console import ends_on_error
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import evaluate

from ..bundle import Wishes
from ..manifest import Weights
from ..submit import submit_run
from .fetch import ADAPTER, MODEL
from .request import Request
from .settings import WORK, Work

BUNDLE = "bundle.zip"
_RUN = "run"


def arguments(request: Request, tasks: str, folder: Path) -> list[str]:
    """Return the arguments of `itamed eval` for a request: these, and nothing that it brings along itself."""
    model = {
        "pretrained": str(folder / MODEL),
        "dtype": request.dtype,
        "constrained": str(request.mode == "constrained"),
        "reasoning": request.reasoning,
    }
    if request.adapter:
        model["peft"] = str(folder / ADAPTER)
    given = [f"{key}={value}" for key, value in model.items()]
    asked = Asked("itamed-hf", given, tasks, request.shots, request.chat_template)
    return [*asked.arguments(), "--output_path", str(folder / _RUN), "--resume"]


@ends_on_error
def run(folder: Path) -> None:
    """Evaluate, and write the bundle into the folder.

    Raises:
        SystemExit: the run failed, or cannot be submitted; why was printed.
    """
    work = Work.model_validate_json((folder / WORK).read_bytes())
    asked = work.request
    results = evaluate(arguments(asked, work.tasks, folder))
    if results is None:
        raise ItamedError("The worker evaluates in one process: take away RANK from its environment.")
    adapter = Weights(name=asked.adapter.name, revision=asked.adapter.revision) if asked.adapter else None
    wishes = Wishes(asked.model.name, asked.model.revision, asked.declaration, adapter=adapter, mini=work.mini)
    submit_run(results, wishes, repo="", out=folder / BUNDLE)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
