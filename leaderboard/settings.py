"""From a results file of the harness to what a manifest says of model, decoding, machine and cost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from itamed.benchmark.data.load import build_record
from itamed.benchmark.report.label import telling_part
from itamed.benchmark.report.run import Run
from itamed.benchmark.report.settings import ADDED, TAGGER, model_arguments
from itamed.benchmark.suite import MINI_PREFIX, task_of

from .jsonsafe import flaw
from .manifest import Chat, Cost, Decoding, Machine, Model, Seeds, Source, Weights, is_commit
from .stamp import stamp

_ENVIRONMENT = {"torch": "PyTorch version", "python": "Python version", "cuda": "CUDA runtime version"}
_VERSION = re.compile(r"\d[\w.+-]*")
_SECOND = 1e-3


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
        precision=str(config.get("model_dtype") or given.get("dtype") or "") or None,
    )


def model_folder(data: Mapping[str, Any]) -> Path | None:
    """Return the local folder that a run took its model or adapter from, if it is there."""
    given = model_arguments(data["config"])
    places = (Path(str(given[key])) for key in ("peft", "pretrained") if given.get(key))
    return next((place for place in places if place.is_dir()), None)


def _name(name: str) -> str:
    """Return a name of the Hub as it is, of a folder the last part that says something, in plain letters."""
    place = Path(name)
    if len(place.parts) > 2 or place.is_absolute():
        name = telling_part(place)
    return re.sub(r"[^A-Za-z0-9._/-]+", "-", name).strip("./-_") or "unnamed"


def _commit(value: Any) -> str:
    return value if is_commit(value) else ""


def decoding_of(run: Run) -> Decoding:
    """Return how a run's answers were made."""
    reasoning: Any = run.settings.reasoning
    mode: Any = "constrained" if run.settings.constrained else "free"
    mode = "tagged" if run.settings.backend == TAGGER else mode
    return Decoding(mode=mode, reasoning=reasoning, engine=run.settings.backend, batch=str(run.settings.batch))


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
