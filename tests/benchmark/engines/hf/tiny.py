"""Tiny random models of each architecture, a small tokenizer, and the reference they are held against."""

import json
import random
from functools import cache

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

WORDS = """Il paziente riferisce febbre alta da tre giorni con tosse secca e dolore al torace. Assume
ramipril 5 mg e furosemide 25 mg la mattina; nega allergie. {"entities":[{"text":"tosse secca","type":"sintomo"},
{"text":"ramipril","type":"farmaco"}]} {"answer":"B"} {"relations":[{"esame":"PA","risultato":"120/80"}]}"""
END = 1
ROWS = 448
"""Rows of the models' output layers: more than the tokenizer has tokens."""


@cache
def tokenizer():
    """Return a byte-level tokenizer that begins prompts with <s>, as those of Gemma and Llama do."""
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tok.train_from_iterator([WORDS], trainer)
    tok.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(tokenizer_object=tok, bos_token="<s>", eos_token="</s>", pad_token="</s>")


def encode(text):
    """Return a text's tokens without the one that begins prompts."""
    return tokenizer().encode(text, add_special_tokens=False)


SHAPE = {
    "vocab_size": ROWS,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "max_position_embeddings": 8192,
    "bos_token_id": 0,
    "eos_token_id": END,
    "pad_token_id": END,
    "initializer_range": 0.5,
}
WINDOW = 16
TEMPLATE = "{{ bos_token }}{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}[a] "


def _gemma3(width=16):
    # Three layers look back WINDOW tokens, the fourth at everything.
    layers = ["sliding_attention"] * 3 + ["full_attention"]
    heads = {"num_key_value_heads": 1, "head_dim": width}
    # With the embeddings for an output layer, random weights repeat their input for ever.
    config = Gemma3TextConfig(
        **SHAPE, **heads, sliding_window=WINDOW, layer_types=layers, tie_word_embeddings=width != 16
    )
    return Gemma3ForCausalLM(config)


ARCHITECTURES = {
    "gemma3": _gemma3,
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SHAPE, num_key_value_heads=2)),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**SHAPE, num_key_value_heads=2, head_dim=16)),
}
# Heads as wide as the real model's, for which processors have an attention of their own.
WIDE = {"gemma3-wide": lambda: _gemma3(128)}


def fresh(name, seed=1, dtype=torch.float32):
    """Return a new model with random weights."""
    torch.manual_seed(seed)
    return (ARCHITECTURES | WIDE)[name]().to(dtype).eval()


@cache
def model(name, seed=1):
    """Return a model that tests share: they must not change it."""
    return fresh(name, seed)


def speaking(name):
    """Return a model that chooses no token without text, as trained ones do not."""
    model = fresh(name)
    with torch.no_grad():
        model.lm_head.weight[len(tokenizer()) :] = model.lm_head.weight[0]
    return model


def written(name, path):
    """Write a speaking model with its tokenizer and a chat template, which writes <s> itself; returns the folder."""
    speaking(name).save_pretrained(path)
    tokenizer().save_pretrained(path)
    (path / "chat_template.jinja").write_text(TEMPLATE)
    return path


def prompts(seed, count=6, start=WORDS * 2, longest=60):
    """Return prompts that begin alike, and the text in which each of them differs."""
    rng, words = random.Random(seed), WORDS.split()
    texts = [" ".join(rng.choices(words, k=rng.randint(3, longest))) for _ in range(count)]
    return [np.asarray(encode(start + text)) for text in texts], texts


def copying(text):
    """Return the grammar of a list of stretches of a text, each with one of three types."""
    return f"""%llguidance {{}}
start: "{{\\"entities\\":[" (ent ("," ent){{0,6}})? "]}}"
ent: "{{\\"text\\":\\"" SPAN "\\",\\"type\\":\\"" ("sintomo"|"farmaco"|"segno") "\\"}}"
SUB: %regex {{"substring_words": {json.dumps(text)}}}
SPAN: SUB & /[^ "](?s:[^"]*[^ "])?/ & /(?s:.{{1,80}})/
"""
