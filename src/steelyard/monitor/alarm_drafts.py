"""Rules as people write them: one call with plain names, from which a draft is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, TypedDict

from steelyard.errors import InvalidArgument
from steelyard.metrics.catalogue import CATALOGUE
from steelyard.monitor.alarm_times import Moment, Span, moment_ms, span_ms
from steelyard.monitor.rules_sequential import check_method
from steelyard.records import Condition, NoData, RuleDraft, Series, SeriesKind

Baseline: TypeAlias = "str | tuple[Moment, Moment]"
Side: TypeAlias = Literal["below", "above"]

_SLOW_KINDS = ("drift", "model", "judge")
"""What is read from many rows, or changes by the day: looked at by the hour, a day together, unless told."""


class RuleOptions(TypedDict, total=False):
    """What ``draft_alarm_rule`` takes beside the name."""

    score: str | None
    traces: str | None
    drift: str | None
    model: str | None
    judge: str | None
    monitor: str | None
    below: float | None
    above: float | None
    baseline: Baseline | None
    margin: float
    direction: Side | None
    method: Literal["threshold", "change", "anytime"] | None
    every: Span | None
    window: Span | None
    by: str
    filter_string: str
    source: str
    distance: str
    false_alarms_per_year: float
    confidence: float
    min_n: int
    value_range: tuple[float, float]
    no_data: NoData
    recover_after: int
    channels: Sequence[str]
    severity: Literal["warning", "critical"]
    again: Span | None
    note: str


def draft_alarm_rule(
    name: str,
    *,
    score: str | None = None,
    traces: str | None = None,
    drift: str | None = None,
    model: str | None = None,
    judge: str | None = None,
    monitor: str | None = None,
    below: float | None = None,
    above: float | None = None,
    baseline: Baseline | None = None,
    margin: float = 0.0,
    direction: Side | None = None,
    method: Literal["threshold", "change", "anytime"] | None = None,
    every: Span | None = None,
    window: Span | None = None,
    by: str = "",
    filter_string: str = "",
    source: str = "",
    distance: str = "",
    false_alarms_per_year: float = 1.0,
    confidence: float = 0.95,
    min_n: int = 30,
    value_range: tuple[float, float] = (0.0, 1.0),
    no_data: NoData = "ignore",
    recover_after: int = 2,
    channels: Sequence[str] = (),
    severity: Literal["warning", "critical"] = "warning",
    again: Span | None = None,
    note: str = "",
) -> RuleDraft:
    """Return a rule that is not kept yet: to be tried with ``preview_rule``, then kept with ``create_alarm_rule``.

    Args:
        name: of the rule.
        score: feedback of this name is watched: the share that is good, or the mean of its numbers.
        traces: ``count``, ``error_rate``, ``duration_p50`` (``p90``, ``p95``, ``p99``; milliseconds), ``input_tokens``,
            ``output_tokens`` or ``cost`` (US dollars) is watched.
        drift: the distance of a feature, such as ``output.length`` or ``score:correctness``, from its reference.
        model: a metric of logged predictions, as ``<model>/<metric>``.
        judge: how far this judge is from what it said of its anchors.
        monitor: ``backlog:<name>``, ``delay:<name>`` (milliseconds) or ``failures:<name>`` of a monitor.
        below, above: the limit, and which side of it is bad.
        baseline: what it is compared with: ``previous`` (the window before), ``last_week`` (the same window seven days
            before), or a stretch as two moments. A stretch is read once and remembered. Of drift it is the reference,
            ``previous`` unless told.
        margin: how much worse than the baseline is tolerated, in the unit of the series.
        direction: which side is bad, where ``below`` and ``above`` do not say it; unless told it is ``below`` for
            scores, the count of traces and metrics of which more is better, and ``above`` for all else.
        method: ``threshold`` unless told, ``change`` with a baseline; ``anytime`` watches every new row with a declared
            rate of false alarms. It takes each stretch once, when the monitor has nothing left of it to score and a day
            later at the latest: scores that come after that count for the other methods and not for this one. Drift
            and judges are compared with their reference in any case.
        every: how often is looked; ``5m`` unless told, ``1h`` for drift, models and judges.
        window: how much time a look takes together; ``1h`` unless told, ``1d`` for drift, models and judges.
        by: one alarm for each value of ``name``, ``model`` or ``tag.<key>``; of scores also ``version``.
        filter_string: only traces that match.
        source: of a score: only ``LLM_JUDGE``, ``CODE`` or ``HUMAN``.
        distance: of drift: ``psi``, ``js``, ``ks``, ``chi2`` or ``embedding``.
        false_alarms_per_year: what ``anytime`` allows the whole rule, with all of its groups.
        confidence: of intervals, for the whole rule at a look.
        min_n: with fewer rows nothing is said.
        value_range: what no number of a score can leave; ``anytime`` needs it of scores that are numbers.
        no_data: what a window without rows means: ``ignore``, ``alarm`` or ``recover``.
        recover_after: looks in a row that find it fine until an alarm recovers.
        channels: who is told.
        severity: ``warning`` or ``critical``.
        again: an alarm that nobody acknowledges is told again after so long; never unless told.
        note: for whoever is woken.

    Raises:
        InvalidArgument: something cannot be used; the message says what.

    Examples:
        >>> draft = draft_alarm_rule("quality", score="correctness", baseline="last_week", margin=0.02, window="1d")
        >>> draft.condition.method, draft.condition.direction, draft.window_ms
        ('change', 'below', 86400000)
        >>> draft_alarm_rule("slow", traces="duration_p95", above=2000).condition.method
        'threshold'
    """
    kind, what = _watched(score=score, traces=traces, drift=drift, model=model, judge=judge, monitor=monitor)
    series = Series(kind=kind, what=what, filter_string=filter_string, by=by, source=source, method=distance)
    condition = Condition(
        method=method or ("threshold" if baseline is None or series.kind in ("drift", "judge") else "change"),
        direction=_direction(series, below, above, direction),
        value=_value(series, below, above),
        margin=margin,
        baseline=_baseline(baseline),
        confidence=confidence,
        false_alarms_per_year=false_alarms_per_year,
        min_n=min_n,
        low=float(value_range[0]),
        high=float(value_range[1]),
    )
    check_method(series, condition)
    return RuleDraft(
        name=name,
        series=series,
        condition=condition,
        window_ms=span_ms(window if window is not None else _usual(kind, "1h", "1d"), "window"),
        every_ms=span_ms(every if every is not None else _usual(kind, "5m", "1h"), "every"),
        no_data=no_data,
        recover_after=recover_after,
        channels=(channels,) if isinstance(channels, str) else tuple(channels),
        severity=severity,
        again_ms=0 if again is None else span_ms(again, "again"),
        note=note,
    )


def _watched(**given: str | None) -> tuple[SeriesKind, str]:
    named = [(kind, what) for kind, what in given.items() if what is not None]
    if len(named) != 1:
        raise InvalidArgument(f"A rule watches one of {', '.join(given)}: give just one of them, not {len(named)}.")
    kinds: dict[str, SeriesKind] = {kind: kind for kind in ("score", "traces", "drift", "model", "judge", "monitor")}
    return kinds[named[0][0]], named[0][1]


def _usual(kind: SeriesKind, span: str, slow: str) -> str:
    return slow if kind in _SLOW_KINDS else span


def _direction(series: Series, below: float | None, above: float | None, direction: Side | None) -> Side:
    if below is not None and above is not None:
        raise InvalidArgument("One side is bad: give below or above, or make two rules.")
    said: Side | None = "below" if below is not None else "above" if above is not None else None
    if said and direction and said != direction:
        raise InvalidArgument(f"{said}= says that {said} is bad, and direction= says {direction}.")
    return said or direction or _bad_side(series)


def _value(series: Series, below: float | None, above: float | None) -> float | None:
    """Return the limit; a judge that was given none may not move by more than chance moves it."""
    given = above if below is None else below
    return 0.0 if given is None and series.kind == "judge" else given


def _bad_side(series: Series) -> Side:
    if series.kind == "score" or (series.kind == "traces" and series.what == "count"):
        return "below"
    if series.kind == "model":
        known = CATALOGUE.get(series.what.rpartition("/")[2])
        return "above" if known is not None and known.greater_is_better is False else "below"
    return "above"


def _baseline(given: Baseline | None) -> str:
    if given is None:
        return ""
    if isinstance(given, str):
        return given
    if len(given) != 2:
        raise InvalidArgument("A baseline that is a stretch of time is two moments: (start, end).")
    start, end = (moment_ms(moment, "baseline") for moment in given)
    return f"window:{start}:{end}"


__all__ = ["Baseline", "RuleOptions", "Side", "draft_alarm_rule"]
