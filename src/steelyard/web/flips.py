"""Rows of two evaluated applications whose verdict changed, the worst changes first.

Rows are matched by row id and repeat. A row that failed in one run (whatever the outcome) and was scored in the other
has changed too: to worse in the run that failed, so that an application that breaks on hard rows never looks better.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steelyard.errors import InvalidArgument
from steelyard.records import ROWS_PATH, ApplicationSummary, NamedFeedback, RowsColumn, Store
from steelyard.web.applications import load_application
from steelyard.web.caselines import case_cell, excerpt, read_json
from steelyard.web.contexts.comparison import Flip, Flips, FlipSide
from steelyard.web.evaluations import describe, load_rows, load_summary
from steelyard.web.messages import plain, read_messages
from steelyard.web.rowtable import RowTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

FlipKind = Literal["worse", "better", "other", "same"]
KINDS: tuple[FlipKind, ...] = get_args(FlipKind)
_SIZE = 20
_KEPT = 8
_LONGEST = 6_000
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Positions of shared rows by what became of them, the largest change first."""

    kinds: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]
    shared: int
    failed: tuple[int, int]


class _Kept:
    """What became of the rows of the pairs of runs that were last looked at."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[str, ...], _Sorted] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[str, ...], ours: RowTable, theirs: RowTable, named: NamedFeedback, sign: int) -> _Sorted:
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                return self._made[key]
        made = _sort(ours, theirs, named, sign)
        with self._lock:
            self._made[key] = made
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return made


_kept = _Kept()


def flips(
    store: Store, candidate_id: str, baseline_id: str, *, scorer: str = "", kind: str = "worse", offset: int = 0
) -> Flips | None:
    """Return a page of the rows whose verdict changed; None unless both runs evaluated an application and kept rows.

    Raises:
        InvalidArgument: the runs share no such scorer.
    """
    ours_told, theirs_told = load_application(store, candidate_id), load_application(store, baseline_id)
    if ours_told is None or theirs_told is None:
        return None
    ours, theirs = load_rows(store, candidate_id), load_rows(store, baseline_id)
    shared = _shared(ours_told, theirs_told)
    if ours is None or theirs is None or not shared:
        return None
    named = next((f for f in shared if f.name == scorer), None) if scorer else shared[0]
    if named is None:
        raise InvalidArgument(
            f"The two runs share no scorer {scorer!r}; they share {', '.join(f.name for f in shared)}."
        )
    summary = load_summary(store, candidate_id)
    better = describe(named.metric, summary).greater_is_better if named.metric else None
    if named.kind in ("boolean", "number") and better is None:
        better = True
    key = (store.url, candidate_id, baseline_id, named.name, *_digests(store, candidate_id, baseline_id))
    found = _kept.get(key, ours, theirs, named, 0 if better is None else 1 if better else -1)
    chosen: str = kind if kind in KINDS else "worse"
    at_ours, at_theirs = found.kinds[chosen]
    first, second = (at[offset : offset + _SIZE] for at in (at_ours, at_theirs))
    pairs = zip(ours.rows_at(first), theirs.rows_at(second), first.tolist(), second.tolist(), strict=True)
    return Flips(
        scorer=named.name,
        scorers=tuple(f.name for f in shared),
        value_kind=named.kind,
        kind=chosen,
        counts={name: len(pair[0]) for name, pair in found.kinds.items()},
        shared=found.shared,
        failed_candidate=found.failed[0],
        failed_baseline=found.failed[1],
        candidate_id=candidate_id,
        baseline_id=baseline_id,
        rows=tuple(_flip(one, other, (i, j), named) for one, other, i, j in pairs),
        offset=offset,
        size=_SIZE,
    )


def _digests(store: Store, *run_ids: str) -> list[str]:
    return [store.artifacts.stat(run_id, ROWS_PATH).sha256 for run_id in run_ids]


def _shared(ours: ApplicationSummary, theirs: ApplicationSummary) -> list[NamedFeedback]:
    """Return what both runs were judged by; a name that failed in one of them has the kind that the other tells."""
    by = {f.name: f for f in theirs.feedback}
    both = [f if f.kind != "none" else by[f.name] for f in ours.feedback if f.name in by]
    return [f for f in both if f.kind != "none"]


def _sort(ours: RowTable, theirs: RowTable, named: NamedFeedback, sign: int) -> _Sorted:
    at_ours, at_theirs = _match(ours, theirs)
    now, before = _values(ours, named, at_ours), _values(theirs, named, at_theirs)
    lost, lost_before = _lost(ours, named, at_ours), _lost(theirs, named, at_theirs)
    now_failed, before_failed = lost & ~lost_before, lost_before & ~lost
    both = ~lost & ~lost_before
    if sign and now.dtype != object:
        with np.errstate(invalid="ignore"):
            change = sign * (now - before)
        change = np.where(both, np.nan_to_num(change), 0.0)
        worse, better = (change < -_TINY) | now_failed, (change > _TINY) | before_failed
        other = np.zeros(len(worse), dtype=bool)
    else:
        change = np.zeros(len(now))
        worse, better = now_failed, before_failed
        other = both & np.asarray(now != before, dtype=bool)
    size = np.where(now_failed | before_failed, np.inf, np.abs(change))
    kinds: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
    for name, chosen in (("worse", worse), ("better", better), ("other", other), ("same", ~(worse | better | other))):
        places = np.flatnonzero(chosen)
        places = places[np.argsort(-size[places], kind="stable")]
        kinds[name] = (at_ours[places], at_theirs[places])
    return _Sorted(kinds, len(at_ours), (int(now_failed.sum()), int(before_failed.sum())))


def _match(ours: RowTable, theirs: RowTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of shared rows in both files, by row id and repeat."""
    first, second = _keys(ours), _keys(theirs)
    places = pc.call_function("index_in", [first], pc.SetLookupOptions(value_set=second))
    found = places.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    at = np.flatnonzero(found >= 0)
    return at, found[at]


