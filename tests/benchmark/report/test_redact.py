"""Runs without texts: the same scores, intervals and differences, and nothing that a corpus holds."""

import gzip

import pytest
from itamed.benchmark.cli import app
from itamed.benchmark.docs import task_docs
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.evaluate import evaluate
from itamed.benchmark.report.compare import compare
from itamed.benchmark.report.finding import find_run
from itamed.benchmark.report.means import means
from itamed.benchmark.report.redact import redact
from typer.testing import CliRunner

TASKS = "itamed-mini-ner-e3c-clinentity,itamed-mini-qa-casimedicos"


@pytest.fixture
def folder(tmp_path, no_hub):
    arguments = ["--model", "itamed-baseline", "--model_args", f"model=lookup,pretrained={tmp_path}/secret/mine"]
    evaluate([*arguments, "--tasks", TASKS, "--output_path", str(tmp_path / "run")])
    return tmp_path / "run"


def test_a_copy_is_read_as_the_run(folder, tmp_path):
    run, copy = find_run(folder), find_run(redact(folder, tmp_path / "copy"))
    assert copy.label == run.label
    assert copy.tasks == run.tasks
    assert means(copy) == means(run)
    assert all(each.gain.value == 0 for each in compare(run, copy).tasks)
    again = find_run(redact(copy.path, tmp_path / "again"))
    assert [path.read_bytes() for path in sorted(again.path.parent.iterdir())] == [
        path.read_bytes() for path in sorted(copy.path.parent.iterdir())
    ]


def test_a_copy_holds_no_text_and_no_folder(folder, tmp_path):
    done = CliRunner().invoke(app, ["redact", str(folder), str(tmp_path / "copy")])
    assert done.exit_code == 0
    files = list((tmp_path / "copy").iterdir())
    text = "".join(gzip.decompress(f.read_bytes()).decode() if f.suffix == ".gz" else f.read_text() for f in files)
    words = {word for doc in task_docs("itamed_ner_e3c_clinentity", mini=True)["test"] for word in doc["text"].split()}
    assert len(words) > 50
    assert [word for word in words if len(word) > 7 and word in text] == []
    assert str(tmp_path) not in text


def test_a_run_whose_answers_were_not_kept_is_not_called_damaged(folder, tmp_path):
    for samples in folder.rglob("samples_*"):
        samples.unlink()
    with pytest.raises(ItamedError, match=r"has no answers beside it .*--log_samples"):
        redact(folder, tmp_path / "copy")


def test_a_cut_copy_is_named(folder, tmp_path):
    copy = redact(folder, tmp_path / "copy")
    samples = next(copy.parent.glob("samples_*.gz"))
    samples.write_bytes(samples.read_bytes()[:-20])
    with pytest.raises(ItamedError, match=r"samples_.* is damaged"):
        means(find_run(copy))
