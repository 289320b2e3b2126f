"""``/experiments/{id}/alarms/channels``: who is told of alarms: made, tested, deleted."""

from __future__ import annotations

from typing import cast

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import AlreadyExists, Conflict, InvalidArgument, SteelyardError, StoreUnavailable
from steelyard.monitor.telling import test_channel
from steelyard.records import Store
from steelyard.records.alarm import Channel, ChannelKind
from steelyard.web import links
from steelyard.web.alarmprobes import Probed
from steelyard.web.contexts.alarmrules import ChannelForm
from steelyard.web.contexts.runs import Problem
from steelyard.web.pages import store_of
from steelyard.web.pages.alarmrules import answer, tests_of
from steelyard.web.pages.alarms import name_typed, remembered
from steelyard.web.pages.traces import now_ms


def act(request: Request, form: FormData) -> Response:
    """Make, test or delete a channel; ``action`` says which."""
    store, experiment_id = store_of(request), request.path_params["experiment_id"]
    experiment_id = store.experiments.get(experiment_id).experiment_id
    action, name, by = str(form.get("action", "")), str(form.get("name", "")).strip(), name_typed(request, form)
    if action == "add":
        return _add(request, store, experiment_id, form, by)
    if action == "test":
        _test(request, store, experiment_id, name, by)
        return remembered(_back(experiment_id, saved="tested"), by)
    if action == "delete":
        if form.get("sure") != "yes":
            return _back(experiment_id, ask=name)
        return _delete(request, store, experiment_id, name)
    raise InvalidArgument(f"There is nothing called {action!r} to do with a channel. Load the page again.")


def _back(experiment_id: str, **query: str) -> Response:
    return RedirectResponse(f"{links.alarm_rules(experiment_id, **query)}#channels", 303)


def _add(request: Request, store: Store, experiment_id: str, form: FormData, by: str) -> Response:
    typed = ChannelForm(
        name=str(form.get("name", "")).strip(),
        kind=str(form.get("kind", "")),
        target=str(form.get("target", "")).strip(),
    )
    secret = str(form.get("secret", "")).strip() or None
    channel = Channel(name=typed.name, kind=cast("ChannelKind", typed.kind), target=typed.target)
    try:
        if any(one.name == typed.name for one in store.alarms.channels(experiment_id)):
            raise AlreadyExists(f"There is a channel {typed.name!r} already. Delete it first, or choose another name.")
        store.alarms.put_channel(experiment_id, channel, secret=secret, by=by)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        return answer(request, channel=typed, problem=_problem(error, typed.kind))
    tests_of(request).forget(experiment_id, typed.name)
    return remembered(_back(experiment_id, saved="channel"), by)


def _problem(error: SteelyardError, kind: str) -> Problem:
    said = str(error)
    if isinstance(error, AlreadyExists) or "name of" in said[:30]:
        return Problem(field="channel_name", message=said)
    if "secret" in said[:40] or (kind == "slack" and "webhook" in said):
        return Problem(field="channel_secret", message=said)
    return Problem(field="channel_kind" if "of kind" in said else "channel_target", message=said)


def _test(request: Request, store: Store, experiment_id: str, name: str, by: str) -> None:
    try:
        found = test_channel(store, experiment_id, name, by=by)
    except InvalidArgument as error:  # such as a store that is behind another server
        tested = Probed(now_ms(), told=False, text=str(error))
    else:
        tested = Probed(now_ms(), told=found.told, text=found.text)
    tests_of(request).keep(experiment_id, name, tested)


def _delete(request: Request, store: Store, experiment_id: str, name: str) -> Response:
    try:
        store.alarms.delete_channel(experiment_id, name)
    except Conflict as error:
        return answer(request, problem=Problem(field="channels", message=str(error)))
    tests_of(request).forget(experiment_id, name)
    return _back(experiment_id, saved="channel_deleted")
