"""From a run to a bundle: what is in it, what is not, and which runs are no submission."""

import hashlib
import json
import shutil
import sys

import pytest
from itamed.benchmark.docs import task_docs
from itamed.benchmark.engines.grammars import Decoding
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.report.finding import find_run
from itamed.benchmark.report.samples import samples_path
from itamed.benchmark.suite import suite, task_of
from itamed.leaderboard.archive import pack
from itamed.leaderboard.bundle import MANIFEST, SCORES, Wishes, make_bundle
from itamed.leaderboard.manifest import MAX_ANSWER, Weights
from itamed.leaderboard.rescore import finish_of
from itamed.leaderboard.validate import validate

from .tamper import CRF, NER, QA, TASKS, answers


@pytest.fixture
def run(run_folder, tmp_path):
    """Return a copy of the run, to be changed."""
    return find_run(shutil.copytree(run_folder, tmp_path / "run"))


def remade(run, **wishes):
    return make_bundle(find_run(run.path), Wishes(**{"mini": True, **wishes}))


def edit_results(run, change):
    data = json.loads(run.path.read_text())
    change(data)
    run.path.write_text(json.dumps(data))


def edit_samples(run, task, change):
    path = samples_path(run.path, task)
    samples = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(each) + "\n" for each in change(samples)))


def test_a_bundle_validates_and_holds_the_scores_of_the_run(files, run, tmp_path):
    path = tmp_path / "bundle.zip"
    path.write_bytes(pack(files))
    verdict = validate(path, mini=True)
    assert verdict.errors == 0
    assert verdict.run.tasks == run.tasks
    assert verdict.run.label == run.label
    assert all(verdict.run.records(name, "strict") == run.records(name, "strict") for name in TASKS)


def test_the_same_run_gives_the_same_bytes(rule_files, run):
    assert remade(run) == rule_files


def test_it_holds_no_note_and_no_prompt(files):
    text = b"".join(files.values()).decode()
    assert set(files) == {MANIFEST, SCORES, *(f"samples_{task}.jsonl" for task in TASKS)}
    for task in TASKS:
        for doc in task_docs(task_of(task).name, mini=True)["test"]:
            words = doc["text"].split()
            assert len(words) >= 10
            assert not any(" ".join(words[at : at + 10]) in text for at in range(len(words) - 9))
    assert "### Risposta" not in text


def test_answers_come_in_the_order_of_the_data_with_tokens_counted_by_hand(files, run):
    for task in TASKS:
        found = answers(files, task)
        assert [each["id"] for each in found] == [d["id"] for d in task_docs(task_of(task).name, mini=True)["test"]]
        assert all(each["tokens_out"] == len(each["answer"].split()) and each["tokens_in"] > 20 for each in found)
    manifest = json.loads(files[MANIFEST])
    usage = run.settings.usage["tasks"].values()
    assert manifest["cost"]["tokens_out"] == sum(each["tokens_out"] for each in usage)
    assert manifest["cost"]["tokens_in"] == sum(each["tokens_in"] for each in usage)


def test_the_manifest_says_what_ran(rule_files):
    manifest = json.loads(rule_files[MANIFEST])
    assert manifest["kind"] == "full"
    assert manifest["suite"]["fingerprints"].keys() == set(TASKS)
    assert manifest["decoding"] == {"mode": "free", "reasoning": "none", "engine": "itamed-baseline", "batch": "1"}
    assert manifest["versions"].keys() >= {"itamed", "lm_eval", "transformers", "torch", "python"}
    assert manifest["seeds"]["examples"] == 0
    assert manifest["model"] == dict.fromkeys(manifest["model"]) | {"name": "lookup"}
    assert manifest["checksums"] == {k: hashlib.sha256(v).hexdigest() for k, v in rule_files.items() if k != MANIFEST}
    assert "quote words of the notes" in manifest["notice"]


@pytest.mark.parametrize(
    ("answer", "finish"),
    [('{"a":1}', "whole"), ('{"a":[{"b":', "cut"), ("Non so.", "loose"), ("", "loose"), ('```\n{"a":1}\n```', "loose")],
)
def test_how_an_answer_ends(answer, finish):
    assert finish_of(answer) == finish


def test_a_run_of_the_plain_harness_is_as_good(files, run):
    edit_results(run, lambda data: [data.pop("usage"), data.pop("packages")])
    bundle = remade(run)
    assert bundle[SCORES] == files[SCORES]
    assert "itamed" not in json.loads(bundle[MANIFEST])["versions"]


