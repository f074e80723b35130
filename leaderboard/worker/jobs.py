"""The queue: requests with their states, in which order they come, and who works on which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

from itamed.benchmark.errors import ItamedError

from ..findings import Refused
from ..stamp import stamp
from .place import LOGS, REQUESTS, STATES, Place
from .request import Request, key_of, read_request, require_id
from .state import Clock, Event, Kind, State, plain, read_state, seconds_between, state_bytes

_NOBODYS = 3
"""The rank of a job that nobody may take now."""


class Lost(ItamedError):
    """Somebody else has changed the state of a job that a worker took for its own."""


@dataclass(frozen=True)
class Job:
    """A request with its state.

    `request` is None where it is refused, and `refusal` says why. `state` is None where no worker has seen it
    yet, or where it cannot be read, and `damage` says why. `before` is the file of the state.
    """

    id: str
    request: Request | None = None
    refusal: str = ""
    state: State | None = None
    damage: str = ""
    before: bytes | None = None

    @property
    def kind(self) -> str:
        """Return the word for its state."""
        if self.damage:
            return "damaged"
        return self.state.state if self.state else "failed" if self.refusal else "waiting"

    @property
    def since(self) -> str:
        """Return when its state began, or when it was asked if no worker has seen it; "" if nobody knows."""
        return self.state.history[-1].at if self.state else self.request.at if self.request else ""

    @property
    def place_in_line(self) -> tuple[str, str, str]:
        """Return what the queue is sorted by: when a worker has first seen it, which a stranger cannot choose.

        When it was asked, as the request says, tells no more than which of those comes first that were seen at once.
        """
        return (self.state.history[0].at if self.state else "9999", self.request.at if self.request else "", self.id)


def read_jobs(place: Place) -> list[Job]:
    """Return all jobs in the order in which they came.

    Raises:
        ItamedError: the place cannot be read.
    """
    names = {PurePosixPath(name).name.removesuffix(".json") for name in place.names()}
    return sorted((_job(place, name) for name in names), key=lambda job: job.place_in_line)


def _job(place: Place, name: str) -> Job:
    try:
        job = Job(require_id(name))
    except Refused as refused:
        # A state of that name might not be a file of ours.
        return Job(name, damage=plain(str(refused)))
    job = _with_request(place, job)
    try:
        before = place.read(f"{STATES}/{name}.json")
        return replace(job, state=read_state(before, STATES) if before is not None else None, before=before)
    except Refused as refused:
        return replace(job, damage=plain(str(refused)))


def _with_request(place: Place, job: Job) -> Job:
    file = f"{REQUESTS}/{job.id}.json"
    try:
        content = place.read(file)
        if content is None:
            return replace(job, refusal="The file of the request is gone.")
        return replace(job, request=read_request(content, file))
    except Refused as refused:
        return replace(job, refusal=plain(str(refused)))


def admit(place: Place, jobs: Iterable[Job], clock: Clock) -> None:
    """Give every request that is new a state: waiting, or failed with the reason.

    A request for what another one has asked already fails, too, and names it.
    """
    known = {key_of(job.request): job.id for job in jobs if job.request and job.state and job.state.state != "failed"}
    for job in jobs:
        if job.state or job.damage:
            continue
        twin = known.setdefault(key_of(job.request), job.id) if job.request else job.id
        refusal = job.refusal or ("" if twin == job.id else f"The same is asked in {twin}.")
        kind: Kind = "failed" if refusal else "waiting"
        first = State(state=kind, history=[Event(state=kind, at=stamp(clock()), message=refusal)])
        path = f"{STATES}/{job.id}.json"
        place.swap(path, job.before, {path: state_bytes(first)})


def to_do(jobs: Iterable[Job], worker: str, now: datetime, stale: float) -> list[Job]:
    """Return the jobs that a worker may take, the first one first.

    Those that it was on when it died; those whose worker has given no sign of life for `stale` seconds, or gives
    one of the future; those that wait.
    """
    ranks = [(_rank(job, worker, now, stale), job) for job in jobs if job.state and not job.damage]
    return [job for rank, job in sorted(ranks, key=lambda each: each[0]) if rank < _NOBODYS]


def _rank(job: Job, worker: str, now: datetime, stale: float) -> int:
    state = job.state
    if state is None or state.ended:
        return _NOBODYS
    if state.state == "waiting":
        return 2
    if state.worker == worker:
        return 0
    return 1 if state.beat is None or abs(seconds_between(state.beat, now)) > stale else _NOBODYS


class Claim:
    """A worker's hold on a job. Every change of its state is one that nobody else can make at the same time."""

    def __init__(self, place: Place, job: Job, worker: str, clock: Clock) -> None:
        if job.state is None:
            raise ValueError("a job without a state cannot be taken")
        self.id, self.state = job.id, job.state
        self._place, self._worker, self._clock = place, worker, clock
        self._before: list[bytes | None] = [job.before]

    def begin(self) -> None:
        """Take the job.

        Raises:
            Lost: somebody else has.
        """
        message = "Goes on where another attempt has stopped." if self.state.state == "running" else ""
        now = stamp(self._clock())
        attempt = self.state.attempt + 1
        self._write(self.state.after(self._event("running", message), attempt=attempt, worker=self._worker, beat=now))

    def beat(self) -> None:
        """Give a sign of life.

        Raises: as `begin`.
        """
        self._write(self.state.model_copy(update={"beat": stamp(self._clock())}))

    def hands_in(self, bundle: str) -> None:
        """Say which bundle will be handed in, before it is: whoever goes on then looks for it first.

        Raises: as `begin`.
        """
        self._write(self.state.model_copy(update={"beat": stamp(self._clock()), "bundle": bundle}))

    def end(self, kind: Kind, message: str = "", *, address: str = "", log: str = "") -> None:
        """End the job, or let it wait again.

        Raises: as `begin`.
        """
        logs = {f"{LOGS}/{self.id}.txt": log.encode()} if log else {}
        after = self.state.after(self._event(kind, message), worker="", beat=None, address=address)
        self._write(after, logs)

    def stopped(self) -> None:
        """Let the job wait again since the worker was asked to stop, which is not the job's fault.

        Raises: as `begin`.
        """
        event = self._event("waiting", "The worker was stopped.")
        self._write(self.state.after(event, worker="", beat=None, attempt=max(0, self.state.attempt - 1)))

    def _event(self, kind: Kind, message: str) -> Event:
        return Event(state=kind, at=stamp(self._clock()), worker=self._worker, message=plain(message))

    def _write(self, state: State, others: Mapping[str, bytes] | None = None) -> None:
        path, content = f"{STATES}/{self.id}.json", state_bytes(state)
        changes = {**(others or {}), path: content}
        # An answer may be lost of what was written: then our own state is there, and nobody else's.
        for before in (*self._before, content):
            try:
                swapped = self._place.swap(path, before, changes)
            except ItamedError:
                self._before.append(content)
                raise
            if swapped:
                self.state, self._before = state, [content]
                return
        raise Lost(f"{self.id} belongs to another worker now.")


