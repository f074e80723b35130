"""An adapter of the Hub at a commit of its own: the harness would ask for it at that of the base model."""

from __future__ import annotations

from pathlib import Path

from ...errors import ItamedError
from ...sources.hub_errors import endpoint, hub_calls


def adapter_folder(name: str, revision: str = "") -> tuple[str, str]:
    """Return the folder of an adapter, and its commit where it is of the Hub.

    Args:
        name: a folder, or a name on the Hub: then it is downloaded, unless it is in the Hub's cache.
        revision: its branch, tag or commit there; "" for the newest.

    Raises:
        ItamedError: a folder was given a revision, or the Hub does not give the adapter.
    """
    if Path(name).is_dir():
        if revision:
            raise ItamedError(f"{name} is a folder, which has no revisions: leave peft_revision out.")
        return name, ""
    from huggingface_hub import snapshot_download

    with hub_calls(name, ItamedError, "peft=NAME is the name or folder of an adapter.", model=True):
        folder = snapshot_download(name, revision=revision or None, endpoint=endpoint())
    # The Hub's cache names a folder by its commit.
    return folder, Path(folder).name
