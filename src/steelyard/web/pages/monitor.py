"""``/experiments/{id}/monitors/{name}``: one scorer that watches live traffic, and all that can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Experiment, Feedback, Monitor, Store
from steelyard.records.monitor import MONITOR_KEY, MonitorDay
from steelyard.web import links
from steelyard.web.contexts.monitors import Failure, MonitorPage, MonitorRow, SettingsForm
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import respond
from steelyard.web.monitorlist import monitor_rows, scale_of
from steelyard.web.monitorpace import PaceMemory
from steelyard.web.monitorscores import points_of, source_of, stretch_of, turns_of
from steelyard.web.monitorsettings import Refused, change, settings_of, typed_settings
from steelyard.web.monitorwords import lines_of
from steelyard.web.pages import store_of
from steelyard.web.pages.monitors import agreements_of, shell_of
from steelyard.web.pages.trace import name_of, reviewer_of
from steelyard.web.pages.traces import now_ms
from steelyard.web.traceview import DAY
from steelyard.web.tracewords import named

_DAYS = 30
_READ = 300
_FAILURES = 10
_SAVED = frozenset({"started", "stopped", "resumed", "changed", "backfill", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Typed:
    """What a form left in the fields, and what was wrong with it."""

    form: SettingsForm | None = None
    first: str = ""
    last: str = ""
    problem: Problem | None = None


def show(request: Request) -> Response:
    """Show a monitor."""
    return _answer(request, _Typed())


def act(request: Request, form: FormData) -> Response:
    """Stop, resume, change or delete a monitor, or have a past window scored; ``action`` says which."""
    store, experiment_id, name = store_of(request), request.path_params["experiment_id"], request.path_params["name"]
    monitor = _monitor(store, experiment_id, name)
    action, by = str(form.get("action", "")), reviewer_of(request)
    if action == "delete":
        if form.get("sure") != "yes":
            return RedirectResponse(links.monitor(experiment_id, name, ask="delete"), 303)
        store.monitors.delete(monitor.monitor_id)
        return RedirectResponse(links.monitors(experiment_id, deleted=name), 303)
    if action == "settings":
        typed = typed_settings(form)
        try:
            change(store, monitor, typed, by=by)
        except Refused as error:
            problem = Problem(field=error.args[1], message=error.args[0])
            return _answer(request, _Typed(form=typed, problem=problem))
        return RedirectResponse(links.monitor(experiment_id, name, saved="changed"), 303)
    if action == "backfill":
        return _backfill(request, store, monitor, form)
    return RedirectResponse(links.monitor(experiment_id, name, saved=_done(store, monitor, action, form, by)), 303)


def _done(store: Store, monitor: Monitor, action: str, form: FormData, by: str) -> str:
    if action == "stop":
        store.monitors.update(monitor.monitor_id, state="stopped", by=by)
        return "stopped"
    if action == "resume":
        store.monitors.update(monitor.monitor_id, state="active", by=by)
        return "resumed"
    if action == "cancel":
        backfill_id = str(form.get("backfill", ""))
        if all(one.backfill_id != backfill_id for one in store.monitors.backfills(monitor.monitor_id)):
            raise NotFound(f"This monitor has no backfill {backfill_id!r}.")
        store.monitors.cancel_backfill(backfill_id)
        return "cancelled"
    raise InvalidArgument(f"There is nothing called {action!r} to do with a monitor. Load the page again.")


def _backfill(request: Request, store: Store, monitor: Monitor, form: FormData) -> Response:
    first, last = str(form.get("from", "")).strip(), str(form.get("to", "")).strip()
    try:
        start, end = _moment("from", first), _moment("to", last) if last else now_ms()
        if end <= start:
            raise Refused("The window ends before it begins. Choose a later end, or an earlier start.", "to")
    except Refused as error:
        problem = Problem(field=error.args[1], message=error.args[0])
        return _answer(request, _Typed(first=first, last=last, problem=problem))
    store.monitors.backfill(monitor.monitor_id, start, end, by=reviewer_of(request))
    return RedirectResponse(links.monitor(monitor.experiment_id, monitor.name, saved="backfill"), 303)


def _moment(field: str, text: str) -> int:
    try:
        when = datetime.fromisoformat(text)
        return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise Refused(f"{text!r} is no date and time (UTC), such as 2026-05-04T10:30.", field) from error


def _monitor(store: Store, experiment_id: str, name: str) -> Monitor:
    found = store.monitors.find(experiment_id, name)
    if found is None:
        raise NotFound(
            f"The scorer {name[:200]!r} does not watch this experiment: "
            "it was never started here, or its monitor was deleted."
        )
    return found


def _answer(request: Request, typed: _Typed) -> Response:
    store, now = store_of(request), now_ms()
    experiment = store.experiments.get(request.path_params["experiment_id"])
    monitor = _asked(request, store, experiment)
    rows = monitor_rows(store, experiment.experiment_id, agreements_of(request), now_ms=now, name=monitor.name)
    if not rows:
        raise NotFound(f"The monitor of {monitor.name[:200]!r} was deleted just now.")
    context = _context(request, store, experiment, rows[0], typed, now)
    shell = shell_of(experiment, of=monitor.name)
    return respond(request, "monitor.html", context, shell, status=400 if typed.problem else 200)


def _asked(request: Request, store: Store, experiment: Experiment) -> Monitor:
    """Return the monitor that the address names; a name may end as the address of its data does."""
    name = request.path_params["name"]
    found = store.monitors.find(experiment.experiment_id, name)
    if found is None and getattr(request.state, "wants_data", False):
        whole = store.monitors.find(experiment.experiment_id, f"{name}.json")
        if whole is not None:
            request.state.wants_data = False
            return whole
    return found or _monitor(store, experiment.experiment_id, name)


def _context(
    request: Request, store: Store, experiment: Experiment, row: MonitorRow, typed: _Typed, now: int
) -> MonitorPage:
    monitor, query = row.monitor, request.query_params
    stretch = stretch_of(query.get("range", ""), now)
    anchored = store.anchors.find(experiment.experiment_id, monitor.name) is not None
    source = source_of(store.scores.names([experiment.experiment_id]), monitor.name)
    points = points_of(store, experiment.experiment_id, monitor.name, source, stretch, anchored=anchored)
    saved = query.get("saved", "")
    return MonitorPage(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        row=row,
        range=stretch.range,
        start_ms=stretch.start_ms,
        end_ms=stretch.end_ms,
        step_ms=stretch.step_ms,
        scores=points,
        has_anchors=anchored,
        versions=turns_of(points),
        days=_days(store, monitor, now),
        scale=scale_of([row]),
        form=typed.form or settings_of(monitor),
        pace=_pace_memory(request).look(monitor.monitor_id, row.standing, now),
        failures=_failures(store, row),
        backfills=store.monitors.backfills(monitor.monitor_id),
        backfill_from=typed.first,
        backfill_to=typed.last,
        history=lines_of(store.monitors.history(monitor.monitor_id)),
        ask="delete" if query.get("ask") == "delete" else "",
        saved=saved if saved in _SAVED and typed.problem is None else "",
        problem=typed.problem,
    )


def _pace_memory(request: Request) -> PaceMemory:
    found: PaceMemory | None = getattr(request.app.state, "monitor_paces", None)
    if found is None:
        found = request.app.state.monitor_paces = PaceMemory()
    return found


def _days(store: Store, monitor: Monitor, now: int) -> tuple[MonitorDay, ...]:
    end = now - now % DAY + DAY
    start = end - _DAYS * DAY
    found = {day.day_ms: day for day in store.monitors.days(monitor.monitor_id, start_ms=start, end_ms=end)}
    return tuple(found.get(at) or MonitorDay(day_ms=at) for at in range(start, end, DAY))


def _failures(store: Store, row: MonitorRow) -> tuple[Failure, ...]:
    """Return the newest traces with an error of this monitor, among the newest that it has said anything of."""
    done = row.standing.done
    if not any(done.get(outcome) for outcome in ("scorer_error", "parse_error", "refused", "over_limit")):
        return ()
    said = f"{named('feedback', row.monitor.name)} IS NOT NULL"
    found = store.traces.search([row.monitor.experiment_id], said, max_results=_READ).items
    failures = []
    for info in found:
        for one in info.assessments:
            own = isinstance(one, Feedback) and one.valid and one.metadata.get(MONITOR_KEY) == row.monitor.monitor_id
            if own and isinstance(one, Feedback) and one.error is not None:
                told = f"{one.error.error_code}: {one.error.error_message or ''}".rstrip(": ")
                failures.append(
                    Failure(trace_id=info.trace_id, name=name_of(info), time_ms=info.request_time, error=told)
                )
                break
    return tuple(failures[:_FAILURES])
