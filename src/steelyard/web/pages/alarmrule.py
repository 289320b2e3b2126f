"""``/experiments/{id}/alarms/rules/{rule}``: a rule as a form, tried on the past before it is kept."""

from __future__ import annotations

from dataclasses import replace

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument, SteelyardError, StoreUnavailable
from steelyard.records import Store
from steelyard.records.alarm import AlarmRule, RuleChange
from steelyard.web import links
from steelyard.web.alarmchoices import groupings, series_choices, series_of
from steelyard.web.alarmforms import changes_between, draft_of, form_of, problem_of, typed_rule
from steelyard.web.alarmlooks import rule_row
from steelyard.web.alarmtrial import trial_of
from steelyard.web.contexts.alarmrules import AlarmRulePage, Choice, ChoiceGroup, RuleForm, RuleLine, Trial
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, respond
from steelyard.web.pages import store_of
from steelyard.web.pages.alarmrules import rule_of
from steelyard.web.pages.alarms import name_typed, remembered, shell_of
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.pages.traces import now_ms

_SAVED = frozenset({"made", "changed", "enabled", "disabled"})
_SLOW = ("drift", "model", "judge")


def show_new(request: Request) -> Response:
    """Show the form of a new rule; the address may choose what is watched, as the links of other pages do."""
    asked = request.query_params
    kind, what = series_of(asked.get("series", ""))
    first = _first(kind, what)
    chosen = replace(
        first,
        by=asked.get("by", first.by),
        filter=asked.get("filter", first.filter),
        source=asked.get("source", first.source),
        distance=asked.get("distance", first.distance),
    )
    return _answer(request, None, form=chosen)


def show(request: Request) -> Response:
    """Show a rule."""
    return _answer(request, rule_of(store_of(request), *_ids(request)))


def make(request: Request, form: FormData) -> Response:
    """Try a new rule on the past, or keep it."""
    return _try_or_keep(request, None, form)


def act(request: Request, form: FormData) -> Response:
    """Try, change, turn on or off, or delete a rule; ``action`` says which."""
    store = store_of(request)
    experiment_id, rule_id = _ids(request)
    rule = rule_of(store, experiment_id, rule_id)
    action, by = str(form.get("action", "")), name_typed(request, form)
    if action in ("enable", "disable"):
        store.alarms.update_rule(rule.rule_id, enabled=action == "enable", by=by)
        return _back(experiment_id, rule.rule_id, by, saved=f"{action}d")
    if action == "delete":
        if form.get("sure") != "yes":
            return _back(experiment_id, rule.rule_id, by, ask="delete")
        store.alarms.delete_rule(rule.rule_id, by=by)
        return remembered(RedirectResponse(links.alarm_rules(experiment_id, saved="deleted"), 303), by)
    return _try_or_keep(request, rule, form)


def _try_or_keep(request: Request, rule: AlarmRule | None, form: FormData) -> Response:
    store, typed = store_of(request), typed_rule(form)
    experiment_id = store.experiments.get(request.path_params["experiment_id"]).experiment_id
    action, by = str(form.get("action", "")), name_typed(request, form)
    if action not in ("try7", "try30", "keep"):
        raise InvalidArgument(f"There is nothing called {action!r} to do with a rule. Load the page again.")
    try:
        draft = draft_of(typed if typed.name or action == "keep" else replace(typed, name="a new rule"))
        if action != "keep":
            days = 30 if action == "try30" else 7
            trial = trial_of(store, experiment_id, draft, days=days, now_ms=now_ms())
            return _answer(request, rule, form=typed, trial=trial)
        if rule is None:
            kept = store.alarms.create_rule(experiment_id, draft, by=by)
        else:
            kept = store.alarms.update_rule(rule.rule_id, draft, by=by)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        return _answer(request, rule, form=typed, problem=problem_of(error))
    return _back(experiment_id, kept.rule_id, by, saved="made" if rule is None else "changed")


def _back(experiment_id: str, rule_id: str, by: str, **query: str) -> Response:
    return remembered(RedirectResponse(links.alarm_rule(experiment_id, rule_id, **query), 303), by)


def _ids(request: Request) -> tuple[str, str]:
    return request.path_params["experiment_id"], request.path_params["rule_id"]


def _first(kind: str, what: str) -> RuleForm:
    """Return the form of a new rule, with what suits its series."""
    form = RuleForm(series=f"{kind}:{what}" if what else "", kind=kind or "score")
    if kind in _SLOW:
        form = replace(form, window="1d", every="1h")
    if kind in ("drift", "judge", "monitor") or (kind == "traces" and what != "count"):
        form = replace(form, direction="above")
    if kind == "score":
        form = replace(form, method="change", baseline="last_week", window="1d", margin="0.02")
    return form


def _answer(
    request: Request,
    rule: AlarmRule | None,
    *,
    form: RuleForm | None = None,
    trial: Trial | None = None,
    problem: Problem | None = None,
) -> Response:
    store, query, now = store_of(request), request.query_params, now_ms()
    experiment = store.experiments.get(request.path_params["experiment_id"])
    experiment_id = experiment.experiment_id
    shown = form or (form_of(rule.draft) if rule else RuleForm())
    saved = query.get("saved", "")
    context = AlarmRulePage(
        experiment_id=experiment_id,
        experiment_name=experiment.name,
        row=rule_row(store, rule, now_ms=now) if rule else None,
        form=shown,
        series=_with(series_choices(store, experiment_id), shown.series),
        groupings=_with_by(groupings(store, experiment_id), shown.by),
        channels=store.alarms.channels(experiment_id),
        trial=trial,
        history=_history(store, rule) if rule else (),
        ask="delete" if rule and query.get("ask") == "delete" else "",
        by=reviewer_of(request),
        saved=saved if saved in _SAVED and problem is None and trial is None else "",
        problem=problem,
    )
    rules = Crumb(label="Rules", href=links.alarm_rules(experiment_id))
    name = rule.draft.name if rule else "New rule"
    shell = shell_of(experiment, rules, Crumb(label=name[:80]), title=name)
    return respond(request, "alarmrule.html", context, shell, status=400 if problem else 200)


def _with(groups: tuple[ChoiceGroup, ...], chosen: str) -> tuple[ChoiceGroup, ...]:
    """Return choices among which the chosen one is, also if there is nothing of it (any more)."""
    if not chosen or any(choice.value == chosen for group in groups for choice in group.choices):
        return groups
    return (ChoiceGroup(label="Chosen", choices=(Choice(value=chosen, label=chosen.partition(":")[2]),)), *groups)


def _with_by(choices: tuple[Choice, ...], chosen: str) -> tuple[Choice, ...]:
    if any(choice.value == chosen for choice in choices):
        return choices
    return (*choices, Choice(value=chosen, label=chosen))


def _history(store: Store, rule: AlarmRule) -> tuple[RuleLine, ...]:
    changes = store.alarms.history(rule.rule_id)
    earlier: tuple[RuleChange | None, ...] = (*changes[1:], None)
    return tuple(
        RuleLine(change=one, changes=changes_between(before.draft, one.draft) if before else ())
        for one, before in zip(changes, earlier, strict=True)
    )
