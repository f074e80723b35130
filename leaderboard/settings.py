"""From a results file of the harness to what a manifest says of model, decoding, machine and cost."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from itamed.benchmark.data.load import build_record
from itamed.benchmark.engines.template import PINNED
from itamed.benchmark.report.arguments import ANSWERING, OWN_PLACE, RUNNING, quantised
from itamed.benchmark.report.label import telling_part
from itamed.benchmark.report.run import Run
from itamed.benchmark.report.settings import ADDED, model_arguments, precision_of
from itamed.benchmark.suite import MINI_PREFIX, task_of
from pydantic import TypeAdapter, ValidationError

from .jsonsafe import flaw
from .manifest import Chat, Cost, Decoding, Machine, Model, Plain, Seeds, Source, Weights, Word, is_commit
from .stamp import stamp

_log = logging.getLogger(__name__)
_ENVIRONMENT = {"torch": "PyTorch version", "python": "Python version", "cuda": "CUDA runtime version"}
_VERSION = re.compile(r"\d[\w.+-]*")
_SECOND = 1e-3
_HUB_PARTS = 2


def model_of(run: Run, data: Mapping[str, Any], name: str, revision: str, adapter: Weights | None = None) -> Model:
    """Return the model of a run.

    Args:
        run: see `find_run`.
        data: its results file.
        name: on the Hub, where the run names a folder; "" keeps the name of the run.
        revision: its commit, where the run does not tell; "" for none.
        adapter: on the Hub, where the run names a folder.
    """
    config, given = data["config"], model_arguments(data["config"])
    commit = revision or _commit(config.get("model_sha")) or _commit(given.get("revision"))
    folder = given.get("peft")
    if folder and adapter is None:
        adapter = Weights(name=_name(str(folder)), revision=_commit(config.get("peft_sha")) or None)
    return Model(
        name=name or _name(run.model),
        revision=commit or None,
        adapter=adapter,
        parameters=config.get("model_num_parameters"),
        precision=precision_of(config) or None,
    )


def model_folder(data: Mapping[str, Any]) -> Path | None:
    """Return the local folder of what a run asked last trained: its adapter, else its model; None if there is none.

    A folder that is gone, or was named from another working directory, is warned of: what it was trained on is lost.
    """
    config, given = data["config"], model_arguments(data["config"])
    kind, sha = ("peft", "peft_sha") if given.get("peft") else ("pretrained", "model_sha")
    if not (name := given.get(kind)):
        return None
    place = Path(str(name))
    if place.is_dir():
        return place
    if not _commit(config.get(sha)):
        _log.warning(
            "%s is no folder here, and no commit of the Hub: what it was trained on is not read. If it was a folder, "
            "submit from the directory in which it was evaluated.",
            place,
        )
    return None


def _name(name: str) -> str:
    """Return a name of the Hub as it is, of a folder the last part that says something, in plain letters."""
    place = Path(name)
    if len(place.parts) > _HUB_PARTS or place.is_absolute():
        name = telling_part(place)
    return re.sub(r"[^A-Za-z0-9._/-]+", "-", name).strip("./-_") or "unnamed"


def _commit(value: Any) -> str:
    return value if is_commit(value) else ""


def decoding_of(run: Run) -> Decoding:
    """Return how a run's answers were made."""
    known = run.settings
    reasoning: Any = known.reasoning
    return Decoding(mode=known.held, reasoning=reasoning, engine=known.backend, batch=str(known.batch))


