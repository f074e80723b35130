"""Reports: means, tables, the page and damaged input."""

import csv
import io
import json
import re
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from zipfile import ZipFile

import numpy as np
import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.finding import CURRENT, find_run, find_runs
from itamed.benchmark.report.means import counted_tasks, drawn_means, drawn_tasks, means
from itamed.benchmark.report.run import read_run
from itamed.benchmark.report.sameness import require_same
from itamed.benchmark.report.series import series_of
from itamed.benchmark.report.sheet import percent
from itamed.benchmark.report.tidy import tidy
from itamed.benchmark.suite_fingerprint import suite_fingerprint
from typer.testing import CliRunner


@pytest.fixture(scope="module")
def results(tmp_path_factory, no_hub):
    folder = tmp_path_factory.mktemp("runs")
    for rule in ("empty", "lookup"):
        arguments = ["--model", "itamed-baseline", "--model_args", f"model={rule}", "--tasks", "itamed-mini"]
        evaluate([*arguments, "--output_path", str(folder)])
    return folder


@pytest.fixture
def run(results):
    return next(run for run in find_runs([results]) if run.model == "lookup")


def test_family_mean_is_the_mean_of_its_tasks_and_the_mean_that_of_families(run):
    found = means(run).by_role["id"]
    ner = [t.score.value for t in run.tasks if t.task.family == "ner" and t.task.role == "id"]
    assert len(ner) == 6
    assert found["ner"].value == pytest.approx(np.mean(ner))
    families = [found[name].value for name in ("ner", "re", "crf", "qa", "arg")]
    assert found["mean"].value == pytest.approx(np.mean(families))
    assert found["mean"].low <= found["mean"].value <= found["mean"].high


def test_tasks_on_the_same_notes_move_together(run, monkeypatch):
    one, same, other = (f"itamed-mini-ner-{name}" for name in ("e3c-clinentity", "e3c-bodypart", "drugtemist"))
    counted = counted_tasks(run, "repaired")
    alike = counted | {same: counted[one], other: counted[one]}
    monkeypatch.setattr("itamed.benchmark.report.means.counted_tasks", lambda *_: alike)
    drawn = drawn_tasks(run)
    assert drawn[one].value > 0
    assert np.array_equal(drawn[one].draws, drawn[same].draws, equal_nan=True), (
        "a note is drawn for all tasks of its source"
    )
    assert not np.array_equal(drawn[one].draws, drawn[other].draws), "and for those of no other source"


def test_a_note_more_weighs_less_in_a_mean_over_several_sources(run):
    tasks = drawn_tasks(run)
    found = drawn_means(run.tasks, tasks)["id"]
    named = {name: drawn.further for name, drawn in tasks.items()}
    assert found["re"].further == named["itamed-mini-re-e3c-pertainsto"], "one task"
    # Two tasks on the notes of one source, and one on those of another.
    shared = [named[f"itamed-mini-arg-casimedicos-{kind}"] for kind in ("components", "relations")]
    expected = 2 / 3 * sum(shared) / 3 + named["itamed-mini-arg-abstrct"] / 9
    assert found["arg"].further == pytest.approx(expected)
    assert 0 < found["mean"].further < min(named[task.name] for task in run.tasks if task.task.role == "id")


def test_a_run_without_samples_has_means_without_intervals(results, run, tmp_path):
    copy = tmp_path / run.path.name
    copy.write_text(run.path.read_text())
    found = means(read_run(copy)).by_role["id"]["ner"]
    assert found.value == pytest.approx(means(run).by_role["id"]["ner"].value)
    assert np.isnan(found.low) and percent(found) == f"{100 * found.value:.1f}"


def test_strict_and_repaired_are_both_kept(run):
    for result in run.tasks:
        assert set(result.estimates) == {"repaired", "strict"}
        assert result.estimates["strict"]["score"].value <= result.score.value + 1e-12


