"""``/experiments/{id}/alarms``: what rings, what rang, and who is not told of it for a while."""

from __future__ import annotations

from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Experiment
from steelyard.records.alarm import AlarmState
from steelyard.web import links
from steelyard.web.alarmchoices import examples, series_choices
from steelyard.web.alarmlist import (
    LASTING,
    MOST_LANES,
    STATES,
    lanes_of,
    rang_since,
    rule_name,
    silence_lines,
    stretch_of,
    without_memory,
)
from steelyard.web.alarmwords import headline_of, lasts
from steelyard.web.contexts.alarms import AlarmsPage
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.pages import newer_page, older_page, store_of
from steelyard.web.pages.trace import REVIEWER, reviewer_of
from steelyard.web.pages.traces import now_ms
from steelyard.web.timeline import ticks_of

_PAGE = 50
_YEAR = 31_536_000
_HOUR = 3_600_000
_SAVED = frozenset({"ended", "deleted"})


def show(request: Request) -> Response:
    """Show the alarms of an experiment."""
    return _answer(request)


def act(request: Request, form: FormData) -> Response:
    """End a silence; ``action`` says so."""
    store, experiment_id = store_of(request), request.path_params["experiment_id"]
    if form.get("action") != "end_silence":
        raise InvalidArgument("There is nothing of this name to do with alarms. Load the page again.")
    by = name_typed(request, form)
    if not by:
        return _answer(request, problem=Problem(field="who", message=NO_NAME))
    silence_id = str(form.get("silence", ""))
    if all(one.silence_id != silence_id for one in store.alarms.silences(experiment_id, now_ms=now_ms())):
        raise NotFound("This silence has ended already, or belongs to another experiment.")
    store.alarms.end_silence(silence_id, by=by)
    return remembered(RedirectResponse(f"{links.alarms(experiment_id, saved='ended')}#silences", 303), by)


NO_NAME = "Say who you are: what people do about an alarm stands in its story with their name."


def name_typed(request: Request, form: FormData) -> str:
    """Return who acts: the name in the form, or the one that this browser's person used last."""
    return " ".join(str(form.get("who", "")).split())[:100] or reviewer_of(request)


def remembered(answer: Response, name: str) -> Response:
    """Have a browser remember its person's name."""
    if name:
        answer.set_cookie(REVIEWER, quote(name), max_age=_YEAR, samesite="strict", httponly=True)
    return answer


def shell_of(experiment: Experiment, *of: Crumb, title: str = "") -> Shell:
    """Return what stands around a page of alarms or of their rules."""
    return Shell(
        title=title[:120] or f"Alarms of {experiment.name}",
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
            Crumb(label="Alarms", href=links.alarms(experiment.experiment_id)),
            *of,
        ),
        section="alarms",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )


def _answer(request: Request, *, problem: Problem | None = None) -> Response:
    store, query, now = store_of(request), request.query_params, now_ms()
    experiment = store.experiments.get(request.path_params["experiment_id"])
    experiment_id = experiment.experiment_id
    days, start, end = stretch_of(query.get("days", ""), now)
    recent = rang_since(store, experiment_id, start)
    lanes = lanes_of(recent, start_ms=start, end_ms=end)
    rules = store.alarms.rules([experiment_id])
    paused = tuple(without_memory(rule) for rule in rules if not rule.enabled and rule.reason)
    state = query.get("state", "") if query.get("state") in STATES else ""
    rule_id, after = query.get("rule", ""), query.get("after", "")
    states: tuple[AlarmState, ...] = tuple(one for one in STATES if one == state)
    page = store.alarms.alarms(
        [experiment_id], states=states, rule_id=rule_id, max_results=_PAGE, page_token=after or None
    )
    now_ringing = [alarm for alarm in recent if lasts(alarm)]
    counts = {one: sum(alarm.state == one for alarm in now_ringing) for one in LASTING}
    context = AlarmsPage(
        experiment_id=experiment_id,
        experiment_name=experiment.name,
        says=headline_of(
            counts["open"],
            counts["acknowledged"],
            len(recent) - len(now_ringing),
            days=days,
            rules=len(rules),
            paused=len(paused),
            silenced=sum(alarm.silenced for alarm in now_ringing),
        ),
        ringing=counts["open"],
        rules=tuple(rule.rule_id for rule in rules),
        paused=paused,
        days=days,
        start_ms=start,
        end_ms=end,
        ticks=ticks_of(start, end, _HOUR),
        lanes=lanes[:MOST_LANES],
        more_lanes=max(len(lanes) - MOST_LANES, 0),
        alarms=page.items,
        state=state,
        rule_id=rule_id,
        rule_name=rule_name(store, rule_id) if rule_id else "",
        silences=silence_lines(store, experiment_id, now_ms=now),
        series=() if rules else examples(series_choices(store, experiment_id)),
        older=older_page(page.token, after, query.get("trail", "")),
        newer=newer_page(after, query.get("trail", "")),
        by=reviewer_of(request),
        saved=query.get("saved", "") if query.get("saved") in _SAVED else "",
        problem=problem,
    )
    return respond(request, "alarms.html", context, shell_of(experiment), status=400 if problem else 200)
