"""`itamed-encoder`: answers that follow from words alone, seams, refused tasks, what results say of it."""

import json

import pytest
from itamed.benchmark.docs import task_docs
from itamed.benchmark.engines.encoder.lm import ItamedEncoder, answer_of
from itamed.benchmark.engines.encoder.settings import Settings, span_tasks
from itamed.benchmark.engines.encoder.tagger import Tagger
from itamed.benchmark.engines.encoder.tags import Head
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.rows import SpanRow
from lm_eval.api.instance import Instance

from .tiny import word_tagger

DRUG, DISORDER = "itamed_ner_drugtemist", "itamed_ner_e3c_clinentity"
HEADS = (Head(DRUG, ("farmaco",)), Head(DISORDER, ("disturbo",), 2))
FILLER = "il paziente assume ogni giorno "
TEXT = FILLER * 2 + "acido valproico . " + FILLER + "acido valproico . " + FILLER * 2 + "con dolore toracico ."
LABELS = {
    "acido": [f"{DRUG}/1 B-farmaco"],
    "valproico": [f"{DRUG}/1 I-farmaco"],
    "dolore": [f"{DISORDER}/1 B-disturbo"],
    "toracico": [f"{DISORDER}/1 I-disturbo", f"{DISORDER}/2 B-disturbo"],
}


def request(task, text, number=0):
    doc = {**task_docs(task, mini=True)["test"][0], "id": f"r{number}", "text": text, "spans": [], "offset": 0}
    return Instance("generate_until", doc, (f"{task}: {text}", {}), 0, metadata=(task, number, 1))


@pytest.fixture
def lm():
    return ItamedEncoder(word_tagger(HEADS, LABELS, [TEXT]))


def entities(*strings, kind):
    return json.dumps(
        {"entities": [{"text": each, "type": kind} for each in strings]}, ensure_ascii=False, separators=(",", ":")
    )


def test_spans_at_seams_are_found_once_whatever_window_they_fall_into():
    for shift in range(14):
        text = "il " * shift + TEXT
        for overlap in (0, 3, 7):
            lm = ItamedEncoder(word_tagger(HEADS, LABELS, [TEXT], length=14, overlap=overlap))
            (answer,) = lm.generate_until([request(DRUG, text)], disable_tqdm=True)
            assert answer == entities("acido valproico", "acido valproico", kind="farmaco")


def test_a_text_is_read_once_for_all_tasks_and_nested_spans_are_listed(lm):
    asked = [request(DRUG, TEXT), request(DISORDER, TEXT, 1), request("itamed_ner_cardioccc", TEXT, 2)]
    asked.append(request(DRUG, "", 3))
    answers = lm.generate_until(asked, disable_tqdm=True)
    assert answers[1] == entities("dolore toracico", "toracico", kind="disturbo")
    assert answers[0] == answers[2] == entities("acido valproico", "acido valproico", kind="farmaco")
    assert answers[3] == '{"entities":[]}'
    windows = sum(shape[0] for shape in lm.tagger.model.forwards)
    lm.tagger.model.forwards.clear()
    assert lm.generate_until(asked[:1], disable_tqdm=True) == answers[:1]
    assert sum(shape[0] for shape in lm.tagger.model.forwards) == windows > 1


def test_batches_do_not_change_answers_and_each_is_stored(lm):
    texts = [FILLER * size + "acido valproico ." for size in range(9)]
    asked = [request(DRUG, text, number) for number, text in enumerate(texts)]
    stored = {}

    class Hook:
        def add_partial(self, kind, arguments, answer):
            stored[arguments[0]] = answer

    lm.set_cache_hook(Hook())
    answers = lm.generate_until(asked, disable_tqdm=True)
    assert [stored[each.args[0]] for each in asked] == answers
    alone = ItamedEncoder(lm.tagger, batch_size="1")
    assert alone.generate_until(asked, disable_tqdm=True) == answers


def test_tasks_that_it_cannot_answer_are_named_with_those_that_it_can(lm):
    asked = [request(DRUG, TEXT), request("itamed_ner_e3c_timex", TEXT, 1)]
    asked.append(Instance("generate_until", {"text": "?"}, ("?", {}), 0, metadata=("itamed_qa_ssm", 0, 1)))
    with pytest.raises(ItamedError) as caught:
        lm.generate_until(asked, disable_tqdm=True)
    message = str(caught.value)
    assert "cannot answer itamed_ner_e3c_timex, itamed_qa_ssm:" in message
    assert message.endswith(f"It can answer {DRUG}, {DISORDER}, itamed_ner_cardioccc: give --tasks those.")
    with pytest.raises(ItamedError, match="no probabilities"):
        lm.loglikelihood([])


def test_tasks_of_spans_are_entities_and_components():
    names = {task.name for task in span_tasks()}
    assert len([name for name in names if "_ner_" in name]) == 7
    assert names - {name for name in names if "_ner_" in name} == {
        "itamed_arg_abstrct",
        "itamed_arg_abstrct_glaucoma",
        "itamed_arg_casimedicos_components",
    }


def test_settings_are_written_and_read_and_what_is_else_is_refused(tmp_path):
    settings = Settings(HEADS, 16, 4)
    assert Settings.from_json(settings.to_json(), "x") == settings
    assert len(settings.labels) == 3 + 6
    for text in ("", "[]", settings.to_json().replace('"format": 1', '"format": 2'), '{"format": 1, "heads": [{}]}'):
        with pytest.raises(ItamedError, match="train the tagger again"):
            Settings.from_json(text, "x")
    with pytest.raises(ItamedError, match=r"has no tagger.json"):
        Tagger.load(str(tmp_path))
    with pytest.raises(ItamedError, match="cannot be loaded"):
        Tagger.load(str(tmp_path / "none"))


@pytest.mark.parametrize(("arguments", "message"), [({"batch_size": 0}, "at least 1"), ({"dtype": "x"}, "no argument")])
def test_arguments_that_mean_nothing_are_refused(lm, arguments, message):
    with pytest.raises(ItamedError, match=message):
        ItamedEncoder(lm.tagger, **arguments)


def test_the_answer_is_copied_from_the_text_to_the_letter():
    row = SpanRow("r", "r", "test", 'Dà "ferro"\u00a0e così', ())
    assert json.loads(answer_of(row, [(3, 10, "a"), (11, 12, "b")]))["entities"] == [
        {"text": '"ferro"', "type": "a"},
        {"text": "e", "type": "b"},
    ]
    assert ItamedEncoder(word_tagger(HEADS, LABELS, [TEXT])).get_model_info()["model_num_parameters"] > 0