def test_usage_counts_every_row_once(run):
    usage = run.settings.usage
    assert usage["seconds"] > 0
    rows = {result.name: result.rows for result in run.tasks}
    assert set(usage["tasks"]) == set(rows)
    empty = json.dumps({"answer": "C"})
    assert usage["tasks"]["itamed-mini-qa-ssm"]["characters_out"] == rows["itamed-mini-qa-ssm"] * len(empty)


def test_page_is_self_contained_and_shows_every_task(results, tmp_path):
    page = tmp_path / "report.html"
    done = CliRunner().invoke(app, ["report", str(results), "--html", str(page)])
    assert done.exit_code == 0, done.output
    text = page.read_text(encoding="utf-8")
    for run in find_runs([results]):
        assert run.label in text
        assert all(result.name in text for result in run.tasks)
    assert not re.search(r"""(src|href)=["'](https?:)?//|@import|url\(["']?https?:|<script""", text)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"results": {}}', '{"config": 1, "results": 2, "n-shot": 3}'])
def test_damaged_results_are_named(tmp_path, content):
    path = tmp_path / "results_x.json"
    path.write_text(content)
    with pytest.raises(ItamedError, match=r"results_x\.json"):
        find_runs([path])


def test_a_file_that_is_no_text_is_not_printed(tmp_path):
    path, bundle = tmp_path / "model.bin", tmp_path / "lookup.zip"
    path.write_bytes(bytes(range(256)) * 400)
    with pytest.raises(ItamedError, match=r"model\.bin is not a results file.*can't decode byte") as caught:
        find_runs([path])
    assert len(str(caught.value)) < len(str(path)) + 300
    with ZipFile(bundle, "w") as archive:
        archive.writestr("scores.json", "{}")
    with pytest.raises(ItamedError, match=r"lookup\.zip is an archive.*`itamed validate` reads bundles") as caught:
        find_runs([bundle])
    assert len(str(caught.value)) < len(str(bundle)) + 200


def test_a_key_that_is_missing_is_said_to_be(tmp_path):
    path = tmp_path / "results_x.json"
    path.write_text('{"results": {}}')
    with pytest.raises(ItamedError, match=r"\(no 'config'\)"):
        find_runs([path])


def test_a_run_of_another_suite_is_named_with_its_task(run, tmp_path):
    data = json.loads(run.path.read_text())
    for name, rest in (("itamed_qa_unknown", ""), ("itamed-mini-re-gone", " and 1 more")):
        data["results"][name] = data["results"]["itamed-mini-qa-ssm"]
        data["results"] = dict(sorted(data["results"].items(), key=lambda each: each[0] != name))
        (path := tmp_path / "results_x.json").write_text(json.dumps(data))
        said = rf"results_x\.json is of another version of the suite: {name}{rest} is no task of this one"
        with pytest.raises(ItamedError, match=said) as caught:
            find_runs([path])
        assert f"the itamed that wrote it ({run.settings.version})" in str(caught.value)
        assert "itamed_qa_ssm" not in str(caught.value), "no list of all tasks"


def test_no_results_say_what_to_do(tmp_path):
    with pytest.raises(ItamedError, match="itamed eval"):
        find_runs([tmp_path])
    with pytest.raises(ItamedError, match="does not exist"):
        find_runs([tmp_path / "nowhere"])


def test_all_formats_are_written(results, tmp_path):
    table, paper, figures = tmp_path / "results.md", tmp_path / "tables.tex", tmp_path / "figures.csv"
    pictures = tmp_path / "pictures"
    given = ["--markdown", table, "--latex", paper, "--csv", figures, "--figures", pictures, "--published"]
    done = CliRunner().invoke(app, ["report", str(results), "--baseline", "empty", *map(str, given)])
    assert done.exit_code == 0, done.output
    assert "Gain on empty 0-shot" in done.output
    lines = table.read_text(encoding="utf-8").splitlines()
    row = next(line for line in lines if line.startswith("| `itamed_qa_ssm`"))
    assert row.count("|") == 6, "task, notes, gold and two runs"
    assert "Reported by others" in table.read_text(encoding="utf-8")
    (best,) = [line for line in lines if line.startswith("| Llama-3.2-1B-Instruct | FT |")]
    assert best.endswith("| 62.2 | 33.2 | 73.7 | 60.8 | 79.4 | 61.9 | +7.2 | *** |"), "as it was published"
    drawings = list(pictures.glob("*.svg"))
    for picture in drawings:
        assert ET.fromstring(picture.read_text(encoding="utf-8")).tag.endswith("svg")
        assert picture.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    assert {"main-score-of-every-task-repaired-answers.svg", "family-means-in-distribution.svg"} <= {
        picture.name for picture in drawings
    }


