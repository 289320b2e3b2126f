"""From the comparison room to what pages say."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from steelyard.compare import Comparison, Difference, compare
from steelyard.errors import DataError, InvalidArgument, NotFound
from steelyard.records import SUMMARY_PATH, Run, Store
from steelyard.web.contexts.comparison import ComparisonView

_KEPT = 6
_SLICES_SAID = 3

_Key = tuple[str, ...]


class _Comparisons:
    """The comparisons that were last made. A finished evaluation does not change; its digest says if it did."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Comparison] = OrderedDict()
        self._lock = Lock()

    def make(self, store: Store, candidate: Run, baseline: Run) -> Comparison:
        """Return the comparison of two runs.

        Raises:
            NotFound: if one of them holds no evaluation.
            InvalidArgument: if they share no metric.
            DataError: if their rows cannot be matched.
        """
        ids = (candidate.info.run_id, baseline.info.run_id)
        digests = [store.artifacts.stat(run_id, SUMMARY_PATH).sha256 for run_id in ids]
        key = (store.url, *ids, *digests)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = compare(*ids, store=store)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


_comparisons = _Comparisons()


def compare_runs(store: Store, candidate: Run, baseline: Run) -> tuple[ComparisonView, Comparison | None]:
    """Return the view of a comparison, and the comparison itself if there is one."""
    names = {
        "candidate_id": candidate.info.run_id,
        "candidate_name": candidate.info.run_name or candidate.info.run_id[:8],
        "baseline_id": baseline.info.run_id,
        "baseline_name": baseline.info.run_name or baseline.info.run_id[:8],
    }
    try:
        made = _comparisons.make(store, candidate, baseline)
    except (NotFound, InvalidArgument, DataError) as error:
        return ComparisonView(**names, problem=_why(store, candidate, baseline) or str(error)), None
    view = ComparisonView(
        **names,
        differences=tuple(made.differences.values()),
        slices=made.slices,
        rows=made.rows,
        mcnemar=made.mcnemar,
        warnings=made.warnings,
        confidence=made.confidence,
        correction=made.correction,
        n_slice_tests=made.n_slice_tests,
    )
    return view, made


def leading(comparison: ComparisonView) -> tuple[Difference, ...]:
    """Return what is said first: the verdict overall, then the slices that are worse in that metric, worst first."""
    whole = next((d for d in comparison.differences if d.verdict is not None), None)
    if whole is None:
        return ()
    cells = [found[whole.metric] for found in comparison.slices.values() if whole.metric in found]
    worse = [d for d in cells if d.verdict == "worse" and d.difference is not None]
    worse.sort(key=lambda d: -abs(d.difference or 0.0))
    return (whole, *worse[:_SLICES_SAID])


def _why(store: Store, *runs: Run) -> str:
    without = [r.info.run_name or r.info.run_id for r in runs if not _is_evaluated(store, r.info.run_id)]
    if not without:
        return ""
    return f"{' and '.join(without)} {'holds' if len(without) == 1 else 'hold'} no evaluation."


def _is_evaluated(store: Store, run_id: str) -> bool:
    try:
        store.artifacts.stat(run_id, SUMMARY_PATH)
    except NotFound:
        return False
    return True
