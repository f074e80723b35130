"""A loopback server that answers right where the grammar of a request allows it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from llguidance import LLMatcher, LLTokenizer

from ...oracle import last_prompt

PROBE_ANSWER = "itamed"


def accepts(grammar, text):
    """Tell whether a grammar allows exactly this text."""
    matcher = LLMatcher(LLTokenizer("byte"), LLMatcher.grammar_from_lark(grammar))
    assert not matcher.get_error(), matcher.get_error()[:300]
    content = list(text.encode())
    return matcher.try_consume_tokens(content) == len(content) and matcher.is_accepting()


class GrammarServer:
    """Answers completions and chats from a table by prompt, as far as the request's grammar allows.

    `payloads` holds what was asked under a document's own grammar, `probes` the others;
    `statuses` are given to the first requests, with `reason`, instead of an answer.
    """

    field = "structured_outputs"
    obeys = True
    reason = ""

    def __init__(self, answers):
        self.answers = answers
        self.payloads, self.probes, self.statuses = [], [], []
        self.at_once, self.most_at_once = 0, 0
        self.lock = threading.Lock()

    def reply(self, payload):
        prompt = payload["prompt"] if "prompt" in payload else payload["messages"][-1]["content"]
        gold = self.answers[last_prompt(prompt)]
        grammar = payload.get(self.field)
        grammar = grammar["grammar"] if isinstance(grammar, dict) else grammar
        if grammar is None or not self.obeys:
            text, log = gold, self.payloads
        elif accepts(grammar, PROBE_ANSWER):
            text, log = PROBE_ANSWER, self.probes
        else:
            text, log = gold if accepts(grammar, gold) else "", self.payloads
        log.append(payload)
        return {"index": 0, "text": text, "message": {"content": text}, "finish_reason": "stop"}

    @contextmanager
    def running(self, path="/v1/completions"):
        """Serve; yields the URL of the endpoint."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{path}"
        finally:
            server.shutdown()

    def _handler(self):
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with told.lock:
                    told.at_once += 1
                    told.most_at_once = max(told.most_at_once, told.at_once)
                    status = told.statuses.pop(0) if told.statuses else 200
                body = {"choices": [told.reply(payload)]} if status == 200 else {"error": told.reason}
                with told.lock:
                    told.at_once -= 1
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        return Handler
