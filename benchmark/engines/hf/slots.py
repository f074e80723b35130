"""Keys and values of the sequences in progress: one slot each, kept to be a prefix of the next."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

Ids = npt.NDArray[np.int64]


class Slots:
    """Storage for the keys and values of `count` sequences of at most `length` tokens.

    A finished sequence stays in its slot until another one needs it: what the next prompt shares
    with it (examples, the note of the same form) is not computed again. Layers are allocated when
    they are first written, so that the shape comes from the model and not from its configuration.
    """

    def __init__(self, count: int, length: int) -> None:
        self.count, self.length = count, length
        self.ids: list[Ids] = [np.empty(0, np.int64) for _ in range(count)]
        """Tokens whose keys and values a slot holds."""
        self.free = list(range(count))
        self._layers: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    @property
    def layers(self) -> int:
        """Return how many layers have stored keys and values."""
        return len(self._layers)

    def layer(self, number: int, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a layer's keys and values, (count, length, heads, width) each.

        Args:
            number: the layer.
            keys: (1, heads, tokens, width), as the model computed them.
            values: likewise.
        """
        if number not in self._layers:
            self._layers[number] = (self._empty(keys), self._empty(values))
        return self._layers[number]

    def _empty(self, like: torch.Tensor) -> torch.Tensor:
        # Zeros, not garbage: a masked NaN would still spoil the sum over values.
        return like.new_zeros(self.count, self.length, like.shape[1], like.shape[3])

    def shared(self, prompt: Ids) -> int:
        """Return how many of a prompt's first tokens some slot holds; the last one is always computed."""
        return max(self._held(prompt), default=0)

    def _held(self, prompt: Ids) -> list[int]:
        return [common(ids, prompt[:-1]) for ids in self.ids]

    @torch.inference_mode()
    def take(self, prompt: Ids) -> tuple[int, int]:
        """Take a free slot and fill it with the longest prefix of `prompt` that any slot holds.

        Returns:
            (slot, tokens): the slot, and how many of the prompt's tokens it now holds.
        """
        held = self._held(prompt)
        slot = max(self.free, key=lambda number: (held[number], -len(self.ids[number])))
        donor = int(np.argmax(held))
        if held[donor] > held[slot]:
            for stored in self._layers.values():
                for tensor in stored:
                    tensor[slot, held[slot] : held[donor]] = tensor[donor, held[slot] : held[donor]]
        known = max(held[donor], held[slot])
        self.ids[slot] = prompt[:known]
        self.free.remove(slot)
        return slot, known


def common(one: Ids, other: Ids) -> int:
    """Return the length of the longest common prefix."""
    size = min(len(one), len(other))
    differs = np.flatnonzero(one[:size] != other[:size])
    return int(differs[0]) if len(differs) else size
