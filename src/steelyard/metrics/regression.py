"""Regression: sums of errors, their squares and the target's moments; quantiles of the absolute error."""

from __future__ import annotations

import numpy as np

from steelyard.metrics import ordered
from steelyard.metrics.catalogue import info
from steelyard.metrics.plan import Plan
from steelyard.metrics.reading import Reading, ratio
from steelyard.metrics.states.retained import Retained
from steelyard.metrics.states.sliced import Rows, SlicedTally

_COLUMNS = ("e", "abs", "abs2", "e4", "y", "yy", "p", "pp", "yp", "ape", "ape2")
_AT = {name: i for i, name in enumerate(_COLUMNS)}
_QUANTILES = {"median_absolute_error": 0.5, "absolute_error_p90": 0.9, "absolute_error_p99": 0.99}
_CONSTANT = "undefined: the target or the prediction does not vary"
_TINY = np.finfo(np.float64).eps


class RegressionState:
    """All regression metrics of a set of rows, on all slices.

    Targets and predictions are shifted by the plan before they are squared, so that a large mean costs no digits
    (Chan, Golub & LeVeque 1983).
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.sums = SlicedTally(len(_COLUMNS), plan.sizes, whole=False, weighted=plan.weighted)
        self.rows = SlicedTally(1, plan.sizes)
        self.mass = SlicedTally(1, plan.sizes, weighted=plan.weighted)
        self.largest = np.full(plan.n_slices, -np.inf)
        self.retained = Retained(plan.retain)

    def update(self, rows: Rows, *, ids: np.ndarray, true: np.ndarray, predicted: np.ndarray) -> None:
        """Add scored rows: finite targets and predictions, float64, shape (n,)."""
        error = predicted - true
        e, y, p = error, true - self.plan.shift, predicted - self.plan.shift
        ape = np.abs(error) / np.maximum(np.abs(true), _TINY)
        values = (e, np.abs(e), e**2, e**4, y, y**2, p, p**2, y * p, ape, ape**2)
        for cell, column in enumerate(values):
            self.sums.add(rows, cells=cell, values=column)
        self.rows.add(Rows(rows.buckets, rows.codes, None, rows.places))
        self.mass.add(rows)
        self._update_largest(rows, np.abs(error))
        columns = {f"code{i}": c for i, c in enumerate(rows.codes)}
        self.retained.add(
            ids, error=np.abs(error), true=true, predicted=predicted, bucket=rows.buckets, **columns
        )  # fmt: skip

    def _update_largest(self, rows: Rows, error: np.ndarray) -> None:
        if len(error) == 0:
            return
        self.largest[0] = max(self.largest[0], error.max())
        start = 1
        for codes, size in zip(rows.codes, self.plan.sizes, strict=True):
            np.maximum.at(self.largest, start + codes.astype(np.int64), error)
            start += size

    def merge(self, other: RegressionState) -> RegressionState:
        """Return the state of both parts' rows."""
        merged = RegressionState(self.plan)
        merged.sums, merged.rows = self.sums.merge(other.sums), self.rows.merge(other.rows)
        merged.mass = self.mass.merge(other.mass)
        merged.largest = np.maximum(self.largest, other.largest)
        merged.retained = self.retained.merge(other.retained)
        return merged

    def readings(self) -> list[Reading]:
        """Return every metric on every slice."""
        draw = self.plan.weight_matrix
        n = self.rows.total()[0]
        mass = self.mass.total()[0]
        values = self._functions(self.sums.total(), mass, mass)
        # A total is resampled as its mean times the rows: the number of rows is not what is uncertain.
        draws = self._functions(self.sums.replicate(draw), self.mass.replicate(draw)[0], mass[:, None])
        spread = self._spreads(n)
        readings = [
            Reading(
                info=info(name), values=values[name], n=n, replicates=draws[name],
                interval="mean" if name in spread and not self.plan.weighted else "replicates", se=spread.get(name),
                notes=dict.fromkeys(np.flatnonzero(np.isnan(values[name]) & (n > 0)).tolist(), _CONSTANT),
            )
            for name in values
        ]  # fmt: skip
        largest = np.where(n > 0, self.largest, np.nan)
        readings.append(Reading(info=info("max_error"), values=largest, n=n, interval="none", method="maximum"))
        readings.append(Reading(info=info("example_count"), values=n, n=n, interval="none", method="count"))
        return readings + self._quantiles(n)

    def _functions(self, sums: np.ndarray, mass: np.ndarray, size: np.ndarray) -> dict[str, np.ndarray]:
        shift = self.plan.shift
        mean = {name: ratio(sums[i], mass) for name, i in _AT.items()}
        var_y = mean["yy"] - mean["y"] ** 2
        var_p = mean["pp"] - mean["p"] ** 2
        var_e = mean["abs2"] - mean["e"] ** 2
        flat = var_y <= 1e-13 * np.maximum(mean["yy"], 1e-300)  # a constant target, but for rounding
        var_y = np.where(flat, 0.0, var_y)
        return {
            "mean_absolute_error": mean["abs"],
            "mean_squared_error": mean["abs2"],
            "root_mean_squared_error": np.sqrt(mean["abs2"]),
            "mean_absolute_percentage_error": mean["ape"],
            "mean_error": mean["e"],
            "mean_on_target": mean["y"] + shift,
            "sum_on_target": np.where(mass > 0, (mean["y"] + shift) * size, np.nan),
            "r2_score": 1 - ratio(mean["abs2"], var_y),
            "explained_variance_score": 1 - ratio(var_e, var_y),
            "pearson_correlation": np.clip(
                ratio(mean["yp"] - mean["y"] * mean["p"], np.sqrt(var_y * np.maximum(var_p, 0))), -1, 1
            ),
        }

    def _spreads(self, n: np.ndarray) -> dict[str, np.ndarray]:
        """Standard errors of the metrics that are means over rows."""
        sums, mass = self.sums.total(), self.mass.total()[0]

        def se(first: str, second: str) -> np.ndarray:
            variance = ratio(sums[_AT[second]], mass) - ratio(sums[_AT[first]], mass) ** 2
            return np.sqrt(ratio(np.maximum(variance, 0), n - 1))

        return {
            "mean_absolute_error": se("abs", "abs2"),
            "mean_squared_error": se("abs2", "e4"),
            "mean_error": se("e", "abs2"),
            "mean_on_target": se("y", "yy"),
            "mean_absolute_percentage_error": se("ape", "ape2"),
        }

    def _quantiles(self, n: np.ndarray) -> list[Reading]:
        kept = self.retained.columns()
        if not kept or self.plan.weighted:
            return []
        codes = [kept[f"code{i}"] for i in range(len(self.plan.sizes))]
        orders = list(ordered.slices_in_order(kept["error"], codes, self.plan.sizes))
        found = ordered.quantiles(kept["error"], kept["bucket"], orders, self.plan, list(_QUANTILES.values()))
        note = "" if self.retained.complete else f"from a hashed sample of {len(kept['_id']):,} rows"
        notes = dict.fromkeys(range(len(n)), note) if note else {}
        return [
            Reading(
                info=info(name), values=linear.values, n=n, replicates=linear.replicates, interval="given", low=low,
                high=high, method="order statistics", notes=notes,
            )
            for name, (linear, low, high) in zip(_QUANTILES, found, strict=True)
        ]  # fmt: skip
