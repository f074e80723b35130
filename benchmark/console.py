"""What every command shares: where it prints, and how an expected error ends it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from rich.console import Console
from rich.markup import escape

from .errors import ItamedError

P = ParamSpec("P")
R = TypeVar("R")


def out() -> Console:
    """Return the console for results (standard output)."""
    return Console()


def err() -> Console:
    """Return the console for errors, notes and progress (standard error)."""
    return Console(stderr=True)


def say_error(message: str) -> None:
    """Print an error on standard error; lines are not wrapped, so that they can be searched and copied."""
    err().print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True, highlight=False)


def say_notice(message: str) -> None:
    """Print on standard error what a user should know of a command that goes on; lines are not wrapped either."""
    err().print(message, style="yellow", soft_wrap=True, highlight=False, markup=False)


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
