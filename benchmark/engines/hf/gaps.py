"""How much likelier a model finds one of two ways to go on, where two engines took different ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from tqdm import tqdm

from ...report.agreement import Parting
from ...speed import load_engine
from .lm import ItamedHF


@torch.no_grad()
def gaps(arguments: str, partings: Sequence[Parting]) -> list[float]:
    """Return for each parting the difference of the two tokens' log-probabilities, as an absolute number.

    Engines add the same numbers in another order, and may choose otherwise where two tokens are about
    equally likely: a small gap is that; a large one is a fault.

    Args:
        arguments: those of the first run's engine, as for `itamed eval --model_args`.
        partings: answers that differ.
    """
    lm: ItamedHF = load_engine("itamed-hf", arguments, "1")
    return [_gap(lm, parting) for parting in tqdm(partings, desc="Measuring gaps")]


def _gap(lm: ItamedHF, parting: Parting) -> float:
    prompt = lm.tok_encode(parting.prompt)
    ends = [int(lm.eot_token_id)]
    first, second = (
        [*lm.tokenizer.encode(text, add_special_tokens=False), *ends] for text in (parting.first, parting.second)
    )
    same = next(at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
    ids = torch.tensor([[*prompt, *first[:same]]], device=lm.device)
    logits = lm.model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[0, -1].float()
    return abs(float(logits[first[same]] - logits[second[same]]))
