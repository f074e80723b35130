"""The commands `itamed board ...`."""

from __future__ import annotations

import typer

from .worker.cli import queue, request, retry, worker

board_app = typer.Typer(help="Keep a leaderboard: its queue of requests.", no_args_is_help=True, rich_markup_mode=None)
for _command in (request, queue, retry, worker):
    board_app.command()(_command)
