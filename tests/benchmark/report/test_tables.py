"""Tables: gains one line a run, types with their gold items, samples of notes, and what CSV tells of gains."""

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.mini.rows import mini_rows
from itamed.benchmark.report.finding import find_run
from itamed.benchmark.report.gained import gained
from itamed.benchmark.report.gains import differences, gains
from itamed.benchmark.report.html import write_page
from itamed.benchmark.report.label import Label
from itamed.benchmark.report.published import published_table
from itamed.benchmark.report.redact import redact
from itamed.benchmark.report.report import report
from itamed.benchmark.report.run import read_run
from itamed.benchmark.report.sample import notes_text
from itamed.benchmark.report.sections import families, types
from itamed.benchmark.report.series import Series, series_of
from itamed.benchmark.report.sheet import FAMILY_NAMES, STARS, chance_text, detectable_text, percent, signed, stars
from itamed.benchmark.report.tidy import tidy
from typer.testing import CliRunner

DRUGS = "itamed-mini-ner-drugtemist"


def part(sections, heading):
    return next(section for section in sections if section.heading == heading)


@pytest.mark.parametrize(("p", "mark"), [(0.0009, "***"), (0.001, "**"), (0.01, "*"), (0.049, "*"), (0.05, "")])
def test_stars_are_those_that_the_note_explains(p, mark):
    assert stars(p) == mark
    assert not mark or f"{mark} p < " in STARS


def test_gains_are_one_line_a_run_and_the_long_form_is_folded(runs, tmp_path):
    series = series_of([runs[name] for name in ("empty", "lookup", "majority")])
    section = gained(series, series[0])
    found = gains(series[0], series[1:])
    short, long = section.sheets
    assert list(short.header) == ["run", "ID mean", "NER", "QA"]
    assert [row[0] for row in short.rows] == [each.label for each in series[1:]]
    mean = found["lookup 0-shot"]["id", "mean"]
    assert short.rows[0][1] == f"{signed(mean.gain)} {stars(mean.p)}".strip()
    assert any(cell.endswith("*") for row in short.rows for cell in row)
    assert long.folded and len(long.rows) == 6
    assert long.rows[0][3:5] == [signed(mean.gain), chance_text(mean.p)]
    assert STARS in section.text
    write_page(tmp_path / "page.html", "Page", [section])
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<details>") == page.count("</details>") == 1
    assert page.index("ID mean") < page.index("<details>") < page.index("detectable</th>")


def test_the_terminal_has_p_and_detectable_effects_where_they_are_few(folders, monkeypatch):
    paths = [str(folders[name]) for name in ("empty", "lookup", "majority")]
    title = "Gain on empty 0-shot: p and detectable effects (points)"

    def shown():
        done = CliRunner().invoke(app, ["report", *paths, "--baseline", "empty"])
        assert done.exit_code == 0, done.output
        return done.output

    said = shown()
    assert title in said and re.search(r"┃ +p +┃ detectable ┃", said)
    assert "--html" not in said
    monkeypatch.setattr("itamed.benchmark.report.show._SHORT", 5)
    said = shown()
    assert f"\n{title}: 6 lines, which --html or --markdown has.\n" in said
    assert not re.search(r"┃ detectable ┃", said)


def test_equal_answers_are_no_gain_of_zero(runs):
    run = runs["lookup"]
    twin, base = replace(run, named=Label("Twin")), Series((run,))
    short, long = gained([base, Series((twin,))], base).sheets
    assert short.rows == [["Twin 0-shot", "=", "=", "="]]
    assert {row[3] for row in long.rows} == {"="}


def test_a_gain_of_zero_of_other_answers_keeps_its_figures(runs, tmp_path):
    """Nothing found is as good as something wrong found, but not the same."""
    copy = tmp_path / runs["empty"].path.name
    copy.write_text(runs["empty"].path.read_text())
    for samples in runs["empty"].path.parent.glob("samples_*"):
        lines = [json.loads(line) for line in samples.read_text().splitlines()]
        (tmp_path / samples.name).write_text("".join(json.dumps(more(line)) + "\n" for line in lines))
    base, other = Series((runs["empty"],)), Series((replace(read_run(copy), named=Label("Other")),))
    (row,) = gained([base, other], base).sheets[0].rows
    mean, ner, qa = row[1:]
    assert mean.startswith("+0.0 [-") and ner.startswith("+0.0 [-") and qa == "=", "other notes may tell them apart"


