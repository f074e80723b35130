"""What tables call a run's model: its name, how it was trained, and the seed where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import ItamedError

_KEYS = ("model", "training", "seed")


_IN_A_TRAINING = ("model", "adapter")
"""What the folder of a training calls the folders that it holds."""


def telling_part(place: Path) -> str:
    """Return the last part of a model's name or folder that says something: of a training's, the training's folder."""
    return place.parent.name if place.name in _IN_A_TRAINING and place.parent.name else place.name


@dataclass(frozen=True)
class Label:
    """The name of a model in tables; `training` is FT, CPT+FT or the like, empty for a model as it was published."""

    model: str
    training: str = ""
    seed: int | None = None

    def text(self, method: str = "") -> str:
        """Return the label of the model, or of a run that asks it by a method ("4-shot constrained")."""
        seed = None if self.seed is None else f"seed {self.seed}"
        return " ".join(filter(None, [self.model, self.training, method, seed]))

    def setting(self, method: str) -> str:
        """Return training and method, "FT 0-shot": all but the model."""
        return f"{self.training} {method}".strip()

    def written(self) -> str:
        """Return the text that `parsed` reads."""
        return ",".join(f"{name}={value}" for name, value in self.as_dict().items() if value not in ("", None))

    def as_dict(self) -> dict[str, Any]:
        """Return what results files hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], model: str) -> Label:
        """Read what a results file holds; without a name it is that of the model, or of its folder.

        Raises:
            TypeError: it holds something else.
            ValueError: the seed is no number.
        """
        name, seed = data.get("model") or telling_part(Path(model)), data.get("seed")
        return cls(str(name), str(data.get("training") or ""), None if seed is None else int(seed))

    @classmethod
    def parsed(cls, text: str) -> Label:
        """Read "model=Gemma-3-270M,training=FT,seed=1"; the training and the seed may be left out.

        Raises:
            ItamedError: it is something else.
        """
        parts = dict(part.partition("=")[::2] for part in text.split(","))
        if not parts.get("model") or set(parts) - set(_KEYS) or not parts.get("seed", "0").isdecimal():
            raise ItamedError(f"--label {text} must read like model=NAME,training=FT,seed=1, the last two if you like.")
        return cls(parts["model"], parts.get("training", ""), int(parts["seed"]) if "seed" in parts else None)
