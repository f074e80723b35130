"""What a row of the board says: which rows come last, what is alike, what is told, how it is repeated."""

import json
import re
import shlex

import pytest
from itamed.benchmark.arguments import harness_settings
from itamed.benchmark.cli import app
from itamed.benchmark.suite import ROLES
from itamed.leaderboard.board.columns import board_rows, filters, means, task_rows
from itamed.leaderboard.board.command import commands
from itamed.leaderboard.board.entry import BADGE_MEANINGS
from itamed.leaderboard.board.listing import boards
from itamed.leaderboard.board.pairs import mode_pairs
from itamed.leaderboard.board.scored import ranked_tasks
from itamed.leaderboard.board.site import build
from itamed.leaderboard.board.store import read_store, retract
from itamed.leaderboard.board.telling import told_apart
from typer.testing import CliRunner

from .made_up import add_entry

FREE, CONSTRAINED = ({"mode": mode, "engine": "itamed-hf", "batch": "8"} for mode in ("free", "constrained"))
LEAKED = {"training": "all", "test_rows": "trained on"}
CORPUS = {"name": "notes", "licence": "cc-by-4.0", "documents": 1234}


def rows_of(store):
    return boards(read_store(store))["0.1.0"]


def row_of(store, files, **given):
    add_entry(store, files, "a/b", **given)
    return rows_of(store)[0]


def test_the_largest_size_has_a_bucket(files, tmp_path):
    row = row_of(tmp_path, files, model={"parameters": 10**13})
    rows = board_rows([row], told_apart([row]))
    assert rows[0]["size"] == "above 3 B"
    assert next(each for each in filters(rows) if each.key == "size").choices == ["above 3 B"]


def test_what_is_never_ranked_comes_last(files, tmp_path):
    add_entry(tmp_path, files, "worst", 0.1, kind="full")
    add_entry(tmp_path, files, "part", 0.05, kind="full", lacks=ROLES)
    add_entry(tmp_path, files, "sample", 0.7, kind="sample")
    add_entry(tmp_path, files, "leaked", 0.8, kind="full", declaration=LEAKED)
    retract(add_entry(tmp_path, files, "retracted", 0.9, kind="full").name, tmp_path, "wrong template")
    rows = rows_of(tmp_path)
    task, told = next(iter(rows[0].stored.entry.tasks)), told_apart(rows)
    for listed in (board_rows(rows, told), task_rows(task, "id", rows, told)):
        assert [each["name"] for each in listed] == ["worst", "part", "sample", "retracted", "leaked"]
        assert [each.get("ranked", False) for each in listed] == [True, False, False, False, False]


def test_a_mean_is_called_by_the_families_that_count():
    called = means({role: ranked_tasks("0.1.0", role) for role in ROLES})
    assert called == {"id": "ID mean (all families)", "ood": "OOD mean (NER, QA, ARG)"}
    assert means({"id": {}, "ood": {}})["id"] == "ID mean (–)"


def test_the_page_says_which_families_count_and_what_a_badge_means(files, tmp_path):
    add_entry(tmp_path / "store", files, "a/b", real=True)
    build(tmp_path / "store", tmp_path / "site")
    page = (tmp_path / "site" / "index.html").read_text()
    assert '<th scope="col" title="OOD mean (NER, QA, ARG)">OOD mean</th>' in page
    assert "ID mean (all families); OOD mean (NER, QA, ARG).</p>" in page, "a phone shows no tooltip"
    assert re.search(
        r"OOD mean \(NER, QA, ARG\)</strong>: itamed_ner_cardioccc, [^<]* No such task: RE, CRF\.</dd>", page
    )
    assert all(f"{badge}: {meaning}" in page for badge, meaning in BADGE_MEANINGS.items())


@pytest.mark.parametrize(
    "other",
    [
        {"seeds": {"examples": 7}},
        {"chat": {"template_sha256": "a" * 64}},
        {"model": {"precision": "4bit"}},
        {"arguments": {"gguf_file": "q2.gguf"}},
        {"untold": ["chat_template_args"]},
        {"model": {"revision": "b" * 40}},
        {"model": {"adapter": {"name": "a/adapter", "revision": "c" * 40}}},
    ],
)
def test_runs_that_differ_in_more_than_decoding_are_no_pair(files, tmp_path, other):
    add_entry(tmp_path, files, "a/b", 0.3, kind="full", decoding=FREE)
    add_entry(tmp_path, files, "a/b", 0.5, kind="full", decoding=CONSTRAINED, **other)
    assert mode_pairs(rows_of(tmp_path)) == []
    add_entry(tmp_path, files, "a/b", 0.4, kind="full", decoding=FREE, **other)
    assert len(mode_pairs(rows_of(tmp_path))) == 1