def more(sample):
    """Return a sample of spans with one wrong answer more."""
    kind, note, counts = sample["score"]
    counts = [[name, number + (name == "pred")] for name, number in counts]
    return sample | {"score": [kind, note, counts]} if kind == "SpanRow" else sample


def test_the_only_run_gains_nothing_and_the_report_says_so(folders):
    done = CliRunner().invoke(app, ["report", str(folders["lookup"]), "--baseline", "lookup"])
    assert done.exit_code == 0
    assert "No gains: lookup 0-shot, the baseline, is the only run here." in done.output
    done = CliRunner().invoke(app, ["report", str(folders["lookup"]), "--baseline", "another"])
    assert done.exit_code == 1
    assert "The baseline another names 0 of these runs" in str(done.exception)


def test_what_is_written_is_said(folders, tmp_path):
    new = tmp_path / "new"
    files = {"html": "r.html", "markdown": "r.md", "latex": "r.tex", "csv": "r.csv", "figures": "pictures"}
    given = [text for kind, name in files.items() for text in (f"--{kind}", str(new / name))]
    done = CliRunner().invoke(app, ["report", str(folders["lookup"]), *given])
    said = done.output.splitlines()
    assert [f"Made the folder {new}", f"Made the folder {new / 'pictures'}"] == said[-7:-5]
    for line in (f"Markdown: {new / 'r.md'}", f"LaTeX: {new / 'r.tex'}", f"CSV: {new / 'r.csv'}"):
        assert line in said
    number = len(list((new / "pictures").glob("*.svg")))
    assert f"Figures: {new / 'pictures'}, {number} as SVG and PDF" in said
    assert said[-1] == f"Report: {(new / 'r.html').as_uri()}"
    again = CliRunner().invoke(app, ["report", str(folders["lookup"]), *given])
    assert "Made the folder" not in again.output


def test_types_have_intervals_and_gold_items(folders):
    run = run_with_types(folders)
    section = types([Series((run,))])
    (sheet,) = section.sheets
    assert list(sheet.header) == ["task", "type", "gold items", run.label]
    result = next(result for result in run.tasks if result.task.name == "itamed_arg_abstrct")
    row = next(row for row in sheet.rows if row[:2] == ["`itamed_arg_abstrct`", "premessa"])
    assert row[3] == percent(result.estimates["repaired"]["f1:premessa"]) and "[" in row[3]
    gold = [span for each in mini_rows("itamed_arg_abstrct") if each.split == "test" for span in each.spans]
    assert row[2] == str(sum(span.type == "premessa" for span in gold)) != "0"
    seeds = [replace(run, named=Label("M", "FT", seed)) for seed in (1, 2)]
    pooled = types(series_of(seeds))
    assert "Means over seeds have no interval here." in pooled.text
    assert "[" not in pooled.sheets[0].rows[0][3]


def run_with_types(folders):
    folder = folders["few"].parent / "types"
    if not folder.exists():
        rules = ["--model", "itamed-baseline", "--model_args", "model=lookup"]
        evaluate([*rules, "--tasks", "itamed-mini-arg-abstrct", "--output_path", str(folder)])
    return find_run(folder)


def sampled(run, folder, notes):
    """Copy a run that says to have asked at most some notes of each task."""
    data = json.loads(run.path.read_text())
    for task in data["configs"].values():
        task["metadata"] = {**(task.get("metadata") or {}), "eval_notes": notes}
    data["git_hash"] = "abc123"
    for samples in run.path.parent.glob("samples_*"):
        (folder / samples.name).write_bytes(samples.read_bytes())
    (folder / run.path.name).write_text(json.dumps(data))
    return read_run(folder / run.path.name)


def test_a_sample_of_notes_is_said_to_be_one(runs, tmp_path):
    run = sampled(runs["lookup"], tmp_path, 2)
    result = next(result for result in run.tasks if result.name == DRUGS)
    whole = result.notes
    assert notes_text(run, result) == str(whole), "all that there are"
    assert notes_text(run, replace(result, notes=2)) == f"2 of {whole}"
    assert notes_text(run, replace(result, notes=1)) == "1", "fewer than were asked for: all"
    unknown = replace(result, name=result.task.name, notes=2)
    assert notes_text(run, unknown) == "2, a sample"
    assert "at most 2 notes of each task" in families([Series((run,))]).text
    assert "sample" not in families([Series((runs["lookup"],))]).text


