"""Which runs are of a trained model, wherever they and this command were begun."""

from types import SimpleNamespace

import pytest
from itamed.training.scores import _of_model


@pytest.mark.parametrize(
    ("named", "ours"),
    [
        ("{folder}/model", True),
        ("out/model", True),
        ("../out/model", True),
        ("./out/../out/model", True),
        ("other/model", False),
        ("some/model", False),
        ("model", False),
    ],
)
def test_runs_of_other_models_are_left_out_wherever_the_command_is_called(tmp_path, named, ours, capsys):
    model = tmp_path / "out" / "model"
    run = SimpleNamespace(model=named.format(folder=model.parent), path=tmp_path / "results" / "results_1.json")
    mine = SimpleNamespace(model=str(model), path=tmp_path / "results" / "results_2.json")
    assert list(_of_model([run, mine], model)) == ([run, mine] if ours else [mine])
    assert ("results_1.json has the scores of" in " ".join(capsys.readouterr().err.split())) != ours


def test_a_name_that_says_nothing_is_of_the_folder_that_the_results_are_in(tmp_path):
    run = SimpleNamespace(model="model", path=tmp_path / "out" / "eval" / "results_1.json")
    assert list(_of_model([run], tmp_path / "out" / "model")) == [run]