@pytest.mark.parametrize(
    ("engine", "arguments", "pairs"),
    [
        ("hf", {}, 1),
        ("itamed-hf", {"guess": "False"}, 1),
        ("itamed-vllm", {}, 0),
        ("itamed-stock", {}, 0),
        ("itamed-hf", {"max_length": "512"}, 0),
    ],
)
def test_a_pair_is_of_one_engine_and_its_arguments(files, tmp_path, engine, arguments, pairs):
    add_entry(tmp_path, files, "a/b", 0.3, kind="full", decoding=FREE | {"engine": engine}, arguments=arguments)
    add_entry(tmp_path, files, "a/b", 0.5, kind="full", decoding=CONSTRAINED)
    assert len(mode_pairs(rows_of(tmp_path))) == pairs


@pytest.mark.parametrize("unknown", [{"revision": None}, {"adapter": {"name": "a/adapter", "revision": None}}])
def test_weights_without_a_commit_are_no_pair(files, tmp_path, unknown):
    for mode in (FREE, CONSTRAINED):
        add_entry(tmp_path, files, "a/b", 0.3, kind="full", decoding=mode, model=unknown)
    assert mode_pairs(rows_of(tmp_path)) == []


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (None, "not declared"),
        ({"tasks": ["itamed_crf_e3c"], "base": "google/gemma-3-270m"}, "named in full"),
        ({"tasks": ["itamed_qa_casimedicos"]}, "named in full, under open licences"),
        ({"tasks": ["itamed-mini-crf-e3c"]}, "named in full, under open licences"),
        ({"tasks": ["itamed_of_another_suite"]}, "named in full"),
        ({"corpora": [CORPUS]}, "named in full, under open licences"),
        ({"corpora": [CORPUS, {"name": "more", "licence": "CC0-1.0"}]}, "named in full, under open licences"),
        ({"corpora": [CORPUS, {"name": "more", "licence": "proprietary"}]}, "named in full"),
        ({"corpora": [CORPUS], "tasks": ["itamed_crf_e3c"]}, "named in full"),
        ({"corpora": [CORPUS, {"name": "more"}]}, "declared"),
        ({}, "declared"),
    ],
)
def test_training_is_named_in_full_or_not(files, tmp_path, declared, told):
    whole = declared if declared is None else {"training": "fine-tuning", "test_rows": "unknown"} | declared
    assert row_of(tmp_path, files, declaration=whole).data == told


def test_seconds_are_of_whole_runs_and_their_machine_is_named(files, tmp_path):
    cost = {"seconds": 54.0, "resumed": False}
    machine = {"gpus": ["NVIDIA  L4", "NVIDIA L4"], "processor": "AMD EPYC"}
    row = row_of(tmp_path / "whole", files, cost=cost, machine=machine)
    assert (row.seconds, row.hardware) == (54 / 27, "2 x NVIDIA L4")
    row = row_of(tmp_path / "part", files, cost=cost, machine={"processor": "AMD  EPYC"}, lacks=("ood",))
    assert (row.seconds, row.hardware) == (None, "AMD EPYC")
    row = row_of(tmp_path / "cores", files, cost=cost, machine={"processor": "AMD EPYC", "cores": 16})
    assert row.hardware == "AMD EPYC, 16 cores"
    row = row_of(tmp_path / "many", files, machine={"gpus": [f"card {number}" for number in range(100)]})
    assert row.hardware.startswith("card 0, card 1, ") and row.hardware.endswith(" ...") and len(row.hardware) == 120
    row = row_of(tmp_path / "resumed", files, cost=cost | {"resumed": True}, machine={})
    assert (row.seconds, row.hardware) == (None, "not known")


def test_an_entrys_page_tells_what_a_reader_needs(files, tmp_path):
    declared = {
        "base": "google/gemma-3-270m",
        "training": "fine-tuning",
        "test_rows": "not trained on",
        "corpora": [CORPUS],
        "decontamination": {"method": "eight words in a row", "dropped": 132, "unchecked": ["itamed_ner_pharmaer"]},
        "origin": "training.json",
    }
    parts = {
        "declaration": declared,
        "seeds": {"examples": 7},
        "chat": {"template_sha256": "a" * 64, "multiturn": True},
        "sources": {"e3c": {"inputs": {"E3C.tar.gz": "d" * 64}, "origins": {}}},
        "cost": {"seconds": 9.0, "tokens_in": 648058, "tokens_out": None},
        "arguments": {"gguf_file": "q2.gguf", "load_in_4bit": "True"},
        "untold": ["base_url", "chat_template_args"],
        "model": {"revision": "b" * 40},
    }
    key = add_entry(tmp_path / "store", files, "lab/model", **parts).name
    build(tmp_path / "store", tmp_path / "site")
    page = (tmp_path / "site" / "entries" / f"{key}.html").read_text()
    assert f'href="https://huggingface.co/lab/model/tree/{"b" * 40}"' in page
    for told in (
        "fine-tuning; as the submitter says, from a training with itamed",
        "Base model: google/gemma-3-270m",
        "notes (cc-by-4.0, 1,234 documents)",
        "eight words in a row; 132 documents dropped; not checked against: itamed_ner_pharmaer",
        "examples as turns of the chat; examples of seed 7",
        f"E3C.tar.gz <code>{'d' * 64}</code>",
        "648,058 of prompts, an unknown number of answers",
        "<code>gguf_file=q2.gguf</code>, <code>load_in_4bit=True</code>; set, with values that are not told: base_url",
        f"itamed eval --model itamed-hf --model_args pretrained=lab/model,revision={'b' * 40}",
    ):
        assert told in page


