"""A request to evaluate a model: what it may ask for, and nothing else."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

from huggingface_hub.utils import validate_repo_id
from pydantic import AfterValidator, Field, model_validator

from ..findings import Finding, Refused, shown
from ..jsonsafe import read_json
from ..manifest import Commit, Declaration, Strict, read
from ..stamp import Stamp

MAX_BYTES = 20_000
"""Of a request; one with a long declaration takes a tenth."""
REMEDY = "file it anew with `itamed board request`"
KEPT = 4096
"""Files that are parsed once each, as a worker looks at all of them at each change of a state."""
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_NO_PART = {"by", "at", "declaration"}
"""What does not change the answers."""


def _hub_name(name: str) -> str:
    validate_repo_id(name)
    return name


HubName: TypeAlias = Annotated[
    str,
    Field(max_length=96, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$"),
    AfterValidator(_hub_name),
]


class Pinned(Strict):
    """A repository on the Hub at one commit: what is evaluated is what was looked at."""

    name: HubName
    revision: Commit


class Request(Strict):
    """All that can be asked for; code of a model, other arguments and other tasks cannot."""

    format: Literal[1]
    model: Pinned
    adapter: Pinned | None = None
    dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    chat_template: bool = False
    shots: Literal[0, 4] = 0
    mode: Literal["free", "constrained"] = "constrained"
    reasoning: Literal["none", "cot", "think"] = "none"
    by: Annotated[str, Field(min_length=1, max_length=80)]
    at: Stamp
    declaration: Declaration | None = None

    @model_validator(mode="after")
    def _reasons_in_a_grammar(self) -> Request:
        if self.reasoning != "none" and self.mode == "free":
            raise ValueError("reasoning needs mode constrained")
        return self


@lru_cache(maxsize=KEPT)
def read_request(content: bytes, file: str) -> Request:
    """Read a stranger's request.

    Raises:
        Refused: it is too long, no JSON, or asks for something else.
    """
    if len(content) > MAX_BYTES:
        raise Refused(Finding(file, "", f"at most {MAX_BYTES} bytes", "more", REMEDY))
    request, findings = read(Request, read_json(content, file), file, remedy=REMEDY)
    if request is None:
        raise Refused(findings[0])
    return request


def key_of(request: Request) -> str:
    """Return a hash of what decides the answers: two requests with one key ask for the same."""
    asked = request.model_dump(exclude=_NO_PART)
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]


def id_of(request: Request) -> str:
    """Return the name of a request's files: the model's name, and its key."""
    slug = re.sub(r"[^a-z0-9]+", "-", request.model.name.lower()).strip("-")
    return f"{slug[:60].strip('-')}-{key_of(request)}"


def require_id(name: str) -> str:
    """Return the name of a request.

    Raises:
        Refused: files cannot be named so.
    """
    if not _ID.fullmatch(name):
        raise Refused(Finding("requests", "", "a name of small letters, digits and hyphens", shown(name), REMEDY))
    return name
