"""What a distance would be if nothing had changed, from the reference itself: its noise floor.

Two samples of a stream that does not change are never equal: with few rows the distance between them is large. How
large shows by drawing both samples again and again from the reference's own cells. Where the reference's days differ
from each other (a weekend is no Monday), whole days are drawn, so that their differences are part of the noise.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steelyard.metrics.drift.cells import Cells, Counts, Shares, Unseen

REPLICATES = 1_000
LEAST_BLOCKS = 8
DAY_MS = 86_400_000
_MOST_BLOCKS = 200
_ENOUGH = 10  # replicates beyond a value from which its p-value is counted rather than read off a fitted tail

Replicates = npt.NDArray[np.float64]


def generator(*key: object) -> np.random.Generator:
    """Return random numbers that follow from a key alone (counter-based: Salmon et al. 2011).

    Examples:
        >>> generator("a", 1).random() == generator("a", 1).random() != generator("b", 1).random()
        True
    """
    digest = hashlib.sha256(repr(key).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))


@dataclass(frozen=True, slots=True)
class Blocks:
    """The rows of a reference by block of time.

    Args:
        codes: int64, shape (n,): the block of each row, from 0.
        drawn: of how many blocks the current sample is made.
    """

    codes: Counts
    drawn: int

    @property
    def n(self) -> int:
        """How many blocks there are."""
        return int(self.codes.max()) + 1 if len(self.codes) else 0


def blocks_of(reference: npt.ArrayLike, current_ms: tuple[int, int] | None) -> Blocks | None:
    """Divide a reference into blocks of time as long as the current window, or a day if that is shorter.

    Args:
        reference: shape (n,), when each row was, milliseconds since 1970.
        current_ms: the window [start, end) that is held against it.

    Returns:
        None if the reference is not at least 8 blocks long: then nobody can tell how its blocks differ.
    """
    times = np.asarray(reference, np.int64)
    if current_ms is None or not len(times):
        return None
    length = max(current_ms[1] - current_ms[0], 1)
    span = int(times.max() - times.min()) + 1
    width = max(min(length, DAY_MS), span // _MOST_BLOCKS, 1)
    _, codes = np.unique(times // width, return_inverse=True)
    blocks = Blocks(codes.astype(np.int64), max(round(length / width), 1))
    return blocks if blocks.n >= LEAST_BLOCKS else None


def redrawn_rows(
    reference: Shares, current: Shares, n: int, m: int, *, key: object, replicates: int = REPLICATES
) -> tuple[Counts, Counts]:
    """Draw a reference of ``n`` rows and a current sample of ``m`` from given shares, row by row.

    Args:
        reference: shape (k,), or (B, k) for shares of each replicate's own.
        current: likewise.
        n, m: how many rows each has.
        key: names the draws: the same key draws the same.
        replicates: how often, B.

    Returns:
        Two arrays of counts, shape (B, k).
    """
    rng = generator("rows", key)
    return rng.multinomial(n, reference, size=replicates), rng.multinomial(m, current, size=replicates)


def expected_shares(cells: Cells, *, key: object, replicates: int = REPLICATES) -> Shares:
    """Return what shares new rows may have if nothing has changed, shape (B, k).

    They are the reference's, but for cells in which it has no row: the share of these is drawn from a gamma
    distribution with what is known of it, for it is known badly.
    """
    counts = cells.counts[0]
    shares = np.repeat((counts / counts.sum())[None, :], replicates, axis=0)
    unseen: Unseen = cells.unseen
    if not len(unseen.cells):
        return shares
    shape = (unseen.share / unseen.error) ** 2
    drawn = np.minimum(generator("unseen", key).gamma(shape, unseen.share / shape, replicates), 0.999)
    if unseen.taken_from >= 0:
        left = shares[:, unseen.taken_from] - drawn
        shares[:, unseen.taken_from] = np.maximum(left, 0.0)
    shares[:, unseen.cells] = drawn[:, None] / len(unseen.cells)
    return _proper(shares)


def overdispersion(cells: Counts, blocks: Blocks) -> float:
    """Return how much of the differences between blocks is more than chance, as a share of their size, 0 to 1.

    The chi-square of the table of blocks by cells is its degrees of freedom where rows fall into blocks by chance; what
    is beyond, √(1 − df / χ²), is by how much each block's shares are believed to differ from the whole (the moment
    estimate of a Dirichlet-multinomial's spread: Mosimann 1962).

    Args:
        cells: int64, shape (n,): the cell of each row.
        blocks: and its block.
    """
    table = _table(cells, blocks, int(cells.max()) + 1)
    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    found = float((np.square(table - expected) / expected).sum())
    by_chance = (table.shape[0] - 1) * (table.shape[1] - 1)
    return float(np.sqrt(max(1.0 - by_chance / found, 0.0))) if found > 0 else 0.0


def redrawn_blocks(
    cells: Counts,
    blocks: Blocks,
    expected: Shares,
    n: int,
    m: int,
    *,
    spread: float,
    key: object,
    replicates: int = REPLICATES,
) -> tuple[Counts, Counts]:
    """Draw both samples from blocks of the reference: blocks with replacement, then rows from their shares.

    Args:
        cells: int64, shape (n,): the cell of each row of the reference.
        blocks: and its block.
        expected: shape (B, k), the share of each cell among new rows.
        n, m: how many rows the two samples have.
        spread: as from ``overdispersion``: a block's shares are pulled towards the whole by what is chance in them.
        key, replicates: as for ``redrawn_rows``.
    """
    rng = generator("blocks", key)
    table = _table(cells, blocks, expected.shape[1])
    whole = table.sum(axis=0) / table.sum()
    moved = spread * (table / table.sum(axis=1, keepdims=True) - whole)
    old = rng.multinomial(blocks.n, np.full(blocks.n, 1.0 / blocks.n), size=replicates) / blocks.n
    new = rng.multinomial(blocks.drawn, np.full(blocks.n, 1.0 / blocks.n), size=replicates) / blocks.drawn
    return rng.multinomial(n, _proper(whole + old @ moved)), rng.multinomial(m, _proper(expected + new @ moved))


def p_value(value: float, replicates: Replicates, *, tail: float | None = None) -> float:
    """Return how often the replicates reach a value, at least once more than seen (Davison & Hinkley 1997, §4.2).

    A thousand replicates cannot tell one in a thousand from one in a billion: where fewer than ten reach the value, the
    p-value is that of ``tail`` if given, or of a gamma distribution with the replicates' mean and variance, which is
    how sums of squares behave (Satterthwaite 1946), but never above what was counted.

    Args:
        value: a distance that grows like a square (a divergence or chi-square).
        replicates: the same of samples that do not differ, shape (B,).
        tail: the p-value by theory, where there is one.
    """
    beyond = int((replicates >= value * (1.0 - 1e-12)).sum())
    counted = (beyond + 1.0) / (len(replicates) + 1.0)
    if beyond >= _ENOUGH:
        return counted
    return min(counted, _gamma_tail(value, replicates) if tail is None else tail)


def _gamma_tail(value: float, replicates: Replicates) -> float:
    from scipy.special import gammaincc

    mean, variance = float(replicates.mean()), float(replicates.var())
    if mean <= 0.0 or variance <= 0.0:
        return 1.0
    return float(gammaincc(mean * mean / variance, value * mean / variance))


def _table(cells: Counts, blocks: Blocks, k: int) -> npt.NDArray[np.float64]:
    return np.bincount(blocks.codes * k + cells, minlength=blocks.n * k).reshape(blocks.n, k).astype(np.float64)


def _proper(shares: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return shares that are not negative and add up to 1, in spite of rounding."""
    shares = np.maximum(shares, 0.0)
    return shares / shares.sum(axis=-1, keepdims=True)