def test_a_command_repeats_the_run(files, tmp_path):
    chat = {"template_sha256": "a" * 64, "multiturn": False}
    model = {
        "revision": "b" * 40,
        "precision": "torch.bfloat16",
        "adapter": {"name": "a/adapter", "revision": "c" * 40},
    }
    decoding = FREE | {"reasoning": "cot"}
    row = row_of(tmp_path, files, model=model, decoding=decoding, chat=chat, seeds={"examples": 7}, kind="sample")
    (command,) = commands(row.stored.entry)
    given = harness_settings(shlex.split(command)[2:])
    assert given["model_args"] == {
        "pretrained": "a/b",
        "revision": "b" * 40,
        "dtype": "bfloat16",
        "peft": "a/adapter",
        "peft_revision": "c" * 40,
        "constrained": False,
        "reasoning": "cot",
    }
    assert (given["model"], given["num_fewshot"], str(given["batch_size"])) == ("itamed-hf", 4, "8")
    assert (given["apply_chat_template"], given["fewshot_as_multiturn"]) == (True, False)
    assert given["metadata"] == {"fewshot_seed": 7, "eval_notes": 9}
    assert sorted(given["tasks"]) == sorted(row.stored.entry.tasks)


@pytest.mark.parametrize(
    ("decoding", "arguments"),
    [
        (CONSTRAINED, {"pretrained": "a/b", "revision": "b" * 40}),
        (FREE | {"engine": "itamed-baseline"}, {"model": "a/b"}),
        (CONSTRAINED | {"engine": "itamed-chat-completions"}, {"model": "a/b"}),
        (FREE | {"engine": "hf"}, {"pretrained": "a/b", "revision": "b" * 40}),
        ({"mode": "tagged", "engine": "itamed-encoder", "batch": "auto"}, {"pretrained": "a/b", "revision": "b" * 40}),
    ],
)
def test_a_command_gives_what_the_engine_takes(files, tmp_path, decoding, arguments):
    row = row_of(tmp_path, files, model={"revision": "b" * 40, "precision": "4bit"}, decoding=decoding)
    (command,) = commands(row.stored.entry)
    assert harness_settings(shlex.split(command)[2:])["model_args"] == arguments


def test_a_command_has_arguments_that_itamed_tells(files, tmp_path):
    arguments = {"dtype": "float32", "gguf_file": "q2.gguf", "load_in_4bit": "True", "trust_remote_code": "True"}
    schema = FREE | {"mode": "schema", "engine": "itamed-stock"}
    row = row_of(tmp_path, files, model={"precision": "4bit"}, decoding=schema, arguments=arguments)
    assert row.mode == "schema"
    (command,) = commands(row.stored.entry)
    found = harness_settings(shlex.split(command)[2:])["model_args"]
    expected = {"dtype": "float32", "gguf_file": "q2.gguf", "load_in_4bit": True}
    assert found == {"pretrained": "a/b", "revision": row.manifest.model.revision} | expected


def test_tasks_with_other_numbers_of_examples_get_a_command_each(files, tmp_path):
    folder = add_entry(tmp_path, files, "a/b")
    entry = json.loads((folder / "entry.json").read_text())
    first, *others = entry["tasks"]
    entry["tasks"][first]["shots"] = 0
    (folder / "entry.json").write_text(json.dumps(entry))
    found = [harness_settings(shlex.split(command)[2:]) for command in commands(rows_of(tmp_path)[0].stored.entry)]
    assert [(each["num_fewshot"], sorted(each["tasks"])) for each in found] == [(0, [first]), (4, sorted(others))]


def test_a_space_is_of_the_kind_that_was_asked_for(files, tmp_path):
    add_entry(tmp_path / "store", files, "a/b")
    arguments = ["board", "build", "--store", str(tmp_path / "store"), "--site", str(tmp_path / "site"), "--space"]
    assert CliRunner().invoke(app, [*arguments, "gradio"]).exit_code == 0
    readme = (tmp_path / "site" / "README.md").read_text()
    assert "sdk: gradio\napp_file: app.py\n" in readme
    done = CliRunner().invoke(app, [*arguments, "docker"])
    assert done.exit_code != 0
    assert (tmp_path / "site" / "README.md").read_text() == readme