def test_the_order_in_which_processes_answered_changes_nothing(rule_files, run):
    edit_samples(run, NER, lambda samples: samples[::-1])
    assert remade(run) == rule_files


def test_a_named_model_and_a_left_out_task(run):
    adapter = Weights(name="clinic/adapter", revision="b" * 40)
    wishes = {"model": "clinic/small", "revision": "a" * 40, "leave_out": (QA, CRF), "adapter": adapter}
    with pytest.raises(ItamedError, match="used no adapter"):
        remade(run, **wishes)
    edit_results(run, lambda data: data["config"].update(model_args={"model": "lookup", "peft": "lora/checkpoint"}))
    files = remade(run, **wishes)
    manifest = json.loads(files[MANIFEST])
    assert manifest["model"]["adapter"] == {"name": "clinic/adapter", "revision": "b" * 40}
    assert (manifest["model"]["name"], manifest["model"]["revision"]) == ("clinic/small", "a" * 40)
    assert set(files) == {MANIFEST, SCORES, f"samples_{NER}.jsonl"}


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"mini": False}, "mini set, whose scores mean nothing"),
        ({"leave_out": ("itamed_qa_ssm",)}, "the run has no such task"),
        ({"leave_out": TASKS}, "No task is left"),
        ({"model": "a<b>"}, "model.name|name: 'a<b>'"),
        ({"revision": "main"}, "revision: 'main'"),
    ],
)
def test_wishes_that_cannot_be_met(run, wishes, message):
    with pytest.raises(ItamedError, match=message):
        remade(run, **wishes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data["config"].update(limit=4), "--limit"),
        (lambda data: data.update(system_instruction="Sei un medico."), "--system_instruction"),
        (lambda data: data["configs"][NER]["metadata"].update(eval_split="dev"), "about test rows"),
        (lambda data: data["configs"][NER]["metadata"].update(eval_notes=2), "2 notes alone .*--allow-sample"),
        (lambda data: data["configs"][NER]["metadata"].update(eval_wording=1), "wording 1: .* the suite's own words"),
        (lambda data: data["configs"][NER]["metadata"].update(fewshot_seed=1), "one run a seed"),
        (lambda data: data["configs"][NER].update(doc_to_text="Dimmi: {{ text }}"), r"not asked .*doc_to_text"),
        (lambda data: data["configs"][NER]["generation_kwargs"].update(temperature=1.0), r"not asked .*generation"),
        (lambda data: data["itamed"]["suite"][NER].update(grammar="0" * 32), r"another suite \(grammar differ"),
        (lambda data: data.pop("configs"), "redacted"),
        (lambda data: data.pop("date"), "damaged .*'date'"),
    ],
)
def test_runs_that_asked_otherwise(run, change, message):
    edit_results(run, change)
    with pytest.raises(ItamedError, match=message):
        remade(run)


def test_scores_that_are_not_those_of_the_answers(run):
    hidden = "report_stderr,repaired"
    edit_results(run, lambda data: data["results"][NER][hidden]["metrics"]["score"].update(value=0.99))
    with pytest.raises(ItamedError, match=r"says 0\.99 for .* score, its answers give 0\.\d+"):
        remade(run)


def other_text(samples):
    samples[0]["doc"]["text"] += "!"
    return samples


def endless(samples):
    samples[0]["resps"] = [["x" * (MAX_ANSWER + 1)]]
    return samples


def without_answers(samples):
    return [{key: sample[key] for key in ("doc_id", "filter", "score")} for sample in samples]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda samples: samples[2:], "holds 4 of 6 strict answers"),
        (other_text, "another text"),
        (endless, rf"answer: .* at most {MAX_ANSWER} characters"),
        (lambda samples: samples + samples[:1], "holds 7 of 6 strict answers"),
        (lambda samples: samples[1:] + samples[1:2], "answers a row twice"),
        (without_answers, "damaged"),
    ],
)
def test_samples_that_are_not_whole(run, change, message):
    def both(samples):
        modes = ("strict", "repaired")
        return [one for mode in modes for one in change([each for each in samples if each["filter"] == mode])]

    edit_samples(run, NER, both)
    with pytest.raises(ItamedError, match=message):
        remade(run)


def test_an_answer_may_be_as_long_as_any_engine_lets_it_get():
    longest = max(task.max_tokens for task in suite().values())
    assert 16 * Decoding(reasoning="think").budget(longest, 0, sys.maxsize) == MAX_ANSWER


def test_samples_that_were_not_kept(run):
    samples_path(run.path, NER).unlink()
    with pytest.raises(ItamedError, match="half-written, without answers to"):
        remade(run)
