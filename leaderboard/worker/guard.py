"""Runs a command with limits, and kills it with all that it has started when the worker dies.

Called by the worker as `python -m itamed.leaderboard.worker.guard MEMORY COMMAND...` in a session of its own, with
a pipe on standard input that the worker holds open. MEMORY is in bytes, 0 for no limit. Ends as the command
ends; with 128 and the signal's number if that was a signal.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading

NICENESS = 10


def main(arguments: list[str]) -> int:
    """Run the command and return its status."""
    threading.Thread(target=_die_with_worker, daemon=True).start()
    memory, command = int(arguments[0]), arguments[1:]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    os.nice(NICENESS)
    status = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    return status if status >= 0 else 128 - status


def _die_with_worker() -> None:
    # Nothing is ever written to the pipe: it ends when its other end is closed, by kill -9 too.
    os.read(0, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
