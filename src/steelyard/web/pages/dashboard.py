"""``/experiments/{id}/dashboard``: an experiment's traces as numbers over time, and by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import FilterError, InvalidArgument
from steelyard.records import Experiment, Store
from steelyard.records.filters import condition
from steelyard.records.overview import TraceWindow
from steelyard.web import links
from steelyard.web.changes import compared, error_rate
from steelyard.web.contexts.dashboard import DashboardPage, QualityScore, ValueRow
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, Shell, respond, wants_data
from steelyard.web.pages import store_of
from steelyard.web.pages.traces import now_ms, typed_chips
from steelyard.web.period import Period, period_of
from steelyard.web.quality import Asked, quality_of, values_of
from steelyard.web.qualitynotices import notices_of
from steelyard.web.timecharts import trend_of
from steelyard.web.traceview import TraceView, read_view

_ROWS = 12
_EARLY = 0.1
_OTHERS = "…"
_KEYS = {"model": "span.model"}
_MANY = frozenset(("session", "user"))
"""Values that are counted anew each time: those of the period before are not asked for."""


def show(request: Request) -> Response:
    """Show the numbers of a period. Its values are asked for by a fragment of their own, unless data is wanted."""
    return _answer(request, "dashboard.html", values=wants_data(request))


def show_values(request: Request) -> Response:
    """Show what the traces of each value did."""
    return _answer(request, "dashboardvalues.html", values=True)


def _answer(request: Request, template: str, *, values: bool) -> Response:
    store, query = store_of(request), request.query_params
    experiment = store.experiments.get(request.path_params["experiment_id"])
    problem = None
    try:
        context = _context(store, experiment, query, values=values)
    except (FilterError, InvalidArgument) as error:
        if wants_data(request):
            raise
        problem = Problem(field="filter", message=str(error))
        context = _context(store, experiment, QueryParams(), values=False, problem=problem)
    shell = Shell(
        title=f"Dashboard of {experiment.name}",
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
            Crumb(label="Dashboard"),
        ),
        section="dashboard",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
    return respond(request, template, context, shell, status=400 if problem else 200)


def _context(
    store: Store, experiment: Experiment, query: QueryParams, *, values: bool, problem: Problem | None = None
) -> DashboardPage:
    now = now_ms()
    view = read_view(query, now_ms=now)
    whole = store.overview.span_of_time([experiment.experiment_id])
    period = period_of(view, query.get("range", "").strip(), whole, now_ms=now)
    asking = _Asking(store, experiment.experiment_id, view, period)
    total, before = asking.total(), asking.total_before()
    by = query.get("by", "").strip()
    recorded = _recorded(period, whole)
    quality = quality_of(asking.scores) if total.n else ()
    return DashboardPage(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        range=period.range,
        start_ms=period.start_ms,
        end_ms=period.end_ms,
        step_ms=period.step_ms,
        elapsed_ms=period.elapsed_ms,
        open_end=period.open_end,
        filter=view.typed,
        where=view.where,
        condition=view.condition,
        by=by,
        total=total,
        error_rate=error_rate(total),
        before=before,
        before_ms=period.before_ms,
        compared=compared(total, before, elapsed_ms=period.elapsed_ms, length_ms=period.length_ms, amounts=recorded),
        recorded_before=recorded,
        windows=asking.windows(),
        values=asking.values(by, quality) if values and by else (),
        quality=quality,
        notices=notices_of(store, experiment.experiment_id, now_ms=now),
        chips=typed_chips(view),
        anything=whole is not None,
        problem=problem,
    )


def _recorded(period: Period, whole: tuple[int, int] | None) -> bool:
    """Whether there were traces from early in the period before: else there is less in it than happened."""
    if period.before_ms is None or whole is None:
        return False
    return whole[0] <= period.before_ms + _EARLY * period.length_ms


class _Asking:
    """What is asked of the store for one page."""

    def __init__(self, store: Store, experiment_id: str, view: TraceView, period: Period) -> None:
        self._overview, self._place, self._view, self._period = store.overview, [experiment_id], view, period
        self.scores = Asked(store, experiment_id, view.condition, period)

    def total(self) -> TraceWindow:
        """Return the numbers of the whole period: one window as wide as it."""
        found = self._whole(self._period.start_ms)
        return found[0] if found else TraceWindow(start_ms=self._period.start_ms, end_ms=self._period.end_ms)

    def total_before(self) -> TraceWindow | None:
        start = self._period.before_ms
        if start is None:
            return None
        found = self._whole(start)
        return found[0] if found else TraceWindow(start_ms=start, end_ms=self._period.start_ms)

    def windows(self) -> tuple[TraceWindow, ...]:
        """Return every window of the period, the empty ones too."""
        found = {window.start_ms: window for window in self._stepped()}
        p = self._period
        return tuple(
            found.get(start) or TraceWindow(start_ms=start, end_ms=start + p.step_ms)
            for start in range(p.start_ms, p.end_ms, p.step_ms)
        )

    def values(self, by: str, quality: Sequence[QualityScore]) -> tuple[ValueRow, ...]:
        """Return the most frequent values, and all others as one."""
        found = sorted(self._whole(self._period.start_ms, by), key=lambda w: (w.group == _OTHERS, -w.n, w.group))
        kept = found[:_ROWS]
        highest = max((window.n for window in kept), default=1)
        before: Mapping[str, TraceWindow] = {}
        trends: Mapping[str, str] = {}
        if by not in _MANY:
            start = self._period.before_ms
            before = {} if start is None else {window.group: window for window in self._whole(start, by)}
            trends = self._trends(by, [window.group for window in kept])
        said = values_of(self.scores, quality, by)
        return tuple(
            ValueRow(
                value=window.group,
                filter="" if window.group == _OTHERS else condition(_KEYS.get(by, by), "=", window.group),
                total=window,
                error_rate=error_rate(window),
                share=window.n / highest,
                before=before.get(window.group),
                trend=trends.get(window.group, ""),
                scores=said.get(window.group, ()),
            )
            for window in kept
        )

    def _trends(self, by: str, groups: Sequence[str]) -> dict[str, str]:
        p = self._period
        counts = {group: [0] * (p.length_ms // p.step_ms) for group in groups}
        for window in self._stepped(by):
            if window.group in counts:
                counts[window.group][(window.start_ms - p.start_ms) // p.step_ms] += window.n
        return {group: trend_of(found) for group, found in counts.items()}

    def _stepped(self, by: str = "") -> tuple[TraceWindow, ...]:
        p = self._period
        return self._overview.windows(
            self._place, self._view.condition, start_ms=p.start_ms, end_ms=p.end_ms, step_ms=p.step_ms, by=by
        )

    def _whole(self, start_ms: int, by: str = "") -> tuple[TraceWindow, ...]:
        length = self._period.length_ms
        return self._overview.windows(
            self._place,
            self._view.condition,
            start_ms=start_ms,
            end_ms=start_ms + length,
            step_ms=length,
            by=by,
            origin_ms=start_ms,
        )
