"""Memory that a training needs, counted before there is any model, and the warning where there is less."""

import pytest
import torch
from itamed.training.attention import Layout
from itamed.training.encode import encode
from itamed.training.examples import Asking, examples, requests
from itamed.training.memory import kept_bytes
from itamed.training.model import load_base, pack_loss, trainable, with_adapters
from itamed.training.packing import packs
from itamed.training.recipe import Lora, load_recipe
from itamed.training.stage import engine
from itamed.training.train import train

from .conftest import TASKS

pytestmark = pytest.mark.usefixtures("no_hub")


@pytest.mark.parametrize("lora", [None, Lora(rank=4)])
def test_what_is_counted_is_what_a_forward_keeps(base, lora):
    lm = engine(*load_base(str(base), "", "float32"))
    asked = examples(requests(lm, TASKS[:1], "train", Asking()), 0)
    pack = max(packs(encode(lm, asked, chat=False, max_length=10**6, left_out={}), 2000), key=lambda p: len(p.ids))
    head = lm.model.get_output_embeddings()
    adapted = with_adapters(lm.model, lora, 0).train()
    weights = {each.untyped_storage().data_ptr() for each in lm.model.parameters()}
    kept = {}

    def note(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage
        return tensor

    with trainable(lm.model), torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        pack_loss(adapted, head, Layout(pack, torch.device("cpu")))
    torch.manual_seed(7)
    before, settings = torch.get_rng_state(), lm.model.config.to_json_string()
    found = kept_bytes(lm.model.config, "float32", lora, len(pack.ids), twice=False)
    assert torch.equal(torch.get_rng_state(), before), "dropout is drawn by the recipe's seed"
    assert lm.model.config.to_json_string() == settings
    assert lm.model.config._attn_implementation != "itamed_kept"
    real = sum(storage.nbytes() for storage in kept.values())
    # What an example shares with others is copied for its attention: the least, then.
    assert 0.6 * real < found <= real
    assert kept_bytes(lm.model.config, "float32", lora, 2 * len(pack.ids), twice=False) == pytest.approx(
        2 * found, rel=0.01
    )
    assert kept_bytes(lm.model.config, "float32", lora, len(pack.ids), twice=True) < found / 2


@pytest.mark.parametrize("free", [10**4, 10**12])
def test_too_little_memory_is_warned_of(recipe_file, tmp_path, monkeypatch, caplog, free):
    monkeypatch.setattr("itamed.training.stage.free_bytes", lambda _: free)
    train(load_recipe(str(recipe_file)), tmp_path / "out")
    assert ("lower pack, or set gradient_checkpointing" in caplog.text) == (free == 10**4)
