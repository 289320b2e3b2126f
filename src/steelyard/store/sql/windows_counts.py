"""Counts of traces by window of time and by value: numbers that add up, so that windows merge into wider ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from steelyard.metrics.states.quantiles import buckets_of, entries_of, quantiles_of
from steelyard.records.overview import QUANTILES, TraceWindow
from steelyard.store.sql.trace_groups import MOST_COST, MOST_TOKENS

OTHERS = "…"
_MOST_VALUES = 50
_Z = 1.959964  # leaves 2.5% on each side
_N, _ERRORS, _INPUT, _OUTPUT, _PRICED = range(5)


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of counts, m of them; k entries tell how the durations of a row spread.

    Args:
        starts: int64, shape (m,), when each row's window begins, milliseconds.
        codes: int64, shape (m,), the place of each row's value among ``values``.
        values: the values.
        sums: int64, shape (m, 5): traces, errors, input tokens, output tokens, traces whose price is known.
        costs: float64, shape (m,).
        owners, buckets, counts: int64, shape (k,), the entries of the rows' ``Quantiles``, by row and bucket.
    """

    starts: np.ndarray
    codes: np.ndarray
    values: tuple[str, ...]
    sums: np.ndarray
    costs: np.ndarray
    owners: np.ndarray
    buckets: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    def regrouped(self, width: int, origin: int = 0) -> Counts:
        """Return the counts of windows so wide, in milliseconds: rows of one window and value become one."""
        if not len(self):
            return self
        starts, places = np.unique((self.starts - origin) // width * width + origin, return_inverse=True)
        keys, rows = np.unique(places * len(self.values) + self.codes, return_inverse=True)
        # The entries' own keys: by row, then by bucket.
        low = int(self.buckets.min()) if len(self.buckets) else 0
        span = int(self.buckets.max()) - low + 1 if len(self.buckets) else 1
        entries, entry_rows = np.unique(rows[self.owners] * span + (self.buckets - low), return_inverse=True)
        return Counts(
            starts[keys // len(self.values)],
            keys % len(self.values),
            self.values,
            _summed(self.sums, rows, len(keys)),
            _summed(self.costs, rows, len(keys)),
            entries // span,
            entries % span + low,
            _summed(self.counts, entry_rows, len(entries)),
        )

    def frequent(self) -> Counts:
        """Return the same with the rarer values under one name."""
        if len(self.values) <= _MOST_VALUES:
            return self
        totals = _summed(self.sums[:, _N], self.codes, len(self.values))
        # The more frequent first, and of equals the one that sorts first.
        order = sorted(range(len(self.values)), key=lambda i: (-int(totals[i]), self.values[i]))
        if totals[order[_MOST_VALUES]] == 0:
            return self
        new = np.full(len(self.values), _MOST_VALUES, np.int64)
        new[order[:_MOST_VALUES]] = np.arange(_MOST_VALUES)
        values = (*(self.values[i] for i in order[:_MOST_VALUES]), OTHERS)
        return _with_values(self, new[self.codes], values)

    def selected(self, keep: np.ndarray) -> Counts:
        """Return the rows for which ``keep``, bool, shape (m,), is true."""
        if keep.all():
            return self
        new = np.cumsum(keep) - 1
        kept = keep[self.owners]
        return Counts(
            self.starts[keep],
            self.codes[keep],
            self.values,
            self.sums[keep],
            self.costs[keep],
            new[self.owners[kept]],
            self.buckets[kept],
            self.counts[kept],
        )

    def windows(self, step: int) -> tuple[TraceWindow, ...]:
        """Return the rows as people see them, by time and value."""
        spread = quantiles_of(self.owners, self.buckets, self.counts, len(self), QUANTILES).tolist()
        ended = np.bincount(self.owners, self.counts, minlength=len(self)).astype(np.int64)
        between = self._intervals(ended)
        order = sorted(range(len(self)), key=lambda i: (self.starts[i], self.values[self.codes[i]]))
        starts, sums, costs = self.starts.tolist(), self.sums.tolist(), self.costs.tolist()
        return tuple(
            TraceWindow(
                start_ms=starts[i],
                end_ms=starts[i] + step,
                group=self.values[self.codes[i]],
                n=sums[i][_N],
                errors=sums[i][_ERRORS],
                durations={} if spread[i][0] != spread[i][0] else dict(zip(QUANTILES, spread[i], strict=True)),
                duration_intervals={q: ends[i] for q, ends in between.items() if ends[i][0] == ends[i][0]},
                ended=int(ended[i]),
                input_tokens=sums[i][_INPUT],
                output_tokens=sums[i][_OUTPUT],
                cost=costs[i] if sums[i][_PRICED] else None,
                priced=sums[i][_PRICED],
            )
            for i in order
        )

    def _intervals(self, ended: np.ndarray) -> dict[float, list[tuple[float, float]]]:
        """Return the 95% intervals of ``QUANTILES`` of each row: NaN where too few durations lie beyond the quantile.

        Source: Conover 1999, §3.2, for many rows: the durations at the ranks nq ± z√(nq(1 − q)), rounded up.
        """
        last = np.maximum(ended - 1, 1)
        found = {}
        for q in QUANTILES:
            reach = _Z * np.sqrt(ended * q * (1 - q))
            ranks = np.ceil(ended * q - reach), np.ceil(ended * q + reach)
            known = (ranks[0] >= 1) & (ranks[1] <= ended)
            shares = [np.clip((rank - 1) / last, 0, 1) for rank in ranks]
            ends = quantiles_of(self.owners, self.buckets, self.counts, len(self), shares)
            ends[~known] = np.nan
            found[q] = [(low, high) for low, high in ends.tolist()]
        return found


def counts_of(rows: Sequence[Sequence[Any]]) -> Counts:
    """Return traces as counts of one each.

    Args:
        rows: of each trace when it began, the value, the duration or None, the state, input tokens, output tokens and
            the cost, or None for what is not known.
    """
    columns = tuple(zip(*rows, strict=True)) if rows else ((),) * 7
    starts, values, durations, states, inputs, outputs, costs = columns
    codes = {value: i for i, value in enumerate(dict.fromkeys(values))}
    cost = np.array(costs, np.float64)  # None becomes NaN
    priced = ~np.isnan(cost)
    duration = np.array(durations, np.float64)
    owners = np.flatnonzero(~np.isnan(duration))
    sums = np.empty((len(rows), 5), np.int64)
    sums[:, _N] = 1
    sums[:, _ERRORS] = [state == "ERROR" for state in states]
    sums[:, _INPUT] = [_tokens(n) for n in inputs]
    sums[:, _OUTPUT] = [_tokens(n) for n in outputs]
    sums[:, _PRICED] = priced
    return Counts(
        np.array(starts, np.int64),
        np.fromiter((codes[value] for value in values), np.int64, len(rows)),
        tuple(codes),
        sums,
        np.where(priced, np.clip(cost, -MOST_COST, MOST_COST), 0.0),
        owners,
        buckets_of(duration[owners]),
        np.ones(len(owners), np.int64),
    )


def _tokens(n: int | None) -> int:
    return 0 if n is None or n < 0 else min(n, MOST_TOKENS)


def kept_counts(rows: Sequence[Sequence[Any]]) -> Counts:
    """Return counts from rows of states: start, value, the five sums, the cost, and the durations' state as bytes."""
    owners, buckets, counts = entries_of([row[8] for row in rows])
    codes = {value: i for i, value in enumerate(dict.fromkeys(row[1] for row in rows))}
    return Counts(
        np.array([row[0] for row in rows], np.int64),
        np.array([codes[row[1]] for row in rows], np.int64),
        tuple(codes),
        np.array([row[2:7] for row in rows], np.int64).reshape(-1, 5),
        np.array([row[7] for row in rows], np.float64),
        owners,
        buckets,
        counts,
    )


def together(parts: Iterable[Counts]) -> Counts:
    """Return the rows of all parts, not yet merged."""
    found = [part for part in parts if len(part)]
    if not found:
        return counts_of(())
    if len(found) == 1:
        return found[0]
    codes: dict[str, int] = {}
    for part in found:
        for value in part.values:
            codes.setdefault(value, len(codes))
    renamed = [np.array([codes[value] for value in part.values], np.int64)[part.codes] for part in found]
    first = np.cumsum([0, *(len(part) for part in found)])
    return Counts(
        np.concatenate([part.starts for part in found]),
        np.concatenate(renamed),
        tuple(codes),
        np.concatenate([part.sums for part in found]),
        np.concatenate([part.costs for part in found]),
        np.concatenate([part.owners + before for part, before in zip(found, first, strict=False)]),
        np.concatenate([part.buckets for part in found]),
        np.concatenate([part.counts for part in found]),
    )


def _with_values(counts: Counts, codes: np.ndarray, values: tuple[str, ...]) -> Counts:
    return Counts(counts.starts, codes, values, counts.sums, counts.costs, counts.owners, counts.buckets, counts.counts)


def _summed(values: np.ndarray, rows: np.ndarray, n: int) -> np.ndarray:
    """Return the sums of values by row, whole numbers exactly."""
    if not n:
        return values[:0]
    order = np.argsort(rows, kind="stable")
    firsts = np.searchsorted(rows[order], np.arange(n))
    totals = np.add.reduceat(values[order], np.minimum(firsts, len(order) - 1))
    empty = np.diff(np.append(firsts, len(order))) == 0
    totals[empty] = 0
    return totals
