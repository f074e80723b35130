"""Runs of two rules on mini tasks of all families, and copies of them under other conditions."""

import json

import pytest
from itamed.benchmark.evaluate import evaluate

from ...conftest import offline

TASKS = (
    "itamed-mini-ner-pharmaer,itamed-mini-re-e3c-pertainsto,itamed-mini-crf-e3c,itamed-mini-qa-admission,"
    "itamed-mini-qa-casimedicos,itamed-mini-arg-casimedicos-relations"
)


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Return the folders of a run that finds nothing and of one that looks strings up."""
    found = {}
    for rule in ("empty", "lookup"):
        found[rule] = tmp_path_factory.mktemp(rule)
        arguments = ["--model", "itamed-baseline", "--model_args", f"model={rule}", "--tasks", TASKS]
        with offline():
            evaluate([*arguments, "--num_fewshot", "2", "--output_path", str(found[rule])])
    return found


def copied(folder, target, change_name=lambda name: name, change_sample=lambda sample: sample):
    """Copy a run with other task names, or other samples; return the new folder."""
    target.mkdir(parents=True)
    (results,) = folder.rglob("results_*.json")
    names = TASKS.split(",")
    text = results.read_text(encoding="utf-8")
    for name in names:
        text = text.replace(f'"{name}"', f'"{change_name(name)}"')
    (target / results.name).write_text(text, encoding="utf-8")
    for name in names:
        (path,) = folder.rglob(f"samples_{name}_2*.jsonl")
        samples = [change_sample(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
        place = target / path.name.replace(name, change_name(name))
        place.write_text("".join(json.dumps(sample) + "\n" for sample in samples), encoding="utf-8")
    return target


def real_name(name):
    """Return the task of the suite that a mini task stands for."""
    return name.replace("itamed-mini-", "itamed_").replace("-", "_")
