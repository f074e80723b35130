"""What `itamed train` writes beside a model, for those who read it: the file's name, and its stages in words."""

from __future__ import annotations

from collections.abc import Mapping

MANIFEST = "training.json"
STAGES: Mapping[str, str] = {
    "cpt": "continual pre-training",
    "sft": "supervised fine-tuning",
    "mlm": "masked language modelling",
    "tags": "token classification",
}
