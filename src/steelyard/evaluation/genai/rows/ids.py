"""What names a row across runs: an id of its own, else a hash of its inputs with an ordinal for duplicates."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.errors import DataError

_WIDTH = 8


@dataclass(frozen=True, slots=True)
class FieldIds:
    """Ids that the rows carry in a field, all there and all different."""

    field: str

    def of(self, index: int, own: Mapping[str, Any]) -> str:
        return str(own[self.field])


@dataclass(frozen=True, slots=True)
class HashIds:
    """Ids that are hashes of the inputs, eight bytes a row, with ordinals where inputs come more than once."""

    hashes: np.ndarray
    ordinals: np.ndarray | None

    def of(self, index: int, own: Mapping[str, Any]) -> str:
        text = f"{int(self.hashes[index]):016x}"
        ordinal = 0 if self.ordinals is None else int(self.ordinals[index])
        return f"{text}-{ordinal}" if ordinal else text


class IdsBuilder:
    """Looks at every row once, then says what names them; about 40 bytes a row meanwhile, 8 after.

    Args:
        fields: those that may hold an id, the best first.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = {field: array("Q") for field in fields}
        self._inputs = array("Q")
        self._truth = array("Q")
        self._rows = 0

    def add(self, inputs: str, truth: str, own: Mapping[str, Any]) -> None:
        """Take in a row.

        Args:
            inputs: its inputs as canonical JSON.
            truth: its expectations likewise; they settle the order of rows with the same inputs.
            own: the fields that may be ids.
        """
        self._inputs.append(_word(inputs))
        self._truth.append(_word(truth))
        for field in list(self._fields):
            value = own.get(field)
            if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
                self._fields[field].append(_word(str(value)))
            else:
                del self._fields[field]  # one row without it is enough
        self._rows += 1

    def finish(self) -> FieldIds | HashIds:
        """Return what names the rows."""
        for field, words in self._fields.items():
            if len(np.unique(np.frombuffer(words, np.uint64))) == self._rows:
                return FieldIds(field)
        hashes = np.frombuffer(self._inputs, np.uint64).copy()
        return HashIds(hashes, _ordinals(hashes, np.frombuffer(self._truth, np.uint64)))


def _word(text: str) -> int:
    """Return the first 64 bits of the SHA-256 of a text: 16 hexadecimal digits."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_WIDTH], "big")


def _ordinals(hashes: np.ndarray, truth: np.ndarray) -> np.ndarray | None:
    """Number the rows of one hash 0, 1, 2 … by their expectations, then by place; None if no hash comes twice."""
    order = np.lexsort((truth, hashes))  # stable: places keep their order
    ordered = hashes[order]
    same = np.concatenate([[False], ordered[1:] == ordered[:-1]])
    if not same.any():
        return None
    starts = np.maximum.accumulate(np.where(same, 0, np.arange(len(same))))
    ordinals = np.empty(len(hashes), np.uint32)
    ordinals[order] = np.arange(len(hashes)) - starts
    return ordinals


def refuse_empty(rows: int, name: str) -> None:
    """Raise if there is nothing to evaluate."""
    if rows == 0:
        message = f"The data ({name}) has no rows: there is nothing to evaluate."
        raise DataError(message)
