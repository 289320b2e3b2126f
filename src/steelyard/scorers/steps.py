"""Tools and steps of an agent: were they the expected ones, how many, and how often did they fail."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from steelyard.errors import DataError
from steelyard.records.trace import SpanType, Trace
from steelyard.scorers.definition import Scorer
from steelyard.scorers.span_trees import MODEL, ToolCall, outermost, spans_of, tool_calls, trajectory

TOOL_CALL_KEYS = ("expected_tool_calls", "reference_tool_calls", "expected_tools", "tool_calls")
TRAJECTORY_KEYS = ("expected_trajectory", "reference_trajectory", "trajectory")
_ARGUMENTS = ("arguments", "args", "input", "input_parameters", "parameters")


class ToolCallMatch(Scorer):
    """Whether the tools that were used are those in ``expectations["expected_tool_calls"]``: True or False.

    Args:
        should_exact_match: whether arguments count; those of an expected call that names none never do.
        should_consider_ordering: whether the order counts.

    >>> ToolCallMatch().should_exact_match
    True
    """

    name: str = "tool_call_match"
    should_exact_match: bool = True
    should_consider_ordering: bool = False

    def __call__(self, *, trace: Trace, expectations: Mapping[str, Any]) -> tuple[bool, str]:
        expected = expected_tool_calls(expectations, scorer=self.name)
        return compare_tool_calls(
            tool_calls(trace), expected, exact=self.should_exact_match, ordered=self.should_consider_ordering
        )


class TrajectoryMatch(Scorer):
    """Whether the steps taken are those in ``expectations["expected_trajectory"]``, a list of names: True or False.

    Without a trajectory, the names of ``expected_tool_calls`` are taken.

    Args:
        mode: ``strict``: the same in the same order; ``unordered``: the same, as often; ``subset``: nothing but
            expected steps; ``superset``: at least the expected steps.
        include_agents: whether agents are steps too, beside tools.
    """

    name: str = "trajectory_match"
    mode: Literal["strict", "unordered", "subset", "superset"] = "strict"
    include_agents: bool = False

    def __call__(self, *, trace: Trace, expectations: Mapping[str, Any]) -> tuple[bool, str]:
        types = (SpanType.TOOL, SpanType.AGENT) if self.include_agents else (SpanType.TOOL,)
        taken = trajectory(trace, types)
        wanted = _expected_names(expectations, scorer=self.name)
        return matches_trajectory(taken, wanted, self.mode), f"Taken: {_listed(taken)}. Expected: {_listed(wanted)}."


class StepCount(Scorer):
    """How many steps were taken: calls of models and of tools. A call that two layers recorded counts once."""

    name: str = "step_count"

    def __call__(self, *, trace: Trace) -> int:
        return len(outermost(trace, MODEL)) + len(spans_of(trace, (SpanType.TOOL,)))


class ToolErrorRate(Scorer):
    """The share of tool calls that failed, 0 to 1; nothing where no tool was called."""

    name: str = "tool_error_rate"

    def __call__(self, *, trace: Trace) -> tuple[float | None, str]:
        calls = tool_calls(trace)
        failed = [call for call in calls if call.error]
        says = f"{len(failed)} of {len(calls)} calls failed" + (
            f": {_listed(call.name for call in failed)}." if failed else "."
        )
        return (len(failed) / len(calls) if calls else None), says


def compare_tool_calls(
    actual: Sequence[ToolCall], expected: Sequence[ToolCall], *, exact: bool, ordered: bool
) -> tuple[bool, str]:
    """Return whether the calls made are the expected ones, and why.

    Args:
        actual: as ``span_trees.tool_calls`` gives them.
        expected: as :func:`expected_tool_calls` gives them. One whose ``arguments`` are None stands for any.
        exact: whether arguments must be equal; otherwise names are enough. 1 equals 1.0, and True does not equal 1.
        ordered: whether they must come in the expected order.

    >>> compare_tool_calls([ToolCall(name="search")], [ToolCall(name="search")], exact=True, ordered=True)[0]
    True
    """
    if ordered:
        return _in_order(actual, expected, exact=exact)
    left = Counter(_key(call, exact=exact) for call in actual)
    missing: list[ToolCall] = []
    # Calls with arguments first: one without takes any of its name, so it must not take one that another needs.
    for call in sorted(expected, key=lambda call: exact and call.arguments is None):
        key = _taken(call, left, exact=exact)
        if key is None:
            missing.append(call)
        else:
            left[key] -= 1
    surplus = list(left.elements())
    if not missing and not surplus:
        return True, f"All {len(expected)} expected calls were made, and no other."
    parts = []
    if missing:
        parts.append(f"Expected and not called: {_listed(_shown(call, exact=exact) for call in missing)}.")
    if surplus:
        parts.append(f"Called and not expected: {_listed(name + arguments for name, arguments in surplus)}.")
    return False, " ".join(parts)


def expected_tool_calls(expectations: Mapping[str, Any], *, scorer: str) -> list[ToolCall]:
    """Read the expected calls: names, or mappings with ``name`` and ``arguments``.

    Raises:
        DataError: if there are none, or they are of another form.
    """
    key = next((key for key in TOOL_CALL_KEYS if expectations.get(key) is not None), None)
    if key is None:
        message = f"Scorer {scorer!r} needs expectations['expected_tool_calls'], a list of {{'name', 'arguments'}}."
        raise DataError(message)
    given = expectations[key]
    if not isinstance(given, (list, tuple)):
        message = f"expectations[{key!r}] is {type(given).__name__}; give a list of {{'name', 'arguments'}}."
        raise DataError(message)
    return [_read(each, key) for each in given]


def matches_trajectory(taken: Sequence[str], wanted: Sequence[str], mode: str) -> bool:
    """Return whether the steps taken are those wanted, in one of the modes of :class:`TrajectoryMatch`.

    >>> matches_trajectory(["search", "search", "book"], ["search", "book"], "superset")
    True
    """
    if mode == "strict":
        return list(taken) == list(wanted)
    ours, theirs = Counter(taken), Counter(wanted)
    if mode == "unordered":
        return ours == theirs
    return ours <= theirs if mode == "subset" else ours >= theirs


def _in_order(actual: Sequence[ToolCall], expected: Sequence[ToolCall], *, exact: bool) -> tuple[bool, str]:
    for place, (ours, theirs) in enumerate(zip(actual, expected, strict=False), start=1):
        if not _same(ours, theirs, exact=exact):
            shown = _shown(ours, exact=exact), _shown(theirs, exact=exact)
            return False, f"Call {place} was {shown[0]} instead of {shown[1]}."
    if len(actual) != len(expected):
        return False, f"{len(actual)} calls were made instead of {len(expected)}."
    return True, f"All {len(expected)} calls were made in the expected order."


def _same(actual: ToolCall, expected: ToolCall, *, exact: bool) -> bool:
    if expected.arguments is None or not exact:
        return actual.name == expected.name
    return _key(actual, exact=True) == _key(expected, exact=True)


def _taken(call: ToolCall, left: Counter[tuple[str, str]], *, exact: bool) -> tuple[str, str] | None:
    """Return a call that was made and is not yet accounted for; None if there is none like this."""
    if not exact or call.arguments is not None:
        key = _key(call, exact=exact)
        return key if left[key] > 0 else None
    return next((key for key, count in left.items() if key[0] == call.name and count > 0), None)


def _key(call: ToolCall, *, exact: bool) -> tuple[str, str]:
    return (call.name, _canonical(call.arguments)) if exact else (call.name, "")


def _canonical(arguments: Any) -> str:
    """Return arguments as one text for all equal ones; no arguments are an empty mapping."""
    try:
        return json.dumps(_whole(arguments or {}), sort_keys=True, default=str, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return repr(arguments)


def _whole(value: Any) -> Any:
    """Return a value with whole floats as integers, so that 1 and 1.0 are written alike."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _whole(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_whole(each) for each in value]
    return value


