"""Ask a server patiently, and say clearly what went wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import requests
from requests import RequestException

from ..errors import ItamedError

T = TypeVar("T")
_PATIENCE = 30
"""Seconds that a server may take to say what it serves."""


def ask(call: Callable[[], T], attempts: int, where: str) -> T:
    """Return what `call` returns, repeated where that may help.

    Args:
        call: posts one request, and raises an error of `requests`.
        attempts: how often at most.
        where: what is asked for, for the message.

    Raises:
        ItamedError: the server refused, or no attempt succeeded.
    """
    from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential

    patient = retry(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(attempts),
        wait=wait_exponential(multiplier=0.5, min=1, max=10),
        reraise=True,
    )
    try:
        return patient(call)()
    except RequestException as error:
        reason = str(error) if error.response is None else f"{error} {error.response.text}"
        raise ItamedError(f"No answer for {where}: {' '.join(reason.split())[:400]}") from error


def served_length(base_url: str, model: str, header: Mapping[str, str], *, verify: bool) -> int | None:
    """Return how many tokens of prompt and answer a server's model takes, None where the server does not say.

    Args:
        base_url: of completions or of chats.
        model: the name that the server knows it by.
        header: as for requests of answers.
        verify: whether the server's certificate is checked.
    """
    address = f"{base_url.rpartition('/v1/')[0]}/v1/models"
    try:
        reply = requests.get(address, headers=dict(header), timeout=_PATIENCE, verify=verify)
        reply.raise_for_status()
        lengths = {each["id"]: each.get("max_model_len") for each in reply.json()["data"]}
    except (RequestException, ValueError, KeyError, TypeError):
        return None
    told = lengths.get(model)
    return told if isinstance(told, int) and told > 0 else None


def _may_pass(error: BaseException) -> bool:
    """Tell whether asking again may help: not where the server understood and refused."""
    reply = error.response if isinstance(error, RequestException) else None
    return reply is None or reply.status_code >= 500 or reply.status_code in (408, 429)
