"""Scores of several versions of a judge over time, on one scale."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from steelyard.errors import InvalidArgument, NotFound
from steelyard.metrics.intervals.interval import normal_quantile
from steelyard.metrics.linking import Link
from steelyard.metrics.score_estimates import headline
from steelyard.monitor.anchors_drift import ValueKind, held_against, share
from steelyard.records import Estimate, ScoreWindow, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedWindow:
    """A window's scores on the scale of the base version.

    Args:
        start_ms, end_ms: milliseconds since 1970, UTC.
        raw: as the versions said it, all together, with the errors as missing.
        linked: brought onto the base's scale; None where a version cannot be linked, and ``why_not`` says so.
        versions: how many values each version gave.
        why_not: why there is no linked value; empty if there is one.
    """

    start_ms: int
    end_ms: int
    raw: Estimate
    linked: Estimate | None
    versions: Mapping[str, int]
    why_not: str = ""


def linked_scores(
    store: Store,
    experiment_id: str,
    name: str,
    *,
    start_ms: int,
    end_ms: int,
    step_ms: int,
    origin_ms: int = 0,
    confidence: float = 0.95,
) -> tuple[LinkedWindow, ...]:
    """Return a judge's scores over time on the scale of its anchor set's base version.

    Values of the base version count as they are; those of another are brought onto its scale by the anchors that both
    have judged, with the anchors' uncertainty in the interval.

    Args:
        store: where the scores are.
        experiment_id, name: the judge.
        start_ms, end_ms, step_ms, origin_ms: as for ``ScoreStore.windows``.
        confidence: nominal coverage.

    Raises:
        NotFound: the judge has no anchor set.
    """
    anchors = store.anchors.find(experiment_id, name)
    if anchors is None:
        raise NotFound(f"{name!r} has no anchor set. Make one with create_anchor_set.")
    links = _links(store, anchors.anchor_id)
    by_start: dict[int, list[ScoreWindow]] = defaultdict(list)
    whole: dict[int, ScoreWindow] = {}
    for by in ("version", ""):
        for window in store.scores.windows(
            [experiment_id],
            name,
            start_ms=start_ms,
            end_ms=end_ms,
            step_ms=step_ms,
            source="LLM_JUDGE",
            by=by,
            origin_ms=origin_ms,
        ):
            if by:
                by_start[window.start_ms].append(window)
            else:
                whole[window.start_ms] = window
    return tuple(_linked(each, by_start[start], links, confidence) for start, each in sorted(whole.items()))


def _links(store: Store, anchor_id: str) -> Mapping[str, Link | None]:
    """Return each version's link to the base, by its newest reading; None for the base's own version."""
    anchors = store.anchors.get(anchor_id)
    done = [each for each in store.anchors.readings(anchor_id) if each.state == "done"]
    base = next((each for each in done if each.reading_id == anchors.base_reading), None)
    if base is None:
        return {}
    links: dict[str, Link | None] = {str(base.scorer_version): None}
    for reading in done:
        if str(reading.scorer_version) not in links:
            links[str(reading.scorer_version)] = held_against(store, base, reading, None, 0.95).link
    return links


def _linked(
    whole: ScoreWindow, windows: Sequence[ScoreWindow], links: Mapping[str, Link | None], confidence: float
) -> LinkedWindow:
    counted = [each for each in windows if each.verdicts or each.numbers]
    versions = {each.group: each.verdicts + each.numbers for each in counted}
    total = sum(versions.values())
    told = LinkedWindow(
        start_ms=whole.start_ms,
        end_ms=whole.end_ms,
        raw=headline(whole, confidence=confidence) or Estimate(None, 0, whole.errors, method="no values"),
        linked=None,
        versions=versions,
        why_not=_why_not(counted, links, nameless=whole.verdicts + whole.numbers - total),
    )
    if told.why_not:
        return told
    try:
        parts = [(_moved(each, links[each.group], confidence), versions[each.group]) for each in counted]
    except InvalidArgument as error:
        return replace(told, why_not=str(error))
    linked = parts[0][0] if len(parts) == 1 else _mixed(parts, total, confidence, "linked by anchors")
    return replace(told, linked=replace(linked, missing=whole.errors))


def _why_not(counted: Sequence[ScoreWindow], links: Mapping[str, Link | None], *, nameless: int) -> str:
    if nameless:
        return f"{nameless} of its values do not say by which version of the judge they are"
    if not counted:
        return "it has no verdicts and no numbers"
    unknown = sorted(each.group for each in counted if each.group not in links)
    if unknown:
        return f"no anchors were read for version {', '.join(unknown)}"
    return "its values are of several kinds" if len({_main(each) for each in counted}) > 1 else ""


def _main(window: ScoreWindow) -> ValueKind:
    return "verdicts" if window.verdicts >= window.numbers else "numbers"


def _plain(window: ScoreWindow, confidence: float) -> Estimate:
    if _main(window) == "verdicts":
        return share(window.passed, window.verdicts, confidence)
    mean, se = _moments(window)
    half = float(normal_quantile((1 + confidence) / 2)) * se
    return Estimate(mean, window.numbers, se=se, low=mean - half, high=mean + half, confidence=confidence)


def _moved(window: ScoreWindow, by: Link | None, confidence: float) -> Estimate:
    if by is None:
        return _plain(window, confidence)
    if _main(window) == "verdicts":
        return by.share(window.passed, window.verdicts, confidence)
    return by.mean(*_moments(window), window.numbers, confidence)


def _moments(window: ScoreWindow) -> tuple[float, float]:
    n, mean = window.numbers, window.total / window.numbers
    if n < 2:
        raise InvalidArgument("A single number does not tell how much such numbers vary.")
    return mean, math.sqrt(max(window.squares - n * mean**2, 0.0) / (n - 1) / n)


def _mixed(parts: Sequence[tuple[Estimate, int]], total: int, confidence: float, method: str) -> Estimate:
    """Return the mean of parts weighted by how many values each has; their errors are taken as independent."""
    value = sum(n / total * (each.value or 0.0) for each, n in parts)
    se = math.sqrt(sum((n / total * (each.se or 0.0)) ** 2 for each, n in parts))
    half = float(normal_quantile((1 + confidence) / 2)) * se
    return Estimate(value, total, se=se, low=value - half, high=value + half, confidence=confidence, method=method)
