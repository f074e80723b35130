"""What a model was trained on: by hand, or from a training's own manifest."""

import json

import pytest
from itamed.benchmark.errors import ItamedError
from itamed.leaderboard.declaration import read_declaration, trained_with_itamed
from itamed.leaderboard.manifest import Corpus, Declaration, Decontamination

CPT = {
    "stage": "cpt",
    "data": {
        "documents": {"leaflets": 120},
        "licences": {"leaflets": "cc-by-4.0"},
        "decontaminated": True,
        "contaminated": ["a", "b"],
        "unchecked_tasks": ["itamed_qa_ssm"],
    },
}
SFT = {"stage": "sft", "data": {"examples": {"itamed_ner_e3c_timex": 300}, "leaked": {}}}


def trained(folder, *stages, tasks=None):
    manifest = {"recipe": {"base": "clinic/base"}, "stages": stages}
    (folder / "training.json").write_text(json.dumps(manifest))
    return trained_with_itamed(folder, tasks)


def test_a_training_with_itamed_declares_itself(tmp_path):
    assert trained(tmp_path, CPT, SFT, tasks=["itamed_ner_e3c_timex"]) == Declaration(
        origin="training.json",
        base="clinic/base",
        training="continual pre-training, then supervised fine-tuning",
        tasks=["itamed_ner_e3c_timex"],
        corpora=[Corpus(name="leaflets", licence="cc-by-4.0", documents=120)],
        test_rows="not trained on",
        decontamination=Decontamination(
            method="documents that share eight words in a row with development or test rows were dropped",
            dropped=2,
            unchecked=["itamed_qa_ssm"],
        ),
    )


def test_leaks_and_text_that_was_not_looked_at_are_told(tmp_path):
    leaked = SFT | {"data": SFT["data"] | {"leaked": {"itamed_ner_e3c_timex": ["1"]}}}
    assert trained(tmp_path, leaked).test_rows == "trained on"
    blind = CPT | {"data": CPT["data"] | {"decontaminated": False}}
    found = trained(tmp_path, blind)
    assert (found.test_rows, found.decontamination) == ("unknown", None)


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        (None, "unknown"),
        (["itamed_qa_ssm", "itamed_qa_medqa"], "unknown"),
        (["itamed_qa_medqa"], "not trained on"),
    ],
)
def test_of_tasks_that_went_unchecked_nothing_is_known(tmp_path, tasks, said):
    assert trained(tmp_path, CPT, SFT, tasks=tasks).test_rows == said
    checked = CPT | {"data": CPT["data"] | {"unchecked_tasks": []}}
    assert trained(tmp_path, checked, SFT, tasks=tasks).test_rows == "not trained on"
    assert trained(tmp_path, SFT, tasks=tasks).test_rows == "not trained on"


def test_other_models_declare_nothing(tmp_path):
    assert trained_with_itamed(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"recipe": {}, "stages": [1]}'])
def test_a_damaged_manifest(tmp_path, content):
    (tmp_path / "training.json").write_text(content)
    with pytest.raises(ItamedError, match="no manifest of a training"):
        trained_with_itamed(tmp_path)


def test_by_hand(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("training: Foglietti illustrativi\ntasks: [itamed_qa_ssm]\ntest_rows: unknown\n")
    found = read_declaration(path)
    assert (found.origin, found.tasks, found.test_rows) == ("by hand", ["itamed_qa_ssm"], "unknown")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("training: x\n", "test_rows: expected this key, found nothing: the keys are base"),
        ("training: x\ntest_rows: never\n", "'never'"),
        ("training: x\ntest_rows: unknown\norigin: training.json\n", "leave the line out"),
        ("training: x\ntest_rows: unknown\nnotes: y\n", "notes: expected no such key"),
        ("- x\n", "expected input should be"),
        ("{", "write it as YAML"),
        ("training: !!python/object:os.system {}\n", "write it as YAML"),
    ],
)
def test_by_hand_and_wrong(tmp_path, content, message):
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(ItamedError, match=message):
        read_declaration(path)
