"""One self-contained HTML page from runs: works offline, from a file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from ..files import write_text
from ..suite import ROLES
from ..version import __version__
from .means import Means
from .plot import family_plot, task_plot
from .run import Run
from .table import FAMILY_NAMES, ROLE_NAMES, percent


def write_page(path: Path, runs: Sequence[Run], all_means: Sequence[Means]) -> None:
    """Write the report page.

    Args:
        path: where to write; replaced as a whole.
        runs: the runs to show side by side.
        all_means: their means, in the same order.
    """
    template = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = percent
    page = environment.from_string(template).render(
        runs=list(zip(runs, all_means, strict=True)),
        plot=task_plot(runs),
        family_plots={
            role: family_plot(runs, all_means, role) for role in ROLES if any(m.by_role[role] for m in all_means)
        },
        columns=list(FAMILY_NAMES),
        names=FAMILY_NAMES,
        roles=ROLES,
        role_names=ROLE_NAMES,
        version=__version__,
    )
    write_text(path, page)
