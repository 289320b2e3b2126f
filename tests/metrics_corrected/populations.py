"""Populations of items whose true mean is known, with judges of all kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Make = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Population:
    """``make(rng, m)`` gives what people and the judge say of m items; ``mean`` is what people say on average."""

    name: str
    make: Make
    mean: float


def yes_no(share: float, sensitivity: float, specificity: float, name: str) -> Population:
    def make(rng: np.random.Generator, m: int) -> tuple[np.ndarray, np.ndarray]:
        y = rng.random(m) < share
        f = np.where(y, rng.random(m) < sensitivity, rng.random(m) >= specificity)
        return y.astype(float), f.astype(float)

    return Population(name, make, share)


def probabilities(share: float, sharpness: float, name: str) -> Population:
    def make(rng: np.random.Generator, m: int) -> tuple[np.ndarray, np.ndarray]:
        y = rng.random(m) < share
        return y.astype(float), 1.0 / (1.0 + np.exp(-(sharpness * (2.0 * y - 1.0) + rng.normal(size=m))))

    return Population(name, make, share)


def measured(correlation: float, name: str) -> Population:
    def make(rng: np.random.Generator, m: int) -> tuple[np.ndarray, np.ndarray]:
        y, noise = rng.normal(size=(2, m))
        return y, correlation * y + np.sqrt(1.0 - correlation**2) * noise

    return Population(name, make, 0.0)


def stars(agree: float, name: str) -> Population:
    shares = np.array([0.05, 0.1, 0.2, 0.35, 0.3])

    def make(rng: np.random.Generator, m: int) -> tuple[np.ndarray, np.ndarray]:
        y = rng.choice(5, size=m, p=shares) + 1.0
        other = np.clip(y + rng.choice([-2, -1, 1, 2], size=m), 1, 5)
        return y, np.where(rng.random(m) < agree, y, other)

    return Population(name, make, float(shares @ np.arange(1, 6)))


POPULATIONS = [
    yes_no(0.7, 0.95, 0.95, "yes-no-good-judge"),
    yes_no(0.7, 1.0, 0.8, "yes-no-lenient-judge"),
    yes_no(0.7, 0.6, 0.5, "yes-no-poor-judge"),
    probabilities(0.7, 2.0, "probability-good-judge"),
    measured(0.9, "number-good-judge"),
    measured(0.3, "number-poor-judge"),
    stars(0.9, "stars-good-judge"),
]
