"""Say in one sentence why a call to the Hugging Face Hub failed, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ItamedError
from ..paths import remedy

LOG_IN = "log in (`hf auth login`) or set HF_TOKEN"


def endpoint() -> str | None:
    """Return the Hub's address from HF_ENDPOINT, or None for the public one.

    huggingface_hub reads the variable once, when it is imported; reading it at every call lets a
    process that set it later be heard.
    """
    return os.environ.get("HF_ENDPOINT") or None


@contextmanager
def hub_calls(repo: str, error_type: type[ItamedError], otherwise: str = "", *, model: bool = False) -> Iterator[None]:
    """Turn any error of huggingface_hub into an error of the project.

    Every exception is caught, since those of the HTTP library below pass through and that library
    changes from one huggingface_hub to the next.

    Args:
        repo: repository that is called, for the message.
        error_type: what to raise.
        otherwise: another way to get there, appended to the message.
        model: whether it is one of a model, not a data set.
    """
    try:
        yield
    except ItamedError:
        raise
    except Exception as error:
        raise error_type(" ".join(filter(None, (explain(repo, error, model=model), otherwise)))) from error


def explain(repo: str, error: Exception, *, model: bool = False) -> str:
    """Return the reason and the remedy of a failed call about the data set, or model, `repo`."""
    from huggingface_hub import errors

    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return _refusal(repo, error, status, model=model)
    if isinstance(error, OSError) and error.errno is not None and not isinstance(error, ConnectionError):
        return f"Cannot store {repo}: {error.strerror}. {remedy(error, 'set HF_HOME')}"
    reason = _first_line(error)
    if isinstance(error, errors.HFValidationError):
        return f"{repo} is neither a folder that is here nor a name on the Hub, NAMESPACE/NAME."
    return f"The Hub cannot be reached for {repo} ({reason}): check the network, HF_ENDPOINT and HF_HUB_OFFLINE."


def _refusal(repo: str, error: Exception, status: int, *, model: bool) -> str:
    """Explain an answer of the Hub other than the one hoped for."""
    from huggingface_hub import errors

    page = f"https://huggingface.co/{'' if model else 'datasets/'}{repo}"
    if isinstance(error, errors.GatedRepoError):
        return f"{repo} is gated: accept its terms at {page}, then {LOG_IN}."
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{repo} has no such revision: check {'' if model else 'ITAMED_HUB_REVISION and '}{page}."
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"{repo} was not found on the Hub, or is not visible without a token: check {page}, then {LOG_IN}."
    if status in (401, 403):
        return f"The Hub refused access to {repo} ({status}): {LOG_IN} with a token that has the right to it."
    return f"The Hub answered {status} for {repo} ({_first_line(error)}): try again later."


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
