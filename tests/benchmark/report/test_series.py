"""Lines of tables: names of runs, seeds that become one line, gains on a baseline, free beside constrained."""

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.correction import enough_swaps, holm
from itamed.benchmark.report.costs import costs, seconds_a_note
from itamed.benchmark.report.gained import pairs
from itamed.benchmark.report.gains import baseline_of, corrected_gains, gains
from itamed.benchmark.report.label import Label
from itamed.benchmark.report.pairing import Pairing
from itamed.benchmark.report.plot import method_plot
from itamed.benchmark.report.report import report
from itamed.benchmark.report.run import HIDDEN, read_run
from itamed.benchmark.report.series import Series, gain_over_seeds, series_of
from itamed.benchmark.report.tidy import tidy
from itamed.benchmark.report.wordings import wordings
from itamed.benchmark.scoring.bootstrap import RESAMPLES, Drawn, summarise
from itamed.benchmark.scoring.paired import student
from itamed.benchmark.verdict import MODES


def test_a_run_is_called_by_its_label_or_its_model(runs):
    assert runs["majority"].label == "Rules FT 0-shot seed 4"
    assert runs["lookup"].label == "lookup 0-shot"
    for place in ("/somewhere/my-training/model", "/somewhere/my-training/adapter", "/somewhere/my-training"):
        assert Label.from_dict({}, place).model == "my-training"
    assert Label.from_dict({}, "model").model == "model"
    for label in (Label("a b"), Label("a", "CPT+FT", 0)):
        assert Label.parsed(label.written()) == label


@pytest.mark.parametrize("text", ["", "FT", "training=FT", "model=a,seed=x", "model=a,colour=red"])
def test_what_is_no_label_is_refused(text):
    with pytest.raises(ItamedError, match="--label"):
        Label.parsed(text)


def seeded(run, *seeds):
    return [replace(run, named=Label("M", "FT", seed)) for seed in seeds]


def test_runs_that_differ_in_their_seed_are_one_line(runs):
    one, other = seeded(runs["lookup"], 1), seeded(runs["majority"], 2)
    again, plain = seeded(runs["lookup"], 1), runs["empty"]
    found = series_of([*one, plain, *other, *again])
    assert [each.label for each in found] == ["M FT 0-shot (2 seeds)", "empty 0-shot", "M FT 0-shot seed 1"]
    joined = found[0]
    apart = [Series((run,)) for run in (*one, *other)]
    for name, drawn in joined.drawn.items():
        assert drawn.value == pytest.approx(np.mean([each.drawn[name].value for each in apart]))
    # Seeds that differ widen the interval; the same answers twice do not.
    name = "itamed-mini-ner-drugtemist"
    twice = Series(tuple(seeded(runs["lookup"], 1, 2)))
    result = joined.result("itamed_ner_drugtemist")
    mine, alone = twice.score(result), summarise(Series(tuple(one)).drawn[name])
    assert (mine.value, mine.stderr, mine.low) == pytest.approx((alone.value, alone.stderr, alone.low))
    assert joined.score(result).stderr > max(np.std(each.drawn[name].draws) for each in apart) / 2
    assert joined.metric(result, "valid") == 1


def test_a_method_names_reasoning_and_what_held_the_answers(runs):
    def method(**changed):
        run = runs["lookup"]
        return replace(run, settings=replace(run.settings, **changed)).method

    assert method() == "0-shot"
    assert method(constrained=True) == "0-shot constrained"
    assert method(constrained=True, reasoning="cot") == "0-shot cot constrained"
    assert method(backend="itamed-stock") == "0-shot schema"
    assert method(constrained=True, eval_wording=2) == "0-shot wording 2 constrained"
    assert method(eval_wording=0) == "0-shot"


def test_wordings_are_shown_as_mean_and_range(runs):
    def asked(run, wording):
        return replace(run, named=Label("M"), model="m", settings=replace(run.settings, eval_wording=wording))

    own, other, third = asked(runs["lookup"], None), asked(runs["empty"], 1), asked(runs["majority"], 2)
    series = series_of([own, other, third, runs["lookup"]])
    assert [each.label for each in series] == ["M 0-shot", "M 0-shot wording 1", "M 0-shot wording 2", "lookup 0-shot"]
    (sheet,) = wordings(series).sheets
    ((name, numbers, *cells),) = sheet.rows
    assert (name, numbers) == ("M 0-shot", "0, 1, 2")
    means = [100 * each.means.by_role["id"]["ner"].value for each in series[:3]]
    assert cells[0] == f"{np.mean(means):.1f} ({min(means):.1f} to {max(means):.1f})"
    assert cells[1] == "–"
    assert not wordings(series_of([own, runs["lookup"], runs["empty"]])).sheets
    assert "Wordings" in [part.heading for part in report([own, other, third])]


