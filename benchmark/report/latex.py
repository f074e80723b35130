"""Reports as LaTeX tables (booktabs), to be put into a paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .paper import GAP, Cell, Line, Part, fitted
from .sheet import Section

_HEAD = r"""% Needs \usepackage{booktabs} and \usepackage{graphicx}; with pdfTeX \usepackage[T1]{fontenc}, too.
% Lines in a cell: their place (t or b, l or r), and the lines.
\providecommand{\itamedlines}[3]{{\renewcommand{\arraystretch}{0.9}\begin{tabular}[#1]{@{}#2@{}}#3\end{tabular}}}
"""
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "–": "--",
    "−": "$-$",
    "†": r"\textdagger{}",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}


def latex(sections: Iterable[Section]) -> str:
    """Return the tables of a report, each as a floating table with what its part of the report says below it.

    One that is too wide is shared out among several; where its columns belong together, it is scaled down.
    """
    tables = [(sheet, section.text) for section in sections for sheet in section.sheets]
    texts = []
    for number, (sheet, note) in enumerate(tables, 1):
        for place, part in enumerate(fitted(sheet), 1):
            label = f"tab:itamed-{number}" + (f"-{place}" if place > 1 else "")
            texts.append(_table(part, label, note))
    return _HEAD + "\n".join(texts)


def _table(part: Part, label: str, note: str) -> str:
    body = " \\\\[2pt]\n".join(_row(row, "t") for row in part.rows)
    said = f"\n\n\\smallskip\n\\parbox{{\\linewidth}}{{\\raggedright {_escaped(note)}}}" if note else ""
    return f"""\\begin{{table}}
\\centering
\\footnotesize
\\setlength{{\\tabcolsep}}{{{GAP / 2:g}pt}}
\\caption{{{_escaped(part.title)}}}
\\label{{{label}}}

\\smallskip
\\resizebox{{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}}{{!}}{{%
\\begin{{tabular}}{{@{{}}l{"r" * (len(part.header) - 1)}@{{}}}}
\\toprule
{_row(part.header, "b")} \\\\
\\midrule
{body} \\\\
\\bottomrule
\\end{{tabular}}}}{said}
\\end{{table}}
"""


def _row(cells: Sequence[Cell], place: str) -> str:
    return " & ".join(_cell(cell, place, "r" if column else "l") for column, cell in enumerate(cells))


def _cell(cell: Cell, place: str, side: str) -> str:
    lines = r" \\ ".join(map(_line, cell))
    return lines if len(cell) == 1 else f"\\itamedlines{{{place}}}{{{side}}}{{{lines}}}"


def _line(line: Line) -> str:
    text = _escaped(line.text)
    if line.style == "code":
        return f"\\texttt{{{text}}}"
    if line.style == "small":
        return f"{{\\scriptsize {text}}}"
    # After the end of a line, a bracket or a star would be read as its argument.
    return f"{{}}{text}" if text.startswith(("[", "*")) else text


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in text)
