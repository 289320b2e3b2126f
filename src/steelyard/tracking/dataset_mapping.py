"""Which column of a file becomes which part of a record: said by a mapping, or observed where a shape says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steelyard._lib.names import nearest
from steelyard.data.shapes.parts import Parts, Raw, listed
from steelyard.errors import DataError, InvalidArgument
from steelyard.records.dataset import RecordDraft
from steelyard.tracking.dataset_rows import ColumnUse

_GROUPS = ("inputs", "expectations", "tags")
_OUTPUTS = ("outputs", "output", "response", "actual_output", "answer", "filtered_resps")
IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping from columns to places, which has been checked."""

    places: Mapping[str, str]

    @classmethod
    def checked(cls, mapping: Mapping[str, str | None], first: Sequence[Raw]) -> Mapped:
        """Check a mapping against the first rows.

        Raises:
            InvalidArgument: a place is none, a column is not there, or nothing becomes inputs.
        """
        columns = list(dict.fromkeys(key for raw in first for key in raw))
        places: dict[str, str] = {}
        for column, place in mapping.items():
            if not any(_found(raw, column)[0] for raw in first):
                close = nearest(column, columns)
                hint = f" Did you mean {close!r}?" if close else ""
                raise InvalidArgument(f"mapping: there is no column {column!r}; there are {listed(columns)}.{hint}")
            if place is not None and place != IGNORED:
                places[column] = _place(place)
        if not any(one.partition(".")[0] == "inputs" for one in places.values()):
            raise InvalidArgument(
                "mapping: no column becomes inputs. Say which one does, such as {'question': 'inputs.question'}."
            )
        return cls(places)

    def parts(self, raw: Raw) -> Parts:
        """Take a row apart.

        Raises:
            DataError: a column that becomes all of a part is no mapping.
        """
        found: dict[str, dict[str, Any]] = {group: {} for group in _GROUPS}
        outputs: Any = None
        for column, place in self.places.items():
            there, value = _found(raw, column)
            group, _, key = place.partition(".")
            if not there or value is None:
                continue
            if group == "outputs":
                outputs = {**(outputs or {}), key: value} if key else value
            elif key:
                found[group][key] = value
            else:
                found[group].update(_whole(value, column, group))
        return Parts(
            inputs=found["inputs"] or None,
            outputs=outputs,
            given=outputs is not None,
            expectations=found["expectations"],
            tags=found["tags"],
        )

    def uses(self, first: Sequence[Raw]) -> tuple[ColumnUse, ...]:
        """Return what becomes of each column."""
        columns = dict.fromkeys(key for raw in first for key in raw)
        told = [ColumnUse(column=column, becomes=(place,)) for column, place in self.places.items()]
        named = set(self.places) | {column.partition(".")[0] for column in self.places}
        return (*told, *(ColumnUse(column=one, becomes=(IGNORED,)) for one in columns if one not in named))


def observed_uses(first: Sequence[Raw], drafts: Mapping[int, RecordDraft]) -> tuple[ColumnUse, ...]:
    """Return what became of each column, by looking for its values in the records: a place counts if all rows agree."""
    columns = dict.fromkeys(key for raw in first for key in raw)
    uses = []
    for column in columns:
        places: list[str] | None = None
        for index, raw in enumerate(first):
            if index not in drafts or raw.get(column) is None:
                continue
            here = _places(column, raw[column], drafts[index])
            places = here if places is None else [one for one in places if one in here]
        uses.append(ColumnUse(column=column, becomes=tuple(places[:2] if places else (IGNORED,))))
    return tuple(uses)


def _places(column: str, value: Any, draft: RecordDraft) -> list[str]:
    """Return the places of a record that hold a column's value, the likeliest first."""
    told = draft.source.source_data.get("fields") if draft.source is not None else None
    if column in _GROUPS and (not value or _within(value, getattr(draft, column))):
        return [column]
    if isinstance(told, Mapping) and column in told:
        said = column == "answers" and _leaves(value) & _leaves(draft.expectations)
        return ["expectations", "source"] if said else ["source"]
    if column in _OUTPUTS and draft.outputs is not None:
        return ["outputs"]
    parts: dict[str, Mapping[str, Any]] = {group: getattr(draft, group) for group in _GROUPS}
    own = [f"{group}.{column}" for group, part in parts.items() if _same(part.get(column), value, group)]
    if own:
        return own
    found: list[str] = []
    for group, part in parts.items():
        found += [f"{group}.{key}" for key, one in part.items() if _same(one, value, group)][:1]
        if _within(value, part):
            found.append(group)
    if found:
        return found
    if column == "source":
        return ["source"]
    said = _leaves(value)
    return [group for group, part in parts.items() if group != "tags" and said & _leaves(part)]


def _same(one: Any, value: Any, group: str) -> bool:
    if one is value or (type(one) is type(value) and one == value):
        return True
    if group == "tags":
        return isinstance(one, str) and str(value).lower() == one.lower()
    return isinstance(value, (list, tuple)) and len(value) == 1 and value[0] == one


def _within(value: Any, part: Any) -> bool:
    if isinstance(value, Mapping) and isinstance(part, Mapping):
        return bool(value) and all(key in part for key, one in value.items() if one is not None)
    if isinstance(value, (list, tuple)) and isinstance(part, Mapping):
        return bool(value) and all(isinstance(one, str) and one in part for one in value)
    return False


def _leaves(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return set().union(*map(_leaves, value.values())) if value else set()
    if isinstance(value, (list, tuple)):
        return set().union(*map(_leaves, value)) if value else set()
    return {value} if isinstance(value, str) and value not in ("user", "assistant", "system") else set()


def _place(place: str) -> str:
    group, _, key = place.partition(".")
    if place == "split":
        return "tags.split"
    if group in (*_GROUPS, "outputs") and (key or "." not in place):
        return place
    raise InvalidArgument(
        f"mapping: {place!r} is no place in a record. Places are inputs, outputs, expectations and tags, parts of them "
        "such as 'inputs.question', 'split', and 'ignored'."
    )


def _found(raw: Raw, column: str) -> tuple[bool, Any]:
    """Find a column by its name, or by a path into what a column holds."""
    if column in raw:
        return True, raw[column]
    value: Any = raw
    for key in column.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return False, None
        value = value[key]
    return True, value


def _whole(value: Any, column: str, group: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    if group == "expectations":
        return {"expected_response": value}
    if group == "tags" and isinstance(value, (list, tuple)):
        return {str(one): "true" for one in value}
    if group == "inputs":
        return {column: value}
    raise DataError(f"{column} is a {type(value).__name__} and becomes {group}: say {group}.<name> in the mapping.")