def test_a_redacted_copy_tells_the_sample_and_how_many_notes_there_are(runs, tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    copy = find_run(redact(sampled(runs["lookup"], tmp_path / "run", 2).path, tmp_path / "copy"))
    monkeypatch.setattr("itamed.benchmark.report.sample.mini_rows", None)
    result = replace(next(result for result in copy.tasks if result.name == DRUGS), notes=2)
    assert re.fullmatch(r"2 of \d+", notes_text(copy, result))
    (sheet,) = part(report([copy]), "Runs").sheets
    row = dict(zip(sheet.header, sheet.rows[0], strict=True))
    assert (row["sample"], row["commit"], row["engine"]) == ("eval_notes=2", "abc123", "itamed-baseline")
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", row["date"])
    assert row["model arguments"] == "model=lookup"


def test_published_rows_have_families_in_our_order_and_gains_with_a_sign():
    table = published_table()
    names = list(FAMILY_NAMES.values())[:-1]
    assert table.header[2:7] == names
    best = dict(zip(table.header, table.rows[-1], strict=True))
    assert [best[name] for name in ("NER", "RE", "CRF", "gain")] == ["62.2", "33.2", "73.7", "+7.2"]
    assert all(len(row) == len(table.header) for row in table.rows)


def lines(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_holds_gains_as_the_report_shows_them(runs):
    series = series_of([runs[name] for name in ("empty", "lookup", "majority")])
    rows = [row for row in lines(tidy(series, series[0])) if row["metric"] == "gain"]
    found = gains(series[0], series[1:])
    assert len(rows) == sum(map(len, found.values())) == 6
    for row in rows:
        each = found[row["run"]][row["role"], row["family"]]
        assert row["baseline"] == "empty 0-shot"
        figures = [row[name] for name in ("value", "low", "high", "corrected_p", "detectable")]
        assert [float(figure or "nan") for figure in figures] == pytest.approx(
            [each.gain.value, each.gain.low, each.gain.high, each.p, each.mde], abs=1e-6, nan_ok=True
        )
    plain = differences(series[0], series[1])["id", "mean"]
    row = next(row for row in rows if (row["run"], row["family"]) == ("lookup 0-shot", "mean"))
    assert float(row["p"]) == pytest.approx(plain.p, abs=1e-6)
    assert int(row["tasks"]) == 3
    assert not any(row["metric"] == "gain" for row in lines(tidy(series)))


def test_csv_holds_the_gain_of_a_grammar(runs):
    free = runs["empty"]
    held = replace(runs["lookup"], named=free.named, model=free.model)
    held = replace(held, settings=replace(held.settings, constrained=True))
    rows = [row for row in lines(tidy(series_of([free, held]))) if row["metric"] == "grammar gain"]
    assert {(row["run"], row["baseline"]) for row in rows} == {("empty 0-shot constrained", "empty 0-shot")}


def test_csv_has_a_line_for_all_seeds_beside_those_of_each(runs):
    seeds = [replace(runs[name], named=Label("M", "FT", n)) for n, name in enumerate(("lookup", "majority"))]
    (series,) = series_of(seeds)
    rows = lines(tidy([series]))
    scores = {
        row["run"]: row for row in rows if (row["task"], row["mode"], row["metric"]) == (DRUGS, "repaired", "score")
    }
    assert list(scores) == ["M FT 0-shot seed 0", "M FT 0-shot seed 1", "M FT 0-shot (2 seeds)"]
    assert [row["seeds"] for row in scores.values()] == ["1", "1", "2"]
    pooled = series.score(next(result for result in series.tasks if result.name == DRUGS))
    row = scores["M FT 0-shot (2 seeds)"]
    assert float(row["low"]) == pytest.approx(pooled.low, abs=1e-6) and row["seed"] == ""
    (mean,) = [row for row in rows if row["seeds"] == "2" and row["family"] == "mean"]
    assert float(mean["value"]) == pytest.approx(series.means.by_role["id"]["mean"].value, abs=1e-6)


@pytest.mark.parametrize(("mde", "text"), [(0.056, "5.6"), (1.0, "100.0"), (4.431, "> 100"), (float("nan"), "–")])
def test_no_gain_is_larger_than_all_points(mde, text):
    assert detectable_text(mde) == text