def test_gains_are_corrected_for_means_and_families_apart(runs):
    empty, lookup, rules = (Series((runs[rule],)) for rule in ("empty", "lookup", "majority"))
    found = gains(empty, [lookup, rules])
    plain = {each.label: gains(empty, [each])[each.label] for each in (lookup, rules)}
    assert list(found) == [lookup.label, rules.label]
    means = [key for key in found[lookup.label] if key[1] == "mean"]
    assert means == [("id", "mean")]
    for key in means:
        each = found[lookup.label][key]
        assert each.gain.value == pytest.approx(each.second.value - each.first.value)
        assert each.mde > 2.8 * each.gain.stderr > 0
    assert [found[label][key].p for label in found for key in means] == pytest.approx(
        holm([plain[label][key].p for label in found for key in means])
    )
    alone = {(each.label, name.name): name.p for each in (lookup, rules) for name in Pairing(empty, each).means("id")}
    families = [(label, key) for label in found for key in found[label] if key not in means]
    assert len(families) == 4
    assert [found[label][key].p for label, key in families] == pytest.approx(
        holm([alone[label, key[1]] for label, key in families])
    )


def test_many_lines_take_as_many_swaps_as_a_sure_gain_needs(runs, monkeypatch):
    assert 80 / (enough_swaps(80) + 1) < 0.05 / 9, "a chance that a correction for 80 families leaves small"
    monkeypatch.setattr("itamed.benchmark.report.correction._A_LINE", RESAMPLES)
    empty, lookup = Series((runs["empty"],)), Series((runs["lookup"],))
    few, many = Pairing(empty, lookup).means("id")[-1], corrected_gains({"a": (empty, lookup), "b": (empty, lookup)})
    found = many["b"]["id", "mean"]
    counted = found.alone * (4 * RESAMPLES + 1)
    assert counted == pytest.approx(round(counted)), "of so many"
    assert found.alone != few.alone
    assert found.alone == pytest.approx(few.alone, abs=0.005)
    assert found.p == pytest.approx(2 * found.alone)


def test_a_gain_over_seeds_is_the_mean_of_theirs(runs):
    empty, two = Series((runs["empty"],)), Series((*seeded(runs["lookup"], 1), *seeded(runs["majority"], 2)))
    *_, mean = Pairing(empty, two).means("id")
    each = [gains(empty, [Series((run,))])[run.label]["id", "mean"].gain.value for run in two.runs]
    assert mean.gain.value == pytest.approx(np.mean(each))
    # Test and interval know the seeds, and agree.
    assert (mean.p < 0.05) == (mean.gain.low > 0)
    assert all((found.gain.value, found.p) == (0, 1) for found in Pairing(two, two).means("id"))


def test_intervals_over_seeds_hold_the_mean_of_all_seeds():
    """Few seeds that differ more than notes do: too few of them, drawn as they are, would tell too little."""
    generator, held = np.random.default_rng(5), 0
    series = Series((SimpleNamespace(label="a"),) * 3)
    for _ in range(400):
        values = 0.5 + generator.normal(0, 0.05, 3)
        noise = generator.normal(0, 0.01)
        draws = generator.normal(0, 0.01, RESAMPLES)
        each = [{"mean": Drawn(value + noise, value + noise + draws, 99.0)} for value in values]
        estimate = summarise(series.over_seeds(each)["mean"])
        held += estimate.low <= 0.5 <= estimate.high
    assert 0.92 < held / 400 < 0.98


def test_a_gain_of_few_seeds_on_one_run_knows_how_few_they_are():
    """Notes are as hard for both, so that the seeds are what a gain varies with: two degrees of freedom, not many."""
    generator, rejected = np.random.default_rng(5), 0
    three, one = (Series((SimpleNamespace(label=name),) * number) for name, number in (("a", 3), ("b", 1)))
    for _ in range(400):
        noise, draws = generator.normal(0, 0.05), generator.normal(0, 0.05, RESAMPLES)
        alone = Drawn(0.5 + noise, 0.5 + noise + draws, 99.0)
        values = 0.5 + noise + generator.normal(0, 0.02, 3)
        seeds = [Drawn(value, value + draws, 99.0) for value in values]
        joined = three.over_seeds([{"mean": seed} for seed in seeds])["mean"]
        rejected += student(gain_over_seeds([alone], seeds, (alone, joined))) < 0.05
        assert one.over_seeds([{"mean": alone}])["mean"] == alone
    # Standard error: 1.1 %. With the degrees of freedom of the scores it is 19 %.
    assert 0.02 < rejected / 400 < 0.08


def only(run, *numbers):
    return replace(run, tasks=tuple(run.tasks[number] for number in numbers))


def test_gains_are_those_of_means_over_the_same_tasks(runs):
    empty, lookup = runs["empty"], runs["lookup"]
    whole = gains(Series((empty,)), [Series((lookup,))])[lookup.label]
    named = gains(Series((empty,)), [Series((only(lookup, 0, 1),))])[lookup.label]
    assert list(named) == [("id", "ner")], "all of its tasks, where the mean of families lacks one"
    assert named["id", "ner"] == replace(whole["id", "ner"], p=named["id", "ner"].p)
    assert gains(Series((empty,)), [Series((only(lookup, 0),))])[lookup.label] == {}, "half a family"
    assert gains(Series((only(empty, 2),)), [Series((only(lookup, 0),))])[lookup.label] == {}