def retry(place: Place, name: str, clock: Clock) -> None:
    """Let a job that has ended wait again, at its old place in the line, with all attempts.

    One that is done is evaluated anew: for another version of the suite, or where its entry was retracted.

    Raises:
        ItamedError: there is no such job, it has not ended, or another one asks for the same and has not failed.
    """
    jobs = read_jobs(place)
    job = next((job for job in jobs if job.id == name), None)
    if job is None or job.request is None or job.state is None or not job.state.ended:
        raise ItamedError(f"{name} is no job that has ended with a request in order: `itamed board queue` shows all.")
    if twin := _twin(job.request, (other for other in jobs if other is not job)):
        raise ItamedError(
            f"{name} asks for the same as {twin.id}, which is {twin.kind}: look at that one, or it is evaluated twice."
        )
    event = Event(state="waiting", at=stamp(clock()), message="Tried again.")
    # Of a job that is done the bundle is the old one.
    handed = {"bundle": "", "address": ""} if job.state.state == "done" else {}
    path = f"{STATES}/{name}.json"
    if not place.swap(path, job.before, {path: state_bytes(job.state.after(event, attempt=0, **handed))}):
        raise ItamedError(f"{name} was changed at the same time: look at it again.")


def _twin(request: Request, others: Iterable[Job]) -> Job | None:
    """Return the first of other jobs that asks for the same and has not failed, or None."""
    key = key_of(request)
    return next((job for job in others if job.request and key_of(job.request) == key and job.kind != "failed"), None)
