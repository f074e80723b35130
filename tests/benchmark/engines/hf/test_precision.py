"""The dtype that a machine is fast in."""

import logging

import pytest
import torch
from itamed.benchmark.engines.hf.lm import ItamedHF
from itamed.benchmark.engines.hf.precision import fast_dtype, slow_in_bfloat16


@pytest.fixture(params=["AVX2", "AVX512"])
def capability(request, monkeypatch):
    """Let PyTorch see one kind of processor, and no GPU."""
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: request.param)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    return request.param


@pytest.mark.parametrize("device", [None, "cpu", "cuda:0"])
def test_a_processor_without_bfloat16_takes_float32(capability, device):
    slow = capability == "AVX2"
    assert slow_in_bfloat16(device) is slow
    assert fast_dtype("auto", device) == ("float32" if slow else "auto")
    assert fast_dtype("float16", device) == "float16"


def test_a_slow_choice_is_taken_with_a_warning(capability, caplog):
    with caplog.at_level(logging.WARNING):
        assert fast_dtype("bfloat16") == "bfloat16"
    assert ("dtype=float32" in caplog.text) is (capability == "AVX2")


@pytest.mark.parametrize("device", [None, "cuda:0", "mps"])
def test_other_devices_keep_the_checkpoint_s(monkeypatch, device):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert not slow_in_bfloat16(device)
    assert fast_dtype("auto", device) == "auto"


def test_the_engine_loads_a_half_precision_checkpoint_so(folder, tmp_path, capability):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    lm = ItamedHF(str(tmp_path), device="cpu")
    assert lm.model.dtype == (torch.float32 if capability == "AVX2" else torch.bfloat16)