def test_csv_holds_every_figure_once(results, run):
    rows = list(csv.DictReader(io.StringIO(tidy(series_of(find_runs([results]))))))
    keys = [tuple(row[key] for key in ("run", "role", "family", "task", "mode", "metric")) for row in rows]
    assert len(set(keys)) == len(keys)
    result = next(result for result in run.tasks if result.name == "itamed-mini-qa-ssm")
    found = dict(zip(keys, rows, strict=True))[run.label, "ood", "qa", result.name, "repaired", "score"]
    assert float(found["value"]) == pytest.approx(result.score.value, abs=1e-6)
    mean = next(row for row in rows if (row["run"], row["role"], row["family"]) == (run.label, "id", "mean"))
    assert float(mean["value"]) == pytest.approx(means(run).by_role["id"]["mean"].value, abs=1e-6)


def test_a_damaged_run_among_others_is_named_and_left_out(results, tmp_path, capsys):
    copy = shutil.copytree(results, tmp_path / "copy")
    samples = next(copy.rglob("samples_itamed-mini-qa-ssm_*.jsonl"))
    samples.write_text(samples.read_text()[:-200])
    (copy / "results_half.json").write_text('{"results": {')
    assert len(find_runs([copy])) == 1
    said = capsys.readouterr().err
    assert "results_half.json" in said
    assert samples.name in said


def test_runs_on_other_notes_or_versions_are_refused(results, run, tmp_path):
    def copied(change):
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        copy = shutil.copytree(run.path.parent, tmp_path / "copy") / run.path.name
        data = json.loads(copy.read_text())
        change(data)
        copy.write_text(json.dumps(data))
        return [run, read_run(copy)]

    require_same(copied(lambda data: None))
    with pytest.raises(ItamedError, match=r"(?s)not asked the same.*itamed-mini-qa-ssm .* 99 +lookup"):
        require_same(copied(lambda data: data["versions"].update({"itamed-mini-qa-ssm": 99})))

    def rename(data):
        path = next((tmp_path / "copy").glob("samples_itamed-mini-crf-e3c_*.jsonl"))
        path.write_text(path.read_text().replace('"FormRow", "', '"FormRow", "other-'))

    with pytest.raises(ItamedError, match="the notes themselves are others") as caught:
        require_same(copied(rename))
    assert str(caught.value).count("itamed-mini-") == 2, "only the task that differs"


def test_the_embedded_set_does_not_stand_beside_real_notes(run):
    real = tuple(replace(result, name=result.task.name) for result in run.tasks)
    with pytest.raises(ItamedError, match="not asked the same"):
        require_same([run, replace(run, tasks=real)])


