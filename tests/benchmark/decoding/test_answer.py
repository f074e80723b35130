"""Reading answers: what is whole, mended, cut off or hopeless."""

import json
import random
import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from itamed.benchmark.decoding.answer import ANSWER_HEADING, COT_OPENING, read_answer

ONE = {"entities": [{"text": "edema", "type": "disturbo"}]}


@pytest.mark.parametrize(
    ("response", "value", "status"),
    [
        (json.dumps(ONE), ONE, "valid"),
        (" \n" + json.dumps(ONE, indent=2) + "\n", ONE, "valid"),
        ("<think>\nforse {\n</think>\n" + json.dumps(ONE), ONE, "valid"),
        ("```json\n" + json.dumps(ONE) + "\n```", ONE, "repaired"),
        ("Ecco la risposta: " + json.dumps(ONE) + " Spero sia utile.", ONE, "repaired"),
        ("{'entities': [{'text': 'edema', 'type': 'disturbo'},]}", ONE, "repaired"),
        ("{entities: [{text: edema, type: disturbo}]}", ONE, "repaired"),
        ("{“entities”: [{“text”: “edema”, “type”: “disturbo”}]}", ONE, "repaired"),
        ("{'text': 'l'edema dell'arto'}", {"text": "l'edema dell'arto"}, "repaired"),
        ('{"text": "a\nb"}', {"text": "a\nb"}, "repaired"),
        ('{"entities":[{"text":"edema","type":"disturbo"},{"text":"tos', ONE, "truncated"),
        ('{"entities":[{"text":"edema","type":"disturbo"}', ONE, "truncated"),
        ('{"a":"x","b":"y', {"a": "x"}, "truncated"),
        ('{"entities":[', {"entities": []}, "truncated"),
        ("{", {}, "truncated"),
        ("Secondo la nota [1], la risposta è: " + json.dumps(ONE), ONE, "repaired"),
        ("[JSON]\n" + json.dumps(ONE), ONE, "repaired"),
        ("[Risposta]: " + json.dumps(ONE), ONE, "repaired"),
        ("[1] e [2]", [1], "repaired"),
        ('["{"] fine', ["{"], "repaired"),
        ('["{"] ' + json.dumps(ONE), ONE, "repaired"),
        ("[1] {", [1], "repaired"),
        ("Ecco: " + json.dumps(ONE["entities"]) + " {}", ONE["entities"], "repaired"),
        ('[{"text":"edema","type":"dis', [], "truncated"),
        (r'{"text":"l\'edema è \"duro\", 5\/6"}', {"text": 'l\'edema è "duro", 5/6'}, "repaired"),
        (r"{'text':'l\'edema', 'type':'\u00e8'}", {"text": "l'edema", "type": "è"}, "repaired"),
        (r'{"text":"a\d \ud83d\ude00"}', {"text": "a\\d 😀"}, "repaired"),
        ('{"answer":"A","answer":"B"}', {"answer": None}, "repaired"),
        ('{"answer":"A","answer":"A"}', {"answer": "A"}, "repaired"),
        ('{"entities":[1],"entities":[2]}', {"entities": [1, 2]}, "repaired"),
        ('<think>\nforse {"answer":"B"}', None, "truncated"),
        (COT_OPENING + 'Forse {"answer":"B"} oppure no', None, "truncated"),
        (COT_OPENING + "Forse." + ANSWER_HEADING + json.dumps(ONE), ONE, "valid"),
        ("", None, "unparseable"),
        ("Non lo so.", None, "unparseable"),
        ("42", None, "unparseable"),
    ],
)
def test_readings(response, value, status):
    reading = read_answer(response)
    assert (reading.value, reading.status) == (value, status)


@example(["{"])
@example(["</think>"])
@given(
    st.recursive(
        st.text(max_size=8) | st.integers() | st.none(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=12,
    )
)
def test_whole_json_is_valid_and_a_suffix_makes_it_repaired(value):
    if not isinstance(value, dict | list):
        return
    text = json.dumps(value, ensure_ascii=False)
    assert read_answer(text).value == value
    assume("</think>" not in text)
    again = read_answer(text + "\nfine")
    assert again.status == "repaired"


@given(st.data())
def test_a_cut_answer_keeps_its_complete_items(data):
    items = [{"text": f"voce {i}", "type": "x"} for i in range(5)]
    text = json.dumps({"entities": items})
    cut = data.draw(st.integers(1, len(text) - 1))
    reading = read_answer(text[:cut])
    assert reading.status == "truncated"
    kept = reading.value.get("entities", [])
    assert kept == items[: len(kept)]
    assert len(kept) == text[:cut].count("}")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "[" * 50_000 + "{",
        "[1] " * 20_000 + "{",
        "{" * 200_000,
        '{"a":' * 50_000,
        '{"a":[' + '"x",' * 60_000,
        "{'" + "a'" * 90_000,
        "\\" * 99_999,
        '{"' + "\\" * 99_999,
    ],
)
def test_hostile_answers_are_read_in_linear_time(text):
    begin = time.perf_counter()
    read_answer(text)
    assert time.perf_counter() - begin < 0.5


def test_random_bytes_never_raise():
    rng = random.Random(0)
    for _ in range(2000):
        read_answer("".join(rng.choice("{}[]\",:'\\ abàe\n“1") for _ in range(rng.randrange(80))))


@pytest.mark.parametrize("half", ["\\ud83d", "\\uDE00", "\ud83d"])
@pytest.mark.parametrize("end", ["", "]}", " ]} fine"])
def test_halves_of_characters_do_not_reach_files(half, end):
    reading = read_answer(f'{{"entities":[{{"text":"a{half}","type":"b \\ud83d\\ude00"}}{end}')
    assert reading.value == {"entities": [{"text": "a?", "type": "b 😀"}]}
