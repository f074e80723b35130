"""Requests that got no answer: a run that is resumed asks them again.

The harness stores every answer that a call returns, also the empty one that stands for none.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM, CacheHook, hash_args

_log = logging.getLogger(__name__)
_KEY = "itamed-unanswered"
_NAMED = 5


class AsksAgain(LM):
    """What engines share of which a single answer may fail while the others come."""

    def set_cache_hook(self, cache_hook: CacheHook) -> None:
        """Take the store of answers, and forget those that stand for none."""
        super().set_cache_hook(cache_hook)
        if (stored := cache_hook.dbdict) is not None:
            for key in stored.pop(_KEY, []):
                stored.pop(key, None)
            stored.commit()

    def note_unanswered(self, requests: Sequence[Instance], reason: str) -> None:
        """Warn of requests without an answer, and note them for `set_cache_hook`.

        Args:
            requests: those of one call, or of a part of it.
            reason: why they have none.
        """
        if not requests:
            return
        names = [f"{request.doc_id} of {request.task_name}" for request in requests[:_NAMED]]
        more = f" and {len(requests) - _NAMED} more" if len(requests) > _NAMED else ""
        stored = self.cache_hook.dbdict
        again = "--resume asks again; without it they" if stored is not None else "They"
        _log.warning("%s: document %s%s. %s count as wrong.", reason, ", ".join(names), more, again)
        if stored is not None:
            stored[_KEY] = [*stored.get(_KEY, []), *(hash_args("generate_until", each.args) for each in requests)]
            stored.commit()
