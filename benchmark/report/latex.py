"""Reports as LaTeX tables (booktabs), to be put into a paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .sheet import Section, Sheet

_HEAD = "% Needs \\usepackage{booktabs} and \\usepackage{graphicx}; with pdfTeX \\usepackage[T1]{fontenc}, too.\n"
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "–": "--",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}
_INTERVAL = re.compile(r"^(\S+) \[([^\]]*)\](.*)$")
_MINUS = re.compile(r"(?<![\w.])-(?=\d)")
_CODE = re.compile(r"^`(.*)`$")


def latex(sections: Iterable[Section]) -> str:
    """Return the tables of a report, each as a floating table that is scaled down where it is too wide."""
    tables = [sheet for section in sections for sheet in section.sheets]
    return _HEAD + "\n".join(_table(sheet, number) for number, sheet in enumerate(tables, 1))


def _table(sheet: Sheet, number: int) -> str:
    lines = [" & ".join(map(_escaped, sheet.header)), *(_row(row) for row in sheet.rows)]
    body = " \\\\\n".join(lines[1:])
    return f"""\\begin{{table}}
\\centering
\\caption{{{_escaped(sheet.title)}}}
\\label{{tab:itamed-{number}}}
\\resizebox{{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}}{{!}}{{%
\\begin{{tabular}}{{l{"r" * (len(sheet.header) - 1)}}}
\\toprule
{lines[0]} \\\\
\\midrule
{body} \\\\
\\bottomrule
\\end{{tabular}}}}
\\end{{table}}
"""


def _row(cells: Sequence[str]) -> str:
    text = " & ".join(map(_cell, cells))
    # After the end of a line, a bracket or a star would be read as its argument.
    return f"{{}}{text}" if text.startswith(("[", "*")) else text


def _cell(text: str) -> str:
    if code := _CODE.match(text):
        return f"\\texttt{{{_escaped(code[1])}}}"
    if interval := _INTERVAL.match(text):
        value, bounds, rest = map(_figure, interval.groups())
        return f"{value} {{\\scriptsize [{bounds}]}}{rest}"
    return _figure(text)


def _figure(text: str) -> str:
    return _MINUS.sub("$-$", _escaped(text))


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in text)
