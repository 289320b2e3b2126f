"""Signatures of texts: which three letters in a row a text holds, as bits; and which bits a search must find set.

Bytes are compared, not characters, and A to Z count as a to z, so that LIKE and ILIKE are both narrowed whatever the
language. Two different triples may share a bit: a signature can say "perhaps" where the truth is no, never the other
way. Facts, such as a span's type, are kept as bits too, six for each.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

BITS = 8_192
DOCS_IN_BLOCK = 4_096
DOCUMENT_BYTES = 6_144
"""How much text shares a signature: more, and most bits are set; less, and signatures outgrow what they describe."""
OVERLAP = 128
"""A longer text is cut; what is at most so long stands whole in one of its parts."""

_SHIFT = np.uint32(32 - (BITS.bit_length() - 1))
_GOLDEN = np.uint32(0x9E3779B1)
_MOST_BITS = 24  # more of a long text would cost reading and tell nothing
_BITS_A_FACT = 6
_BETWEEN = b"\x00"  # in no text that a database keeps


class Documents:
    """Collects the texts and the facts of one trace into signatures."""

    def __init__(self) -> None:
        self._done: list[bytes] = []
        self._parts: list[bytes] = []
        self._facts: set[tuple[str, ...]] = set()
        self._room = DOCUMENT_BYTES

    def add(self, text: str | None) -> None:
        """Add a text that a search looks into by itself: nothing is found across two of them."""
        if not text:
            return
        data = text.encode()
        for begin in range(0, max(len(data) - OVERLAP, 1), DOCUMENT_BYTES - OVERLAP):
            part = data[begin : begin + DOCUMENT_BYTES]
            if self._room < len(part):
                self._finish()
            self._parts.append(part)
            self._room -= len(part)

    def add_fact(self, *words: str) -> None:
        """Add a fact, which ``fact_bits`` of the same words finds."""
        self._facts.add(words)

    def signatures(self) -> list[bytes]:
        """Return one signature for each document, at least one."""
        self._finish()
        return self._done

    def _finish(self) -> None:
        bits = np.zeros(BITS, bool)
        bits[_triples(_BETWEEN.join(self._parts))] = True
        bits[[bit for fact in self._facts for bit in fact_bits(*fact)]] = True
        self._done.append(np.packbits(bits).tobytes())
        self._parts, self._facts, self._room = [], set(), DOCUMENT_BYTES


@lru_cache(maxsize=16_384)
def fact_bits(*words: str) -> tuple[int, ...]:
    """Return the bits of a fact, such as ``("type", "TOOL")``."""
    digest = hashlib.blake2b("\x00".join(words).encode(errors="surrogatepass"), digest_size=2 * _BITS_A_FACT).digest()
    return tuple(sorted({int.from_bytes(digest[i : i + 2]) % BITS for i in range(0, len(digest), 2)}))


def text_bits_of(text: str) -> tuple[int, ...]:
    """Return bits that are set wherever a text stands; none if it is too short to tell."""
    bits = np.unique(_triples(text.encode()[:OVERLAP]))
    if len(bits) > _MOST_BITS:
        bits = bits[np.linspace(0, len(bits) - 1, _MOST_BITS).astype(int)]
    return tuple(bits.tolist())


def literal_parts(pattern: str) -> list[str]:
    """Return the parts of a LIKE pattern that stand for themselves.

    Examples:
        >>> literal_parts("%refund_100\\\\%%")
        ['refund', '100%']
    """
    parts, part, at = [], "", 0
    while at < len(pattern):
        if pattern[at] in "%_":
            parts.append(part)
            part = ""
        else:
            at += pattern[at] == "\\"
            part += pattern[at : at + 1]
        at += 1
    return [part for part in (*parts, part) if part]


def turned_over(signatures: Sequence[tuple[int, bytes]]) -> Iterable[tuple[int, bytes]]:
    """Return, for each bit that a document has, the bit of all documents of a block, for ``bitmap_of``.

    Args:
        signatures: with their places in the block.
    """
    whole = np.zeros((DOCS_IN_BLOCK, BITS // 8), np.uint8)
    for place, signature in signatures:
        whole[place] = np.frombuffer(signature, np.uint8)
    for byte in range(BITS // 8):
        columns = np.unpackbits(whole[:, byte, None], axis=1)
        rows = np.packbits(columns.T, axis=1)
        for bit, n in enumerate(columns.sum(axis=0).tolist()):
            if n:
                yield 8 * byte + bit, _shortened(rows[bit].tobytes(), n)


def bitmap_of(kept: bytes) -> np.ndarray:
    """Return the bits of a row of ``turned_over``, eight a byte."""
    return np.frombuffer(kept if len(kept) == DOCS_IN_BLOCK // 8 else zlib.decompress(kept), np.uint8)


def _shortened(row: bytes, n: int) -> bytes:
    if DOCS_IN_BLOCK // 6 < n < DOCS_IN_BLOCK * 5 // 6:
        return row  # hardly shorter if deflated
    short = zlib.compress(row, 1)
    return short if len(short) < len(row) else row


def _triples(data: bytes) -> np.ndarray:
    if len(data) < 3:
        return np.zeros(0, np.intp)
    letters = np.frombuffer(data.lower(), np.uint8).astype(np.uint32)
    triples = letters[:-2] | (letters[1:-1] << np.uint32(8)) | (letters[2:] << np.uint32(16))
    return ((triples * _GOLDEN) >> _SHIFT).astype(np.intp)
