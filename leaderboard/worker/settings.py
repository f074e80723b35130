"""What a worker may use and do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from ..manifest import Strict
from .request import Request
from .running import Step

WORK = "job.json"


class Work(Strict):
    """What the steps of a job need to know, in a file in its folder. `mini` is for tests."""

    request: Request
    tasks: str
    model_bytes: int = Field(gt=0)
    parameters: int = Field(gt=0)
    mini: bool = False


@dataclass(frozen=True)
class Limits:
    """Of a job.

    `hours` is the time of an attempt, `memory` the bytes of address space of a process (0: any; CUDA needs more
    than it uses), `model_bytes` and `parameters` those of model and adapter, `attempts` how often a job is begun
    whose worker dies. `beat` and `stale` are seconds: signs of life, and how old the last may be.
    """

    hours: float = 12
    memory: int = 0
    model_bytes: int = 10 * 10**9
    parameters: int = 5 * 10**9
    attempts: int = 3
    beat: float = 300
    stale: float = 1800


@dataclass(frozen=True)
class Settings:
    """Of a worker: its folder, the tasks that it evaluates, its limits; `steps` makes the commands of a job."""

    folder: Path
    steps: Callable[[Path], Sequence[Step]]
    tasks: str = "itamed"
    limits: Limits = Limits()
    poll: float = 60
    mini: bool = False
