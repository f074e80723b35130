"""LaTeX: what it would obey is escaped, tables fit on a page, and what a part of a report says stands below them."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from itamed.benchmark.report.label import Label
from itamed.benchmark.report.latex import latex
from itamed.benchmark.report.paper import LINE, fitted
from itamed.benchmark.report.report import report
from itamed.benchmark.report.sheet import Section, Sheet

LEAST = 0.75
"""How far a table is scaled down at most: text of 8 points then has 6."""
SCORE = "-17.5 [-20.5, -14.5] ***"


def columns(number, keys):
    rows = [[f"`itamed_arg_casimedicos_{n}`", "60 of 1251", *[SCORE] * number] for n in range(40)]
    return Sheet(
        "Many", ["task", "notes", *(f"Model {n} FT 0-shot constrained" for n in range(number))], rows, keys=keys
    )


@pytest.fixture
def sections(runs):
    """Return a report on eight runs with names of usual length."""
    rules = [runs["empty"], runs["lookup"]]
    many = [
        replace(
            rules[n % 2],
            named=Label(f"Gemma-3-{n}B", "CPT+FT"),
            settings=replace(rules[n % 2].settings, constrained=True),
        )
        for n in range(8)
    ]
    return report(many, "Gemma-3-0B", others=True)


def test_brackets_of_a_name_are_no_interval():
    text = latex([Section("A", sheets=[Sheet("T", ["run", "NER"], [["gemma [v2] 4-shot", "5.0 [4.0, 6.0]"]])])])
    assert "gemma [v2] 4-shot" in text.replace("{[}", "[").replace("{]}", "]")


def test_latex_escapes_what_it_would_obey():
    sheet = Sheet("50 % of a_b & #1", ["run", "x"], [["`it_a`", "-5.0 [-6.0, 4-7] *"], ["{\\x}^~$", "–"], ["*", "[1]"]])
    text = latex([Section("One", "* p < .05 & more", sheets=[sheet])])
    assert r"\caption{50 \% of a\_b \& \#1}" in text
    assert r"\texttt{it\_a} & \itamedlines{t}{r}{$-$5.0 * \\ {\scriptsize [$-$6.0, 4-7]}} \\" in text
    assert r"\{\textbackslash{}x\}\textasciicircum{}\textasciitilde{}\$ & -- \\" in text
    assert r"{}* & {}[1] \\" in text
    assert r"{\raggedright * p \textless{} .05 \& more}" in text


def test_columns_that_stand_alone_are_shared_out_among_tables_that_fit():
    parts = fitted(columns(8, keys=2))
    assert all(part.width <= LINE for part in parts)
    assert all([line.text for line in part.header[0]] == ["task"] for part in parts)
    assert sum(len(part.rows) * (len(part.header) - 2) for part in parts) == 40 * 8
    assert [part.title for part in parts] == [f"Many ({n} of {len(parts)})" for n in range(1, len(parts) + 1)]
    assert all(sum(max(map(len, row)) for row in part.rows) < 50 for part in parts), "lines of a page"


def test_columns_that_belong_together_stay_so():
    assert {len(part.header) for part in fitted(columns(8, keys=0))} == {10}
    (alone,) = fitted(Sheet("One", ["a", "b"], [["x", "y"]]))
    assert alone.title == "One"


def test_no_table_of_eight_runs_is_scaled_down_to_nothing(sections):
    parts = [part for section in sections for sheet in section.sheets for part in fitted(sheet)]
    assert max(part.width for part in parts) <= LINE / LEAST


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no LaTeX here")
def test_latex_takes_the_tables_and_finds_them_as_wide(sections, tmp_path):
    (tmp_path / "tables.tex").write_text(latex(sections), encoding="utf-8")
    (tmp_path / "paper.tex").write_text(
        r"""\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs,graphicx}\newsavebox\measured
\let\scaled\resizebox
\renewcommand{\resizebox}[3]{\sbox\measured{#3}\typeout{WIDE \the\wd\measured}\scaled{#1}{#2}{#3}}
\begin{document}\input{tables}\end{document}"""
    )
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "paper"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    log = (tmp_path / "paper.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-1500:]
    widths = [float(width) for width in re.findall(r"^WIDE ([\d.]+)pt", log, re.MULTILINE)]
    estimates = [part.width for section in sections for sheet in section.sheets for part in fitted(sheet)]
    assert len(widths) == len(estimates)
    assert max(widths) <= LINE / LEAST
    assert "Float too large" not in log
    # An estimate that is too small would let a table be scaled down unseen.
    assert max(width / estimate for width, estimate in zip(widths, estimates, strict=True)) < 1.05
