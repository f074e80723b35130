"""A loopback OpenAI-compatible completions server that answers from a table, or with noise."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

START = "### Compito"


def last_prompt(prompt: str) -> str:
    """Return the part of a few-shot prompt that asks the question."""
    return prompt[prompt.rindex(START) :].strip()


def noise(prompt: str) -> str:
    """Return garbage that depends on the prompt alone."""
    rng = random.Random(prompt)
    pieces = [
        '{"entities":[',
        '{"text":"',
        '"}',
        "]}",
        "```",
        "null",
        "\x00",
        "é",
        "B",
        "\n\n",
        '{"answer":',
        "😀",
        "\\u00",
    ]
    return "".join(rng.choice(pieces) for _ in range(rng.randrange(30)))


@contextmanager
def completions(answer: Callable[[str], str]) -> Iterator[str]:
    """Serve `answer(prompt)` as completions; yields the URL of the endpoint."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompts = request["prompt"] if isinstance(request["prompt"], list) else [request["prompt"]]
            choices = [
                {"index": i, "text": answer(prompt), "finish_reason": "stop"} for i, prompt in enumerate(prompts)
            ]
            body = json.dumps({"object": "text_completion", "choices": choices}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/completions"
    finally:
        server.shutdown()
