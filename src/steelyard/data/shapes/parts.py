"""What every shape of row is read into, and the few rules that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from steelyard.data.json_values import evident
from steelyard.errors import DataError

Raw = Mapping[str, Any]

EXPECTED_RESPONSE = "expected_response"
EXPECTATION_NAMES = (EXPECTED_RESPONSE, "expected_facts", "guidelines", "expected_tool_calls", "expected_documents")
SESSION_KEYS = ("session", "session_id", "conversation_id")
_ANSWER_KEYS = (EXPECTED_RESPONSE, "answer", "output", "outputs", "response", "text", "content", "result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A row taken apart.

    Args:
        inputs: the arguments of the function; None where a trace holds them.
        outputs: a given output.
        given: whether there is one.
        expectations: ground truth by name.
        tags: a mapping, a list of words, or None.
        metadata: everything else, by its own name.
        trace: a trace, or the id of one.
    """

    inputs: Any = None
    outputs: Any = None
    given: bool = False
    expectations: Mapping[str, Any] = field(default_factory=dict)
    tags: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    trace: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One way in which people write rows.

    Args:
        name: whose it is.
        needs: keys that every row has; of a tuple, one.
        fits: says whether rows have this shape, given the keys of the first of them, each with its first value.
        read: takes a row apart.
        ids: keys that may name a row.
        session: keys that may name its conversation.
    """

    name: str
    needs: tuple[str | tuple[str, ...], ...]
    fits: Callable[[Raw], bool]
    read: Callable[[Raw], Parts]
    ids: tuple[str, ...] = ("request_id", "id", "dataset_record_id", "sample_id")
    session: tuple[str, ...] = SESSION_KEYS

    def check(self, raw: Raw) -> None:
        """Refuse a row that lacks what rows of this shape have.

        Raises:
            DataError: a key is missing.
        """
        for need in self.needs:
            keys = (need,) if isinstance(need, str) else need
            if not any(key in raw for key in keys):
                message = (
                    f"{' or '.join(map(repr, keys))} is missing, and the first rows have the shape of {self.name}: "
                    f"write all rows in one shape. This row has the keys {listed(raw)}."
                )
                raise DataError(message)


def listed(names: Any) -> str:
    """Return names as people read them in an error."""
    words = [repr(name) for name in names]
    return (", ".join(words[:20]) + (", …" if len(words) > 20 else "")) or "none"


def arguments(value: Any, name: str) -> Any:
    """Return what a function is called with: a mapping's keys, messages as ``messages``, else the value by its name.

    Examples:
        >>> arguments("Why?", "input"), arguments({"question": "Why?"}, "input")
        ({'input': 'Why?'}, {'question': 'Why?'})
        >>> arguments([{"role": "user", "content": "Why?"}], "input")
        {'messages': [{'role': 'user', 'content': 'Why?'}]}
    """
    if isinstance(value, (str, list)):
        return {"messages": messages(value)} if is_messages(value) else {name: value}
    plain = evident(value)
    return plain if isinstance(plain, Mapping) else {name: value}


def expected(value: Any) -> dict[str, Any]:
    """Return ground truth under MLflow's names.

    A mapping keeps its keys, and one that evidently is the answer is ``expected_response`` too. A list of one is that
    one; a list of several is several accepted answers.

    Examples:
        >>> expected("Paris"), expected(["Paris"]), expected(None)
        ({'expected_response': 'Paris'}, {'expected_response': 'Paris'}, {})
        >>> expected({"answer": "Paris", "page": 3})
        {'answer': 'Paris', 'page': 3, 'expected_response': 'Paris'}
    """
    if isinstance(value, (list, tuple)) and len(value) == 1 and not isinstance(value[0], Mapping):
        value = value[0]
    value = value if isinstance(value, (str, list)) else evident(value)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return {EXPECTED_RESPONSE: value}
    named = dict(value)
    if not any(name in named for name in EXPECTATION_NAMES):
        answer = next((key for key in _ANSWER_KEYS if key in named), next(iter(named)) if len(named) == 1 else None)
        if answer is not None:
            named[EXPECTED_RESPONSE] = named[answer]
    return named


def rest(
    raw: Raw, used: Sequence[str], *, kept: Sequence[str] = (), inner: Sequence[str] = ("metadata",)
) -> dict[str, Any]:
    """Return the other fields of a row, by their names.

    Args:
        raw: the row.
        used: fields that have found their place.
        kept: of these, fields that are kept all the same, for scorers that ask for them by name.
        inner: mappings whose keys come up beside the other fields.
    """
    found: dict[str, Any] = {}
    if not kept and all(key in used for key in raw):
        return found
    for key in inner:
        mapping = evident(raw.get(key))
        if isinstance(mapping, Mapping):
            found.update({str(k): v for k, v in mapping.items()})
        elif mapping is not None and key not in used:
            found[key] = mapping
    own = {k: v for k, v in raw.items() if k in kept or (k not in used and k not in inner)}
    return found | {key: value for key, value in own.items() if value is not None}


def is_messages(value: Any) -> bool:
    """Say whether a value is a chat: a list of mappings (or objects) with a role each."""
    if not isinstance(value, (list, tuple)) or not value:
        return False
    return all("role" in item if isinstance(item, Mapping) else hasattr(item, "role") for item in value)


def messages(value: Sequence[Any]) -> Sequence[Any]:
    """Return a chat as mappings; fields that say nothing, which columnar files fill in, are left out.

    The list itself is returned where there is nothing to change.
    """
    if all(type(m) is dict and None not in [v for k, v in m.items() if k != "content"] for m in value):
        return value
    told = [m if isinstance(m, Mapping) else evident(m) for m in value]
    return [{k: v for k, v in dict(m).items() if v is not None or k == "content"} for m in told]


def first(raw: Raw, *keys: str) -> Any:
    """Return the value of the first of these keys that says something, or None."""
    return next((raw[key] for key in keys if raw.get(key) is not None), None)