def arguments_of(data: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return the model arguments of a run that may be told, and the names of the others.

    What a manifest says elsewhere is left out. Of paths the last part is told; what cannot be said plainly is named
    alone, as are arguments that may hold addresses or secrets.
    """
    given = {name: value for name, value in model_arguments(data["config"]).items() if value is not None}
    # The precision of a model in few bits does not say the number format that it computes in.
    elsewhere = set(OWN_PLACE) - ({"dtype"} if quantised(given) else set())
    left = {name: value for name, value in given.items() if name not in elsewhere and not _by_default(name, value)}
    tellable = {*ANSWERING, *RUNNING, "dtype"}
    said = {name: without_path(str(value)) for name, value in left.items() if name in tellable}
    told = {name: value for name, value in sorted(said.items()) if _is(Plain, value)}
    return told, sorted(name for name in left if name not in told and _is(Word, name))


def _by_default(name: str, value: Any) -> bool:
    """Return whether an argument is none of a submitter's: the batch is told elsewhere, and our date is that of all."""
    return name == "batch_size" or (name == "chat_template_args" and value == PINNED)


def without_path(value: str) -> str:
    """Return the last part of what may be a path on this machine; names on the Hub have two parts at most."""
    place = Path(value)
    local = place.is_absolute() or value.startswith((".", "~")) or len(place.parts) > _HUB_PARTS
    return place.name if local else value


def _is(kind: Any, value: str) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def chat_of(data: Mapping[str, Any]) -> Chat:
    """Return the chat template of a run, by its hash."""
    return Chat(
        template_sha256=data.get("chat_template_sha"),
        multiturn=bool(data.get("chat_template_sha") and data.get("fewshot_as_multiturn")),
    )


def seeds_of(data: Mapping[str, Any], examples: int) -> Seeds:
    """Return the seeds of a run; that of the few-shot examples is ours."""
    names = ("random", "numpy", "torch")
    return Seeds(examples=examples, **{name: data["config"].get(f"{name}_seed") for name in names})


def sources_of(names: Iterable[str]) -> dict[str, Source]:
    """Return what the data of some tasks were built from, by source; mini tasks come along and have none.

    Raises:
        DataMissingError: data are neither built nor to be fetched.
    """
    real = [task_of(name) for name in names if not name.startswith(MINI_PREFIX)]
    records = {task.source: build_record(task.name) for task in real}
    return {name: Source(inputs=record.inputs, origins=record.origins) for name, record in records.items()}


def versions_of(data: Mapping[str, Any]) -> dict[str, str]:
    """Return versions by package, as far as the results file tells them."""
    known = {"lm_eval": data.get("lm_eval_version"), "transformers": data.get("transformers_version")}
    known |= {name: _line(data, title) for name, title in _ENVIRONMENT.items()} | data.get("packages", {})
    found = {name: _VERSION.match(str(version)) for name, version in sorted(known.items()) if version}
    return {name: match.group() for name, match in found.items() if match}


def machine_of(data: Mapping[str, Any]) -> Machine:
    """Return processor, GPUs and system, as far as the results file tells them."""
    gpus = re.findall(r"^(?:GPU models and configuration: )?GPU \d+: (.+)$", _environment(data), re.MULTILINE)
    cores = _line(data, "CPU(s)") or ""
    return Machine(
        processor=_line(data, "Model name"),
        cores=int(cores) if cores.isdecimal() else None,
        gpus=[text for gpu in gpus if (text := _plain(gpu))],
        system=_line(data, "OS"),
    )


def cost_of(data: Mapping[str, Any], tokens: Mapping[str, int | None]) -> Cost:
    """Return wall time and tokens ("tokens_in", "tokens_out") of a run."""
    # Without the word of `itamed eval`, a run may have gone on where another had stopped.
    resumed = bool(data.get(ADDED, {}).get("resumed", True))
    seconds = max(float(data["total_evaluation_time_seconds"]), _SECOND)
    return Cost(seconds=seconds, resumed=resumed, **tokens)


def created(data: Mapping[str, Any]) -> str:
    """Return when the run began, in UTC."""
    return stamp(datetime.fromtimestamp(float(data["date"]), timezone.utc))


def _environment(data: Mapping[str, Any]) -> str:
    return str(data.get("pretty_env_info") or "")


def _line(data: Mapping[str, Any], title: str) -> str | None:
    found = re.search(rf"^{re.escape(title)}: *(.+)$", _environment(data), re.MULTILINE)
    return _plain(found.group(1)) if found else None


def _plain(text: str) -> str | None:
    """Return a line that a manifest may hold; what cannot be said plainly is left out."""
    text = " ".join(text.split())
    return None if not text or flaw(text) or text in ("N/A", "Could not collect") else text[:200]
