"""Strengths by maximum likelihood, and how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from steelyard.metrics.preferences.games import Floats, Games

DIVERGED = 25.0
"""Log-odds of a comparison that no data of a finite maximum reach: 1 in 10¹¹."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Strengths, centred, then the effect of position if there is one, and their covariance.

    Args:
        parameters: shape (p,).
        covariance: shape (p, p); NaN with too few comparisons for one.
        influence: shape (clusters, p), how far each cluster moves the parameters; None with a ridge, where the
            covariance is that of the posterior under the ridge's prior (Laplace): perfect data leave no residuals, and
            a sandwich would find them certain.
        ridge: the penalty used.
        confounded: an effect of position was asked for and cannot be told from strengths.
    """

    parameters: Floats
    covariance: Floats
    influence: Floats | None
    ridge: float
    confounded: bool

    @property
    def method(self) -> str:
        """How the covariance was made."""
        return "laplace, ridge" if self.influence is None else "sandwich"


def fit_strengths(games: Games, ridge: float) -> Fit | None:
    """Return the fit; None if without a ridge it runs away (whoever is shown first always wins, say)."""
    k = len(games.names)
    side, confounded = games.side, False
    if side is not None and not _position_is_told_apart(games, side):
        side, confounded = None, True
    size = k + (side is not None)
    # Fixes the sum of the strengths, of which differences say nothing; it leaves the maximum and the scores alone.
    curvature = ridge * np.eye(size)
    curvature[:k, :k] += 1.0 / k
    theta = _climb(games, side, curvature, ridge)
    if theta is None:
        return None
    theta[:k] -= theta[:k].mean()
    chance = _chance(games, side, theta)
    bread = np.linalg.inv(_information(games, side, chance) + curvature)
    if ridge > 0:
        centre = np.eye(size)
        centre[:k, :k] -= 1.0 / k
        return Fit(theta, centre @ bread @ centre, None, ridge, confounded)
    influence = _cluster_scores(games, side, games.outcome - chance) @ bread
    freedom = len(influence) - (size - 1)
    covariance = influence.T @ influence * (len(influence) / freedom if freedom > 0 else np.nan)
    return Fit(theta, covariance, influence, ridge, confounded)


def _climb(games: Games, side: Floats | None, curvature: Floats, ridge: float) -> Floats | None:
    """Newton's method from 0, its steps halved until the likelihood rises."""
    theta = np.zeros(len(curvature))
    worth = _likelihood(games, side, theta, ridge)
    for _ in range(200):
        chance = _chance(games, side, theta)
        gradient = _scores(games, side, games.outcome - chance) - ridge * theta
        step = np.linalg.solve(_information(games, side, chance) + curvature, gradient)
        ahead = _likelihood(games, side, theta + step, ridge)
        while ahead < worth - 1e-12 * (1.0 + abs(worth)):
            step = step / 2.0
            ahead = _likelihood(games, side, theta + step, ridge)
        theta, worth = theta + step, ahead
        if np.abs(step).max() < 1e-10:
            break
        if ridge == 0 and np.abs(_log_odds(games, side, theta)).max() > DIVERGED:
            return None
    return theta


def _position_is_told_apart(games: Games, side: Floats) -> bool:
    """Whether no strengths would look just like an effect of position: its column is none of the pairs' making."""
    k = len(games.names)
    pairs = np.zeros((len(side), k))
    rows = np.arange(len(side))
    pairs[rows, games.first], pairs[rows, games.second] = side, -side  # each row times its side: the column is 1
    table = np.unique(pairs, axis=0)
    return bool(np.linalg.matrix_rank(np.column_stack([table, np.ones(len(table))])) > np.linalg.matrix_rank(table))


def _log_odds(games: Games, side: Floats | None, theta: Floats) -> Floats:
    odds = theta[games.first] - theta[games.second]
    return odds if side is None else odds + theta[-1] * side


def _chance(games: Games, side: Floats | None, theta: Floats) -> Floats:
    from scipy.special import expit

    return np.asarray(expit(_log_odds(games, side, theta)))


def _likelihood(games: Games, side: Floats | None, theta: Floats, ridge: float) -> float:
    odds = _log_odds(games, side, theta)
    return float((games.outcome * odds - np.logaddexp(0.0, odds)).sum() - 0.5 * ridge * (theta @ theta))


def _scores(games: Games, side: Floats | None, residual: Floats) -> Floats:
    k = len(games.names)
    scores = np.zeros(k + (side is not None))
    scores[:k] = np.bincount(games.first, residual, k) - np.bincount(games.second, residual, k)
    if side is not None:
        scores[k] = (residual * side).sum()
    return scores


def _cluster_scores(games: Games, side: Floats | None, residual: Floats) -> Floats:
    """Scores added up by cluster: shape (clusters, parameters)."""
    k = len(games.names)
    _, cluster = np.unique(games.cluster, return_inverse=True)
    scores = np.zeros((int(cluster.max()) + 1, k + (side is not None)))
    np.add.at(scores, (cluster, games.first), residual)
    np.add.at(scores, (cluster, games.second), -residual)
    if side is not None:
        np.add.at(scores[:, k], cluster, residual * side)
    return scores


def _information(games: Games, side: Floats | None, chance: Floats) -> Floats:
    k = len(games.names)
    variance = chance * (1.0 - chance)
    between = games.pairs(variance)
    between = between + between.T
    information = np.zeros((k + (side is not None),) * 2)
    information[:k, :k] = np.diag(between.sum(axis=1)) - between
    if side is not None:
        information[k, :k] = information[:k, k] = _scores(games, None, variance * side)
        information[k, k] = variance.sum()
    return information
