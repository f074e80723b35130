"""What a run was made with, as far as its results file tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from ..suite import CHOICES
from .arguments import quantised

ADDED = "itamed"
"""The key of a results file under which `itamed eval` adds what the harness does not know."""
TAGGER = "itamed-encoder"
"""The engine that tags words of notes: no prompt is read, and no text is generated."""
STOCK = "itamed-stock"
"""What peers do: answers are held to a schema, and not to the document's words."""
RULES = "itamed-baseline"
"""The engine of rules that are no model."""
Held: TypeAlias = Literal["free", "constrained", "schema", "tagged"]
"""What answers were held to: nothing, the grammar of their document, a schema of their shape, words of the note."""


@dataclass(frozen=True)
class Settings:
    """How answers were made, and by what.

    Args:
        backend: the model of the harness: "hf", "itamed-hf".
        arguments: those of the model.
        constrained: whether grammars held the answers.
        reasoning: what came before them: "none", "cot", "think".
        chat: whether prompts went through a chat template.
        batch, limit: those of the harness.
        parameters, precision: of the model; see `precision_of`.
        eval_notes, eval_split, fewshot_seed, eval_wording: see `suite.CHOICES`.
        usage: "seconds" of the run, and by task tokens in and out.
        seconds_before: those of stored answers that it went on from; None if they are not known.
        suite: fingerprint of each task by part, see `suite_fingerprint`; empty for the plain harness.
        available: how many notes a task has, where the file tells.
        version, lm_eval_version, date, git_hash, model_sha: of itamed, the harness, the run, the code, the model.
    """

    backend: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    constrained: bool = False
    reasoning: str = "none"
    chat: bool = False
    batch: str | int | None = None
    limit: float | None = None
    parameters: int | None = None
    precision: str = ""
    eval_notes: int | None = None
    eval_split: str | None = None
    fewshot_seed: int | None = None
    eval_wording: int | None = None
    usage: Mapping[str, Any] | None = None
    seconds_before: float | None = None
    suite: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    available: Mapping[str, int] = field(default_factory=dict)
    version: str | None = None
    lm_eval_version: str | None = None
    date: float | None = None
    git_hash: str | None = None
    model_sha: str | None = None

    @property
    def asked(self) -> tuple[Any, ...]:
        """Return what was asked of which model: all that a user says, and nothing that a run adds."""
        sample = [getattr(self, name) for name in CHOICES]
        return self.backend, dict(self.arguments), self.chat, self.batch, self.limit, self.precision, sample

    @property
    def held(self) -> Held:
        """Return what answers were held to."""
        if self.backend == TAGGER:
            return "tagged"
        if self.backend == STOCK:
            return "schema"
        return "constrained" if self.constrained else "free"

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Settings:
        """Return the settings of a results file."""
        config, added = data["config"], data.get(ADDED) or {}
        given, backend = model_arguments(config), str(config.get("model"))
        # All tasks of a run were asked the same way.
        task: Mapping[str, Any] = next(iter((data.get("configs") or {}).values()), {})
        chosen = task.get("metadata") or {}
        ours = backend.startswith("itamed-") and backend not in (RULES, TAGGER, STOCK)
        return cls(
            backend=backend,
            arguments=given,
            constrained=ours and str(given.get("constrained")).lower() != "false",
            reasoning=str(given.get("reasoning") or "none"),
            chat=bool(data.get("chat_template_sha")),
            batch=config.get("batch_size"),
            limit=config.get("limit"),
            parameters=config.get("model_num_parameters"),
            precision=precision_of(config),
            **{name: chosen.get(name) for name in CHOICES},
            # Without the word of `itamed eval`, a run may have gone on where another had stopped.
            seconds_before=added.get("seconds_before", None if added.get("resumed", True) else 0.0),
            suite=dict(added.get("suite") or {}),
            available=dict(added.get("available") or {}),
            version=added.get("version"),
            model_sha=config.get("model_sha"),
            **{name: data.get(name) for name in ("usage", "lm_eval_version", "date", "git_hash")},
        )


def model_arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model arguments of a results file's configuration, which may be one string."""
    given = config.get("model_args") or {}
    return dict(part.split("=", 1) for part in given.split(",") if "=" in part) if isinstance(given, str) else given


def precision_of(config: Mapping[str, Any]) -> str:
    """Return the precision of a results file's model: "4bit", "8bit", else a number format; "" if it is not known."""
    given = model_arguments(config)
    return quantised(given) or str(config.get("model_dtype") or given.get("dtype") or "").removeprefix("torch.")
