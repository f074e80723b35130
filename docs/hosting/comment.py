"""Print the comment on a pull request: what a check has left in a folder as 1.md, 2.md, ...

`python comment.py found > body.md`. It stands beside the workflows, needs Python alone, and trusts nothing in the
folder: a stranger may have changed the very workflow that wrote it. Lines of a preview's own form stay as they are;
a text with any other line is shown as plain text.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

MOST, LONGEST = 4, 15_000
"""Texts, and characters of each: a comment holds 65,536."""
# Words and figures. No slash, at sign, angle bracket, ampersand, backslash, exclamation mark or hash: no link, mention,
# image, markup or escape comes of the rest, if brackets hold figures alone, a colon ends a word, and a dot, too.
_CODE = r"`[A-Za-z0-9 ._/+:?-]*`"
_LINE = re.compile(rf"(?:### |\* )?(?:[A-Za-z0-9 ,;%()*+|–-]|\.(?![A-Za-z])|:(?= |$)|\[[0-9., +-]*\]|{_CODE})*")
_FENCE = "```"


def body(folder: Path) -> str:
    """Return the comment."""
    found = [path for path in folder.glob("*.md") if path.stem.isdecimal() and not path.is_symlink()]
    texts = [_shown(path) for path in sorted(found, key=lambda path: int(path.stem))[:MOST]]
    if len(found) > MOST:
        texts.append(f"{len(found) - MOST} more bundles: see the log of the check.\n")
    return "\n".join(texts) or "No bundle that is new.\n"


def _shown(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    return text if len(text) <= LONGEST and _harmless(text) else _plain(text)


def _harmless(text: str) -> bool:
    """Return whether a text has no line but those of a preview, and ends every code block."""
    inside = False
    for line in text.rstrip("\n").split("\n"):
        # A block begins with a word and ends without one, or Markdown sees other blocks than we do.
        if line == (_FENCE if inside else f"{_FENCE}text"):
            inside = not inside
        elif not (line.isascii() and line.isprintable() and "`" not in line if inside else _LINE.fullmatch(line)):
            return False
    return not inside


def _plain(text: str) -> str:
    """Return any text as a code block that nothing in it can end."""
    shown = "".join(each if each == "\n" or (each.isascii() and each.isprintable()) else "?" for each in text)
    return f"{_FENCE}text\n{shown[:LONGEST].replace('`', chr(39))}\n{_FENCE}\n"


if __name__ == "__main__":
    print(body(Path(sys.argv[1])), end="")
