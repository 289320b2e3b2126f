"""``/experiments/{id}/alarms/rules``: what is watched, how it stands, and who can be told."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Store
from steelyard.records.alarm import AlarmRule
from steelyard.web import links
from steelyard.web.alarmchoices import examples, series_choices
from steelyard.web.alarmlooks import rule_rows
from steelyard.web.alarmprobes import ProbeMemory
from steelyard.web.alarmwords import rules_told
from steelyard.web.contexts.alarmrules import AlarmRulesPage, ChannelForm, ChannelLine
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, respond
from steelyard.web.pages import store_of
from steelyard.web.pages.alarms import name_typed, remembered, shell_of
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.pages.traces import now_ms

_SAVED = frozenset({"enabled", "disabled", "deleted", "channel", "channel_deleted", "tested"})


def show(request: Request) -> Response:
    """Show the rules and the channels of an experiment."""
    return answer(request)


def act(request: Request, form: FormData) -> Response:
    """Turn a rule on or off; ``action`` says which."""
    store, experiment_id = store_of(request), request.path_params["experiment_id"]
    action = str(form.get("action", ""))
    if action not in ("enable", "disable"):
        raise InvalidArgument(f"There is nothing called {action!r} to do with a rule. Load the page again.")
    rule = rule_of(store, experiment_id, str(form.get("rule", "")))
    by = name_typed(request, form)
    store.alarms.update_rule(rule.rule_id, enabled=action == "enable", by=by)
    return remembered(RedirectResponse(links.alarm_rules(experiment_id, saved=f"{action}d"), 303), by)


def rule_of(store: Store, experiment_id: str, rule_id: str) -> AlarmRule:
    """Return a rule of an experiment.

    Raises:
        NotFound: it has none of this id.
    """
    experiment = store.experiments.get(experiment_id)
    try:
        rule = store.alarms.rule(rule_id) if rule_id else None
    except NotFound:
        rule = None
    if rule is None or rule.experiment_id != experiment.experiment_id:
        raise NotFound(f"The experiment {experiment.name!r} has no such rule: it was deleted, or never was.")
    return rule


def tests_of(request: Request) -> ProbeMemory:
    """Return what this server remembers of tests of channels."""
    found: ProbeMemory | None = getattr(request.app.state, "alarm_probes", None)
    if found is None:
        found = request.app.state.alarm_probes = ProbeMemory()
    return found


def answer(request: Request, *, channel: ChannelForm | None = None, problem: Problem | None = None) -> Response:
    """Answer with the page of rules and channels; ``channel`` is what was typed of a new one."""
    store, query = store_of(request), request.query_params
    experiment = store.experiments.get(request.path_params["experiment_id"])
    experiment_id = experiment.experiment_id
    rules = store.alarms.rules([experiment_id])
    rows = rule_rows(store, rules, now_ms=now_ms())
    saved = query.get("saved", "")
    context = AlarmRulesPage(
        experiment_id=experiment_id,
        experiment_name=experiment.name,
        says=rules_told(
            (row.ringing for row in rows),
            paused=sum(not rule.enabled and bool(rule.reason) for rule in rules),
            disabled=sum(not rule.enabled and not rule.reason for rule in rules),
        ),
        rules=rows,
        channels=_channels(request, store, experiment_id, rules),
        channel_form=channel or ChannelForm(),
        series=() if rules else examples(series_choices(store, experiment_id)),
        ask=query.get("ask", "")[:200],
        by=reviewer_of(request),
        saved=saved if saved in _SAVED and problem is None else "",
        problem=problem,
    )
    shell = shell_of(experiment, Crumb(label="Rules"), title=f"Alarm rules of {experiment.name}")
    return respond(request, "alarmrules.html", context, shell, status=400 if problem else 200)


def _channels(
    request: Request, store: Store, experiment_id: str, rules: tuple[AlarmRule, ...]
) -> tuple[ChannelLine, ...]:
    memory = tests_of(request)
    lines = []
    for channel in store.alarms.channels(experiment_id):
        told_by = tuple(rule.draft.name for rule in rules if channel.name in rule.draft.channels)
        tested = memory.of(experiment_id, channel.name)
        lines.append(
            ChannelLine(
                channel=channel,
                rules=told_by,
                tested_ms=tested.time_ms if tested else 0,
                told=tested.told if tested else False,
                text=tested.text if tested else "",
            )
        )
    return tuple(lines)
