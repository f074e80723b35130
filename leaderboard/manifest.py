"""What a bundle says of itself, read strictly: every key known, every value of its kind."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.arguments import ANSWERING
from itamed.benchmark.report.settings import Held
from itamed.benchmark.verdict import Mode
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .findings import MADE_BY, Finding, shown
from .stamp import Stamp

M = TypeVar("M", bound=BaseModel)
K = TypeVar("K")
T = TypeVar("T")
MOST = 20
"""Findings a file that are told: a file that is wrong in every line need not say so."""
FORMAT = 1
"""Of bundles; a later one is read by a later itamed."""
NOTICE = (
    "No note and no prompt is in this bundle. Answers are as the model wrote them, or no score could be checked: they "
    "quote words of the notes, under the terms of the notes' sources."
)
Name: TypeAlias = Annotated[
    str, Field(max_length=120, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$")
]
"""Of a model, as on the Hub: letters that look like no others."""
Word: TypeAlias = Annotated[str, Field(max_length=120, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+:-]*$")]
Plain: TypeAlias = Annotated[str, Field(max_length=120, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+:/-]*$")]
"""The value of an argument: without commas, blanks and signs of equality, it is one argument in a command, too."""
MAX_LINE = 500
Line: TypeAlias = Annotated[str, Field(max_length=MAX_LINE)]
"""A sentence or name; reading the JSON has refused what should not be in one, see `jsonsafe.flaw`."""
Commit: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
NO_COMMIT = "has no commit: write NAMESPACE/NAME@COMMIT, with all 40 letters and figures of the commit. A branch moves."
Digest: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Part: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Count: TypeAlias = Annotated[int, Field(ge=0)]
Parameters: TypeAlias = Annotated[int, Field(ge=0, le=10**13)]
"""Of a model: the largest have a few percent of the limit, and tables show no number without end."""
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=1e8)]
"""Of a run: the limit is three years."""
MOST_NAMES = 100
"""Of anything that a manifest lists: the suite has 20 tasks, a run a dozen arguments and packages."""
Few: TypeAlias = Annotated[list[T], Field(max_length=MOST_NAMES)]
Named: TypeAlias = Annotated[dict[K, T], Field(max_length=MOST_NAMES)]
MAX_ANSWER = 16 * 3328
"""Characters of an answer: sixteen a token, far more than words take, of the longest that any engine is given room for
(twice that of a free one, and a thought). Time to score grows with the square."""


def is_commit(text: Any) -> bool:
    """Return whether something is a commit in full."""
    return isinstance(text, str) and bool(re.fullmatch("[0-9a-f]{40}", text))


class Strict(BaseModel):
    """Refuses unknown keys, conversions and what is not finite."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Fingerprint(Strict):
    """What a task's number depends on, see `benchmark.suite_fingerprint`.

    `reasoning` is one of the parts that came later: a bundle that was made before them has none.
    """

    prompt: Part
    grammar: Part
    reasoning: Part | None = None
    metrics: Part
    rows: Part

    @property
    def asked(self) -> dict[str, str]:
        """Return the parts that say what was asked: all but the rules of reasoning, which are a way to answer it."""
        return self.model_dump(exclude={"reasoning"})


class Suite(Strict):
    """Which benchmark it was: its version, and the fingerprint of each task."""

    version: Word
    fingerprints: dict[Word, Fingerprint]


class Weights(Strict):
    """A model or adapter: its name on the Hub or of its folder, and its commit where that is known."""

    name: Name
    revision: Commit | None = None


def weights_of(text: str, option: str) -> Weights:
    """Return what "NAMESPACE/NAME@COMMIT" names.

    Raises:
        ItamedError: it has no commit, or is no name of the Hub.
    """
    name, _, commit = text.partition("@")
    if not is_commit(commit):
        raise ItamedError(f"{option} {text} {NO_COMMIT}")
    try:
        return Weights(name=name, revision=commit)
    except ValidationError as error:
        raise ItamedError(f"{option} {shown(text)} is no name on the Hub: write NAMESPACE/NAME@COMMIT.") from error


class Model(Weights):
    """What answered. `precision` is that of the computation as far as the harness tells."""

    adapter: Weights | None = None
    parameters: Parameters | None = None
    precision: Word | None = None


class Decoding(Strict):
    """How it answered: always greedily.

    "constrained" is by the grammar of each note, "schema" by one of the answer's shape alone; "tagged" are words of
    the note, without a prompt.
    """

    mode: Held
    reasoning: Literal["none", "cot", "think"] = "none"
    engine: Word
    batch: Word


class Chat(Strict):
    """The chat template by its hash, None where none was used; whether examples were turns of the chat."""

    template_sha256: Digest | None = None
    multiturn: bool = False


class Seeds(Strict):
    """`examples` chooses few-shot examples; the others are the harness's, of which nothing here depends."""

    examples: Count = 0
    random: int | None = None
    numpy: int | None = None
    torch: int | None = None


class Source(Strict):
    """What a task's data were built from: digests by archive or Hub data set, and where those came from."""

    inputs: Named[Line, Line]
    origins: Named[Line, Line]


