"""Alarm rules of the current store: made, listed, changed, deleted."""

from __future__ import annotations

from typing import Unpack

from steelyard.errors import InvalidArgument, NotFound
from steelyard.monitor.alarm_drafts import RuleOptions, draft_alarm_rule
from steelyard.monitor.rules_sequential import check_method
from steelyard.records import AlarmRule, RuleDraft, Store
from steelyard.tracking import active_experiment_id, get_store
from steelyard.tracking.origin import user_name


def create_alarm_rule(
    name: str | RuleDraft, *, experiment_id: str | None = None, **options: Unpack[RuleOptions]
) -> AlarmRule:
    """Make a rule that watches an experiment from now on.

    A window counts as wrong only when the bound of its interval does, so that a small sample wakes nobody. With
    ``method="anytime"`` every new row is watched, and false alarms come at the declared rate, however often one looks.

    Args:
        name: of the rule; or a draft from ``draft_alarm_rule``, which says all.
        experiment_id: whose traces; the active experiment's unless told.
        options: see ``draft_alarm_rule``.

    Raises:
        AlreadyExists: the experiment has a rule of this name.
        InvalidArgument, FilterError: it could never be evaluated; the message says why.

    Examples:
        >>> import steelyard
        >>> steelyard.set_tracking_uri(tmp_folder)
        >>> rule = create_alarm_rule("quality", score="correctness", below=0.8, window="1d")
        >>> rule.draft.condition.value, rule.enabled
        (0.8, True)
        >>> [one.draft.name for one in list_alarm_rules()]
        ['quality']
        >>> update_alarm_rule("quality", enabled=False).enabled
        False
        >>> delete_alarm_rule("quality")
    """
    if isinstance(name, RuleDraft) and options:
        raise InvalidArgument(f"A draft says all of a rule: give {', '.join(options)} to draft_alarm_rule.")
    draft = name if isinstance(name, RuleDraft) else draft_alarm_rule(name, **options)
    check_method(draft.series, draft.condition)
    return get_store().alarms.create_rule(_experiment(experiment_id), draft, by=user_name())


def list_alarm_rules(*, experiment_id: str | None = None) -> tuple[AlarmRule, ...]:
    """Return the rules of an experiment (of the active one unless told) by name."""
    return get_store().alarms.rules([_experiment(experiment_id)])


def update_alarm_rule(
    rule: str | AlarmRule,
    draft: RuleDraft | None = None,
    *,
    enabled: bool | None = None,
    experiment_id: str | None = None,
) -> AlarmRule:
    """Change a rule, or turn it off and on.

    Args:
        rule: the rule, its name or its id.
        draft: what it says from now on; as it is unless given. With another series or condition its tests begin anew.
        enabled: whether it is looked at.
        experiment_id: where a name is looked up; the active experiment unless told.

    Raises:
        NotFound: there is no such rule.
    """
    store = get_store()
    found = find_rule(store, rule, _experiment(experiment_id))
    return store.alarms.update_rule(found.rule_id, draft, enabled=enabled, by=user_name())


def delete_alarm_rule(rule: str | AlarmRule, *, experiment_id: str | None = None) -> None:
    """Delete a rule. Its alarms stay; those that last are closed.

    Args:
        rule: the rule, its name or its id.
        experiment_id: where a name is looked up; the active experiment unless told.

    Raises:
        NotFound: there is no such rule.
    """
    store = get_store()
    store.alarms.delete_rule(find_rule(store, rule, _experiment(experiment_id)).rule_id, by=user_name())


def find_rule(store: Store, given: str | AlarmRule, experiment_id: str) -> AlarmRule:
    """Return a rule by its name in an experiment, by its id, or by an earlier state of it.

    Raises:
        NotFound: there is none.
    """
    if isinstance(given, AlarmRule):
        return store.alarms.rule(given.rule_id)
    found = store.alarms.find_rule(experiment_id, given)
    if found is not None:
        return found
    if given.startswith("ar-"):
        return store.alarms.rule(given)
    raise NotFound(f"The experiment {experiment_id} has no alarm rule named {given!r}.")


def _experiment(experiment_id: str | None) -> str:
    return active_experiment_id() if experiment_id is None else str(experiment_id)
