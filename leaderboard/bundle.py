"""From a run to a bundle: what somebody else needs to check its scores, without a note or a prompt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.run import HIDDEN, Run, unkept
from itamed.benchmark.report.samples import damaged, read_samples, samples_path
from itamed.benchmark.report.settings import model_arguments
from itamed.benchmark.report.usage import Tokenizer, prompt_of, tokenizer_of
from itamed.benchmark.suite import MINI_PREFIX
from itamed.benchmark.suite_fingerprint import suite_fingerprint
from itamed.benchmark.verdict import MODES
from itamed.benchmark.version import __version__
from pydantic import BaseModel, ValidationError

from . import settings
from .asked import require_fingerprints, require_rows, require_suite
from .declaration import trained_with_itamed
from .findings import shown
from .manifest import FORMAT, Answer, Declaration, Fingerprint, Manifest, Scores, Suite, Weights
from .rescore import Rescored, docs_of, finish_of, rescore

MANIFEST, SCORES = "manifest.json", "result.json"
TOLERANCE = 1e-6
"""How near a stated figure must be to the recomputed one."""


@dataclass(frozen=True)
class Wishes:
    """What a submitter says of a run, see `itamed submit`; `adapter` is one on the Hub, `mini` is for tests."""

    model: str = ""
    revision: str = ""
    declaration: Declaration | None = None
    leave_out: tuple[str, ...] = ()
    sample: bool = False
    adapter: Weights | None = None
    mini: bool = False


@dataclass(frozen=True)
class _Answered:
    """The answers to a task in the order of the data, what they are worth, and whether every row has one."""

    answers: list[Answer]
    rescored: Rescored
    whole: bool


def samples_name(task: str) -> str:
    """Return the name of the file of a task's answers."""
    return f"samples_{task}.jsonl"


def make_bundle(run: Run, wishes: Wishes) -> dict[str, bytes]:
    """Return the files of a bundle by name.

    Args:
        run: see `find_run`; its samples lie beside it.
        wishes: what its owner says of it.

    Raises:
        ItamedError: a file of the run is missing or damaged; it did not ask what the suite asks; its data are
            not built here; or its scores are not those of its answers.
    """
    names = _names(run, wishes)
    data = _results(run)
    try:
        return _files(run, data, names, wishes)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ItamedError(f"{run.path} says of {place}: {shown(first['input'])}. {first['msg']}.") from error
    except KeyError as error:
        raise damaged(run.path, f"it has no {error}") from error


def _files(run: Run, data: Mapping[str, Any], names: list[str], wishes: Wishes) -> dict[str, bytes]:
    seed = require_suite(data, names, sample=wishes.sample)
    fingerprints = {name: suite_fingerprint(name) for name in names}
    require_fingerprints(run.settings.suite, fingerprints)
    if wishes.adapter and not model_arguments(data["config"]).get("peft"):
        raise ItamedError(f"{run.path} used no adapter (peft), so none can be named: leave --adapter out.")
    tokenizer = tokenizer_of(data["config"])
    tasks = {name: _answered(run, name, tokenizer, sample=wishes.sample) for name in names}
    for name, task in tasks.items():
        _require_scores(run, name, data["results"][name], task.rescored)
    shots = {task.name: task.shots for task in run.tasks}
    scores = {name: {"shots": shots[name], "modes": task.rescored.reports} for name, task in tasks.items()}
    files = {SCORES: _json(Scores.model_validate({"format": FORMAT, "tasks": scores}))}
    files |= {samples_name(name): _lines(task.answers) for name, task in tasks.items()}
    suite = Suite(version=__version__, fingerprints={name: Fingerprint(**each) for name, each in fingerprints.items()})
    return files | {MANIFEST: _json(_manifest(run, data, wishes, seed, suite, tasks, files))}


def _names(run: Run, wishes: Wishes) -> list[str]:
    names = [task.name for task in run.tasks if task.name not in wishes.leave_out]
    if unknown := sorted(set(wishes.leave_out) - {task.name for task in run.tasks}):
        raise ItamedError(f"{', '.join(unknown)} cannot be left out: the run has no such task.")
    if not names:
        raise ItamedError("No task is left to submit.")
    if not wishes.mini and (mini := [name for name in names if name.startswith(MINI_PREFIX)]):
        raise ItamedError(f"{mini[0]} is of the mini set, whose scores mean nothing: run --tasks itamed.")
    return names


