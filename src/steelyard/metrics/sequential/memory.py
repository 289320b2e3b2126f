"""A detector as bytes, of a known version."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.sequential.counts import Floats

_MARK = b"SYD"
_VERSION = 1  # bets are not kept but made anew: other sizes of bets are another version
_HEAD = struct.Struct("<3sBBddddQQHH")
_DIRECTIONS: tuple[Literal["", "below", "above"], ...] = ("", "below", "above")
Arrays = tuple[Floats, Floats, Floats, Floats, Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What is kept; see :class:`~steelyard.metrics.sequential.detector.Detector`."""

    direction: Literal["", "below", "above"]
    low: float
    high: float
    threshold: float
    alpha: float | None
    looks: int
    rows: int
    arrays: Arrays


def packed(kept: Packed) -> bytes:
    """Return the bytes."""
    cells, bets = kept.arrays[2].shape
    head = _HEAD.pack(
        _MARK,
        _VERSION,
        _DIRECTIONS.index(kept.direction),
        kept.low,
        kept.high,
        kept.threshold,
        math.nan if kept.alpha is None else kept.alpha,
        kept.looks,
        kept.rows,
        cells,
        bets,
    )
    return head + b"".join(np.ascontiguousarray(a, "<f8").tobytes() for a in kept.arrays)


def unpacked(data: bytes) -> Packed:
    """Return what the bytes hold."""
    if data[:3] != _MARK or len(data) < _HEAD.size:
        raise InvalidArgument("these bytes are not a detector's state. Start a new one.")
    if data[3] != _VERSION:
        raise InvalidArgument(
            f"this detector's state has version {data[3]}; this Steelyard reads {_VERSION}. Start a new one."
        )
    _, _, side, low, high, threshold, alpha, looks, rows, cells, bets = _HEAD.unpack_from(data)
    shapes = ((cells,), (cells,), (cells, bets), (bets,), (bets,))
    if side >= len(_DIRECTIONS) or len(data) != _HEAD.size + 8 * sum(math.prod(s) for s in shapes):
        raise InvalidArgument("this detector's state is damaged or cut off. Start a new one.")
    arrays, at = [], _HEAD.size
    for shape in shapes:
        size = math.prod(shape)
        arrays.append(np.frombuffer(data, "<f8", size, at).astype(np.float64).reshape(shape))
        at += 8 * size
    nulls, heads, evidence, run, starts = arrays
    return Packed(
        direction=_DIRECTIONS[side],
        low=low,
        high=high,
        threshold=threshold,
        alpha=None if math.isnan(alpha) else alpha,
        looks=looks,
        rows=rows,
        arrays=(nulls, heads, evidence, run, starts),
    )
