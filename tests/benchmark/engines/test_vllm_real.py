"""Real runs of vLLM on the mini set: every answer keeps to its document's grammar, in process and behind a server."""

import json
import os
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

import pytest
from itamed.benchmark.decoding.grammar import grammar_of

from .grammarserver import accepts

MODEL = os.environ.get("ITAMED_MODEL", "")
pytestmark = [
    pytest.mark.backend,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed: pip install 'itamed[vllm]'"),
    pytest.mark.skipif(not MODEL, reason="set ITAMED_MODEL to the folder of a small model"),
]
ENGINE = f"pretrained={MODEL},dtype=float32,max_model_len=4096,enforce_eager=True"
FEW = "itamed-mini-ner-e3c-clinentity,itamed-mini-crf-dyspnea,itamed-mini-qa-ssm"
ENVIRONMENT = {"VLLM_CPU_KVCACHE_SPACE": "2", "HF_HUB_OFFLINE": "1"} | os.environ


def answers(model, arguments, folder, tasks=FEW):
    """Run the command line, and return (document, raw answer) by task and document."""
    command = [sys.executable, "-m", "itamed.benchmark.cli", "eval", "--model", model, "--model_args", arguments]
    command += ["--tasks", tasks, "--num_fewshot", "2", "--limit", "4", "--output_path", str(folder)]
    command += ["--batch_size", "auto"] if model == "vllm" else []
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found = {}
    for path in sorted(folder.rglob("samples_*.jsonl")):
        for sample in map(json.loads, path.read_text().splitlines()):
            found[path.name.split("_")[1], sample["doc_id"]] = sample["doc"], sample["resps"][0][0]
    return found


def check_grammars(found):
    """Check that answers keep to their grammars, apart from those that the token limit cut."""
    ended = [accepts(grammar_of(doc), answer) for doc, answer in found.values()]
    for whole, (doc, answer) in zip(ended, found.values(), strict=True):
        assert whole or not answer.endswith("}"), f"{doc['id']}: {answer[:200]}"
    assert sum(ended) > len(ended) / 2


def test_answers_of_all_tasks_keep_to_their_grammars(tmp_path):
    found = answers("itamed-vllm", ENGINE, tmp_path, "itamed-mini")
    assert len(found) > 60
    check_grammars(found)


def test_our_own_engine_gives_the_same_answers(tmp_path):
    theirs = answers("itamed-vllm", ENGINE, tmp_path / "vllm", "itamed-mini")
    ours = answers("itamed-hf", f"pretrained={MODEL},dtype=float32", tmp_path / "hf", "itamed-mini")
    assert ours.keys() == theirs.keys()
    # The two add the same numbers in another order: near ties fall either way (`itamed agree` measures them).
    assert sum(ours[key] == theirs[key] for key in ours) >= 0.95 * len(ours)


def test_speculation_gives_the_same_answers(tmp_path):
    plain = answers("itamed-vllm", ENGINE, tmp_path / "plain")
    assert answers("itamed-vllm", f"{ENGINE},speculate=ngram", tmp_path / "ngram") == plain


def test_free_mode_answers_as_the_harness_does(tmp_path):
    plain = answers("vllm", ENGINE, tmp_path / "plain")
    assert answers("itamed-vllm", f"{ENGINE},constrained=false", tmp_path / "free") == plain


@pytest.fixture
def served(tmp_path):
    """Serve the model; yields the base of the endpoints' URLs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", MODEL, "--host", "127.0.0.1"]
    command += ["--port", base.rpartition(":")[2], "--dtype", "float32", "--max-model-len", "4096", "--enforce-eager"]
    command += ["--structured-outputs-config", '{"backend":"guidance","disable_any_whitespace":true}']
    with (
        (tmp_path / "server.log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=ENVIRONMENT) as server,
    ):
        try:
            _wait_for(f"{base}/health", server, Path(log.name))
            yield base
        finally:
            server.terminate()


def _wait_for(url, server, log):
    for _ in range(600):
        assert server.poll() is None, log.read_text()[-4000:]
        try:
            urlopen(url, timeout=5)
            return
        except OSError:
            time.sleep(1)
    raise AssertionError("the server did not start in ten minutes")


def test_a_real_server_keeps_to_the_grammars_of_each_request(served, tmp_path):
    arguments = f"model={MODEL},base_url={served}/v1/completions,num_concurrent=4,tokenizer_backend=none"
    check_grammars(answers("itamed-completions", f"{arguments},tokenized_requests=False", tmp_path))
