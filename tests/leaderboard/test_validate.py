"""Checking a bundle: every change of an honest one is found, and said where."""

import hashlib
import json

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.suite_fingerprint import PARTS
from itamed.benchmark.verdict import MODES
from itamed.leaderboard import checks
from itamed.leaderboard import validate as module
from itamed.leaderboard.archive import pack
from itamed.leaderboard.board.accept import accept
from itamed.leaderboard.bundle import MANIFEST, SCORES
from itamed.leaderboard.manifest import MAX_ANSWER
from itamed.leaderboard.rescore import docs_of, rescore
from itamed.leaderboard.show import show_verdict
from typer.testing import CliRunner

from .tamper import CRF, NER, QA, TASKS, answers, changed, errors, only, rescored, sealed, verdict, with_answers


def test_an_honest_bundle_gets_warnings_alone(one, tmp_path):
    found = verdict(changed(one, MANIFEST, lambda m: m["model"].update(name="clinic/small")), tmp_path)
    assert found.errors == 0
    assert {each.field for each in found.findings} == {"declaration", "model.revision"}


def test_a_rule_is_asked_neither_for_a_commit_nor_for_a_declaration(rule_files, tmp_path):
    assert verdict(rule_files, tmp_path).findings == ()
    model = changed(rule_files, MANIFEST, lambda m: m["decoding"].update(engine="hf"))
    assert {each.field for each in verdict(model, tmp_path).findings} >= {"declaration", "model.revision"}


def test_what_calls_itself_a_rule_answers_as_that_rule_does(rule_files, tmp_path):
    found = answers(rule_files, QA)
    other = next(letter for letter in "AB" if f'"{letter}"' not in found[0]["answer"])
    found[0]["answer"] = json.dumps({"answer": other})
    finding = only(errors(rescored(rule_files, QA, found), tmp_path))
    assert (finding.file, finding.found) == (f"samples_{QA}.jsonl", f"others, in 1 of {len(found)} rows")

    def named(**model):
        return errors(changed(rule_files, MANIFEST, lambda m: m["model"].update(model)), tmp_path)

    assert {each.file for each in named(name="empty")} >= {f"samples_{NER}.jsonl"}
    assert only(named(name="clinic/small")).field == "model.name"
    assert only(named(adapter={"name": "a/b"})).field == "model.adapter"


@pytest.mark.parametrize("name", [MANIFEST, SCORES])
def test_a_missing_file(one, tmp_path, name):
    left = {key: value for key, value in one.items() if key != name}
    found = only(errors(left, tmp_path))
    assert name in (found.file, found.field.removeprefix("checksums."))


def test_a_missing_file_that_the_checksums_do_not_miss_either(one, tmp_path):
    left = {key: value for key, value in one.items() if key != SCORES}
    assert only(errors(sealed(left), tmp_path)).file == SCORES


@pytest.mark.parametrize("name", [SCORES, f"samples_{NER}.jsonl"])
def test_a_changed_file_is_not_that_of_the_checksum(one, tmp_path, name):
    found = only(errors(one | {name: one[name].replace(b"0", b"1", 1)}, tmp_path))
    assert (found.file, found.field) == (MANIFEST, f"checksums.{name}")
    assert hashlib.sha256(one[name]).hexdigest() == found.expected


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda m: m.update(note="hello"), "note"),
        (lambda m: m.pop("seeds"), "seeds"),
        (lambda m: m["model"].update(name="<b>x</b>"), "model.name"),
        (lambda m: m["model"].update(name="=cmd"), "model.name"),
        (lambda m: m["model"].update(name="gооgle/gemma"), "model.name"),
        (lambda m: m["model"].update(name="a/../../b"), "model.name"),
        (lambda m: m["model"].update(revision="main"), "model.revision"),
        (lambda m: m["model"].update(parameters="1B"), "model.parameters"),
        (lambda m: m["model"].update(parameters=True), "model.parameters"),
        (lambda m: m["model"].update(parameters=2 * 10**15), "model.parameters"),
        (lambda m: m["cost"].update(seconds=0), "cost.seconds"),
        (lambda m: m["cost"].update(seconds=1e308), "cost.seconds"),
        (lambda m: m["cost"].update(seconds=-1), "cost.seconds"),
        (lambda m: m["cost"].update(tokens_out=-1), "cost.tokens_out"),
        (lambda m: m["machine"].update(gpus="H100"), "machine.gpus"),
        (lambda m: m["machine"].update(processor="x" * 501), "machine.processor"),
        (lambda m: m.update(format=2), "format"),
        (lambda m: m["machine"].update(gpus=["L4"] * 101), "machine.gpus"),
        (lambda m: m.update(untold=[f"a{number}" for number in range(101)]), "untold"),
        (lambda m: m.update(created="yesterday"), "created"),
        (lambda m: m.update(created="2026-99-99T00:00:00Z"), "created"),
        (lambda m: m.update(created="\uff12\uff10\uff12\uff16-11-27T00:00:00Z"), "created"),
        (lambda m: m["versions"].update({"a b": "1"}), "versions"),
        (lambda m: m["decoding"].update(mode="best of 64"), "decoding.mode"),
    ],
)
def test_a_manifest_of_another_kind(one, tmp_path, change, field):
    found = only(errors(changed(one, MANIFEST, change), tmp_path))
    assert found.file == MANIFEST
    assert found.field.startswith(field)


