"""From examples to tokens, as the model will read and write them when it is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, SupportsIndex

import numpy as np
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.engines.hf.model import end_tokens
from itamed.benchmark.errors import ItamedError
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from .examples import Example

_PROBE = "{}"


@dataclass(frozen=True, eq=False)
class Encoded:
    """An example as tokens: `prompt` (n,) and `answer` (m,), the token that ends it included.

    `weight` is that of each answer token in the loss, beside those of other examples.
    """

    task: str
    prompt: NDArray[np.int64]
    answer: NDArray[np.int64]
    weight: float = 1.0

    def __len__(self) -> int:
        """Return the number of tokens of both."""
        return len(self.prompt) + len(self.answer)


class Examples(Protocol):
    """Examples by number, all in memory or read when they are asked for."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __getitem__(self, number: SupportsIndex, /) -> Encoded:
        """Return one."""
        ...

    def __iter__(self) -> Iterator[Encoded]:
        """Yield all."""
        ...


def encode(
    lm: ItamedHF, examples: Iterable[Example], *, chat: bool, max_length: int, left_out: Counter[str]
) -> Iterator[Encoded]:
    """Yield the examples as tokens; those of more than `max_length` are counted in `left_out` by task.

    Prompt and answer are tokenised apart: when a model answers, it has read the prompt alone. Where a prompt
    is too long, the example's shorter one is taken if it has any.

    Raises:
        ItamedError: the tokenizer does not give an answer back, or knows no end of it.
    """
    end = end_of_answer(lm, chat=chat)
    for example in examples:
        answer = lm.tokenizer.encode(example.answer, add_special_tokens=False)
        if lm.tokenizer.decode(answer, clean_up_tokenization_spaces=False) != example.answer:
            raise ItamedError(
                f"The tokenizer does not give {example.answer[:80]!r} back: it cannot be trained on exact copies."
            )
        room = max_length - len(answer) - 1
        for text in filter(None, (example.prompt, example.shorter)):
            prompt = lm.tok_encode(text)
            if len(prompt) <= room:
                yield Encoded(example.task, np.asarray(prompt), np.asarray([*answer, end]))
                break
        else:
            left_out[example.task] += 1


def end_of_answer(lm: ItamedHF, *, chat: bool) -> int:
    """Return the token that ends an answer: that of the chat template's turns, else the tokenizer's own.

    Raises:
        ItamedError: there is none at which the model would stop.
    """
    tokenizer: PreTrainedTokenizerBase = lm.tokenizer
    ends = end_tokens(lm.model, tokenizer)
    if chat:
        turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": _PROBE}]
        after = str(lm.apply_chat_template(turns, add_generation_prompt=True)).rpartition(_PROBE)[2]
        found = next((id_ for id_ in tokenizer.encode(after, add_special_tokens=False) if id_ in ends), None)
    else:
        found = tokenizer.eos_token_id
    if found is None:
        raise ItamedError(
            "The chat template ends no answer with a token at which the model stops: name the one that it uses "
            "(<|im_end|>, say) as eos_token_id in the model's generation_config.json, or set sft.chat to false."
            if chat
            else "The model knows no token that ends an answer: set eos_token in its tokenizer."
        )
    return int(found)