class Machine(Strict):
    """As far as the harness tells; `cores` are all that the machine shows, hyperthreads too."""

    processor: Line | None = None
    cores: Annotated[int, Field(ge=1, le=10**5)] | None = None
    gpus: Few[Line] = []
    system: Line | None = None


class Cost(Strict):
    """Wall time of the whole run, loading included; tokens of all tasks, None where no tokenizer was to be had.

    `resumed` says that the run went on where another had stopped, or may have: the time is that of its last part.
    """

    seconds: Seconds
    resumed: bool = False
    tokens_in: Count | None = None
    tokens_out: Count | None = None


class Corpus(Strict):
    """Text that was trained on beside tasks."""

    name: Line
    licence: Line = "unknown"
    documents: Count | None = None


class Decontamination(Strict):
    """How training text was kept apart from held-out rows: tasks not `unchecked`; documents left out."""

    method: Line
    dropped: Count = 0
    unchecked: Few[Word] = []


class Declaration(Strict):
    """What a model was trained on: `tasks` are those whose training rows it has seen."""

    origin: Literal["training.json", "by hand"] = "by hand"
    base: Line | None = None
    training: Line
    tasks: Few[Word] = []
    corpora: Few[Corpus] = []
    test_rows: Literal["not trained on", "trained on", "unknown"]
    decontamination: Decontamination | None = None


class Manifest(Strict):
    """All that a bundle says beside answers and scores. `kind` is "sample" for some notes of a task alone.

    `arguments` are those of the model, see `settings.arguments_of`; `untold` are the names of others that were set.
    """

    format: Literal[1]
    kind: Literal["full", "sample"]
    notice: Line = NOTICE
    created: Stamp
    suite: Suite
    model: Model
    decoding: Decoding
    arguments: Named[Word, Plain] = {}
    untold: Few[Word] = []
    chat: Chat
    seeds: Seeds
    sources: Named[Word, Source]
    versions: Named[Word, Word]
    machine: Machine
    cost: Cost
    declaration: Declaration | None = None
    checksums: dict[Word, Digest]

    @property
    def answering(self) -> dict[str, str]:
        """Return the arguments on which answers may depend."""
        return {name: value for name, value in self.arguments.items() if name in (*ANSWERING, "dtype")}

    @property
    def asked(self) -> dict[str, dict[str, str]]:
        """Return by task the parts of the fingerprint that say what was asked, see `Fingerprint.asked`."""
        return {name: found.asked for name, found in self.suite.fingerprints.items()}


class Figures(Strict):
    """A metric with its bootstrap standard error and 95 % interval."""

    value: float
    stderr: float
    low: float
    high: float


class Report(Strict):
    """All metrics of a task in one mode, and what they stand on."""

    metrics: dict[Line, Figures]
    notes: Count
    rows: Count
    gold: Count
    resamples: Count


class TaskScores(Strict):
    """A task's scores by mode, with so many examples a prompt."""

    shots: Annotated[int, Field(ge=0, le=32)]
    modes: dict[Mode, Report]


class Scores(Strict):
    """The scores of a bundle, by task."""

    format: Literal[1]
    tasks: dict[Word, TaskScores]


class Answer(Strict):
    """One row's answer.

    `finish` is what the answer itself shows, since the harness tells nothing more: "cut" ends inside
    its JSON, "whole" is one JSON value, "loose" is anything else. Tokens are counted afterwards with
    the model's own tokenizer; `tokens_in` is the prompt, None where no tokenizer was to be had.
    """

    id: Line
    answer: Annotated[str, Field(max_length=MAX_ANSWER)]
    finish: Literal["whole", "cut", "loose"]
    tokens_in: Count | None = None
    tokens_out: Count | None = None


def read(
    kind: type[M], value: Any, file: str, place: str = "", remedy: str = MADE_BY
) -> tuple[M | None, list[Finding]]:
    """Make an object of parsed JSON; returns it, or None and everything that is wrong with it.

    Args:
        kind: a class of this module.
        value: what was parsed.
        file: for messages.
        place: of the value in its file, for messages.
        remedy: what to do about a wrong file.
    """
    try:
        return kind.model_validate(value), []
    except ValidationError as error:
        return None, wrong_with(error, file, place, remedy)


def wrong_with(error: ValidationError, file: str, place: str = "", remedy: str = MADE_BY) -> list[Finding]:
    """Return everything that is wrong with an object, each on a line; arguments as for `read`."""
    return [
        Finding(file, " ".join(filter(None, (place, _place(each["loc"])))), _expected(each), _found(each), remedy)
        for each in error.errors(include_url=False)[:MOST]
    ]


def _place(parts: tuple[int | str, ...]) -> str:
    return ".".join(part if isinstance(part, str) and part.isprintable() else repr(part) for part in parts)


def _expected(error: Any) -> str:
    if error["type"] == "less_than_equal":
        return f"a number of at most {error['ctx']['le']:,}"
    said: str = error["msg"]
    kinds = {"missing": "this key", "extra_forbidden": "no such key", "json_invalid": "JSON"}
    return kinds.get(error["type"], said[0].lower() + said[1:])


def _found(error: Any) -> str:
    return "nothing" if error["type"] == "missing" else shown(error["input"])
