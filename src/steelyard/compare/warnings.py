"""What stands between two runs and should be minded when reading their comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence

from steelyard.compare.alignment import Alignment
from steelyard.compare.pairs import Measured, Pair


def warnings_about(pair: Pair, measured: Sequence[Measured], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Return sentences on data, seeds, rows, targets and failures that differ between the two runs.

    Args:
        pair: the two runs.
        measured: every difference that was made.
        wanted: the metrics that were asked for by name, or None.
    """
    told = [*_about_data(pair), *_about_pairing(pair, measured), *_about_failures(measured)]
    ours, theirs = pair.candidate.summary, pair.baseline.summary
    if ours.task != theirs.task:
        told.append(f"The candidate was evaluated as {ours.task}, the baseline as {theirs.task}.")
    if ours.positive_label != theirs.positive_label:
        told.append(
            f"The positive label is {ours.positive_label!r} in one run and {theirs.positive_label!r} in the other."
        )
    if ours.weights != theirs.weights:
        told.append(f"Weights differ: {ours.weights!r} in the candidate, {theirs.weights!r} in the baseline.")
    if wanted is None:
        first, second = ({info.name for info in s.metrics} for s in (ours, theirs))
        alone = sorted(first ^ second)
        if alone:
            names = ", ".join(alone[:10]) + (", …" if len(alone) > 10 else "")
            told.append(f"Only one of the runs has {names}.")
    return tuple(told)


def _about_data(pair: Pair) -> list[str]:
    ours, theirs = pair.candidate.summary.dataset, pair.baseline.summary.dataset
    alignment = pair.alignment
    told = []
    if not ours.same_rows(theirs):
        digests = f"{ours.name} {ours.digest[:8]} and {theirs.name} {theirs.digest[:8]}"
        same = alignment is not None and alignment.same
        start = "The rows have the same ids but not the same content" if same else "The datasets differ"
        told.append(f"{start}: {digests}.")
    if alignment is None:
        told.append("A run keeps no rows, so rows are not compared one by one.")
        return told
    if alignment.shared == 0:
        told.append(f"The runs have no row in common: they are compared as independent samples.{_advice(pair)}")
    elif not alignment.same:
        both = (len(alignment.candidate), len(alignment.baseline))
        told.append(
            f"Only {alignment.shared:,} rows are in both runs, of {both[0]:,} in the candidate and {both[1]:,} in the "
            "baseline; differences are made on these where rows tell the metric."
        )
    if alignment.shared and not ours.same_rows(theirs):
        changed = _other_targets(alignment)
        if changed:
            told.append(f"{changed:,} shared rows have another target in the two runs.")
    return told


def _about_pairing(pair: Pair, measured: Sequence[Measured]) -> list[str]:
    ours, theirs = pair.candidate.replicates, pair.baseline.replicates
    told = []
    if pair.same_rows and ours is not None and theirs is not None and ours.seed != theirs.seed:
        told.append(
            f"The replicates were drawn with different seeds ({ours.seed} and {theirs.seed}), so they do not pair."
        )
    loose = [m.cell.info.title for m in measured if m.cell.about is None and m.method == "independent"]
    if loose and (pair.alignment is None or pair.alignment.shared):
        names = ", ".join(loose[:8]) + (", …" if len(loose) > 8 else "")
        told.append(f"Compared as if on independent rows, which makes the interval wider than need be: {names}.")
    return told


def _about_failures(measured: Sequence[Measured]) -> list[str]:
    whole = [m for m in measured if m.cell.about is None]
    failed = [max((m.failed[side] for m in whole), default=0) for side in (0, 1)]
    told = []
    for side, name in ((0, "candidate"), (1, "baseline")):
        if failed[side]:
            rows = "1 row" if failed[side] == 1 else f"{failed[side]:,} rows"
            told.append(f"The {name} failed on {rows} that the other run scored; they count against it.")
    open_ended = [m.cell.info.title for m in whole if _open_ended(m)]
    if open_ended:
        told.append(
            "A failed row could have cost any amount in these metrics, so they cannot favour the run that failed: "
            + ", ".join(open_ended[:8])
            + "."
        )
    return told


def _advice(pair: Pair) -> str:
    """Tell how rows that are the same may be recognised: without an id their whole content names them."""
    ours, theirs = pair.candidate.summary.dataset, pair.baseline.summary.dataset
    if ours.id_column is not None and theirs.id_column is not None:
        return ""
    return " If they are the same rows, evaluate both with id_column= naming a column that tells them apart."


def _open_ended(measured: Measured) -> bool:
    return measured.cell.info.greater_is_better is not None and any(math.isinf(d) for d in measured.doubt)


def _other_targets(alignment: Alignment) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    if "target" not in alignment.candidate.names or "target" not in alignment.baseline.names:
        return 0
    text = pa.string()
    ours = alignment.candidate.column("target").cast(text).take(pa.array(alignment.at_candidate))
    theirs = alignment.baseline.column("target").cast(text).take(pa.array(alignment.at_baseline))
    return int(pc.call_function("not_equal", [ours, theirs]).fill_null(False).to_numpy().sum())
