"""Bootstrap weights that come from a hash, so that they are the same on every machine and for every chunking.

Each row belongs to one of 4,096 buckets, by a hash of its id (or of its cluster's key). Replicate b gives every row of
bucket g the same weight, Poisson(1), from a hash of (b, g). That is the Poisson bootstrap (Hanley & MacGibbon 2006;
Chamandy et al. 2012) over random groups: because the grouping is independent of the data, the variance it shows is
unbiased for the variance of row resampling; its own relative error, sqrt(2 / 4096) = 2.2 %, is small beside the
sqrt(2 / 200) = 10 % of 200 replicates.

The gain: whatever adds up over rows is kept as one array over buckets, and all replicates of it are one matrix product,
whose cost does not grow with the rows. Two runs over the same rows share buckets and weights, so they are paired.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, factorial

import numpy as np

BUCKETS = 4096
DEFAULT_REPLICATES = 200

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def splitmix64(x: np.ndarray) -> np.ndarray:
    """Mix 64-bit integers (Steele, Lea & Flood 2014): every input bit reaches every output bit."""
    z = x + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


def buckets_of(ids: np.ndarray) -> np.ndarray:
    """Return the bucket of each 64-bit id: shape (n,), int32 in [0, 4096).

    Examples:
        >>> ids = np.arange(5, dtype=np.uint64)
        >>> buckets_of(ids).dtype.name, buckets_of(ids[::-1]).tolist() == buckets_of(ids)[::-1].tolist()
        ('int32', True)
    """
    return (splitmix64(np.asarray(ids, dtype=np.uint64)) >> np.uint64(52)).astype(np.int32)


@lru_cache(maxsize=8)
def weight_matrix(replicates: int = DEFAULT_REPLICATES, seed: int = 0, *, buckets: int = BUCKETS) -> np.ndarray:
    """Return the weight of each bucket in each replicate: shape (replicates, buckets), float64, read-only.

    Each weight is Poisson(1), by inversion of 16 bits of a hash of (seed, replicate, bucket). The first replicates of a
    larger matrix are those of a smaller one.

    Examples:
        >>> w = weight_matrix(200)
        >>> w.shape, bool(abs(w.mean() - 1) < 0.01), bool(abs(w.var() - 1) < 0.01)
        ((200, 4096), True, True)
    """
    base = splitmix64(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64))[0]
    rows = splitmix64(np.arange(replicates, dtype=np.uint64) ^ base)
    columns = splitmix64(np.arange(buckets, dtype=np.uint64) ^ np.uint64(0x5851F42D4C957F2D))
    bits = splitmix64(rows[:, None] ^ columns[None, :]) >> np.uint64(48)
    weights = _poisson_by_16_bits()[bits.astype(np.int64)].astype(np.float64)
    weights.setflags(write=False)
    return weights


@lru_cache(maxsize=1)
def _poisson_by_16_bits() -> np.ndarray:
    """Inverse of the Poisson(1) distribution function at (i + 1/2) / 65536, for i in [0, 65536)."""
    cumulative = np.cumsum([exp(-1) / factorial(k) for k in range(13)])
    at = (np.arange(65536) + 0.5) / 65536
    return np.searchsorted(cumulative, at).astype(np.uint8)
