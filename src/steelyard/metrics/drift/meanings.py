"""Drift of what texts mean: the maximum mean discrepancy of their embeddings.

Two samples are far apart if rows of one are more alike among themselves than with rows of the other. Of many rows,
blocks of a thousand are held against each other and the blocks' values averaged, so that time grows with the rows and
not with their square (Zaremba, Gretton & Blaschko 2013).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steelyard.errors import InvalidArgument
from steelyard.metrics.drift.drift import LEVEL, Drift
from steelyard.metrics.drift.floors import generator, p_value
from steelyard.metrics.drift.sentences import with_sentence

PERMUTATIONS = 500
_BLOCK = 1_000
_LEAST_IN_BLOCK = 100
_LEAST_ROWS = 20
_MOST_EXAMPLES = 20
_Z = 1.959964

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Discrepancy:
    """Of one block: the value, its permutations and the reference's own splits (B,), and how unlike each row is."""

    value: float
    permuted: npt.NDArray[np.float64]
    split: npt.NDArray[np.float64]
    variance: float
    unlike: npt.NDArray[np.float64]


def mmd_squared(reference: npt.ArrayLike, current: npt.ArrayLike, *, width: float | None = None) -> float:
    """Return the squared maximum mean discrepancy with a Gaussian kernel, without bias: about 0 where nothing differs.

    Source: Gretton et al. 2012, equation 3; k(a, b) = exp(−|a − b|² / (2 width²)).

    Args:
        reference: vectors, shape (n, d), two or more.
        current: shape (m, d), two or more.
        width: of the kernel; unless told the median distance between two vectors of the reference.

    Examples:
        >>> mmd_squared([[0.0], [1.0]], [[0.0], [1.0]], width=1.0) < 0 < mmd_squared([[0], [1]], [[5], [6]], width=1.0)
        True
    """
    old, new = _vectors(reference), _vectors(current)
    kernel = _kernel(np.concatenate([old, new]), width or _median_distance(old))
    mine = np.zeros((len(kernel), 1))
    mine[: len(old)] = 1.0
    return float(_discrepancies(kernel, mine)[0])


