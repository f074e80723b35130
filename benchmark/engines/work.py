"""What answers cost on any device: model calls, and the tokens that went through them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Work:
    """Sums over the answers of a run.

    `forwards` are model calls and `fed` the tokens in them; `prompt` tokens were asked, of which
    `reused` were known from other prompts; of the `answered` tokens the model `decided` so many, the
    others were forced. `guessed` tokens were fed on trust, `confirmed` of them rightly so. No engine
    can do with fewer tokens than `prompt - reused + decided`, less one an answer. Of the answers, `cut`
    were cut off, `failed` of them where their grammar could not go on, the others by their budget.
    """

    forwards: int = 0
    fed: int = 0
    prompt: int = 0
    reused: int = 0
    answered: int = 0
    decided: int = 0
    guessed: int = 0
    confirmed: int = 0
    cut: int = 0
    failed: int = 0
