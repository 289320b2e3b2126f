"""What was said of an experiment's traces in a period: every score as a reading, over time, and by value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from steelyard.metrics.intervals import newcombe_unpaired
from steelyard.metrics.score_estimates import headline, headlines, merged
from steelyard.records import Estimate, Store
from steelyard.records.score_windows import ScoreName, ScoreWindow
from steelyard.web.contexts.dashboard import Change, Chart, QualityPoint, QualityScore, QualityValue
from steelyard.web.formats import percent, plural, score
from steelyard.web.period import Period
from steelyard.web.qualitylinked import on_one_scale
from steelyard.web.timecharts import interval_chart

MOST_SCORES = 12
SPLITS = frozenset(("name", "model", "status"))
"""What scores can be told by, besides tags."""

_SOURCES: Mapping[str, str] = {"LLM_JUDGE": "judge", "CODE": "code", "HUMAN": "people"}
_TRAFFIC_COLUMNS = 10
_NORMAL = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose scores are read, and of which traces: ``condition`` is in the filter language."""

    store: Store
    experiment_id: str
    condition: str
    period: Period

    def windows(
        self, one: ScoreName, start_ms: int, end_ms: int, step_ms: int, *, by: str = ""
    ) -> tuple[ScoreWindow, ...]:
        return self.store.scores.windows(
            [self.experiment_id],
            one.name,
            start_ms=start_ms,
            end_ms=end_ms,
            step_ms=step_ms,
            source=one.source,
            by=by,
            filter_string=self.condition,
            origin_ms=start_ms,
        )

    def names(self) -> list[ScoreName]:
        """Return the scores that are most frequent in the period, by name."""
        found = self.store.scores.names([self.experiment_id], start_ms=self.period.start_ms, end_ms=self.period.end_ms)
        return sorted(sorted(found, key=lambda one: (-one.n, one.name))[:MOST_SCORES], key=lambda o: (o.name, o.source))


def quality_of(asked: Asked) -> tuple[QualityScore, ...]:
    """Return every score that has a number in the period."""
    found = (_score(asked, one) for one in asked.names())
    return tuple(one for one in found if one is not None)


def _score(asked: Asked, one: ScoreName) -> QualityScore | None:
    p = asked.period
    windows = {w.start_ms: w for w in asked.windows(one, p.start_ms, p.end_ms, p.step_ms)}
    if not windows:
        return None
    whole = merged(windows.values())
    now = headline(whole)
    if now is None:
        return None
    earlier = () if p.before_ms is None else asked.windows(one, p.before_ms, p.start_ms, p.length_ms)
    before = earlier[0] if earlier else None
    starts = [start for start in range(p.start_ms, p.end_ms, p.step_ms) if start in windows]
    told = dict(zip(starts, headlines([windows[start] for start in starts]), strict=True))
    made = QualityScore(
        name=one.name,
        source=one.source,
        rate=_is_rate(whole),
        now=now,
        before=None if before is None else headline(before),
        change=None if before is None else change_of(whole, before),
        points=tuple(
            QualityPoint(
                start_ms=start,
                end_ms=start + p.step_ms,
                n=windows[start].n if start in windows else 0,
                errors=windows[start].errors if start in windows else 0,
                estimate=told.get(start),
            )
            for start in range(p.start_ms, p.end_ms, p.step_ms)
        ),
    )
    return made if asked.condition or one.source != "LLM_JUDGE" else _on_one_scale(asked, made)


def _on_one_scale(asked: Asked, said: QualityScore) -> QualityScore:
    """Return a judge's score as its anchors bring it onto one scale, if several of its versions spoke."""
    found = on_one_scale(asked.store, asked.experiment_id, said.name, asked.period, rate=said.rate)
    if found is None:
        return said
    if found.now is None:
        return replace(said, why_not=found.why_not)
    return replace(
        said,
        now=found.now,
        before=found.before,
        change=found.change,
        points=tuple(replace(point, estimate=found.points.get(point.start_ms)) for point in said.points),
        scale=found.version,
        as_said=said.now,
    )


def change_of(now: ScoreWindow, before: ScoreWindow) -> Change | None:
    """Return how a pass rate changed (Newcombe 1998), or a mean (Welch); of means nobody said which way is good."""
    if _is_rate(now) != _is_rate(before):
        return None
    if _is_rate(now):
        if not now.verdicts or not before.verdicts:
            return None
        ends = newcombe_unpaired(now.passed, now.verdicts, before.passed, before.verdicts)
        low, high = float(ends.low), float(ends.high)
        value = now.passed / now.verdicts - before.passed / before.verdicts
        return Change(value=value, low=low, high=high, state="better" if low > 0 else "worse" if high < 0 else "unsure")
    a, b = headline(now), headline(before)
    if a is None or b is None or a.value is None or b.value is None or a.se is None or b.se is None:
        return None
    value, half = a.value - b.value, _NORMAL * math.hypot(a.se, b.se)
    return Change(value=value, low=value - half, high=value + half)


def values_of(asked: Asked, scores: Sequence[QualityScore], by: str) -> Mapping[str, tuple[QualityValue, ...]]:
    """Return the scores of each value of a dimension, in the order of ``scores``; empty where they are not told so."""
    if by not in SPLITS and not by.startswith("tag."):
        return {}
    p = asked.period
    columns = []
    for one in scores:
        windows = asked.windows(ScoreName(one.name, one.source, 0), p.start_ms, p.end_ms, p.length_ms, by=by)
        columns.append({w.group: headline(w) for w in windows})
    groups = {group for column in columns for group in column}
    return {
        group: tuple(
            QualityValue(name=one.name, source=one.source, rate=one.rate, estimate=column.get(group))
            for one, column in zip(scores, columns, strict=True)
        )
        for group in groups
    }


def quality_charts(scores: Sequence[QualityScore]) -> tuple[Chart, ...]:
    """Return a chart for each score. Their columns follow those of the traffic in the table below."""
    return tuple(_chart(one, _TRAFFIC_COLUMNS + 1 + i) for i, one in enumerate(scores))


def _chart(one: QualityScore, column: int) -> Chart:
    written = percent if one.rate else score
    said = "no value" if one.now.value is None else f"{written(one.now.value)} over the period"
    return interval_chart(
        [point.estimate for point in one.points],
        key=f"score-{column}",
        title=f"{one.name[:60]} ({source_word(one.source)})",
        says=f"{said}, {plural(one.now.n, 'value')}{f', on the scale of version {one.scale}' if one.scale else ''}",
        columns=(column,),
        label=_share if one.rate else score,
        within=(0.0, 1.0) if one.rate else (None, None),
    )


def _share(value: float) -> str:
    return f"{100 * value:.3g}%"


def _is_rate(window: ScoreWindow) -> bool:
    return window.verdicts >= window.numbers


def source_word(source: str) -> str:
    """Return who says a score, in a word."""
    return _SOURCES.get(source, source)


def told(estimate: Estimate | None, *, rate: bool) -> str:
    """Write an estimate with its interval and n on one line, as a reader of a chart needs it."""
    if estimate is None or estimate.value is None:
        return "–"
    written = percent if rate else score
    between = (
        f" [{written(estimate.low)}, {written(estimate.high)}]"
        if estimate.low is not None and estimate.high is not None
        else ""
    )
    return f"{written(estimate.value)}{between} (n {estimate.n:,})"