def drift_of_texts(
    feature: str,
    reference: npt.ArrayLike,
    current: npt.ArrayLike,
    *,
    ids: Sequence[str] = (),
    permutations: int = PERMUTATIONS,
) -> Drift:
    """Return how far the meaning of texts has moved.

    The p-value is by permutation of rows between the two samples. The floor is from the reference alone: its rows are
    split at random again and again, and each split's distance is scaled to the two samples' sizes.

    Args:
        feature: its name, which also keys the draws.
        reference: embeddings of the reference's texts, shape (n, d).
        current: of the current ones, shape (m, d).
        ids: of the current rows, to name those least like the reference.
        permutations: how many of each.

    Raises:
        InvalidArgument: the embeddings are no tables of finite numbers of one width.
    """
    old, new = _vectors(reference), _vectors(current)
    if len(old) and len(new) and old.shape[1] != new.shape[1]:
        raise InvalidArgument(f"Embeddings of {old.shape[1]} and of {new.shape[1]} numbers cannot be compared.")
    n, m = len(old), len(new)
    drift = Drift(feature=feature, kind="text", method="embedding", n_reference=n, n=m)
    if min(n, m) < _LEAST_ROWS:
        return with_sentence(drift)
    rng = generator("texts", feature)
    order, new_order = rng.permutation(n), rng.permutation(m)
    width = _median_distance(old[order[:_BLOCK]])
    blocks = max(min(-(-max(n, m) // _BLOCK), min(n, m) // _LEAST_IN_BLOCK), 1)
    parts = [(old_part[:_BLOCK], new_part[:_BLOCK]) for old_part, new_part in _paired(order, new_order, blocks)]
    found = [_block(old[a], new[b], width, rng, permutations) for a, b in parts]
    value = float(np.mean([one.value for one in found]))
    permuted, split = (np.mean([getattr(one, of) for one in found], axis=0) for of in ("permuted", "split"))
    beyond = p_value(value, permuted, tail=1.0)
    floor_95, floor_99 = (float(np.quantile(split, q)) for q in (0.95, 1.0 - LEVEL))
    half = max(_Z * float(np.sqrt(np.sum([one.variance for one in found]))) / len(found), floor_95)
    return with_sentence(
        Drift(
            feature=feature,
            kind="text",
            method="embedding",
            value=value,
            low=max(value - half, 0.0),
            high=max(value + half, 0.0),
            statistic=value,
            floor_95=floor_95,
            floor_99=floor_99,
            p_value=beyond,
            p_adjusted=beyond,
            n_reference=n,
            n=m,
            is_drift=value > floor_99 and beyond <= LEVEL,
            rows=_least_alike(found, [b for _, b in parts], ids),
        )
    )


def _paired(order: np.ndarray, new_order: np.ndarray, blocks: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(zip(np.array_split(order, blocks), np.array_split(new_order, blocks), strict=True))


def _block(old: Vectors, new: Vectors, width: float, rng: np.random.Generator, permutations: int) -> _Discrepancy:
    n, m = len(old), len(new)
    kernel = _kernel(np.concatenate([old, new]), width)
    mine = np.zeros((n + m, permutations + 1), np.float32)
    mine[:n] = 1.0
    mine[:, 1:] = rng.permuted(mine[:, 1:], axis=0)
    values = _discrepancies(kernel, mine)
    half = n // 2
    halves = np.zeros((n, permutations), np.float32)
    halves[:half] = 1.0
    scale = (1.0 / n + 1.0 / m) / (1.0 / half + 1.0 / (n - half))
    split = _discrepancies(kernel[:n, :n], rng.permuted(halves, axis=0)) * scale
    # How much more alike a row is to the reference than to the current sample.
    alike = kernel[:, :n].sum(axis=1) / n - kernel[:, n:].sum(axis=1) / m
    variance = 4.0 * float(alike[:n].var() / n + alike[n:].var() / m)
    return _Discrepancy(float(values[0]), values[1:], split, variance, -alike[n:].astype(np.float64))


def _discrepancies(kernel: npt.NDArray[np.floating], mine: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the unbiased MMD² for each way to say which rows are the reference's.

    Args:
        kernel: shape (N, N), with zeros on its diagonal.
        mine: shape (N, B), 1 for a row of the reference.
    """
    n = mine.sum(axis=0, dtype=np.float64)
    m = len(mine) - n
    each = kernel.sum(axis=1, dtype=np.float64)
    within = np.einsum("ij,ij->j", mine, kernel @ mine, dtype=np.float64)
    of_mine = each @ mine.astype(np.float64)
    across = of_mine - within
    others = each.sum() - 2.0 * of_mine + within
    return within / (n * (n - 1.0)) + others / (m * (m - 1.0)) - 2.0 * across / (n * m)


def _kernel(rows: Vectors, width: float) -> npt.NDArray[np.float32]:
    kernel = np.exp(_squared_distances(rows) / np.float32(-2.0 * width * width))
    np.fill_diagonal(kernel, 0.0)
    return kernel


def _squared_distances(rows: Vectors) -> Vectors:
    squares = np.square(rows).sum(axis=1)
    return np.maximum(squares[:, None] + squares[None, :] - 2.0 * (rows @ rows.T), 0.0)


def _median_distance(rows: Vectors) -> float:
    """Return the median distance of two different rows; 1 where most rows are the same."""
    distances = _squared_distances(rows)[np.triu_indices(len(rows), 1)]
    median = float(np.median(distances)) if len(distances) else 0.0
    return float(np.sqrt(median)) if median > 1e-12 else 1.0


def _vectors(rows: npt.ArrayLike) -> Vectors:
    vectors = np.asarray(rows, np.float32)
    if vectors.ndim != 2 and vectors.size:
        raise InvalidArgument(f"Embeddings are a table, a row of numbers for each text; these have {vectors.shape}.")
    if not np.isfinite(vectors).all():
        raise InvalidArgument("Embeddings must be finite numbers: some are NaN or infinite.")
    return vectors.reshape(len(vectors), -1) if vectors.size else np.empty((0, 0), np.float32)


def _least_alike(found: Sequence[_Discrepancy], parts: Sequence[np.ndarray], ids: Sequence[str]) -> tuple[str, ...]:
    if not len(ids):
        return ()
    unlike = np.concatenate([one.unlike for one in found])
    rows = np.concatenate(parts)
    return tuple(ids[i] for i in rows[np.argsort(-unlike, kind="stable")][:_MOST_EXAMPLES])
