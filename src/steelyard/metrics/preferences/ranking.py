"""Bradley and Terry's ranking of pairwise preferences."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

import numpy as np

from steelyard.errors import InvalidArgument
from steelyard.metrics.intervals import normal_quantile
from steelyard.metrics.preferences.games import Games, is_connected, read_games
from steelyard.metrics.preferences.preference import FIRST, TIE, Preference, Ranking, Standing
from steelyard.metrics.preferences.ranks import rank_intervals
from steelyard.metrics.preferences.strengths import Fit, fit_strengths
from steelyard.records import Estimate

DEFAULT_RIDGE = 0.25
"""Used only where somebody has never lost (or won) and strengths would be infinite: a normal prior of sd 2 log-odds.
Ten wins of ten then show as a chance of 0.96; of two contestants, 8 wins of 8 settle the order and 6 of 6 do not."""


def bradley_terry(
    preferences: Iterable[Preference],
    *,
    confidence: float = 0.95,
    ridge: float | None = None,
    replicates: int = 1000,
    key: int = 0,
) -> Ranking:
    """Return the ranking of what was compared.

    Bradley & Terry 1952: P(i preferred to j) = σ(β_i − β_j), by Newton's method with ties as half wins (the maximum is
    the one that Hunter's MM of 2004 climbs to), centred so that strengths sum to 0. Where it was told who was shown
    first, σ(β_i − β_j ± γ) with γ the effect of position. Standard errors are sandwich ones, which hold with ties too,
    clustered by item and corrected for the number of parameters; intervals of strengths are normal. With a ridge they
    are those of the posterior under its prior instead.

    A rank interval says for one contestant who is surely stronger and who surely weaker: all differences to the others
    are judged together at the confidence, by the bootstrap distribution of the largest studentised one (Mogstad,
    Romano, Shaikh & Wilhelm 2024). The bootstrap is a linearised one: weights of the hashed bootstrap on influences.

    Args:
        preferences: comparisons.
        confidence: nominal coverage, of each contestant's interval and of each rank interval.
        ridge: penalty ridge/2 · (Σβ² + γ²). Default: none where the win graph is strongly connected and there are
            finite strengths, else 0.25, which ``note`` says.
        replicates: bootstrap replicates for the rank intervals.
        key: seed of the bootstrap.

    Raises:
        InvalidArgument: an outcome other than 1, 0.5 and 0, a contestant against itself, a ridge below 0, or one of
            0 where strengths would be infinite.

    Examples:
        >>> told = [Preference("a", "b", 1.0)] * 7 + [Preference("a", "b", 0.0)] * 3
        >>> ranking = bradley_terry(told)
        >>> ranking.names, round(2 * ranking.standings[0].strength.value, 4), ranking.wins[0][1]
        (('a', 'b'), 0.8473, 7.0)
    """
    games = read_games(preferences)
    if ridge is not None and not ridge >= 0:
        message = f"ridge must be 0 or more; it is {ridge!r}."
        raise InvalidArgument(message)
    if not games.names:
        return Ranking(standings=(), names=(), wins=(), counts=(), comparisons=0, position=None, connected=False,
                       ridge=0.0, note="nothing was compared yet")  # fmt: skip
    connected = is_connected(games)
    penalty = ridge if ridge is not None else (0.0 if connected else DEFAULT_RIDGE)
    fit = fit_strengths(games, penalty) if connected or penalty > 0 else None
    if fit is None and ridge is None:
        fit = fit_strengths(games, DEFAULT_RIDGE)
    if fit is None:
        raise InvalidArgument(
            "Without a ridge there are no finite strengths: somebody never lost, never won or was never compared with "
            "the rest, or who was shown first decided all. Leave ridge out, or give one above 0."
        )
    return _ranking(games, fit, connected, confidence, replicates, key)


def _ranking(games: Games, fit: Fit, connected: bool, confidence: float, replicates: int, key: int) -> Ranking:
    k = len(games.names)
    strengths = fit.parameters[:k]
    order = np.lexsort((np.arange(k), -strengths.round(10)))
    low, high = rank_intervals(fit, k, confidence, replicates, key)
    won, met = games.won(), games.pairs() + games.pairs().T
    decided = games.outcome != TIE
    wins = np.bincount(np.where(games.outcome == FIRST, games.first, games.second)[decided], minlength=k)
    losses = np.bincount(np.where(games.outcome == FIRST, games.second, games.first)[decided], minlength=k)
    played = met.sum(axis=1).astype(int)
    standings = []
    for i in order.tolist():
        strength = _estimate(fit, i, int(played[i]), confidence)
        standings.append(
            Standing(
                name=games.names[i],
                strength=strength,
                win_probability=_as_probability(strength),
                rank=1 + int((strengths.round(10) > strengths.round(10)[i]).sum()),
                rank_low=int(low[i]),
                rank_high=int(high[i]),
                wins=int(wins[i]),
                losses=int(losses[i]),
                ties=int(played[i] - wins[i] - losses[i]),
            )
        )
    has_position = len(fit.parameters) > k
    return Ranking(
        standings=tuple(standings),
        names=tuple(games.names[i] for i in order),
        wins=tuple(tuple(row) for row in won[np.ix_(order, order)].tolist()),
        counts=tuple(tuple(int(x) for x in row) for row in met[np.ix_(order, order)]),
        comparisons=len(games.first),
        position=_estimate(fit, k, len(games.first), confidence) if has_position else None,
        connected=connected,
        ridge=fit.ridge,
        note=_note(connected, fit),
    )


def _estimate(fit: Fit, index: int, n: int, confidence: float) -> Estimate:
    value = float(fit.parameters[index])
    se = float(np.sqrt(max(fit.covariance[index, index], 0.0)))
    if not (isfinite(se) and se > 0):
        return Estimate(value, n, confidence=confidence, method="too few comparisons for an interval")
    half = float(normal_quantile(0.5 + confidence / 2.0)) * se
    return Estimate(value, n, se=se, low=value - half, high=value + half, confidence=confidence, method=fit.method)


def _as_probability(strength: Estimate) -> Estimate:
    from scipy.special import expit

    def share(x: float | None) -> float | None:
        return None if x is None else float(expit(x))

    chance = share(strength.value)
    se = None if strength.se is None or chance is None else strength.se * chance * (1.0 - chance)
    return Estimate(
        chance, strength.n, se=se, low=share(strength.low), high=share(strength.high),
        confidence=strength.confidence, method=strength.method,
    )  # fmt: skip


def _note(connected: bool, fit: Fit) -> str:
    notes = []
    if not connected:
        notes.append(
            "Somebody never lost, never won or was never compared with the rest, so strengths are held back by a "
            f"ridge of {fit.ridge:g}: more comparisons will move them."
        )
    elif fit.ridge > 0:
        notes.append(f"Strengths are held back by a ridge of {fit.ridge:g}.")
    if fit.confounded:
        notes.append("The same contestants were always shown first, so an effect of position cannot be told apart.")
    return " ".join(notes)
