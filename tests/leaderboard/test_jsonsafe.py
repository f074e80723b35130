"""JSON of strangers: each trick is refused, and honest text is not."""

import json

import pytest
from itamed.leaderboard.findings import Refused, shown
from itamed.leaderboard.jsonsafe import MAX_DEPTH, flaw, read_json


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "expected JSON"),
        (b"{", "expected JSON"),
        (b"\xff\xfe{}", "expected JSON in UTF-8"),
        (b"\xef\xbb\xbf{}", "expected JSON in UTF-8"),
        (b'{"a": 1} {"a": 2}', "expected JSON"),
        (b'{"a": 1, "b": 2, "a": 3}', "'a' twice"),
        (b'[{"x": {"a": 1, "\\u0061": 3}}]', "'a' twice"),
        (b'{"a": NaN}', "NaN"),
        (b"[-Infinity]", "-Infinity"),
        (b"[1e999]", "1e999"),
        (b"[9007199254740993]", "9007199254740993"),
        (b"[" + b"9" * 100_000 + b"]", "100002 characters"),
        (b"[" * 100_000, "levels"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "levels"),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "levels"),
        (b'["\\ud800"]', "U+D800"),
        (b'{"\\u202egnp.exe": 1}', "U+202E"),
        (b'{"answer": "\\udc00"}', "surrogate"),
    ],
)
def test_tricks(content, reason):
    with pytest.raises(Refused) as refused:
        read_json(content, "manifest.json", raw=("answer",))
    assert reason in str(refused.value)
    assert refused.value.finding.file == "manifest.json"
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<script>alert(1)</script>", "angle bracket"),
        ("a > b", "angle bracket"),
        ('=HYPERLINK("http://x")', "formula"),
        ("+1", "formula"),
        ("-1+1", "formula"),
        ("@SUM(A1)", "formula"),
        (" =1", "formula"),
        ("  -1", "formula"),
        ("AMD EPYC;=WEBSERVICE(A1);x", "formula"),
        ("a; -1", "formula"),
        ("＝1", "formula"),
        ("＋1", "formula"),
        ("－1", "formula"),
        (" ＠SUM(A1)", "formula"),
        ("zero\u200bwidth", "U+200B"),
        ("soft\u00adhyphen", "U+00AD"),
        ("right\u202eleft", "U+202E"),
        ("isolate\u2066", "U+2066"),
        ("mark\ufeff", "U+FEFF"),
        ("no\u00a0break", "U+00A0"),
        ("tab\t", "U+0009"),
        ("two\nlines", "U+000A"),
        ("colour\x1b[31m", "U+001B"),
        ("zalg\u0335o", "U+0335"),
        ("variation\ufe0f", "U+FE0F"),
        ("filler\u3164", "U+3164"),
        ("blank\u2800", "U+2800"),
        ("private\ue000", "U+E000"),
        ("tag\U000e0041", "U+E0041"),
        ("perche\u0301", "not composed"),
    ],
)
def test_flaws(text, reason):
    assert reason in flaw(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "E3C, perché no?",
        "Intel(R) Xeon(R) @ 2.2 GHz",
        "f1:parte del corpo",
        "fine-tuning; then merged",
        "≥ 5 µg",
        "中",
    ],
)
def test_honest_text(text):
    assert flaw(text) == ""


def test_answers_may_hold_what_models_write():
    answer = "<b>=1\u200b\u202e\x00\n\ufeff"
    line = json.dumps({"id": "1", "answer": answer}).encode()
    assert read_json(line, "x", raw=("answer",))["answer"] == answer
    with pytest.raises(Refused, match="plain text"):
        read_json(line, "x")


def test_what_is_shown_is_short_and_seen():
    assert shown("\x1b[2J\u202e") == r"'\x1b[2J\u202e'"
    assert shown("\u0430") == r"'\u0430'"
    assert shown("perché") == "'perché'"
    assert len(shown("x" * 10**6)) < 200
    assert "\n" not in shown(["a\nb"])
