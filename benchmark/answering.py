"""How long answers took: kept beside each stored answer, for runs that go on where others have stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance
    from lm_eval.api.model import CacheHook, CachingLM

SECONDS = "seconds "
"""What begins the key of an answer's seconds in the harness's cache; the answer's own key is the rest."""
_ANSWERS = "generate_until"


@dataclass
class Found:
    """Seconds that the answers took which a run found stored; None if those of any are not known."""

    seconds: float | None = 0.0


@contextmanager
def timed_answers() -> Iterator[Found]:
    """Store with each answer the seconds since the one before it, or since the model was first asked.

    Together they are the time from the first question to the last stored answer, without loading the model: what a
    killed run did after it is lost, and not counted. Yields what is found of runs before.
    """
    from lm_eval.api.model import CacheHook, CachingLM, hash_args

    found, since, lock = Found(), time.monotonic(), Lock()
    get, store = CachingLM.__getattr__, CacheHook.add_partial

    def ask(lm: CachingLM, name: str) -> Any:
        answers: Callable[..., Any] = get(lm, name)
        if name != _ANSWERS:
            return answers

        def answered(requests: Sequence[Instance]) -> Any:
            nonlocal since
            keys = {hash_args(name, request.args) for request in requests}
            known = [lm.dbdict.get(SECONDS + key) for key in keys if key in lm.dbdict]
            if found.seconds is not None:
                found.seconds = None if None in known else found.seconds + sum(known)
            since = time.monotonic()
            return answers(requests)

        return answered

    def add(hook: CacheHook, name: str, request: Any, answer: Any) -> None:
        nonlocal since
        if hook.dbdict is not None:
            # Servers are asked by several threads.
            with lock:
                now = time.monotonic()
                # First: no answer is ever stored without its seconds.
                hook.dbdict[SECONDS + hash_args(name, request)] = now - since
                since = now
        store(hook, name, request, answer)

    with patch.object(CachingLM, "__getattr__", ask), patch.object(CacheHook, "add_partial", add):
        yield found
