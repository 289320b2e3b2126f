"""What every scorer has, as JSON and back: its name, what it is for, how its values are summed up, when they pass."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from steelyard.scorers import Scorer
from steelyard.scorers.definition import AGGREGATIONS
from steelyard.scorers.kept_code import checked_json, function_of, kept_function

HEAD = ("name", "description", "aggregations", "timeout", "session_level", "pass_if")


def head_of(scorer: Scorer) -> dict[str, Any]:
    """Return it as JSON, but for the name."""
    head: dict[str, Any] = {
        "description": scorer.description,
        "aggregations": None if scorer.aggregations is None else [_callable_or(each) for each in scorer.aggregations],
        "is_session_level_scorer": scorer.is_session_level_scorer,
        "session_level": scorer.session_level,
        "timeout": scorer.timeout,
    }
    rule = scorer.pass_if
    if rule is not None:
        good = isinstance(rule, Collection) and not isinstance(rule, (str, bytes, Mapping))
        plain = sorted(rule, key=repr) if good else rule
        head["pass_if"] = _callable_or(rule) if callable(rule) else {"value": checked_json(plain, "pass_if")}
    return head


def given_by(kept: Mapping[str, Any], allow_code: bool | None) -> dict[str, Any]:
    """Return the arguments that make a scorer so."""
    what = f"Scorer {kept['name']!r}"
    head = {name: kept.get(name) for name in ("name", "description", "timeout", "session_level")}
    aggregations, rule = kept.get("aggregations"), kept.get("pass_if")
    if aggregations is not None:
        head["aggregations"] = [_called(each, f"An aggregation of {what}", allow_code) for each in aggregations]
    if rule is not None:
        head["pass_if"] = rule["value"] if "value" in rule else _called(rule, f"pass_if of {what}", allow_code)
    return head


def _callable_or(value: Any) -> Any:
    return value if value in AGGREGATIONS else kept_function(value)


def _called(kept: Any, what: str, allow_code: bool | None) -> Any:
    return kept if isinstance(kept, str) else function_of(kept, what=what, allow_code=allow_code)
