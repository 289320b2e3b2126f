"""What was preferred to what, and the ranking that comes of it."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records import Estimate

FIRST, TIE, SECOND = 1.0, 0.5, 0.0


@dataclass(frozen=True, slots=True)
class Preference:
    """One comparison.

    Args:
        first: a contestant: a version, a model, a prompt.
        second: the other.
        outcome: 1.0 first won, 0.0 second won, 0.5 a tie.
        swapped: whether ``second`` was the one shown first; None if that was not kept.
        item: what they were compared on; comparisons of one item are not independent of each other. None: on its own.
    """

    first: str
    second: str
    outcome: float
    swapped: bool | None = None
    item: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a contestant stands.

    Args:
        name: whose standing it is.
        strength: log-odds against the average contestant, whose strength is 0.
        win_probability: the chance to be preferred to the average contestant.
        rank: 1 is the strongest; equals share the better rank.
        rank_low: the best rank that the comparisons allow.
        rank_high: the worst.
        wins: comparisons won.
        losses: comparisons lost.
        ties: neither.
    """

    name: str
    strength: Estimate
    win_probability: Estimate
    rank: int
    rank_low: int
    rank_high: int
    wins: int
    losses: int
    ties: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Contestants by strength, and what that rests on.

    Args:
        standings: strongest first.
        names: the contestants in the same order, which is that of the rows and columns of the two tables.
        wins: ``wins[i][j]``: how often i was preferred to j; a tie is half a win for both.
        counts: ``counts[i][j]``: how often i and j were compared.
        comparisons: how many in all.
        position: log-odds that being shown first adds; None if it was not told, or always the same contestant was.
        connected: every contestant can be reached from every other by a chain of wins: only then do finite strengths
            fit best.
        ridge: the penalty ridge/2 · Σβ² that was used; 0 for none.
        note: what a reader must know, such as that the ridge was needed; empty if nothing.
    """

    standings: tuple[Standing, ...]
    names: tuple[str, ...]
    wins: tuple[tuple[float, ...], ...]
    counts: tuple[tuple[int, ...], ...]
    comparisons: int
    position: Estimate | None
    connected: bool
    ridge: float
    note: str
