"""``/alarms/{id}``: one alarm, what caused it, and what is done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument, NotFound, SteelyardError, StoreUnavailable
from steelyard.monitor.alarm_actions import dataset_from_alarm, review_alarm
from steelyard.records import Store
from steelyard.records.alarm import Alarm, AlarmRule, RuleDraft, Silence
from steelyard.web import links
from steelyard.web.alarmevidence import evidence_of, finding_of
from steelyard.web.alarmlist import rule_if_there
from steelyard.web.alarmseries import around, series_view
from steelyard.web.alarmwords import condition_of, lasts, watched_of
from steelyard.web.contexts.alarms import AlarmForm, AlarmPage, SeriesView
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, respond
from steelyard.web.pages import store_of
from steelyard.web.pages.alarms import NO_NAME, name_typed, remembered, shell_of
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.pages.traces import now_ms

_HOUR = 3_600_000
_LENGTHS = {"1h": _HOUR, "8h": 8 * _HOUR}
_SAVED = frozenset({"acknowledged", "silenced", "closed", "queue", "dataset", "noted", "unsilenced"})
_SILENCE = "silence"


class _Refused(InvalidArgument):
    """What was typed into a field cannot be used; ``args`` are the message and the field."""


def show(request: Request) -> Response:
    """Show an alarm."""
    return _answer(request, store_of(request).alarms.alarm(request.path_params["alarm_id"]))


def act(request: Request, form: FormData) -> Response:
    """Take an alarm in hand, silence or close it, put its rows somewhere, or note something; ``action`` says which."""
    store = store_of(request)
    alarm = store.alarms.alarm(request.path_params["alarm_id"])
    action, by = str(form.get("action", "")), name_typed(request, form)
    known = _ACTIONS.get(action)
    if known is None:
        raise InvalidArgument(f"There is nothing called {action!r} to do with an alarm. Load the page again.")
    if action == "close" and form.get("sure") != "yes":
        return RedirectResponse(f"{links.alarm(alarm.alarm_id, ask='close')}#ask", 303)
    typed = _typed(form)
    do, field, saved = known
    if not by:
        return _answer(request, alarm, form=typed, problem=Problem(field="who", message=NO_NAME))
    try:
        do(store, alarm, typed, by, form)
    except StoreUnavailable:
        raise
    except _Refused as error:
        return _answer(request, alarm, form=typed, problem=Problem(field=error.args[1], message=error.args[0]))
    except SteelyardError as error:
        return _answer(request, alarm, form=typed, problem=Problem(field=field, message=str(error)))
    return remembered(RedirectResponse(links.alarm(alarm.alarm_id, saved=saved), 303), by)


def _acknowledge(store: Store, alarm: Alarm, typed: AlarmForm, by: str, form: FormData) -> None:
    store.alarms.acknowledge(alarm.alarm_id, by=by, note=typed.note)


def _close(store: Store, alarm: Alarm, typed: AlarmForm, by: str, form: FormData) -> None:
    store.alarms.close(alarm.alarm_id, by=by, note=typed.note)


def _silence(store: Store, alarm: Alarm, typed: AlarmForm, by: str, form: FormData) -> None:
    now = now_ms()
    until = now + _LENGTHS[typed.length] if typed.length in _LENGTHS else _moment(typed.until)
    if until <= now:
        raise _Refused("That moment is over. Choose a later one (UTC).", "until")
    group = alarm.group if typed.reach == "group" else None
    store.alarms.silence(
        alarm.experiment_id, until_ms=until, rule_id=alarm.rule_id, group=group, reason=typed.reason, by=by
    )


def _unsilence(store: Store, alarm: Alarm, typed: AlarmForm, by: str, form: FormData) -> None:
    wanted = str(form.get("silence", ""))
    if all(one.silence_id != wanted for one in _covering(store, alarm)):
        raise NotFound("This silence has ended already.")
    store.alarms.end_silence(wanted, by=by)


def _queue(store: Store, alarm: Alarm, typed: AlarmForm, by: str, form: FormData) -> None:
    review_alarm(alarm, name=typed.queue, store=store, by=by)


def _dataset(store: Store, alarm: Alarm, typed: AlarmForm, by: str, form: FormData) -> None:
    dataset_from_alarm(alarm, name=typed.dataset, store=store, by=by)


def _note(store: Store, alarm: Alarm, typed: AlarmForm, by: str, form: FormData) -> None:
    if not typed.text:
        raise _Refused("Write what is known or done; an empty note says nothing.", "text")
    store.alarms.note(alarm.alarm_id, typed.text, by=by)


_Do = Callable[[Store, Alarm, AlarmForm, str, FormData], None]
_ACTIONS: dict[str, tuple[_Do, str, str]] = {
    "acknowledge": (_acknowledge, "note", "acknowledged"),
    "close": (_close, "note", "closed"),
    "silence": (_silence, "reason", "silenced"),
    "unsilence": (_unsilence, _SILENCE, "unsilenced"),
    "queue": (_queue, "queue", "queue"),
    "dataset": (_dataset, "dataset", "dataset"),
    "note": (_note, "text", "noted"),
}
"""What each action does, the field beside which its errors stand, and what is said of it afterwards."""


def _typed(form: FormData) -> AlarmForm:
    given = {name: str(form.get(name, "")).strip() for name in AlarmForm.__dataclass_fields__ if name in form}
    return AlarmForm(**given)


def _moment(text: str) -> int:
    try:
        when = datetime.fromisoformat(text)
        return round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise _Refused(f"{text!r} is no date and time (UTC), such as 2026-05-04T10:30.", "until") from error


def _answer(
    request: Request, alarm: Alarm, *, form: AlarmForm | None = None, problem: Problem | None = None
) -> Response:
    store, query, now = store_of(request), request.query_params, now_ms()
    experiment = store.experiments.get(alarm.experiment_id)
    rule = rule_if_there(store, alarm.rule_id)
    draft = _draft(store, alarm, rule)
    finding = finding_of(alarm)
    saved = query.get("saved", "")
    context = AlarmPage(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        alarm=alarm,
        finding=finding,
        lasts=lasts(alarm),
        rule=rule,
        watched=watched_of(draft.series) if draft else "",
        condition=condition_of(draft) if draft else "",
        note=draft.note if draft else "",
        series=_series(store, alarm, draft, now),
        evidence=evidence_of(store, alarm, finding, draft),
        events=store.alarms.events(alarm.alarm_id),
        deliveries=store.alarms.deliveries(alarm.alarm_id),
        silences=_covering(store, alarm),
        form=form or _offered(alarm),
        by=reviewer_of(request),
        ask="close" if query.get("ask") == "close" and lasts(alarm) else "",
        saved=saved if saved in _SAVED and problem is None else "",
        problem=problem,
    )
    shell = shell_of(experiment, Crumb(label=alarm.rule_name[:80]), title=f"{alarm.rule_name} {alarm.group}".strip())
    return respond(request, "alarm.html", context, shell, status=400 if problem else 200)


def _series(store: Store, alarm: Alarm, draft: RuleDraft | None, now: int) -> SeriesView:
    if draft is None:
        return SeriesView(why_not="The rule has gone, and with it what it watched.")
    seen = around(draft, alarm.first, group=alarm.group, opened_ms=alarm.opened_ms, ended_ms=alarm.ended_ms, now_ms=now)
    return series_view(store, alarm.experiment_id, seen)


def _draft(store: Store, alarm: Alarm, rule: AlarmRule | None) -> RuleDraft | None:
    """Return what the rule said when the alarm opened: it may have changed, or gone, since."""
    try:
        changes = store.alarms.history(alarm.rule_id)
    except NotFound:
        changes = ()
    then = next((one.draft for one in changes if one.time_ms <= alarm.opened_ms), None)
    return then or (changes[-1].draft if changes else rule.draft if rule else None)


def _covering(store: Store, alarm: Alarm) -> tuple[Silence, ...]:
    return tuple(
        one
        for one in store.alarms.silences(alarm.experiment_id, now_ms=now_ms())
        if one.rule_id in ("", alarm.rule_id) and one.group in (None, alarm.group)
    )


def _offered(alarm: Alarm) -> AlarmForm:
    """Return the names that are offered: of the rule, its group and the day."""
    day = datetime.fromtimestamp(alarm.opened_ms / 1000, UTC).strftime("%Y-%m-%d") if alarm.opened_ms else ""
    name = " ".join(filter(None, (alarm.rule_name[:120], alarm.group[:40], day)))
    form = AlarmForm(queue=f"{name} review", dataset=f"{name} rows")
    return replace(form, reach="group") if alarm.group else form
