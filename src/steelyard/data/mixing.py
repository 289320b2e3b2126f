"""The arithmetic of hashing: 64-bit words in, well-mixed words out, whole arrays at a time.

Source: the finaliser of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators",
with the constants of Stafford's mix 13). It is a bijection of 64-bit words, so distinct words never collide in it.
It is no defence against somebody who makes collisions on purpose.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

GOLDEN = 0x9E3779B97F4A7C15
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)


def mixed(words: Words, salt: int = 0) -> Words:
    """Return the words, each changed by the salt and well mixed.

    Examples:
        >>> [hex(w) for w in mixed(np.array([0, 1], dtype=np.uint64), 0x9E3779B97F4A7C15)]
        ['0xe220a8397b1dcdaf', '0x910a2dec89025cc1']
    """
    out = words + np.uint64(salt)
    spare = out >> _30
    out ^= spare
    out *= _FIRST
    np.right_shift(out, _27, out=spare)
    out ^= spare
    out *= _SECOND
    np.right_shift(out, _31, out=spare)
    out ^= spare
    return out


def salt_of(text: str) -> int:
    """Return a 64-bit salt that stands for a name.

    Examples:
        >>> salt_of("age") == salt_of("age"), salt_of("age") == salt_of("Age")
        (True, False)
    """
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def total(words: Words) -> int:
    """Return the sum of the words modulo 2**64, which does not depend on their order or grouping."""
    return int(np.add.reduce(words, dtype=np.uint64)) if words.size else 0
