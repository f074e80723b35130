"""Running out of memory costs no answer: fewer sequences at a time, until not even one fits."""

import logging

import pytest
import torch
from itamed.benchmark.engines.hf import loop as module
from itamed.benchmark.engines.hf import memory
from itamed.benchmark.engines.hf.memory import is_out_of_memory, sequences_that_fit
from itamed.benchmark.engines.hf.slots import Slots
from itamed.benchmark.engines.hf.waiting import Waiting
from itamed.benchmark.errors import ItamedError

from . import runs, tiny


def allocation_failure():
    """Raise what a processor without memory raises."""
    torch.empty(2**55)


def cuda_failure():
    raise torch.OutOfMemoryError("CUDA out of memory.")


def interpreter_failure():
    raise MemoryError


FAILURES = [allocation_failure, cuda_failure, interpreter_failure]
MESSAGES = [
    "MPS backend out of memory (MPS allocated: 17.98 GB, other allocations: 96.00 KB, max allowed: 18.13 GB).",
    "CUDA error: out of memory",
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "HIP out of memory. Tried to allocate 2.00 GiB.",
    "[enforce fail at alloc_cpu.cpp:116] data. DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes.",
    "[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: Error code 12",
]


def failing(model, when, failure):
    """Return a loop's model that fails on forwards of which `when` says so, and the sequences it was given in each."""
    counts = []

    def see(ids, packed):
        counts.append(len(set((packed.rows // packed.slots.length).tolist())))
        if when(counts):
            # Half-written keys and values are what a failure leaves.
            for kept in packed.slots._layers.values():
                for tensor in kept:
                    tensor.fill_(torch.nan)
            failure()

    return runs.observed(runs.loop_model(model, tiny.tokenizer()), see), counts


@pytest.fixture(params=["gemma3", "llama"])
def case(request):
    prompts, texts = tiny.prompts(1)
    grammars = [*map(tiny.copying, texts[:4]), None, None]
    model = tiny.model(request.param)
    return model, runs.asked(prompts, grammars, 20), runs.reference(model, prompts, grammars, 20)


@pytest.mark.parametrize("failure", FAILURES)
def test_answers_are_the_same_with_fewer_at_a_time(case, failure, caplog):
    model, requests, expected = case
    lm, counts = failing(model, lambda counts: counts[-1] > 2, failure)
    with caplog.at_level(logging.WARNING):
        found, _ = runs.answers(model, requests, 6, lm=lm)
    assert found == expected
    assert counts[-1] <= 2 < max(counts)
    messages = [record.getMessage() for record in caplog.records if record.name == module._log.name]
    halved = [f"Out of memory with {each} answers in progress; going on with {each // 2}." for each in (6, 3)]
    assert messages in (halved, halved[:1])


def test_answers_given_before_are_not_given_again(case):
    model, requests, expected = case
    lm, counts = failing(model, lambda counts: len(counts) in (5, 30), cuda_failure)
    found, work = runs.answers(model, requests, 5, lm=lm)
    assert found == expected
    assert work.prompt == sum(len(request.prompt) for request in requests), "counted once, however often begun"
    assert max(counts[:5]) > max(counts[5:30]) > max(counts[30:]) == 1, "5, 2, 1"


def test_a_loop_stays_with_what_fits(case):
    model, requests, _ = case
    lm, _ = failing(model, lambda counts: counts[-1] > 2, cuda_failure)
    loop = module.Loop(lm, 6)
    with runs.packed_attention(model):
        list(loop.run(requests))
    assert loop.width < 6


@pytest.mark.parametrize("failure", FAILURES)
def test_a_single_prompt_that_does_not_fit_is_a_clear_error(case, failure):
    model, requests, _ = case
    lm, counts = failing(model, lambda counts: True, failure)
    with pytest.raises(ItamedError, match=r"too small for a single prompt.*dtype=bfloat16"):
        runs.answers(model, requests, 4, lm=lm)
    assert len(counts) == 3, "4, 2, 1"


def test_other_errors_are_not_taken_for_missing_memory(case):
    model, requests, _ = case

    def failure():
        raise RuntimeError("The size of tensor a must match the size of tensor b")

    lm, counts = failing(model, lambda counts: len(counts) == 3, failure)
    with pytest.raises(RuntimeError, match="must match the size"):
        runs.answers(model, requests, 4, lm=lm)
    assert len(counts) == 3


def test_attention_is_put_back_after_an_error(case):
    model, requests, _ = case
    before = model.config._attn_implementation
    lm, _ = failing(model, lambda counts: True, cuda_failure)
    with pytest.raises(ItamedError):
        runs.answers(model, requests, 1, lm=lm)
    assert model.config._attn_implementation == before


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", sorted(tiny.ARCHITECTURES))
def test_as_many_sequences_as_half_of_the_free_memory_holds(name, dtype, monkeypatch):
    model, made = tiny.fresh(name, dtype=dtype), []
    monkeypatch.setattr(module, "Slots", lambda *shape: made.append(Slots(*shape)) or made[-1])
    prompts, _ = tiny.prompts(1, 3)
    runs.answers(model, runs.asked(prompts, [None] * 3, 3), 3)
    (slots,) = made
    used = sum(kept.nbytes for layer in slots._layers.values() for kept in layer)
    one = used // 3
    for free, count in ((6 * one, 3), (6 * one - 2, 2), (7 * one, 3), (one, 1), (0, 1), (10**12, memory.MOST)):
        monkeypatch.setattr(memory, "free_bytes", lambda _, free=free: free)
        assert sequences_that_fit(model, slots.length) == count


@pytest.mark.parametrize("message", MESSAGES)
def test_memory_runs_out_in_many_words(message):
    assert is_out_of_memory(RuntimeError(message))


@pytest.mark.parametrize("error", [RuntimeError("CUDA error: device-side assert triggered"), KeyError("out of memory")])
def test_other_errors_say_something_else(error):
    assert not is_out_of_memory(error)


@pytest.mark.parametrize("at", ["take", "slots"])
def test_no_request_is_lost_when_memory_runs_out_before_it_is_fed(case, at, monkeypatch):
    model, requests, expected = case
    place, name = {"take": (Waiting, "_guesser"), "slots": (Slots, "take")}[at]
    real, calls = getattr(place, name), []

    def once(*args):
        calls.append(args)
        if len(calls) == 4:
            raise MemoryError
        return real(*args)

    monkeypatch.setattr(place, name, once)
    assert runs.answers(model, requests, 6)[0] == expected
    assert len(calls) > len(requests)


def test_processes_of_one_machine_share_its_memory(monkeypatch):
    device = torch.device("cpu")
    monkeypatch.setattr(memory, "free_in_group", lambda: 8000)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert memory.free_bytes(device) == 8000, "the job's, not the machine's"
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert memory.free_bytes(device) == 2000


def test_free_memory_is_that_of_the_machine(monkeypatch):
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert sequences_that_fit(tiny.model("llama"), 100) == memory.MOST
    assert sequences_that_fit(tiny.model("llama"), 10**12) == 1
    assert sequences_that_fit(tiny.model("llama"), 0) == memory.MOST