def _results(run: Run) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(run.path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(run.path, error) from error
    if "configs" not in data:
        raise ItamedError(f"{run.path} is a redacted copy, without answers: name the run itself.")
    return data


def _answered(run: Run, name: str, tokenizer: Tokenizer | None, *, sample: bool) -> _Answered:
    path = samples_path(run.path, name)
    if not path.is_file():
        raise unkept(run, [name])
    try:
        samples = [each for each in read_samples(path) if each["filter"] == "repaired"]
        asked = {str(each["doc"]["id"]): each for each in samples}
        answers = {row: str(each["resps"][0][0]) for row, each in asked.items()}
        prompts = {row: prompt_of(each) for row, each in asked.items()} if tokenizer else {}
    except (KeyError, IndexError, TypeError) as error:
        raise damaged(path, repr(error)) from error
    if len(samples) > len(asked):
        raise damaged(path, "it answers a row twice")
    docs = docs_of(name)
    require_rows(name, {row: each["doc"] for row, each in asked.items()}, docs, sample=sample)
    found = [
        Answer(
            id=row,
            answer=answers[row],
            finish=finish_of(answers[row]),
            tokens_in=_tokens(prompts.get(row, ""), tokenizer),
            tokens_out=_tokens(answers[row], tokenizer),
        )
        for row in docs
        if row in answers
    ]
    return _Answered(found, rescore(docs, answers), len(found) == len(docs))


def _tokens(text: str, tokenizer: Tokenizer | None) -> int | None:
    return len(tokenizer.encode(text, add_special_tokens=False)) if tokenizer else None


def _require_scores(run: Run, name: str, result: Mapping[str, Any], found: Rescored) -> None:
    """Check that the harness's own values are those of the answers; its intervals may come of another order."""
    for mode in MODES:
        stated = {key: each["value"] for key, each in result[f"{HIDDEN},{mode}"]["metrics"].items()}
        for key, figures in found.reports[mode]["metrics"].items():
            if key not in stated or abs(stated[key] - figures["value"]) > TOLERANCE:
                raise ItamedError(
                    f"{run.path} says {stated.get(key)} for {name} {mode} {key}, its answers give {figures['value']}: "
                    "it was scored by another version, or changed. Run it again; --resume reuses the answers."
                )


def _manifest(
    run: Run,
    data: Mapping[str, Any],
    wishes: Wishes,
    seed: int,
    suite: Suite,
    tasks: Mapping[str, _Answered],
    files: Mapping[str, bytes],
) -> Manifest:
    folder = settings.model_folder(data)
    declaration = trained_with_itamed(folder, tasks) if folder else None
    if wishes.declaration and (declaration is None or declaration.test_rows != "trained on"):
        declaration = wishes.declaration
    arguments, untold = settings.arguments_of(data)
    return Manifest(
        format=1,
        kind="full" if all(task.whole for task in tasks.values()) else "sample",
        created=settings.created(data),
        suite=suite,
        model=settings.model_of(run, data, wishes.model, wishes.revision, wishes.adapter),
        decoding=settings.decoding_of(run),
        arguments=arguments,
        untold=untold,
        chat=settings.chat_of(data),
        seeds=settings.seeds_of(data, seed),
        sources=settings.sources_of(tasks),
        versions=settings.versions_of(data),
        machine=settings.machine_of(data),
        cost=settings.cost_of(data, token_totals(answer for task in tasks.values() for answer in task.answers)),
        declaration=declaration,
        checksums={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    )


def token_totals(answers: Iterable[Answer]) -> dict[str, int | None]:
    """Return "tokens_in" and "tokens_out" of all answers, None where those of any are not known."""
    every = list(answers)
    counts = {side: [getattr(answer, side) for answer in every] for side in ("tokens_in", "tokens_out")}
    return {side: None if None in found else sum(found) for side, found in counts.items()}


def _lines(answers: list[Answer]) -> bytes:
    lines = (json.dumps(answer.model_dump(), ensure_ascii=False, separators=(",", ":")) for answer in answers)
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def _json(value: BaseModel) -> bytes:
    return (json.dumps(value.model_dump(mode="json"), indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
