"""The arguments of an evaluation: how they are read, and what is added to them."""

import pytest
from itamed.benchmark.arguments import harness_arguments, harness_settings, without_label
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.fingerprint import grammar_fingerprint


def completed(*arguments):
    """Return the settings that the harness takes from completed arguments."""
    return harness_settings(harness_arguments(["--tasks", "itamed", *arguments]))


def cache(*arguments):
    """Return the name of the response cache."""
    return completed("--resume", *arguments)["use_cache"]


@pytest.fixture
def config(tmp_path):
    """Return a function that writes a file for --config."""

    def write(text):
        path = tmp_path / "run.yaml"
        path.write_text(text)
        return str(path)

    return write


def test_results_and_samples_are_always_kept(config):
    settings = completed("--model", "dummy")
    assert (settings["output_path"], settings["log_samples"]) == ("itamed-results", True)
    given = ["--model", "dummy", "--output_path=elsewhere", "-s"]
    assert harness_arguments(given)[: len(given)] == given
    assert harness_arguments(given).count("--log_samples") == 0
    assert completed("-o", "a", "--output", "b")["output_path"] == "b"
    assert completed("--config", config("output_path: elsewhere"))["output_path"] == "elsewhere"


@pytest.mark.parametrize(
    "given",
    [
        ["--model_args", "pretrained=x,dtype=bfloat16"],
        ["--model_args", "pretrained=x", "dtype=bfloat16"],
        ["-a", "pretrained=x", "--model_args=dtype=bfloat16"],
        ["--model_args", '{"pretrained": "x", "dtype": "bfloat16"}'],
        ["--config", "model_args: {pretrained: x, dtype: bfloat16}"],
        ["--config", "model_args: pretrained=x,dtype=bfloat16"],
    ],
)
def test_thinking_is_off_for_local_chat_models_however_their_arguments_are_written(given, config):
    given = [config(text) if flag == "--config" else text for flag, text in zip(["", *given], given, strict=False)]
    known = {"pretrained": "x", "dtype": "bfloat16"}
    assert completed(*given)["model_args"] == known
    for model in ("hf", "vllm", "itamed-hf", "itamed-stock", "itamed-vllm"):
        chat = completed("--model", model, *given, "--apply_chat_template")
        dated = {} if model in ("itamed-hf", "itamed-vllm") else {"chat_template_args": {"date_string": "26 Jul 2024"}}
        assert chat["model_args"] == known | {"enable_thinking": False} | dated


def test_a_date_that_is_given_stays():
    own = ["--model", "hf", "--model_args", '{"chat_template_args": {"date_string": "1"}}', "--apply_chat_template"]
    assert completed(*own)["model_args"]["chat_template_args"] == {"date_string": "1"}


def test_thinking_is_left_alone_where_it_was_asked_for_and_on_servers():
    chat = ["--apply_chat_template", "--model_args"]
    assert completed(*chat, "pretrained=x,enable_thinking=True")["model_args"]["enable_thinking"] is True
    for flag in ("--model", "-M"):
        assert completed(flag, "local-chat-completions", *chat, "model=x")["model_args"] == {"model": "x"}


def test_our_hf_model_takes_the_batch_size_that_fits_unless_one_is_given(config):
    for ours in (["--model", "itamed-hf"], ["--model=itamed-hf"], ["-M", "itamed-hf"]):
        assert completed(*ours)["batch_size"] == "auto"
    assert completed("--model", "itamed-hf", "-b", "1")["batch_size"] == "1"
    assert completed("--config", config("{model: itamed-hf, batch_size: 1}"))["batch_size"] == 1
    assert completed("--model", "hf")["batch_size"] is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["--model_args", "pretrained=a"], ["--model_args", "pretrained=b"]),
        (["--model_args", "pretrained=a", "peft=b"], ["--model_args", "pretrained=a", "peft=c"]),
        (["--model_args", "pretrained=a", "-a", "peft=b"], ["--model_args", "pretrained=a", "-a", "peft=c"]),
        (["--model", "hf"], ["--model", "itamed-hf"]),
        ([], ["--apply_chat_template"]),
        ([], ["--seed", "1"]),
    ],
)
def test_the_answer_cache_belongs_to_one_model_and_way_of_asking(one, other):
    assert cache(*one) == cache(*one)
    assert cache(*one) != cache(*other)
    assert "--resume" not in harness_arguments(["--tasks", "itamed", "--resume", *one])


def test_the_answer_cache_is_the_same_for_whoever_has_more_patience():
    given = "pretrained=a,num_concurrent={},timeout={},max_retries=9"
    assert cache("--model_args", given.format(4, 300)) == cache("--model_args", given.format(16, 900))
    assert cache("--model_args", "pretrained=a,timeout=300") == cache("--model_args", "pretrained=a")


def test_the_answer_cache_knows_the_model_of_a_config_file(config):
    first = cache("--config", config("model_args: {pretrained: a}"))
    assert first == cache("--model_args", "pretrained=a")
    assert first != cache("--config", config("model_args: {pretrained: b}"))


def test_the_answer_cache_belongs_to_the_weights_of_a_folder(tmp_path):
    given = ["--model_args", f"dtype=float32,pretrained={tmp_path}"]
    (tmp_path / "model.safetensors").write_text("one")
    first = cache(*given)
    assert cache(*given) == first
    (tmp_path / "model.safetensors").write_text("other")
    assert cache(*given) != first


def test_the_answer_cache_belongs_to_the_grammars(monkeypatch):
    before = grammar_fingerprint.__wrapped__()
    assert grammar_fingerprint.__wrapped__() == before
    monkeypatch.setattr("itamed.benchmark.decoding.pairs.SAME_FIRST", 8)
    assert grammar_fingerprint.__wrapped__() != before
    names = []
    for fingerprint in (before, "other"):
        monkeypatch.setattr("itamed.benchmark.arguments.grammar_fingerprint", lambda found=fingerprint: found)
        names.append(cache())
    assert names[0] != names[1]


@pytest.mark.parametrize("text", ["- a list", "a: [", None])
def test_a_config_file_that_cannot_be_read_ends_with_one_message(text, config):
    path = "nowhere.yaml" if text is None else config(text)
    with pytest.raises(ItamedError, match=f"--config {path}: .* It takes a YAML file"):
        completed("--config", path)


def test_the_last_label_counts_and_does_not_reach_the_harness():
    label, given = "model=b,seed=1", ["--tasks", "itamed"]
    for arguments in (["--label", label, *given], [*given, f"--label={label}"]):
        rest, found = without_label(arguments)
        assert (rest, found.model, found.seed) == (given, "b", 1)
    assert without_label(given) == (given, None)
    with pytest.raises(ItamedError, match="--label  must read like"):
        without_label([*given, "--label"])