def _keys(table: RowTable) -> pa.Array:
    ids = table.column(RowsColumn.ROW_ID).cast(pa.string())
    if RowsColumn.REPEAT not in table.columns:
        return ids.combine_chunks()
    repeats = pc.fill_null(table.column(RowsColumn.REPEAT), 0).cast(pa.string())
    return pc.binary_join_element_wise(ids, repeats, "\x1f").combine_chunks()


def _values(table: RowTable, named: NamedFeedback, at: NDArray[np.int64]) -> NDArray[Any]:
    column = named.name + RowsColumn.VALUE
    if column not in table.columns:
        return np.full(len(at), np.nan)
    values = table.column(column)
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    taken = values.take(pa.array(at))
    if pa.types.is_floating(taken.type) or pa.types.is_integer(taken.type) or pa.types.is_null(taken.type):
        return np.asarray(taken.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return np.asarray(taken.to_pylist(), dtype=object)


def _lost(table: RowTable, named: NamedFeedback, at: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows that were to be scored and were not."""
    column = named.name + RowsColumn.VERDICT
    if column not in table.columns:
        return np.zeros(len(at), dtype=bool)
    outcomes = table.column(column)
    if pa.types.is_dictionary(outcomes.type):
        outcomes = outcomes.cast(outcomes.type.value_type)
    failed = pc.fill_null(pc.not_equal(outcomes, "scored"), fill_value=False)
    return np.asarray(failed.to_numpy(zero_copy_only=False), dtype=bool)[at]


def _flip(ours: Mapping[str, Any], theirs: Mapping[str, Any], positions: tuple[int, int], named: NamedFeedback) -> Flip:
    expected = next((v for k, v in ours.items() if k.startswith(RowsColumn.EXPECTATION) and v is not None), None)
    return Flip(
        row_id=str(ours.get(RowsColumn.ROW_ID)),
        repeat=int(ours.get(RowsColumn.REPEAT) or 0),
        inputs=excerpt(ours.get(RowsColumn.INPUTS)),
        expected=excerpt(expected),
        tags={k.removeprefix(RowsColumn.TAG): v for k, v in ours.items() if k.startswith(RowsColumn.TAG) and v},
        candidate=_side(ours, positions[0], named),
        baseline=_side(theirs, positions[1], named),
    )


def _side(row: Mapping[str, Any], position: int, named: NamedFeedback) -> FlipSide:
    output = read_json(row.get(RowsColumn.OUTPUT))
    turns = read_messages(output)
    text = "\n\n".join(m.text for m in turns if m.text) if turns else plain(output, longest=_LONGEST)
    return FlipSide(
        position=position,
        cell=case_cell(row, named),
        output=text[:_LONGEST],
        outcome=row.get(RowsColumn.OUTCOME) or "",
        error=(row.get(RowsColumn.ERROR) or "")[:500],
        rationale=(row.get(named.name + RowsColumn.RATIONALE) or "")[:2_000],
    )
