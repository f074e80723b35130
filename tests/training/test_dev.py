"""What is seen of the development rows in training: scores with their error, and which checkpoint they keep."""

from collections import defaultdict
from itertools import count
from types import SimpleNamespace

import pytest
from itamed.benchmark.verdict import report
from itamed.training import dev
from itamed.training.dev import dev_scores, kept
from itamed.training.examples import Asking, requests


def looks(*found):
    """Return looks at steps of the given (score, standard error, loss)."""
    return [
        {"step": step, "eval_mean": score, "eval_mean_se": error, "eval_loss": loss}
        for step, (score, error, loss) in zip(count(1), found, strict=False)
    ]


@pytest.mark.parametrize(
    ("found", "step"),
    [
        ([(0.5, 0.0, 1.0), (0.4, 0.0, 0.1), (0.6, 0.0, 2.0)], 3),
        ([(0.1544, 0.03, 0.198), (0.1538, 0.03, 0.189)], 2),
        ([(0.50, 0.03, 0.2), (0.46, 0.03, 0.1)], 1),
        ([(0.50, 0.03, 0.2), (0.60, 0.03, 0.9)], 2),
        ([(0.50, 0.03, 0.2), (0.52, 0.03, 0.9), (0.51, 0.03, 0.3)], 1),
        ([(0.50, 0.03, 0.2), (0.52, 0.03, 0.9), (0.54, 0.03, 0.3)], 3),
    ],
)
def test_the_lowest_loss_within_a_standard_error_of_the_best_score_is_kept(found, step):
    assert kept(looks(*found))["step"] == step


def test_without_an_error_the_first_best_score_is_kept():
    bare = [{"step": 1, "eval_mean": 0.2, "eval_loss": 1.0}, {"step": 2, "eval_mean": 0.2, "eval_loss": 1.0}]
    assert kept(bare)["step"] == 1


class Guessing:
    """Answers every question alike."""

    def generate_until(self, requests, disable_tqdm=False):
        return ['{"answer": "A"}'] * len(requests)


def test_the_error_of_the_mean_is_that_of_independent_tasks(monkeypatch, no_hub):
    names = ["itamed-mini-qa-casimedicos", "itamed-mini-qa-admission", "itamed-mini-ner-drugtemist"]
    asked = [request for _, request in requests(SimpleNamespace(apply_chat_template=None), names, "train", Asking())]
    errors = defaultdict(list)

    def seen(records, resamples):
        found = report(records, resamples)
        errors[records[0][0]].append(found["metrics"]["score"]["stderr"])
        return found

    monkeypatch.setattr(dev, "report", seen)
    scores = dev_scores(Guessing(), asked)
    (first, second), (third,) = sorted(errors.values(), key=len, reverse=True)
    assert first or second, "else nothing is shown"
    expected = (((first**2 + second**2) / 4 + third**2) / 4) ** 0.5
    assert scores["mean_se"] == pytest.approx(expected)
    assert scores["mean"] == pytest.approx((scores["qa"] + scores["ner"]) / 2)