def test_a_number_above_a_limit_is_told_the_limit(one, tmp_path):
    found = only(errors(changed(one, MANIFEST, lambda m: m["model"].update(parameters=2 * 10**15)), tmp_path))
    assert (found.expected, found.found) == ("a number of at most 10,000,000,000,000", "2000000000000000")


@pytest.mark.parametrize("content", [b"[]", b"null", b'"x"', b"{}", b"{", b'{"format": NaN}'])
def test_a_manifest_that_is_none(one, tmp_path, content):
    assert {each.file for each in errors(one | {MANIFEST: content}, tmp_path)} == {MANIFEST}


def test_another_suite_version(one, tmp_path):
    found = only(errors(changed(one, MANIFEST, lambda m: m["suite"].update(version="9.9.9")), tmp_path))
    assert (found.field, found.found) == ("suite.version", "9.9.9")


def test_a_task_that_an_older_suite_version_has_not(files, tmp_path, monkeypatch):
    versions = module.known()
    older = {name: parts for name, parts in versions["0.1.0"].items() if name != "itamed_qa_casimedicos"}
    monkeypatch.setattr(module, "known", lambda: versions | {"0.0.9": older})
    found = only(errors(changed(files, MANIFEST, lambda m: m["suite"].update(version="0.0.9")), tmp_path))
    assert (found.field, found.found) == ("suite.version", "0.0.9")
    assert f"--leave-out {QA}" in found.remedy


@pytest.mark.parametrize("part", PARTS)
def test_another_fingerprint(one, tmp_path, part):
    change = changed(one, MANIFEST, lambda m: m["suite"]["fingerprints"][NER].update({part: "0" * 32}))
    found = only(errors(change, tmp_path))
    assert (found.file, found.field, found.found) == (MANIFEST, f"suite.fingerprints.{NER}.{part}", "0" * 32)
    assert "run the task" in found.remedy


def test_code_here_that_is_not_the_published_one(files, tmp_path, monkeypatch):
    behaviour = checks.behaviour_fingerprint
    monkeypatch.setattr(checks, "behaviour_fingerprint", lambda name: behaviour(name) | {"metrics": "f" * 32})
    found = errors(files, tmp_path)
    assert {each.field for each in found} == {f"suite.fingerprints.{task}.metrics" for task in TASKS}
    assert all("as published" in each.expected for each in found)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda found: found[1:], "answers to all"),
        (lambda found: [*found, found[0]], "one answer"),
        (lambda found: [found[1], found[0], *found[2:]], "in the order"),
        (lambda found: [found[0] | {"id": "another"}, *found[1:]], "rows of"),
        (lambda found: [found[0] | {"finish": "cut"}, *found[1:]], "whole"),
        (lambda found: [found[0] | {"text": "Paziente di 70 anni"}, *found[1:]], "no such key"),
        (lambda found: [found[0] | {"tokens_out": 1.5}, *found[1:]], "valid integer"),
        (lambda found: [found[0] | {"answer": "x" * (MAX_ANSWER + 1)}, *found[1:]], f"at most {MAX_ANSWER} characters"),
    ],
)
def test_other_rows(one, tmp_path, change, expected):
    found = only(errors(with_answers(one, NER, change(answers(one, NER))), tmp_path))
    assert found.file == f"samples_{NER}.jsonl"
    assert expected in found.expected


def test_answers_that_are_no_json(one, tmp_path):
    found = only(errors(sealed(one | {f"samples_{NER}.jsonl": b'{"id": "1"}\n\n'}), tmp_path))
    assert (found.field, found.expected) == ("line 2", "JSON in UTF-8")


