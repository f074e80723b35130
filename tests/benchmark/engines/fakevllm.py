"""A stand-in for the package vllm, where it is not installed: answers from a table, obeying grammars."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

from .grammarserver import accepts

EOS = 256


@dataclass
class StructuredOutputsParams:
    grammar: str


@dataclass
class SamplingParams:
    max_tokens: int
    stop: list[str]
    temperature: float
    skip_special_tokens: bool
    spaces_between_special_tokens: bool
    structured_outputs: StructuredOutputsParams | None = None


class Tokenizer:
    """One token a byte."""

    name_or_path, pad_token_id, bos_token_id, eos_token_id, eos_token = "bytes", 0, None, EOS, "<eos>"

    def __call__(self, texts, **_):
        return SimpleNamespace(input_ids=[list(text.encode()) for text in texts])

    def decode(self, ids):
        return "<eos>" if ids == EOS else bytes(ids).decode()


@dataclass
class Engine:
    """What the fake LLMs of one test share: the answers by prompt, and what they were asked.

    `calls` holds the (prompt, parameters) of each call of generate; `failing` calls raise, counted from 0.
    """

    answer: Any = None
    arguments: dict[str, Any] = field(default_factory=dict)
    calls: list[list[tuple[str, SamplingParams]]] = field(default_factory=list)
    failing: set[int] = field(default_factory=set)
    refusal: Exception | None = None
    max_model_len: int = 100_000

    def start(self, **arguments):
        self.arguments = arguments
        if self.refusal:
            raise self.refusal
        config = SimpleNamespace(max_model_len=self.max_model_len)
        return SimpleNamespace(llm_engine=SimpleNamespace(model_config=config), generate=self.generate)

    def generate(self, prompts, sampling_params, use_tqdm, lora_request):
        texts = [bytes(prompt["prompt_token_ids"]).decode() for prompt in prompts]
        self.calls.append(list(zip(texts, sampling_params, strict=True)))
        if len(self.calls) - 1 in self.failing:
            raise RuntimeError("The engine died.")
        return [self._output(*each) for each in self.calls[-1]]

    def _output(self, prompt, params):
        text, constraint = self.answer(prompt), params.structured_outputs
        ending = "length" if len(text) >= params.max_tokens else "stop"
        if constraint and not accepts(constraint.grammar, text):
            text, ending = "", "error"
        tokens = [*text.encode(), *([EOS] if ending == "stop" else [])]
        answer = SimpleNamespace(text=text, finish_reason=ending, stop_reason=None, token_ids=tokens)
        return SimpleNamespace(outputs=[answer], prompt_token_ids=list(prompt.encode()), num_cached_tokens=2)


def modules(engine):
    """Return the fake modules by name; LLMs that they make belong to `engine()`, asked for at each start."""
    found = {}
    for name, content in {
        "vllm": {
            "LLM": lambda **arguments: engine().start(**arguments),
            "SamplingParams": SamplingParams,
            "RequestOutput": object,
            "TokensPrompt": dict,
        },
        "vllm.sampling_params": {"StructuredOutputsParams": StructuredOutputsParams},
        "vllm.lora": {},
        "vllm.lora.request": {"LoRARequest": object},
        "vllm.renderers": {},
        "vllm.renderers.hf": {"resolve_chat_template": lambda **_: None},
        "vllm.tokenizers": {"get_tokenizer": lambda *_, **__: Tokenizer()},
    }.items():
        found[name] = ModuleType(name)
        found[name].__spec__ = ModuleSpec(name, None)
        vars(found[name]).update(content)
    return found


def forget():
    """Drop the modules that were imported against another vllm, or will have been."""
    for name in ("lm_eval.models.vllm_causallms", "itamed.benchmark.engines.vllm"):
        sys.modules.pop(name, None)
