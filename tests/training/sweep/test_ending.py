"""The report at the end: of what is done, with gains where the baseline is among it."""

from dataclasses import replace

from itamed.training.sweep.ending import show_results

from .conftest import RUNS, damage, finish


def test_gains_are_shown_on_a_baseline_that_is_done_whatever_else_failed(asked, tmp_path, capsys):
    finish(asked, *RUNS)
    show_results(asked, "0-shot", tmp_path / "out")
    assert "Gains" in (tmp_path / "out" / "report.html").read_text()
    said = capsys.readouterr()
    assert "Gains" in said.out and not said.err
    assert {"report.md", "tables.tex", "figures.csv", "figures"} <= {path.name for path in (tmp_path / "out").iterdir()}


def test_a_baseline_that_is_missing_is_said(asked, tmp_path, capsys):
    show_results(asked, "0-shot", tmp_path / "out")
    assert not list(tmp_path.glob("out/report.*")), "there is nothing to report"
    finish(asked, "0-shot constrained")
    # "0-shot" is a part of what is there, and must not be taken for the baseline.
    show_results(asked, "0-shot", tmp_path / "out")
    assert "Tiny 0-shot constrained" in (tmp_path / "out" / "report.html").read_text()
    said = capsys.readouterr().err
    assert "The report shows no gains: the baseline, Tiny 0-shot, is not done" in said


def test_a_cell_with_damaged_answers_is_named_and_left_out(asked, tmp_path, capsys):
    finish(asked, *RUNS)
    samples = damage(asked[0])
    show_results(asked, "0-shot", tmp_path / "out")
    said = capsys.readouterr()
    assert (
        f"Left out: {asked[0].name}, which the same command makes anew from its stored answers: {samples}" in said.err
    )
    assert "The report shows no gains: the baseline, Tiny 0-shot, is not done" in said.err
    assert "Tiny 0-shot constrained" in (tmp_path / "out" / "report.html").read_text()


def test_a_baseline_that_reports_call_otherwise_is_found(asked, tmp_path, monkeypatch):
    """A matrix says "0-shot constrained" of what a report calls "0-shot cot constrained"."""
    shown = []
    monkeypatch.setattr("itamed.training.sweep.ending.show_runs", lambda runs, label, _: shown.append(label))
    finish(asked, *RUNS)
    cell = next(cell for cell in asked if str(cell.method) == "0-shot constrained")
    run = cell.results()
    found = replace(run, settings=replace(run.settings, reasoning="cot"))
    monkeypatch.setitem(vars(cell), "results", lambda: found)
    show_results(asked, "0-shot constrained", tmp_path)
    assert shown == ["Tiny 0-shot cot constrained"]


def test_a_baseline_of_several_seeds_is_found_by_any_of_them(asked, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("itamed.training.sweep.ending.show_runs", lambda runs, label, _: shown.append(label))
    finish(asked, *RUNS)
    few = asked[0].results()
    seeds = [cell for cell in asked if str(cell.method) == "1-shot constrained"]
    tasks = tuple(replace(result, shots=1) for result in few.tasks)
    settings = replace(few.settings, constrained=True)
    for number, cell in enumerate(seeds, 1):
        found = replace(few, tasks=tasks, settings=settings, named=cell.label, path=cell.folder)
        monkeypatch.setitem(vars(cell), "results", lambda found=found: found)
        show_results(asked, "1-shot", tmp_path)
        assert shown[-1] == ("Tiny 1-shot constrained seed 3", "Tiny 1-shot constrained (2 seeds)")[number - 1]
