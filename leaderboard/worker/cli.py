"""The commands `itamed board request`, `queue`, `retry` and `worker`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from .desk import Desk
    from .place import Place

Queue = Annotated[
    str,
    typer.Option(
        envvar="ITAMED_REQUESTS",
        help="The data set of requests on the Hub, NAMESPACE/NAME; or a folder that exists.",
        show_default=False,
    ),
]
Dtype = Literal["bfloat16", "float16", "float32"]
Reasoning = Literal["none", "cot", "think"]
_GIB = 2**30


def request(  # noqa: PLR0913, PLR0917 - an option each
    model: Annotated[str, typer.Argument(help="NAMESPACE/NAME@COMMIT on the Hub; the commit in full.")],
    by: Annotated[str, typer.Option(help="Who asks, as others shall read it.", show_default=False)],
    queue: Queue = "",
    out: Annotated[Path | None, typer.Option(help="Write the request to this file, to send it by hand.")] = None,
    adapter: Annotated[str, typer.Option(help="NAMESPACE/NAME@COMMIT of a PEFT adapter.")] = "",
    dtype: Annotated[Dtype, typer.Option(help="Precision of the computation.")] = "bfloat16",
    chat: Annotated[bool, typer.Option("--chat", help="Apply the chat template.")] = False,
    shots: Annotated[int, typer.Option(help="Examples a prompt: 0 or 4.")] = 0,
    free: Annotated[bool, typer.Option("--free", help="Without grammars.")] = False,
    reasoning: Annotated[Reasoning, typer.Option(help="Before the answer.")] = "none",
    declaration: Annotated[Path | None, typer.Option(help="YAML: what the model was trained on.")] = None,
) -> None:
    """Ask for the evaluation of a model by a worker of the leaderboard.

    Who may not write to the queue asks by a pull request there, which waits for a maintainer.

    Example: itamed board request google/gemma-3-270m@COMMIT --by "A. Rossi" --queue YOU/requests
    """
    from itamed.benchmark.errors import ItamedError

    from ..declaration import read_declaration
    from ..stamp import stamp, utc_now
    from .filing import file_request, pinned, write_request

    if not queue and not out:
        raise ItamedError("Say where to: --queue NAMESPACE/NAME (or ITAMED_REQUESTS), or --out FILE.")
    asked = {
        "format": 1,
        "model": pinned(model),
        "adapter": pinned(adapter) if adapter else None,
        "dtype": dtype,
        "chat_template": chat,
        "shots": shots,
        "mode": "free" if free else "constrained",
        "reasoning": reasoning,
        "by": by,
        "at": stamp(utc_now()),
        "declaration": read_declaration(declaration).model_dump() if declaration else None,
    }
    typer.echo(write_request(asked, out) if out else file_request(_place(queue), asked))


def queue(
    queue: Queue,
    stale: Annotated[int, typer.Option(min=1, help="Minutes after which a worker is thought dead.")] = 30,
) -> None:
    """Show all requests: what runs, what waits and for how long, what failed and why, what is done.

    Example: itamed board queue --queue YOU/requests
    """
    from ..stamp import utc_now
    from .jobs import read_jobs
    from .show import show_queue

    show_queue(read_jobs(_place(queue)), utc_now(), stale * 60)


def retry(
    job: Annotated[str, typer.Argument(help="A request that has ended, as `itamed board queue` names it.")],
    queue: Queue,
) -> None:
    """Let a request that has failed wait again, or evaluate one that is done anew.

    The latter after a new version of the suite, or where the entry that came of it was retracted.

    Example: itamed board retry google-gemma-3-270m-0123456789ab --queue YOU/requests
    """
    from ..stamp import utc_now
    from .jobs import retry as again

    again(_place(queue), job, utc_now)
    typer.echo(f"{job} waits again.")


def worker(  # noqa: PLR0913, PLR0917 - an option each
    queue: Queue,
    results: Annotated[
        str,
        typer.Option(
            envvar="ITAMED_RESULTS",
            help="The data set of results, which gets pull requests; or a folder that exists.",
            show_default=False,
        ),
    ],
    work: Annotated[Path, typer.Option(help="Folder for models and answers; one for each worker.")] = Path("worker"),
    tasks: Annotated[str, typer.Option(help="What is evaluated.")] = "itamed",
    hours: Annotated[float, typer.Option(min=0.001, help="Time that an attempt may take.")] = 12,
    memory: Annotated[
        int, typer.Option(min=0, help="GiB of address space of a process; 0 for any, as CUDA needs.")
    ] = 0,
    size: Annotated[float, typer.Option(min=0.001, help="GB of weights that a model may have.")] = 10,
    parameters: Annotated[float, typer.Option(min=0.001, help="Billions that a model may have.")] = 5,
    beat: Annotated[float, typer.Option(min=0.1, help="Minutes between signs of life; on the Hub a commit each.")] = 5,
    stale: Annotated[float, typer.Option(min=0.1, help="Minutes after which a worker is thought dead.")] = 30,
    poll: Annotated[float, typer.Option(min=0.1, help="Seconds between looks at an empty queue.")] = 60,
    once: Annotated[bool, typer.Option("--once", help="End when nothing waits.")] = False,
) -> None:
    """Evaluate what others ask for, one model after the other, and hand the bundles in.

    Never runs code of a model, and gives an evaluation no token. May be killed at any time: started again,
    it goes on with the answers it has. Needs the data of the tasks: `itamed data build` first.

    Example: itamed board worker --queue YOU/requests --results YOU/results
    """
    import os

    from itamed.benchmark.errors import ItamedError

    if not hasattr(os, "killpg"):
        raise ItamedError("The worker needs Linux or macOS: it ends processes by their group.")
    if stale < 3 * beat:
        raise ItamedError("--stale must be three times --beat at least, or a living worker is thought dead.")
    from .secret import hide_environment
    from .settings import Limits, Settings
    from .steps import steps
    from .work import work as run

    hide_environment()
    limits = Limits(
        hours=hours,
        memory=memory * _GIB,
        model_bytes=int(size * 10**9),
        parameters=int(parameters * 10**9),
        beat=beat * 60,
        stale=stale * 60,
    )
    settings = Settings(folder=work, steps=steps, tasks=tasks, limits=limits, poll=poll)
    run(_place(queue), _desk(results), settings, once=once)


def _place(name: str) -> Place:
    from .hub import HubPlace
    from .place import Folder

    return Folder(Path(name)) if _is_folder(name) else HubPlace(name)


def _desk(name: str) -> Desk:
    from .desk import FolderDesk, HubDesk

    return FolderDesk(Path(name)) if _is_folder(name) else HubDesk(name)


def _is_folder(name: str) -> bool:
    import re

    from itamed.benchmark.errors import ItamedError

    if Path(name).is_dir():
        return True
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name) or name.startswith("."):
        raise ItamedError(f"{name} is no folder that exists, and no NAMESPACE/NAME on the Hub: make it, or correct it.")
    return False