def test_runs_of_other_prompts_grammars_or_suites_are_refused(runs):
    run, name = runs["lookup"], "itamed-mini-ner-drugtemist"
    parts = run.settings.suite[name]
    assert parts == suite_fingerprint(name)

    def other(**changed):
        settings = replace(run.settings, **changed)
        return replace(run, number=2, settings=settings)

    def other_part(part, **changed):
        return other(suite=run.settings.suite | {name: parts | {part: "0"}}, **changed)

    for part in ("prompt", "metrics", "rows"):
        with pytest.raises(ItamedError, match=rf"(?s){name} .* lookup 0-shot \(2\) \(other {part}\)"):
            require_same([run, other_part(part)])
    require_same([run, other_part("grammar")])
    held = other(constrained=True)
    with pytest.raises(ItamedError, match="other grammar"):
        require_same([held, other_part("grammar", constrained=True)])
    require_same([held, other_part("reasoning", constrained=True)])
    thought = other(constrained=True, reasoning="cot")
    require_same([held, thought])
    with pytest.raises(ItamedError, match="other reasoning"):
        require_same([thought, other_part("reasoning", constrained=True, reasoning="cot")])
    # Of a run that was not told, the version of the suite is all that is known.
    old = other(suite={})
    require_same([run, old])
    with pytest.raises(ItamedError, match="other suite"):
        require_same([run, other(suite={}, version="9.9.9")])


def test_runs_alike_have_labels_of_their_own_and_a_file_is_one_run(run, tmp_path):
    copy = shutil.copytree(run.path.parent, tmp_path / "copy") / run.path.name
    found = find_runs([run.path, copy, run.path.parent / ".." / run.path.parent.name / run.path.name])
    assert [each.label for each in found] == [run.label, f"{run.label} (2)"]


def test_cells_that_an_experiment_no_longer_has_are_named_and_left_out(run, tmp_path, capsys):
    place = tmp_path / "small" / "cells"
    new, old = (shutil.copytree(run.path.parent, place / name / "model") for name in ("asks-2", "asks-1"))
    listing = place / CURRENT
    listing.write_text('["asks-2", "not-yet-run-3"]')
    for path in (tmp_path, tmp_path / "small", place):
        assert {each.path.parent for each in find_runs([path])} == {new}
        assert f"Left out: asks-1: {listing} does not list it" in capsys.readouterr().err.replace("\n", "")
    assert {each.path.parent for each in find_runs([old])} == {old}
    assert {each.path.parent for each in find_runs([place, old])} == {new, old}, "named, it is not left out"
    assert not capsys.readouterr().err
    listing.write_text('["not-yet-run-3"]')
    with pytest.raises(ItamedError, match=r"^asks-1, asks-2: .* does not list them"):
        find_runs([place])
    listing.write_text("[")
    with pytest.raises(ItamedError, match=r"damaged .*the same `itamed sweep` writes it anew"):
        find_run(place)


def test_a_run_that_was_killed_while_it_was_written_is_named_and_left_out(run, tmp_path, capsys):
    copy = shutil.copytree(run.path.parent, tmp_path / "copy")
    samples = sorted(copy.glob(f"samples_*{run.path.stem.removeprefix('results_')}*"))
    for path in samples[3:]:
        path.unlink()
    with pytest.raises(ItamedError, match="half-written, without answers to itamed-mini-"):
        find_runs([copy / run.path.name])
    # As harness and `itamed eval` leave it, before usage is added; the next call writes a whole run beside it.
    whole = shutil.copytree(run.path.parent, tmp_path / "whole")
    data = json.loads((whole / run.path.name).read_text())
    before = whole / "results_2025-01-01T00-00-00.json"
    unfinished = {key: value for key, value in data.items() if key not in ("usage", "itamed")}
    chat = unfinished | {"chat_template_sha": "0" * 64}
    before.write_text(json.dumps(chat))
    assert {each.path for each in find_runs([whole])} == {whole / run.path.name, before}, "it was asked otherwise"
    before.write_text(json.dumps(unfinished))
    assert [each.path for each in find_runs([whole])] == [whole / run.path.name]
    assert "results_2025-01-01T00-00-00.json is half-written" in capsys.readouterr().err
    assert [each.path for each in find_runs([before])] == [before], "alone it is what there is"


def test_what_is_no_number_is_empty_in_csv(run, tmp_path):
    copy = tmp_path / run.path.name
    copy.write_text(run.path.read_text())
    text = tidy(series_of([read_run(copy)]))
    assert "nan" not in text.lower()
    assert any(row["value"] and not row["low"] for row in csv.DictReader(io.StringIO(text)))
