"""The command line with FSDP on processors, for which accelerate has no switch: it shares out weights on GPUs only.

Everything else is accelerate's own way: two such processes do what two GPUs would.
"""

import os
from typing import Any

import torch
from accelerate import FullyShardedDataParallelPlugin
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedType
from itamed.benchmark.cli import main
from itamed.training import trainer

SETTINGS = {
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_STATE_DICT_TYPE": "SHARDED_STATE_DICT",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "true",
}

_begin = AcceleratorState.__init__


def _begin_sharded(self: AcceleratorState, *args: Any, **kwargs: Any) -> None:
    _begin(self, *args, **kwargs)
    if self.distributed_type == DistributedType.MULTI_CPU:
        self.distributed_type = DistributedType.FSDP
        # It is asked for many times, and is the same one each time.
        if "fsdp_plugin" not in self.__dict__:
            self.fsdp_plugin = kwargs.get("fsdp_plugin") or FullyShardedDataParallelPlugin()
            if self._mixed_precision != "no":
                self.fsdp_plugin.set_mixed_precision(self._mixed_precision)


_loss = trainer.pack_loss


def _whole_loss(*given: Any) -> torch.Tensor:
    """Return a loss with all its digits: what comes out of a sharded model may be cast."""
    found = _loss(*given)
    assert found.dtype == torch.float32, f"a loss in {found.dtype}"
    return found


if __name__ == "__main__":
    trainer.pack_loss = _whole_loss
    os.environ |= SETTINGS | dict(os.environ)
    AcceleratorState.__init__ = _begin_sharded
    main()
