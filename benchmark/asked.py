"""The arguments of `itamed eval`, for those who run it by program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Asked:
    """How a model is asked.

    `model_args` are "name=value", one or several with commas; empty ones are left out.
    """

    engine: str
    model_args: Iterable[str]
    tasks: str
    shots: int
    chat: bool
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """Return the arguments; those of output and resuming are left to the caller."""
        found = ["--model", self.engine, "--model_args", ",".join(filter(None, self.model_args))]
        found += ["--tasks", self.tasks, "--num_fewshot", str(self.shots)]
        found += ["--metadata", json.dumps(self.metadata)] if self.metadata else []
        if self.chat:
            found += ["--apply_chat_template"]
            found += ["--fewshot_as_multiturn", "true"] if self.shots else []
        return found
