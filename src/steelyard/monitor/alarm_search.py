"""Alarms of the current store: found, taken in hand, silenced, and who is told."""

from __future__ import annotations

import time
from collections.abc import Sequence

from steelyard.errors import InvalidArgument
from steelyard.monitor.alarm_rules import find_rule
from steelyard.monitor.alarm_times import Span, span_ms
from steelyard.records import Alarm, AlarmRule, AlarmState, Channel, ChannelKind, Silence
from steelyard.tracking import PagedList, active_experiment_id, get_store
from steelyard.tracking.origin import user_name

_PAGE = 200


def search_alarms(
    *,
    experiment_id: str | None = None,
    states: AlarmState | Sequence[AlarmState] = (),
    rule: str | AlarmRule | None = None,
    max_results: int | None = None,
    page_token: str | None = None,
) -> PagedList[Alarm]:
    """Return alarms, the newest first.

    Args:
        experiment_id: whose; the active experiment's unless told.
        states: only those that are ``open``, ``acknowledged``, ``recovered`` or ``closed``.
        rule: only those of this rule, its name or its id.
        max_results: at most so many; all unless told.
        page_token: goes on where an earlier part ended.

    Examples:
        >>> import steelyard
        >>> steelyard.set_tracking_uri(tmp_folder)
        >>> list(search_alarms(states="open"))
        []
    """
    store, experiment = get_store(), _experiment(experiment_id)
    wanted = (states,) if isinstance(states, str) else tuple(states)
    rule_id = "" if rule is None else find_rule(store, rule, experiment).rule_id
    found: list[Alarm] = []
    token = page_token
    while max_results is None or len(found) < max_results:
        size = _PAGE if max_results is None else min(_PAGE, max_results - len(found))
        page = store.alarms.alarms([experiment], states=wanted, rule_id=rule_id, max_results=size, page_token=token)
        found += page.items
        token = page.token
        if token is None:
            break
    return PagedList(tuple(found), token)


def acknowledge_alarm(alarm: str | Alarm, *, note: str = "") -> Alarm:
    """Say that somebody has an alarm in hand: it is told again only when it recovers.

    Args:
        alarm: the alarm or its id.
        note: what is known, or done.

    Raises:
        NotFound: there is no such alarm.
    """
    alarm_id = alarm.alarm_id if isinstance(alarm, Alarm) else alarm
    return get_store().alarms.acknowledge(alarm_id, by=user_name(), note=note)


def silence_alarms(
    duration: Span,
    *,
    rule: str | AlarmRule | None = None,
    group: str | None = None,
    reason: str = "",
    experiment_id: str | None = None,
) -> Silence:
    """Tell nobody of an experiment's alarms for a while; they open all the same.

    Args:
        duration: for how long, such as ``2h``.
        rule: only of this rule, its name or its id.
        group: only of this group of the rule.
        reason: why.
        experiment_id: whose; the active experiment's unless told.

    Raises:
        InvalidArgument: a group without its rule.

    Examples:
        >>> import steelyard
        >>> steelyard.set_tracking_uri(tmp_folder)
        >>> silence_alarms("2h", reason="the data centre moves").reason
        'the data centre moves'
    """
    if group is not None and rule is None:
        raise InvalidArgument("A group is one of a rule: name the rule too.")
    store, experiment = get_store(), _experiment(experiment_id)
    return store.alarms.silence(
        experiment,
        until_ms=int(time.time() * 1000) + span_ms(duration, "duration"),
        rule_id="" if rule is None else find_rule(store, rule, experiment).rule_id,
        group=group,
        reason=reason,
        by=user_name(),
    )


def set_channel(
    name: str,
    *,
    kind: ChannelKind = "webhook",
    target: str = "",
    secret: str | None = None,
    experiment_id: str | None = None,
) -> Channel:
    """Keep a channel under a name, in place of what was there.

    Args:
        name: what rules call it.
        kind: ``webhook``, ``slack`` or ``email``.
        target: a URL that may be shown, or addresses with commas between.
        secret: signs what is sent to a webhook; of Slack the incoming webhook's whole URL. It is never given back;
            ``env:NAME`` has the worker read it from its environment.
        experiment_id: whose; the active experiment's unless told.

    Raises:
        InvalidArgument: something cannot be used; the message says what.
    """
    channel = Channel(name=name, kind=kind, target=target)
    return get_store().alarms.put_channel(_experiment(experiment_id), channel, secret=secret, by=user_name())


def _experiment(experiment_id: str | None) -> str:
    return active_experiment_id() if experiment_id is None else str(experiment_id)
