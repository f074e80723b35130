"""What can be asked for, and that nothing else can."""

import json

import pytest
from itamed.leaderboard.findings import Refused
from itamed.leaderboard.worker.evaluation import arguments
from itamed.leaderboard.worker.request import id_of, key_of, read_request

from .conftest import ASKED, COMMIT


def read(**changed):
    return read_request(json.dumps(ASKED | changed).encode(), "requests/x.json")


HOSTILE = [
    ({"model_args": "trust_remote_code=True"}, "model_args: expected no such key"),
    ({"at": "2026-99-99T00:00:00Z"}, "at: expected"),
    ({"trust_remote_code": True}, "trust_remote_code: expected no such key"),
    ({"model": {"name": "clinic/small"}}, "model.revision: expected this key"),
    ({"model": {"name": "clinic/small", "revision": "main"}}, r"model.revision: .*'main'"),
    ({"model": {"name": "clinic/small", "revision": COMMIT[:-1]}}, "model.revision"),
    ({"model": {"name": "../../etc", "revision": COMMIT}}, "model.name"),
    ({"model": {"name": "/etc/passwd", "revision": COMMIT}}, "model.name"),
    ({"model": {"name": "small", "revision": COMMIT}}, "model.name"),
    ({"model": {"name": "a/b--c", "revision": COMMIT}}, "model.name"),
    ({"model": {"name": "a/b,trust_remote_code=True", "revision": COMMIT}}, "model.name"),
    ({"model": {"name": "clinic/sm\u0430ll", "revision": COMMIT}}, "model.name"),
    ({"model": {"name": "clinic/small", "revision": COMMIT, "file": "x.gguf"}}, "model.file: expected no such key"),
    ({"adapter": {"name": "a/b", "revision": "v1"}}, "adapter.revision"),
    ({"dtype": "float32,peft=x"}, "dtype"),
    ({"shots": 32}, "shots"),
    ({"shots": "4"}, "shots"),
    ({"shots": 10**400}, "2\\^53"),
    ({"chat_template": "yes"}, "chat_template"),
    ({"mode": "free", "reasoning": "cot"}, "reasoning needs mode constrained"),
    ({"by": "<script>alert(1)</script>"}, "angle bracket"),
    ({"by": '=HYPERLINK("x")'}, "formula"),
    ({"by": "\u202eA"}, "U\\+202E"),
    ({"by": ""}, "by"),
    ({"at": "yesterday"}, "at"),
    ({"format": 2}, "format"),
    ({"declaration": {"training": "none"}}, "declaration.test_rows"),
]


@pytest.mark.parametrize(("changed", "message"), HOSTILE)
def test_refused_with_the_reason(changed, message):
    with pytest.raises(Refused, match=message):
        read(**changed)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "JSON"),
        (b"- yaml", "JSON"),
        (b"[" * 5000, "levels"),
        (b"\xff", "JSON in UTF-8"),
        (b'{"by": "a", "by": "b"}', "twice"),
        (b'{"by": "%s"}' % (b"a" * 30_000), "at most 20000 bytes"),
        (b"null", "None"),
    ],
)
def test_what_is_no_request(content, message):
    with pytest.raises(Refused, match=message):
        read_request(content, "requests/x.json")


def test_the_harness_gets_what_was_asked_and_no_more(tmp_path):
    asked = read(shots=4, chat_template=True, mode="free", dtype="float32", adapter={"name": "a/b", "revision": COMMIT})
    assert arguments(asked, "itamed", tmp_path) == [
        *("--model", "itamed-hf", "--model_args"),
        f"pretrained={tmp_path}/model,dtype=float32,constrained=False,reasoning=none,peft={tmp_path}/adapter",
        *("--tasks", "itamed", "--num_fewshot", "4", "--apply_chat_template", "--fewshot_as_multiturn", "true"),
        *("--output_path", f"{tmp_path}/run", "--resume"),
    ]
    assert "--apply_chat_template" not in arguments(read(), "itamed", tmp_path)


def test_a_key_is_of_what_decides_the_answers():
    assert key_of(read()) == key_of(read(by="Reparto B", at="2026-02-01T08:00:00Z"))
    others = [read(shots=4), read(mode="free"), read(dtype="float16"), read(chat_template=True)]
    assert len({key_of(each) for each in [read(), *others]}) == 5
    assert id_of(read()) == f"clinic-small-{key_of(read())}"
