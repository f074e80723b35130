"""Two runs against each other: paired differences, their chances, and runs that cannot be compared."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.compare import compare
from itamed.benchmark.report.correction import holm
from itamed.benchmark.report.differences import show_differences
from itamed.benchmark.report.finding import find_run
from typer.testing import CliRunner


def test_a_gain_is_the_difference_of_the_scores(runs):
    found = compare(runs["empty"], runs["lookup"])
    scores = {task.name: task.score.value for task in runs["lookup"].tasks}
    assert [each.name for each in found.tasks] == list(scores), "in the order of the suite"
    for each in found.tasks:
        assert each.first.value == 0
        assert each.gain.value == each.second.value == scores[each.name]
        assert each.gain.stderr == pytest.approx(each.second.stderr), "of nothing"
        assert 2.8 * each.gain.stderr < each.mde < 15 * each.gain.stderr
    ner, qa, mean = found.means["id"]
    assert [ner.name, qa.name, mean.name] == ["ner", "qa", "mean"]
    assert ner.gain.value == pytest.approx(np.mean([scores[name] for name in scores if "-ner-" in name]))
    assert mean.gain.value == pytest.approx((ner.gain.value + qa.gain.value) / 2)
    assert found.means["ood"] == ()


def test_the_order_of_the_runs_is_the_sign_of_the_gain(runs):
    there, back = compare(runs["empty"], runs["lookup"]), compare(runs["lookup"], runs["empty"])
    for one, other in zip(there.tasks, back.tasks, strict=True):
        assert (one.gain.value, one.gain.low, one.p) == (-other.gain.value, -other.gain.high, other.p)


def test_a_run_gains_nothing_on_itself(runs):
    for each in compare(runs["lookup"], runs["lookup"]).tasks:
        assert (each.gain.value, each.p) == (0, 1) and -each.gain.low == each.gain.high > 0
        assert np.isnan(each.mde), "nothing is known of runs that differ"


def test_pairing_narrows_the_interval(runs, folders, tmp_path):
    """Runs that differ in one note: what makes notes hard or easy for both must not count."""
    copy = shutil.copytree(folders["lookup"], tmp_path / "copy")
    path = next(copy.rglob("samples_itamed-mini-ner-drugtemist_*.jsonl"))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    scored = next(line["score"] for line in lines if line["filter"] == "repaired" and dict(line["score"][2])["tp"])
    scored[2] = [[name, 0 if name == "tp" else count] for name, count in scored[2]]
    path.write_text("\n".join(map(json.dumps, lines)))
    found = {each.name: each for each in compare(find_run(copy), runs["lookup"]).tasks}["itamed-mini-ner-drugtemist"]
    assert found.gain.low < found.gain.high
    assert found.gain.stderr < 0.8 * np.hypot(found.first.stderr, found.second.stderr)


def test_holm_corrects_for_company():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1, 1]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_the_command_prints_and_writes_the_tables(folders, tmp_path):
    path = tmp_path / "gain.md"
    done = CliRunner().invoke(
        app, ["compare", *map(str, (folders["empty"], folders["lookup"])), "--markdown", str(path)]
    )
    assert done.exit_code == 0, done.output
    for text in (done.output, path.read_text(encoding="utf-8")):
        assert "lookup 0-shot" in text
        assert "itamed-mini-ner-drugtemist" in text
        assert "Means, in-distribution" in text
        assert "out-of-distribution" not in text
    assert "NER" in done.output


def test_runs_with_other_tasks_are_compared_on_those_that_both_have(runs):
    """As with a model that answers one kind of task alone, beside one that answers all."""
    found = compare(runs["empty"], runs["few"])
    (task,) = found.tasks
    (same,) = [each for each in compare(runs["empty"], runs["lookup"]).tasks if each.name == task.name]
    assert task == replace(same, p=task.p)
    assert found.means == {"id": (), "ood": ()}, "the family's mean is over two tasks in one run, over one in the other"
    assert {name for name, _ in found.apart} == {"itamed-mini-ner-drugtemist", "itamed-mini-qa-casimedicos"}
    assert {side for _, side in found.apart} == {"A"}
    without = replace(runs["lookup"], tasks=runs["lookup"].tasks[:2])
    both = compare(runs["empty"], without)
    assert [each.name for each in both.means["id"]] == ["ner"], "and no mean over families"
    shown = [sheet.title for sheet in show_differences(runs["empty"], without)]
    assert shown[-1].startswith("Not compared: tasks that one run alone has answered")
    assert show_differences(runs["empty"], without)[-1].rows[0][1] == f"A: {runs['empty'].label}"


def test_families_and_means_have_wins_ties_and_losses_of_their_tasks(runs):
    means, tasks = show_differences(runs["empty"], runs["lookup"])
    by_name = {row[0]: np.array(row[-3:], int) for row in (*means.rows, *tasks.rows)}
    assert list(means.header[-3:]) == list(tasks.header[-3:]) == ["wins", "ties", "losses"]
    ner = [by_name[task.name] for task in runs["lookup"].tasks if task.task.family == "ner"]
    assert len(ner) == 2
    assert by_name["NER"].tolist() == sum(ner).tolist()
    assert by_name["Mean"].tolist() == (by_name["NER"] + by_name["QA"]).tolist()
    assert by_name["Mean"].sum() == sum(task.notes for task in runs["lookup"].tasks)
    assert means.title.endswith("; wins: notes on which B scores higher, a note once for each of its tasks)")
    assert tasks.title.endswith("; wins: notes on which B scores higher)")


def test_runs_of_one_name_are_told_apart(runs, tmp_path):
    label, twin = runs["lookup"].label, replace(runs["majority"], named=runs["lookup"].named)
    means, _ = show_differences(runs["lookup"], twin)
    assert list(means.header[1:3]) == [f"A: {label}", f"B: {label}"]
    other = replace(twin, path=tmp_path / "other.json", tasks=tuple(replace(each, notes=1) for each in twin.tasks))
    with pytest.raises(ItamedError) as caught:
        compare(runs["lookup"], other)
    lines = str(caught.value).splitlines()[2:-1]
    assert len(lines) == 2 * len(twin.tasks)
    for line, run in zip(lines, [runs["lookup"], other] * len(twin.tasks), strict=True):
        assert line.endswith(f"  {label} in {run.path}")
    with pytest.raises(ItamedError, match=f"in {other.path} have no task in common"):
        compare(replace(runs["lookup"], tasks=runs["lookup"].tasks[:1]), replace(other, tasks=other.tasks[1:]))


def test_answers_that_count_the_same_are_no_gain_of_zero(runs):
    twin = replace(runs["lookup"], named=replace(runs["lookup"].named, model="Twin"))
    for sheet in show_differences(runs["lookup"], twin):
        assert {row[3] for row in sheet.rows} == {"="}
        assert "; = where both have the same counts on every note" in sheet.title
    assert not any("; = where" in sheet.title for sheet in show_differences(runs["empty"], runs["lookup"]))


def test_runs_without_a_common_task_are_refused(runs):
    one, other = (
        replace(runs["lookup"], tasks=tasks) for tasks in (runs["lookup"].tasks[:1], runs["lookup"].tasks[1:])
    )
    with pytest.raises(ItamedError, match="have no task in common"):
        compare(one, other)


def test_runs_without_answers_are_refused(runs, tmp_path):
    copy = tmp_path / runs["lookup"].path.name
    shutil.copy(runs["lookup"].path, copy)
    with pytest.raises(ItamedError, match=r"no answers beside it.*--log_samples"):
        compare(runs["empty"], find_run(copy))


def test_a_folder_of_several_runs_needs_a_choice(folders, tmp_path):
    for name in ("empty", "lookup"):
        shutil.copytree(folders[name], tmp_path / "both" / name)
    with pytest.raises(ItamedError, match="holds 2 runs, name the results file of one"):
        find_run(tmp_path / "both")
