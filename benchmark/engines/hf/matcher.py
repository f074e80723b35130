"""What may come next in one answer: the grammar's state, or the freedom to write anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import llguidance.hf
import numpy as np
import numpy.typing as npt
from llguidance import LLMatcher, LLParserLimits, LLTokenizer
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from ...errors import ItamedError

Allowed = npt.NDArray[np.int64] | None
"""Token ids that may come next, ascending; None: any."""
_MAX_ITEMS = 20_000
"""Parser items a place, ten times llguidance's own limit: a word that fills a long passage keeps thousands open."""


class GrammarError(ItamedError):
    """One answer's grammar does not compile, or cannot go on."""


class Matcher(Protocol):
    """Follows an answer token by token."""

    def forced(self) -> list[int]:
        """Return the tokens that must come next, as far as they are certain."""

    def allowed(self) -> Allowed:
        """Return the tokens that may come next."""

    def accepts(self, token: int) -> bool:
        """Return whether a token may come next."""

    def consume(self, tokens: Sequence[int]) -> None:
        """Take tokens that may come next."""

    def rollback(self, count: int) -> None:
        """Take back the last tokens."""

    def again(self, tokens: Sequence[int]) -> Matcher:
        """Return a new matcher of the same kind after these tokens: one that has failed does not recover."""

    @property
    def finished(self) -> bool:
        """Whether the answer is complete and cannot be continued."""


class Free:
    """No grammar: anything may come next; the answer ends at an end token or a stop string."""

    finished = False

    def forced(self) -> list[int]:
        """Return nothing: no token is certain."""
        return []

    def allowed(self) -> Allowed:
        """Return None: any token."""
        return None

    def accepts(self, token: int) -> bool:
        """Return True."""
        return True

    def consume(self, tokens: Sequence[int]) -> None:
        """Do nothing: there is no state."""

    def rollback(self, count: int) -> None:
        """Do nothing."""

    def again(self, tokens: Sequence[int]) -> Matcher:
        """Return this one."""
        return self


class Grammar:
    """The state of one answer in its grammar.

    Args:
        tokenizer: the vocabulary as llguidance sees it, see `guidance_tokenizer`.
        grammar: Lark text.
        rows: of the output layer, if there are fewer than tokens.

    Raises:
        GrammarError: the grammar cannot be compiled; later on, it came to a limit of llguidance, or nothing may follow.
    """

    def __init__(self, tokenizer: LLTokenizer, grammar: str, rows: int | None = None) -> None:
        self._made_of = tokenizer, grammar, rows
        self._matcher = LLMatcher(tokenizer, grammar, limits=LLParserLimits(max_items_in_row=_MAX_ITEMS))
        self._bits = np.zeros((tokenizer.vocab_size + 31) // 32, np.uint32)
        self._rows = rows or tokenizer.vocab_size
        self._check()

    def _check(self) -> None:
        if self._matcher.is_error():
            # The first line says what is wrong; the others quote the grammar, and with it the note.
            reason = self._matcher.get_error().partition("\n")[0][:200]
            raise GrammarError(f"The grammar of an answer failed: {reason}")

    def forced(self) -> list[int]:
        """Return the tokens that the grammar leaves no choice for, in their canonical form."""
        tokens = list(self._matcher.compute_ff_tokens())
        self._check()
        return tokens

    def allowed(self) -> Allowed:
        """Return the tokens that may come next, the end token included where the answer may end."""
        self._matcher.unsafe_compute_mask_ptr(self._bits.ctypes.data, self._bits.nbytes)
        self._check()
        words = np.flatnonzero(self._bits)
        # Few words have a bit set: unpacking those alone is ten times as fast.
        bits = np.unpackbits(self._bits[words].view(np.uint8), bitorder="little").reshape(-1, 32)
        row, bit = np.nonzero(bits)
        ids = words[row] * 32 + bit
        ids = ids[ids < self._rows]
        if not len(ids):
            raise GrammarError("The grammar of an answer failed: no token of this model may come next")
        return ids

    def accepts(self, token: int) -> bool:
        """Return whether a token may come next."""
        return bool(self._matcher.validate_tokens([token]) == 1)

    def consume(self, tokens: Sequence[int]) -> None:
        """Take tokens that may come next."""
        self._matcher.consume_tokens(list(tokens))
        self._check()

    def rollback(self, count: int) -> None:
        """Take back the last tokens."""
        if count:
            self._matcher.rollback(count)

    def again(self, tokens: Sequence[int]) -> Matcher:
        """Return a new matcher of the same grammar after these tokens."""
        found = Grammar(*self._made_of)
        found.consume(tokens)
        return found

    @property
    def finished(self) -> bool:
        """Whether the answer is complete and cannot be continued."""
        return bool(self._matcher.is_stopped())


def guidance_tokenizer(tokenizer: PreTrainedTokenizerBase, size: int, ends: Sequence[int]) -> LLTokenizer:
    """Return a vocabulary for `Grammar`; takes seconds for a large one.

    Args:
        tokenizer: a fast tokenizer.
        size: rows of the model's output layer; there may be more or fewer than the tokenizer has tokens.
        ends: ids of the tokens that end an answer.

    Raises:
        ItamedError: the tokenizer is not a fast one.
    """
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ItamedError("Grammars need a fast tokenizer: convert this one, or use constrained=false.")
    return llguidance.hf.from_tokenizer(tokenizer, n_vocab=max(size, len(tokenizer)), eos_token=list(ends))
