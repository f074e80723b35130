"""The state of a request, with the history of all its states and when they began."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from ..findings import Refused
from ..jsonsafe import json_bytes, read_json
from ..manifest import Count, Line, Strict, read
from ..stamp import Stamp, moment_of
from .request import KEPT

Kind: TypeAlias = Literal["waiting", "running", "done", "failed"]
Worker: TypeAlias = Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9-]*$")]
Clock: TypeAlias = Callable[[], datetime]
_LONGEST = 300


class Event(Strict):
    """A state that a request has come into: when, by which worker, and why."""

    state: Kind
    at: Stamp
    worker: Worker = ""
    message: Line = ""


class State(Strict):
    """Where a request stands.

    `attempt` counts how often it was begun since it last waited anew; `beat` is when its worker last gave a sign
    of life; `bundle` is the place in the results repository that its bundle goes to, set before it is handed
    in; `address` is where it was handed in.
    """

    format: Literal[1] = 1
    state: Kind
    attempt: Count = 0
    worker: Worker = ""
    beat: Stamp | None = None
    bundle: Line = ""
    address: Line = ""
    history: Annotated[list[Event], Field(min_length=1)]

    @property
    def message(self) -> str:
        """Return why it is in this state."""
        return self.history[-1].message

    @property
    def ended(self) -> bool:
        """Return whether nothing more will happen to it."""
        return self.state in ("done", "failed")

    def after(self, event: Event, **changed: Any) -> State:
        """Return the state that follows, with the event in its history."""
        return self.model_copy(update={"state": event.state, "history": [*self.history, event], **changed})


@lru_cache(maxsize=KEPT)
def read_state(content: bytes, file: str) -> State:
    """Read a state.

    Raises:
        Refused: it is none.
    """
    state, findings = read(State, read_json(content, file), file, remedy="put back the last commit's, or delete it")
    if state is None:
        raise Refused(findings[0])
    return state


def state_bytes(state: State) -> bytes:
    """Return a state as its file holds it."""
    return json_bytes(state.model_dump())


def seconds_between(moment: str, now: datetime) -> float:
    """Return how long ago a moment was."""
    return (now - moment_of(moment)).total_seconds()


def plain(text: str) -> str:
    """Return text as a message may hold it: one short line of letters that are what they seem."""
    line = " ".join(text.split()).encode("ascii", "replace").decode().translate({ord("<"): "(", ord(">"): ")"})
    line = "".join(each for each in line if each.isprintable()).lstrip("=+-@ ")
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
