"""Documents as sequences of tokens, kept on disk: a large corpus has more of them than memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, SupportsIndex

import numpy as np
import pyarrow as pa
from datasets import Dataset, Features, Value
from datasets import Sequence as Listed
from filelock import FileLock
from itamed.benchmark.errors import ItamedError
from itamed.benchmark.paths import storing
from transformers import PreTrainedTokenizerBase

from ..encode import Encoded
from .prepare import Prepared

_BATCH = 128
"""Documents whose tokens are in memory at a time; a tokenizer shares them among its threads."""
_FEATURES = Features({"document": Value("int64"), "corpus": Value("string"), "ids": Listed(Value("int32"))})


class Sequences:
    """Examples of which every token but the first is learned, read when they are asked for.

    Args:
        rows: their documents' numbers, corpora and tokens.
        start: the token that all of them begin with.
    """

    def __init__(self, rows: Dataset, start: int) -> None:
        self._rows = rows.with_format("arrow")
        self._start = np.asarray([start])

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    def __getitem__(self, number: SupportsIndex, /) -> Encoded:
        """Return one by its number."""
        return next(self._encoded(self._rows[int(number)]))

    def __iter__(self) -> Iterator[Encoded]:
        """Yield all of them."""
        for table in self._rows.iter(_BATCH):
            yield from self._encoded(table)

    def _encoded(self, table: pa.Table) -> Iterator[Encoded]:
        for corpus, ids in zip(table["corpus"].to_pylist(), table["ids"], strict=True):
            yield Encoded(corpus, self._start, ids.values.to_numpy().astype(np.int64))

    def split(self, documents: int) -> tuple[Sequences, Sequences]:
        """Return those of the first documents, and those of the others."""
        place = int(np.searchsorted(self._rows.with_format("numpy")["document"][:], documents))
        parts = (range(place), range(place, len(self)))
        first, rest = (Sequences(self._rows.select(part), int(self._start[0])) for part in parts)
        return first, rest


def tokenised(prepared: Prepared, tokenizer: PreTrainedTokenizerBase, length: int, bos: int | None = None) -> Sequences:
    """Return documents as sequences of at most `length` tokens; those of an earlier training are opened.

    Args:
        prepared: the documents.
        tokenizer: of the model.
        length: most tokens of a sequence.
        bos: what sequences begin with where the tokenizer has no token for it; without either its end of a text.

    Raises:
        ItamedError: the tokenizer knows no token that ends a text, or the folder of corpora cannot be written.
    """
    name = hashlib.sha256(f"{_fingerprint(tokenizer)} {length}".encode()).hexdigest()[:16]
    file = prepared.folder / f"tokens-{name}.arrow"
    with storing(prepared.folder), FileLock(file.with_name(f".{file.name}.lock")):
        return sequences(prepared.documents, tokenizer, length, bos, file)


def sequences(
    documents: Dataset,
    tokenizer: PreTrainedTokenizerBase,
    length: int,
    bos: int | None = None,
    file: Path | None = None,
) -> Sequences:
    """Return documents as sequences, see `tokenised`, in memory or in a file."""
    if tokenizer.eos_token_id is None:
        raise ItamedError("The tokenizer knows no token that ends a text: set eos_token in it.")
    rows = documents.map(
        _cut,
        batched=True,
        batch_size=_BATCH,
        with_indices=True,
        fn_kwargs={"tokenizer": tokenizer, "length": length},
        features=_FEATURES,
        remove_columns=documents.column_names,
        keep_in_memory=file is None,
        cache_file_name=str(file) if file else None,
        load_from_cache_file=True,
        # The file's name says what decides it; to hash a tokenizer is not to be relied on.
        new_fingerprint="tokens",
        desc="Tokenising",
    )
    known = (tokenizer.bos_token_id, bos, tokenizer.eos_token_id)
    return Sequences(rows, next(int(each) for each in known if each is not None))


def _cut(
    documents: dict[str, list[Any]], numbers: list[int], tokenizer: PreTrainedTokenizerBase, length: int
) -> dict[str, list[Any]]:
    """Tokenise documents; each ends once, and those that are too long go on in a sequence of their own."""
    found: dict[str, list[Any]] = {name: [] for name in _FEATURES}
    tokens = tokenizer(documents["text"], add_special_tokens=False, verbose=False)["input_ids"]
    for number, corpus, ids in zip(numbers, documents["corpus"], tokens, strict=True):
        ids.append(tokenizer.eos_token_id)
        for at in range(0, len(ids), length - 1):
            found["document"].append(number)
            found["corpus"].append(corpus)
            found["ids"].append(ids[at : at + length - 1])
    return found


def _fingerprint(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return a hash of all that a tokenizer writes of itself."""
    with TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        content = b"".join(path.name.encode() + hashlib.sha256(path.read_bytes()).digest() for path in files)
    return hashlib.sha256(content).hexdigest()
