"""What the pages are made with: own files, and DataTables as the installed `itables` brings it."""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from itamed.benchmark.errors import ItamedError

OWN = ("board.css", "theme.js", "table.js", "links.js", "radar.js", "scatter.js", "dumbbell.js", "board.js")
_EXPORTS = re.compile(r"export\s*\{([^}]*)\}\s*;?")
_DEFAULT = re.compile(r"([\w$]+) as default\b")


def assets() -> dict[str, str]:
    """Return the texts of all files that pages refer to, by name.

    Raises:
        ItamedError: `itables` is not installed, or is made in another way than it was.
    """
    own = {name: files(__package__).joinpath("assets", name).read_text(encoding="utf-8") for name in OWN}
    if not (spec := find_spec("itables")) or not spec.submodule_search_locations:
        raise ItamedError("The site needs itables: run `pip install 'itamed[board]'`.")
    folder = Path(spec.submodule_search_locations[0], "html")
    try:
        script, style = ((folder / f"dt_bundle.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
    except OSError as error:
        raise ItamedError(f"itables {version('itables')} has no {error.filename}: install another version.") from error
    return own | {"datatables.js": _classic(script), "datatables.css": style}


def _classic(module: str) -> str:
    """Return a module as a plain script, which browsers take from a file without a server, too."""
    exports = _EXPORTS.search(module)
    default = _DEFAULT.search(exports[1]) if exports else None
    if not exports or not default:
        raise ItamedError(f"itables {version('itables')} exports no DataTables: install another version.")
    rest = module[: exports.start()] + f"window.DataTable={default[1]};" + module[exports.end() :]
    return f'(()=>{{"use strict";{rest}\n}})();\n'