def test_a_file_that_is_wrong_in_every_line(one, tmp_path):
    found = errors(sealed(one | {f"samples_{NER}.jsonl": b"{}\n" * 500}), tmp_path)
    assert 0 < len(found) < 100


def test_more_lines_than_any_task_has_rows(one, tmp_path):
    found = only(errors(sealed(one | {f"samples_{NER}.jsonl": b"\n" * 20_001}), tmp_path))
    assert found.expected == "at most 20000 lines"


def test_a_line_without_end(one, tmp_path):
    line = json.dumps({"id": "x" * 2**21}).encode()
    assert "at most" in only(errors(sealed(one | {f"samples_{NER}.jsonl": line}), tmp_path)).expected


def test_a_task_that_only_one_file_knows(files, tmp_path):
    left = {key: value for key, value in files.items() if NER not in key}
    assert {each.field for each in errors(sealed(left), tmp_path)} == {"suite.fingerprints", "tasks"}


@pytest.mark.parametrize("mode", ["strict", "repaired"])
@pytest.mark.parametrize("part", ["value", "stderr", "low", "high"])
def test_a_figure_that_is_not_that_of_the_answers(one, tmp_path, mode, part):
    def better(scores):
        scores["tasks"][NER]["modes"][mode]["metrics"]["score"][part] += 2e-6

    found = only(errors(changed(one, SCORES, better), tmp_path))
    assert (found.file, found.field) == (SCORES, f"tasks.{NER}.modes.{mode}.metrics.score.{part}")
    assert "from the raw answers" in found.expected


def test_figures_may_differ_in_what_processors_do(one, tmp_path):
    def rounded(scores):
        scores["tasks"][NER]["modes"]["strict"]["metrics"]["score"]["value"] += 5e-7

    assert errors(changed(one, SCORES, rounded), tmp_path) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda report: report.update(gold=report["gold"] + 1), "gold"),
        (lambda report: report.update(resamples=10), "resamples"),
        (lambda report: report["metrics"].pop("recall"), "metrics"),
        (lambda report: report["metrics"].update(wow=report["metrics"]["score"]), "metrics"),
    ],
)
def test_a_report_of_another_shape(one, tmp_path, change, field):
    tampered = changed(one, SCORES, lambda scores: change(scores["tasks"][NER]["modes"]["strict"]))
    assert only(errors(tampered, tmp_path)).field == f"tasks.{NER}.modes.strict.{field}"


def test_better_answers_with_the_old_scores(files, tmp_path):
    found = answers(files, QA)
    right = [each | {"answer": json.dumps({"answer": "ABCDE"[docs_of(QA)[each["id"]]["answer"]]})} for each in found]
    tampered = errors(with_answers(files, QA, right), tmp_path)
    assert {each.file for each in tampered} == {SCORES}
    assert {each.field for each in tampered} == {f"tasks.{QA}.modes.{mode}.metrics.score.value" for mode in MODES}
    assert all("more figures" in each.found for each in tampered)


def sample_of(one, kept):
    """Return the files of a bundle that says it is a sample: the rows of an index, scored right."""
    found = [answers(one, NER)[at] for at in kept]
    reports = rescore(docs_of(NER), {each["id"]: each["answer"] for each in found}).reports
    scored = changed(one, SCORES, lambda s: s.update(tasks={NER: {"shots": 0, "modes": reports}}))
    return with_answers(changed(scored, MANIFEST, lambda m: m.update(kind="sample")), NER, found)


def test_a_sample_of_whole_notes_is_taken_and_never_ranked(one, tmp_path):
    notes = [doc["doc_id"] for doc in docs_of(NER).values()]
    whole = [at for at, note in enumerate(notes) if note != notes[-1]]
    assert len(whole) < len(notes)
    found = verdict(sample_of(one, whole), tmp_path)
    assert found.errors == 0
    assert "never ranked" in next(each.found for each in found.findings if each.field == "kind")
    as_full = changed(sample_of(one, whole), MANIFEST, lambda m: m.update(kind="full"))
    assert "answers to all" in only(errors(as_full, tmp_path)).expected


def test_a_sample_that_cuts_notes(one, tmp_path):
    notes = [doc["doc_id"] for doc in docs_of(NER).values()]
    cut = next(at for at, note in enumerate(notes) if notes.count(note) > 1)
    rest = [at for at in range(len(notes)) if at != cut]
    assert "all rows of each note" in only(errors(sample_of(one, rest), tmp_path)).expected


