"""Rows to compare with: the rules that are no model, run on all tasks whose data are here, and put into a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from itamed.benchmark.asked import Asked
from itamed.benchmark.baselines import RULES as BY_NAME
from itamed.benchmark.data.built import unbuilt
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.files import write_bytes
from itamed.benchmark.report.finding import find_run
from itamed.benchmark.report.settings import RULES
from itamed.benchmark.suite import suite
from itamed.benchmark.version import __version__

from ..archive import pack
from ..bundle import Wishes, make_bundle
from .accept import accept
from .store import RETRACTED, entry_folders, read_entry

LICENCE = "apache-2.0"
"""Of the rules, which are part of itamed."""


def built_tasks() -> tuple[list[str], list[str]]:
    """Return the tasks whose data are here, those of their examples too, which rules learn from; and the others.

    Raises:
        ItamedError: no task has its data here.
    """
    missing = unbuilt(suite())
    built = [name for name in suite() if name not in missing]
    if not built:
        raise ItamedError("No task has its data here: run `itamed data build` first.")
    return built, missing


def add_rules(store: Path, tasks: Sequence[str], say: Callable[[str], None], *, mini: bool = False) -> list[Path]:
    """Run every rule on some tasks and accept its bundle, unless the store has it; each is kept once it is done.

    Args:
        store: the folder of the store; made if it is not there.
        tasks: to run.
        say: gets a line on each rule.
        mini: for tests, see `validate`.

    Returns:
        The folders of the new entries.

    Raises:
        ItamedError: a run failed, or its bundle was not accepted.
    """
    added = []
    for number, rule in enumerate(BY_NAME, 1):
        if there := _entry_of(rule, tasks, store):
            say(f"{rule} ({number} of {len(BY_NAME)}): there already, {there}")
            continue
        say(f"{rule} ({number} of {len(BY_NAME)}): is run, tasks: {len(tasks)}")
        added.append(_add(rule, tasks, store, mini=mini))
        say(f"{rule} ({number} of {len(BY_NAME)}): accepted, {added[-1]}")
    return added


def _entry_of(rule: str, tasks: Sequence[str], store: Path) -> Path | None:
    """Return the entry of a rule on these tasks at least, in this version of the suite, or None."""
    for folder in entry_folders(store):
        if (folder / RETRACTED).is_file():
            continue
        entry = read_entry(folder)
        said = (entry.manifest.decoding.engine, entry.manifest.model.name, entry.manifest.suite.version)
        if said == (RULES, rule, __version__) and entry.tasks.keys() >= set(tasks):
            return folder
    return None


def _add(rule: str, tasks: Sequence[str], store: Path, *, mini: bool) -> Path:
    asked = Asked(RULES, [f"model={rule}"], ",".join(tasks), shots=0, chat=False)
    with TemporaryDirectory() as folder:
        results = evaluate([*asked.arguments(), "--output_path", str(Path(folder, "run"))])
        if results is None:
            raise ItamedError("Rules run in one process: take away RANK from the environment.")
        bundle = Path(folder, f"{rule}.zip")
        write_bytes(bundle, pack(make_bundle(find_run(results), Wishes(mini=mini))))
        return accept(bundle, store, badge=None, licence=LICENCE, mini=mini)