def test_a_mean_stands_beside_others_over_the_same_tasks_alone(runs):
    """A run that answers one task of two of a family, and no other family, claims no mean."""
    whole, few = runs["lookup"], replace(only(runs["empty"], 0), named=Label("Few"))
    alone, beside = report([few])[0], report([whole, few])[0]
    assert alone.sheets[0].rows[0][1] != "–" and alone.sheets[0].rows[0][-1].endswith(" †")
    rows = {row[0]: row for row in beside.sheets[0].rows}
    assert rows["Few 0-shot"][1:] == ["–"] * 6
    assert "not answered all tasks that others here have" in beside.text
    assert rows["lookup 0-shot"] == report([whole])[0].sheets[0].rows[0]
    figures = list(csv.DictReader(io.StringIO(tidy(series_of([whole, few])))))
    means = [(row["run"], row["family"], row["tasks"]) for row in figures if not row["task"]]
    assert means == [("lookup 0-shot", "ner", "2"), ("lookup 0-shot", "qa", "1"), ("lookup 0-shot", "mean", "3")]
    assert any(row["run"] == "Few 0-shot" and row["task"] for row in figures)


def test_a_baseline_has_one_name(runs):
    series = series_of([runs[name] for name in ("empty", "lookup", "majority")])
    assert baseline_of(series, "lookup 0-shot").label == "lookup 0-shot"
    assert baseline_of(series, "FT 0-shot").label == "Rules FT 0-shot seed 4"
    assert baseline_of(series, "emp").label == "empty 0-shot"
    for name, number in (("0-shot", 2), ("nothing", 0)):
        with pytest.raises(ItamedError, match=rf"names {number} of these runs.*lookup 0-shot"):
            baseline_of(series, name)


def held(run):
    return replace(run, settings=replace(run.settings, constrained=True))


def test_free_runs_stand_beside_constrained_ones(runs):
    free = runs["empty"]
    constrained = replace(held(runs["lookup"]), named=free.named, model=free.model)
    assert pairs(series_of([replace(constrained, model="another"), free])) == []
    found = pairs(series_of([constrained, free, runs["majority"]]))
    assert [(one.label, other.label) for one, other in found] == [("empty 0-shot", "empty 0-shot constrained")]
    section = next(part for part in report([free, constrained]) if part.heading == "Free and constrained")
    short, long = section.sheets
    assert list(short.header) == ["run", "ID mean", "NER", "QA"]
    assert [row[0] for row in short.rows] == ["empty 0-shot"]
    assert [row[:3] for row in long.rows] == [
        ["empty 0-shot", "in-distribution", name] for name in ("Mean", "NER", "QA")
    ]
    assert long.folded and not short.folded
    assert [row[-1] for row in long.rows] == ["67 / 100", "100 / 100", "0 / 100"], "the empty rule gives no choice"
    assert method_plot(series_of([free, constrained]), "id") is not None
    assert method_plot(series_of([free]), "id") is None


def test_intervals_are_of_one_kind_whatever_version_wrote_the_file(runs, tmp_path):
    run = runs["lookup"]
    data = json.loads(run.path.read_text())
    for result in data["results"].values():
        for mode in MODES:
            for found in result[f"{HIDDEN},{mode}"]["metrics"].values():
                found.update(stderr=0.0, low=found["value"], high=found["value"])
    (tmp_path / run.path.name).write_text(json.dumps(data))
    for samples in run.path.parent.glob("samples_*"):
        shutil.copy(samples, tmp_path)
    old = read_run(tmp_path / run.path.name)
    assert old.tasks[0].score.low == old.tasks[0].score.value, "as it was written, which is what bundles hold"
    assert [part.sheets for part in report([old])] == [part.sheets for part in report([run])]
    assert tidy(series_of([old])) == tidy(series_of([run]))
    ours = Series((run,))
    assert [ours.estimate(each, "precision", "strict") for each in run.tasks if each.task.family == "ner"] == [
        each.estimates["strict"]["precision"] for each in run.tasks if each.task.family == "ner"
    ], "a new file's are the same"
    (tmp_path / "alone").mkdir()
    alone = read_run(Path(shutil.copy(old.path, tmp_path / "alone")))
    assert [Series((alone,)).score(each) for each in alone.tasks] == [each.score for each in old.tasks], "not kept"


def test_time_is_that_of_whole_runs(runs):
    whole = runs["lookup"]
    assert seconds_a_note(Series((whole,))) == pytest.approx(whole.settings.usage["seconds"] / whole.notes)
    resumed = replace(whole, settings=replace(whole.settings, seconds_before=None), number=2)
    assert seconds_a_note(Series((resumed,))) is None
    known = replace(whole, settings=replace(whole.settings, seconds_before=20.0))
    assert known.seconds == whole.seconds + 20
    section = costs(series_of([whole, resumed, held(whole)]))
    assert [row[4] == "–" for row in section.sheets[0].rows] == [False, True, False]
    assert next(caption for caption, _ in section.figures) == "Seconds a note by setting."