def test_long_copies_of_a_note_that_may_not_be_copied(files, tmp_path):
    docs = docs_of(CRF)
    found = answers(files, CRF)
    longest = max(docs, key=lambda row: len(docs[row]["text"]))
    copied = [each | {"answer": docs[longest]["text"] if each["id"] == longest else each["answer"]} for each in found]
    found = [each for each in errors(with_answers(files, CRF, copied), tmp_path) if "forbid copies" in each.expected]
    assert f"--leave-out {CRF}" in only(found).remedy


def test_data_that_are_not_built_here(one, tmp_path):
    """A bundle of the real task cannot be checked without its rows: the message names the command."""
    real = "itamed_ner_e3c_clinentity"
    one = changed(one, MANIFEST, lambda m: m.update(sources={"e3c": {"inputs": {"a.tar.gz": "0"}, "origins": {}}}))
    renamed = {name.replace(NER, real): content.replace(NER.encode(), real.encode()) for name, content in one.items()}
    path = tmp_path / "real.zip"
    path.write_bytes(pack(sealed(renamed)))
    verdict = module.validate(path)
    found = only([each for each in verdict.findings if each.severity != "warning"])
    assert "itamed data build --source e3c" in found.remedy
    assert (verdict.errors, verdict.unchecked, verdict.run, verdict.bundle) == (0, 1, None, None)
    for arguments, said in (
        (["validate"], "not checked here"),
        (["board", "preview", "--store", str(tmp_path)], "**Not"),
    ):
        done = CliRunner().invoke(app, [*arguments, str(path)])
        assert done.exit_code == module.UNCHECKED
        assert said in done.output and "efused" not in done.output
    with pytest.raises(ItamedError, match="not checked, as data are missing"):
        accept(path, tmp_path / "store", badge=None, licence="mit")
    path.write_bytes(pack(changed(sealed(renamed), MANIFEST, lambda m: m.update(created="9999-01-01T00:00:00Z"))))
    assert CliRunner().invoke(app, ["validate", str(path)]).exit_code == 1, "an error is one without the data, too"


def test_sources_that_are_not_those_of_the_tasks(one, tmp_path):
    said = changed(one, MANIFEST, lambda m: m.update(sources={"e3c": {"inputs": {}, "origins": {}}}))
    assert only(errors(said, tmp_path)).field == "sources"


def test_mini_tasks_are_no_submission(one, tmp_path):
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack(one))
    done = CliRunner().invoke(app, ["validate", str(path), "--json"])
    assert done.exit_code == 1
    assert "samples_TASK.jsonl" in only(json.loads(done.stdout)["findings"])["expected"]


def test_findings_can_be_read_in_a_log(one, tmp_path, monkeypatch, capsys):
    """With 80 columns each stands below the other, whole lines with the remedy on its own; with many, in a table."""
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack(changed(one, MANIFEST, lambda m: m["model"].update(name="[bold]x"))))
    for columns, told in (("80", True), ("200", False)):
        monkeypatch.setenv("COLUMNS", columns)
        show_verdict(module.validate(path, mini=True), path)
        lines = capsys.readouterr().out.splitlines()
        assert ("error: manifest.json model.name" in lines) == told
        assert (
            "  what to do: make the bundle anew with `itamed submit RUN`, and change nothing in it" in lines
        ) == told
        assert any("'[bold]x'" in line for line in lines)


def test_the_command_shows_a_table_and_ends_with_status_1(files, tmp_path, monkeypatch):
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack(changed(files, MANIFEST, lambda m: m["model"].update(name="clinic/small"))))
    check = module.validate
    monkeypatch.setattr(module, "validate", lambda *given: check(*given, mini=True))
    done = CliRunner().invoke(app, ["validate", str(path)])
    assert done.exit_code == 0, done.output
    assert "every score follows from the raw answers (errors: 0, warnings: 2)" in done.output
    scores = json.loads(CliRunner().invoke(app, ["validate", str(path), "--json"]).stdout)["scores"]
    assert scores.keys() == set(TASKS)
    path.write_bytes(pack(changed(files, MANIFEST, lambda m: m["model"].update(name="[bold]x"))))
    done = CliRunner().invoke(app, ["validate", str(path)], env={"COLUMNS": "300"})
    assert done.exit_code == 1
    assert "'[bold]x'" in done.output
    assert "refused (errors: 1, warnings: 0)" in done.output
