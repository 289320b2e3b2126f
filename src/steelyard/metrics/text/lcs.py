"""Longest common subsequences of token lists, a machine word of cells at a time.

The rows of the dynamic-programming table differ by 0 or 1 from cell to cell, so a column of it is one Python integer
of as many bits as the reference has tokens (Hyyrö 2004, "Bit-parallel LCS-length computation revisited").
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import isqrt

Tokens = Sequence[Hashable]

_MASK_BITS = 1 << 28  # 32 MB


def lcs_length(reference: Tokens, candidate: Tokens) -> int:
    """Return the length of the longest common subsequence of two token lists.

    Time grows with ``len(reference) * len(candidate) / 64``, memory with the lengths.

    Examples:
        >>> lcs_length("the cat sat on the mat".split(), "the cat on a mat".split())
        4
    """
    if reference == candidate:
        return len(reference)
    masks, full = _Masks(reference), (1 << len(reference)) - 1
    column = full
    for token in candidate:
        matched = column & masks[token]
        if matched:
            column = ((column + matched) | (column - matched)) & full
    return len(reference) - column.bit_count()


def lcs_positions(reference: Tokens, candidate: Tokens) -> int:
    """Return which reference tokens one longest common subsequence uses, as an integer with those bits set.

    Of several subsequences of equal length, the one that Google's ``rouge_score`` reads out: from the ends, take equal
    tokens; else drop the reference's token unless that would shorten the subsequence. Only
    every ``sqrt(len(candidate))``-th column is kept, and those between are computed again, so that memory stays small.

    Examples:
        >>> bin(lcs_positions(["a", "b", "a"], ["a"]))
        '0b100'
    """
    masks, full = _Masks(reference), (1 << len(reference)) - 1
    block = max(isqrt(len(candidate)), 256)
    kept = [full]
    for start in range(0, len(candidate), block):
        kept.append(_columns(kept[-1], candidate[start : start + block], masks, full)[-1])
    used, i = 0, len(reference)
    for index in range(len(kept) - 2, -1, -1):
        start = index * block
        columns = _columns(kept[index], candidate[start : start + block], masks, full)
        j = len(columns)
        while i > 0 and j > 0:
            if reference[i - 1] == candidate[start + j - 1]:
                i, j = i - 1, j - 1
                used |= 1 << i
            elif columns[j - 1] >> (i - 1) & 1:  # this reference token adds nothing up to here
                i -= 1
            else:
                j -= 1
    return used


class _Masks(dict[Hashable, int]):
    """Where each token stands in the reference, as bits; made when asked for, and forgotten when they grow big."""

    def __init__(self, reference: Tokens) -> None:
        super().__init__()
        self._positions: dict[Hashable, list[int]] = {}
        for i, token in enumerate(reference):
            self._positions.setdefault(token, []).append(i)
        self._room = max(_MASK_BITS // max(len(reference), 1), 1)

    def __missing__(self, token: Hashable) -> int:
        positions = self._positions.get(token)
        if positions is None:
            return 0
        if len(self) >= self._room:
            self.clear()
        mask = self[token] = _bits(positions)
        return mask


def _bits(positions: list[int]) -> int:
    if len(positions) < 8:
        return sum([1 << i for i in positions])
    # a byte buffer is linear in the last position; shifting and adding would be quadratic for a word repeated all over
    buffer = bytearray(positions[-1] // 8 + 1)
    for i in positions:
        buffer[i >> 3] |= 1 << (i & 7)
    return int.from_bytes(buffer, "little")


def _columns(column: int, candidate: Tokens, masks: _Masks, full: int) -> list[int]:
    columns = []
    for token in candidate:
        matched = column & masks[token]
        if matched:
            column = ((column + matched) | (column - matched)) & full
        columns.append(column)
    return columns
