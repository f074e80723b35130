"""What a training writes: adapters merged with one rounding, weights in one number format."""

import torch
from itamed.training.model import with_adapters
from itamed.training.output import _cast, _merged
from itamed.training.recipe import Lora

from ..benchmark.engines.hf import tiny


def test_adapters_are_added_in_float32_and_rounded_once():
    model = tiny.fresh("llama")
    _cast(model, torch.bfloat16)
    positions = model.model.rotary_emb.inv_freq.clone()
    before = model.model.layers[0].self_attn.q_proj.weight.detach().clone()
    adapted = with_adapters(model, Lora(rank=4, alpha=8), 0)
    layer = adapted.base_model.model.model.layers[0].self_attn.q_proj
    torch.nn.init.normal_(layer.lora_B["default"].weight, std=1e-2)
    change = layer.get_delta_weight("default").detach().float()
    merged = _merged(adapted)
    _cast(merged, torch.bfloat16)
    after = merged.model.layers[0].self_attn.q_proj.weight
    assert torch.equal(after, (before.float() + change).to(torch.bfloat16))
    twice = before + change.to(torch.bfloat16)
    assert not torch.equal(after, twice), "rounding twice is another thing"
    assert {each.dtype for each in merged.parameters()} == {torch.bfloat16}
    assert torch.equal(merged.model.rotary_emb.inv_freq, positions), "positions are as precise as they were"