def _read(each: Any, key: str) -> ToolCall:
    if isinstance(each, str):
        return ToolCall(name=each)
    if isinstance(each, ToolCall):
        return each
    fields = each if isinstance(each, Mapping) else getattr(each, "__dict__", {})
    if isinstance(fields.get("function"), Mapping):
        fields = fields["function"]
    name = fields.get("name", fields.get("tool_name"))
    if not isinstance(name, str) or not name:
        message = f"expectations[{key!r}] holds {each!r:.200}, which names no tool; give {{'name', 'arguments'}}."
        raise DataError(message)
    arguments = next((fields[each] for each in _ARGUMENTS if fields.get(each) is not None), None)
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError) as error:
            message = f"The arguments of {name!r} in expectations[{key!r}] are a text that is not JSON."
            raise DataError(message) from error
    return ToolCall(name=name, arguments=arguments)


def _expected_names(expectations: Mapping[str, Any], *, scorer: str) -> list[str]:
    key = next((key for key in TRAJECTORY_KEYS if expectations.get(key) is not None), None)
    if key is None:
        if not any(expectations.get(each) is not None for each in TOOL_CALL_KEYS):
            message = f"Scorer {scorer!r} needs expectations['expected_trajectory'], a list of names of tools."
            raise DataError(message)
        return [call.name for call in expected_tool_calls(expectations, scorer=scorer)]
    given = expectations[key]
    if not isinstance(given, (list, tuple)):
        message = f"expectations[{key!r}] is {type(given).__name__}; give a list of names of tools."
        raise DataError(message)
    return [_read(each, key).name for each in given]


def _shown(call: ToolCall, *, exact: bool) -> str:
    return f"{call.name}{_canonical(call.arguments)}" if exact and call.arguments is not None else call.name


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - 10} more" if len(shown) > 10 else ""
    return (", ".join(name[:200] for name in shown[:10]) or "nothing") + more
