"""What a run cost: counted for prompts of every backend, with the model's own tokenizer."""

import json

import pytest
from itamed.benchmark.report.usage import add_usage

NAME = "itamed-mini-qa-ssm"
PROMPT, ANSWER = "quanto pesa la zuppa", "tre chili"
CHAT = json.dumps([{"role": "user", "content": PROMPT}])


def write_run(folder, prompts, model_args, others=()):
    """Write a results file of the harness with one sample a prompt and filter, and return its path."""
    results = {"results": {name: {} for name in [NAME, *others]}, "config": {"model_args": model_args}}
    path = folder / "results_now.json"
    path.write_text(json.dumps(results | {"total_evaluation_time_seconds": "2.5"}), encoding="utf-8")
    lines = [
        {"doc_id": number, "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {}}}, "resps": [[ANSWER]]}
        for number, prompt in enumerate(prompts)
        for _ in ("repaired", "strict")
    ]
    (folder / f"samples_{NAME}_now.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def usage_of(path):
    add_usage(path)
    return json.loads(path.read_text(encoding="utf-8"))["usage"]


@pytest.mark.parametrize("prompt", [PROMPT, CHAT], ids=["text", "chat"])
def test_prompts_count_whole_however_the_harness_keeps_them(tmp_path, prompt, word_tokenizer):
    kept = prompt if prompt is PROMPT else [prompt]
    usage = usage_of(write_run(tmp_path, [kept, kept], {"pretrained": str(word_tokenizer)}))
    assert usage["seconds"] == 2.5
    counts = usage["tasks"][NAME]
    assert counts["characters_in"] == 2 * len(prompt)
    assert (counts["characters_out"], counts["tokens_out"]) == (2 * len(ANSWER), 2 * 2)
    assert counts["tokens_in"] == 2 * len(prompt.split())


def test_a_tokenizer_is_found_in_arguments_written_as_text(tmp_path, word_tokenizer):
    written = f"base_url=http://127.0.0.1:9,tokenizer={word_tokenizer}"
    assert usage_of(write_run(tmp_path, [PROMPT], written))["tasks"][NAME]["tokens_in"] == 4


@pytest.mark.parametrize("arguments", [None, "model=lookup", {"pretrained": "/nowhere/at/all"}])
def test_without_a_tokenizer_characters_are_counted_alone(tmp_path, arguments):
    counts = usage_of(write_run(tmp_path, [PROMPT], arguments))["tasks"][NAME]
    assert counts == {"characters_in": len(PROMPT), "characters_out": len(ANSWER)}


def test_tasks_of_others_are_left_out(tmp_path):
    """A task of log-likelihoods has nothing that was generated."""
    path = write_run(tmp_path, [PROMPT], None, others=["arc_easy"])
    sample = {"doc_id": 0, "arguments": {"gen_args_0": {"arg_0": "a", "arg_1": "b"}}, "resps": [[["-1.5", "True"]]]}
    (tmp_path / "samples_arc_easy_now.jsonl").write_text(json.dumps(sample))
    assert set(usage_of(path)["tasks"]) == {NAME}
