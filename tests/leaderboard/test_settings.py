"""What a manifest takes from a results file: names without folders, versions, machine, nothing unseen."""

import pytest
from itamed.benchmark.engines.template import PINNED
from itamed.benchmark.report.label import Label
from itamed.benchmark.report.run import Run
from itamed.benchmark.report.settings import Settings
from itamed.leaderboard.manifest import Weights
from itamed.leaderboard.settings import arguments_of, decoding_of, machine_of, model_folder, model_of, versions_of

ENVIRONMENT = """PyTorch version: 2.9.0+cu128
OS: Ubuntu 24.04 LTS (x86_64)
Python version: 3.11.7 (main) [GCC 12] (64-bit runtime)
CUDA runtime version: Could not collect
GPU models and configuration: GPU 0: NVIDIA H100 80GB HBM3
GPU 1: NVIDIA H100 80GB HBM3

CPU(s):                      96
On-line CPU(s) list:         0-95
Model name:                  Intel(R) Xeon(R) @ 2.2 GHz
"""
COMMIT = "0123456789" * 4


def model(name, revision="", wished="", **config):
    run = Run(None, name, {}, (), Label(name))
    return model_of(run, {"config": config}, wished, revision)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("google/gemma-3-270m", "google/gemma-3-270m"),
        ("/home/me/secret/my-model/model", "my-model"),
        ("/home/me/smollm2", "smollm2"),
        ("runs/mine/model", "mine"),
        ("/home/me/il mio modello", "il-mio-modello"),
        ("lookup", "lookup"),
    ],
)
def test_names(name, plain):
    assert model(name).name == plain


def test_commits_and_adapters():
    given = {"pretrained": "a/b", "peft": "/home/me/run/adapter", "dtype": "bfloat16"}
    found = model("a/b", model_sha=COMMIT, model_args=given, peft_sha="", model_num_parameters=10)
    assert (found.revision, found.adapter) == (COMMIT, Weights(name="run"))
    assert (found.precision, found.parameters) == ("bfloat16", 10)
    assert model("a/b", model_sha="", model_args=f"pretrained=a/b,revision={COMMIT}").revision == COMMIT
    assert model("a/b", model_sha="", model_args="pretrained=a/b,revision=main").revision is None
    assert model("/x/y", wished="c/d", revision=COMMIT).name == "c/d"


def test_the_folder_of_a_local_model(tmp_path, caplog):
    def found(model_args, **shas):
        return model_folder({"config": {"model_args": model_args, **shas}})

    adapter = {"pretrained": "google/gemma", "peft": str(tmp_path)}
    assert found(adapter) == tmp_path
    # What made the model beneath says nothing of what its adapter has read.
    assert found({"pretrained": str(tmp_path), "peft": "me/adapter"}, peft_sha=COMMIT) is None
    assert found({"pretrained": "google/gemma"}, model_sha=COMMIT) is None
    assert found({"model": "lookup"}) is None
    assert not caplog.records
    assert found({"pretrained": "gone/model"}, model_sha="") is None
    assert "gone/model is no folder here" in caplog.text


def test_machine_and_versions():
    data = {
        "pretty_env_info": ENVIRONMENT,
        "lm_eval_version": "0.4.13",
        "packages": {"itamed": "0.1.0", "vllm": "0.18"},
    }
    found = machine_of(data)
    assert found.gpus == ["NVIDIA H100 80GB HBM3"] * 2
    assert (found.processor, found.cores) == ("Intel(R) Xeon(R) @ 2.2 GHz", 96)
    assert found.system == "Ubuntu 24.04 LTS (x86_64)"
    assert versions_of(data) == {
        "itamed": "0.1.0",
        "lm_eval": "0.4.13",
        "python": "3.11.7",
        "torch": "2.9.0+cu128",
        "vllm": "0.18",
    }
    assert machine_of({}).gpus == []


def test_what_cannot_be_said_plainly_is_left_out():
    assert machine_of({"pretty_env_info": "Model name: <b>fast</b>\nOS: a\u202eb\n"}).processor is None


def decoding(**given):
    return decoding_of(Run(None, "x", Settings(batch="auto", **given), (), Label("x")))


def test_decoding():
    found = decoding(backend="itamed-hf", constrained=True, reasoning="cot")
    assert (found.mode, found.reasoning, found.engine) == ("constrained", "cot", "itamed-hf")
    assert decoding(backend="itamed-hf").mode == "free"
    assert decoding(backend="itamed-stock").mode == "schema"
    assert decoding(backend="itamed-encoder").mode == "tagged"


def told(*given):
    return arguments_of({"config": {"model_args": ",".join(given)}})


def test_arguments_are_told_by_value_or_by_name():
    given = ("load_in_4bit=True", "gguf_file=q2.gguf", "dtype=float32", "base_url=http://me:secret@host", "top=")
    assert told("pretrained=a/b", "revision=main", "batch_size=8", *given) == (
        {"load_in_4bit": "True", "gguf_file": "q2.gguf", "dtype": "float32"},
        ["base_url", "top"],
    )
    assert told("pretrained=a/b", "dtype=float32", "guess=False") == ({"guess": "False"}, [])
    assert arguments_of({"config": {"model_args": {"chat_template_args": dict(PINNED)}}}) == ({}, [])
    typed = {"max_length": 4096, "peft": None, "chat_template_args": {"a": 1}}
    assert arguments_of({"config": {"model_args": typed}}) == ({"max_length": "4096"}, ["chat_template_args"])


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("google/gemma-3-270m", "google/gemma-3-270m"),
        ("/home/me/secret/words", "words"),
        ("~/words", "words"),
        ("../mine/words", "words"),
        ("runs/mine/words", "words"),
    ],
)
def test_paths_among_arguments_are_named_by_their_last_part(value, plain):
    assert told(f"tokenizer={value}") == ({"tokenizer": plain}, [])


@pytest.mark.parametrize("value", ["two words", "<x>", "a=b", "x" * 121])
def test_values_that_cannot_be_said_plainly_are_not_told(value):
    assert told(f"tokenizer={value}") == ({}, ["tokenizer"])


@pytest.mark.parametrize(
    ("arguments", "precision"),
    [
        ("load_in_4bit=True,dtype=float32", "4bit"),
        ("load_in_8bit=true", "8bit"),
        ("load_in_4bit=False,dtype=float32", "float32"),
        ("dtype=torch.bfloat16", "bfloat16"),
    ],
)
def test_the_precision_is_that_of_the_weights_as_asked(arguments, precision):
    assert model("a/b", model_args=f"pretrained=a/b,{arguments}").precision == precision
