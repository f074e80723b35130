"""Corpora as a stage: what is watched is bounded, and texts begin as the model knows it."""

from copy import deepcopy
from types import SimpleNamespace

import pytest
from itamed.training.corpora.prepare import prepare
from itamed.training.cpt import cpt_stage, split
from itamed.training.recipe import Corpus, Cpt
from transformers import Gemma3Config, Qwen3Config

from ..benchmark.engines.hf import tiny
from .corpora.files import OTHER, TEXT, written


def settings(tmp_path, texts=(TEXT, OTHER), **others):
    return Cpt([Corpus("mine", "jsonl", str(written(tmp_path, "jsonl", texts)))], decontaminate=False, **others)


def test_a_look_takes_no_more_documents_than_are_asked_for(tmp_path):
    texts = [" ".join(f"{n}x{m}" for m in range(30)) for n in range(100)]
    for most, watched in ((500, 10), (3, 3), (0, 0)):
        cpt = settings(tmp_path, texts, dev_share=0.1, dev_documents=most)
        assert [len(part) for part in split(cpt, prepare(cpt).documents)] == [watched, 100 - watched]


@pytest.mark.parametrize(
    "config", [Qwen3Config(bos_token_id=7), Gemma3Config(text_config={"bos_token_id": 7})], ids=["text", "of_several"]
)
def test_texts_begin_with_the_model_s_token_where_the_tokenizer_has_none(tmp_path, config):
    tokenizer = deepcopy(tiny.tokenizer())
    tokenizer.bos_token = None
    cpt = settings(tmp_path)
    stage = cpt_stage(
        cpt, prepare(cpt), SimpleNamespace(model=SimpleNamespace(config=config), tokenizer=tokenizer), tmp_path
    )
    assert {int(each.prompt[0]) for each in stage.examples} == {7}
