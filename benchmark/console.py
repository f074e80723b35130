"""What every command shares: where it prints, and how an expected error ends it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from rich.console import Console
from rich.markup import escape

from .errors import ItamedError

P = ParamSpec("P")
R = TypeVar("R")


def out(piped: int | None = None) -> Console:
    """Return the console for results (standard output).

    Args:
        piped: columns of a file or a pipe, where tables must not be folded; None: as many as a terminal has by custom.
    """
    return Console(width=None if sys.stdout.isatty() else piped)


def err() -> Console:
    """Return the console for errors, notes and progress (standard error)."""
    return Console(stderr=True)


def say_error(message: str) -> None:
    """Print an error on standard error; lines are not wrapped, so that they can be searched and copied."""
    err().print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True, highlight=False)


def say_notice(message: str) -> None:
    """Print on standard error what a user should know of a command that goes on; lines are not wrapped either."""
    err().print(message, style="yellow", soft_wrap=True, highlight=False, markup=False)


@dataclass(frozen=True)
class _Without:
    """A filter of log records; an equal one is added to a logger once."""

    parts: tuple[str, ...]

    def __call__(self, record: logging.LogRecord) -> bool:
        return not any(part in record.getMessage() for part in self.parts)


def drop_messages(logger: str, *parts: str) -> None:
    """Keep messages of another library from users who cannot heed them.

    Args:
        logger: by its name.
        parts: what such messages hold.
    """
    logging.getLogger(logger).addFilter(_Without(parts))


def ends_on_error(command: Callable[P, R]) -> Callable[P, R]:
    """Make a command end with the message and status 1, and no traceback, on an error of the project."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except ItamedError as error:
            say_error(str(error))
            # Not typer.Exit, which ends quietly only inside a running command.
            raise SystemExit(1) from error

    return guarded
