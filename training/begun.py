"""What a stage was begun with, so that it goes on with the same: text, weights, and the numbers it is computed in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.files import write_text

from .checkpoints import last_whole
from .encode import Examples

_FILE = "begun.json"
_SAMPLE = 64
"""Numbers of a tensor that stand for all: other weights differ nearly everywhere."""
_CHANGED = {
    "examples": "data, tokenizer or itamed have changed since",
    "dtype": "bfloat16 is fast where it was begun and not here, or the reverse: set dtype to what it was begun with",
    "weights": "the base model is another one (a newer commit, say: name the one that it was begun with as revision)",
}


def begun_with(texts: Iterable[bytes], model: torch.nn.Module) -> dict[str, str]:
    """Return what decides a stage beside its recipe.

    Args:
        texts: that are trained on, in their order.
        model: before its first step, and before adapters are put on it.
    """
    found, weights = hashlib.sha256(), hashlib.sha256()
    for text in texts:
        found.update(text + b"\n")
    for name, tensor in model.state_dict().items():
        few = tensor.detach().flatten()[:: max(1, tensor.numel() // _SAMPLE)].float().cpu().numpy().tobytes()
        weights.update(f"{name} {tuple(tensor.shape)}\n".encode() + few)
    dtype = str(next(model.parameters()).dtype).removeprefix("torch.")
    return {"examples": found.hexdigest(), "weights": weights.hexdigest(), "dtype": dtype}


def bytes_of(examples: Examples) -> Iterable[bytes]:
    """Yield the tokens of examples."""
    for example in examples:
        yield example.prompt.tobytes() + b"|" + example.answer.tobytes()


def checkpoint_of(folder: Path, begun: Mapping[str, str]) -> str | None:
    """Return the checkpoint to go on from, None where there is none.

    It is refused if it was begun with something else: the steps that were taken would be unlike those that are left.

    Args:
        folder: of the checkpoints.
        begun: see `begun_with`.

    Raises:
        ItamedError: something differs, or nobody knows.
    """
    if not (checkpoint := last_whole(folder)):
        return None
    path = folder / _FILE
    try:
        then = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ItamedError(
            f"{path} is missing or damaged, which says what the run there was begun with: choose another --output."
        ) from error
    for name, change in _CHANGED.items():
        if then.get(name) != begun[name]:
            was = f" ({then.get(name)}, here {begun[name]})" if name == "dtype" else ""
            raise ItamedError(
                f"The run in {folder} was begun with other {name}{was}: {change}. Bring them back, or choose another "
                "--output."
            )
    return checkpoint


def write_begun(folder: Path, begun: Mapping[str, str]) -> None:
    """Write what a stage is begun with beside its checkpoints."""
    write_text(folder / _FILE, json.dumps(begun, indent=2) + "\n")
