"""What the rows page of an application may be asked for: scorers, scores, outcomes, tags and text, from the address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.datastructures import QueryParams

from steelyard.errors import InvalidArgument
from steelyard.records import VERDICT_OUTCOMES, ApplicationSummary, NamedFeedback, RowsColumn
from steelyard.web.contexts.rows import RowChip
from steelyard.web.judging import truth
from steelyard.web.rowfilter import Condition, Operator, RowFilter, RowOrder, parse_condition, parse_order
from steelyard.web.rowtable import RowTable

KEYS = ("scorer", "score", "outcome", "tag", "contains", "where")
"""The parts of the address that leave rows out; ``order`` and ``group`` only arrange them."""
_OPERATOR = re.compile(r"^(!=|<=|>=|=|<|>)\s*(.+)$", re.DOTALL)
_MOST = 12
_ORDERS = (
    (RowsColumn.LATENCY, "latency"),
    (RowsColumn.TOKENS, "tokens"),
    (RowsColumn.COST, "cost"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A filter and an order of rows, and the tag to group them by."""

    chosen: RowFilter
    order: RowOrder
    group: str


def read_asked(table: RowTable, application: ApplicationSummary, query: QueryParams) -> Asked:
    """Read the filter, the order and the group of an address.

    Raises:
        InvalidArgument: something does not fit the rows; the message is meant for people.
        ColumnNotFound: the rows have no such column.
    """
    group = query.get("group", "")
    if group and RowsColumn.TAG + group not in table.columns:
        raise InvalidArgument(f"The rows have no tag {group!r} to group by.")
    order = parse_order(query.get("order", ""), table.columns)
    return Asked(chosen=_filter(table, application, query), order=order, group=group)


def in_group(chosen: RowFilter, tag: str, value: str) -> RowFilter:
    """Return a filter for one value of a tag as well."""
    return replace(chosen, conditions=(*chosen.conditions, Condition(RowsColumn.TAG + tag, "=", value)))


def _filter(table: RowTable, application: ApplicationSummary, query: QueryParams) -> RowFilter:
    conditions: list[Condition] = []
    any_of: tuple[Condition, ...] = ()
    named = _named(application, query.get("scorer", ""))
    if score := query.get("score", "").strip():
        if named is None:
            raise InvalidArgument("Choose the scorer whose score is meant.")
        conditions.append(_score(named, score))
    if outcome := query.get("outcome", ""):
        if named is not None and outcome in VERDICT_OUTCOMES:
            conditions.append(_on(table, named.name + RowsColumn.VERDICT, outcome))
        else:
            any_of = _anywhere(table, application, outcome)
    for piece in query.getlist("tag"):
        tag, _, value = piece.partition(":")
        conditions.append(_on(table, RowsColumn.TAG + tag, value))
    conditions.extend(_condition(table, application, text) for text in query.getlist("where") if text.strip())
    if len(conditions) > _MOST:
        raise InvalidArgument(f"There are {len(conditions)} conditions; {_MOST} are allowed.")
    contains = query.get("contains", "").strip()[:500]
    texts = _texts(table) if contains else ()
    return RowFilter(
        conditions=tuple(conditions),
        contains=contains,
        contains_column=texts[0] if texts else "",
        or_columns=texts[1:],
        any_of=any_of,
    )


def _named(application: ApplicationSummary, name: str) -> NamedFeedback | None:
    if not name:
        return None
    found = next((f for f in application.feedback if f.name == name), None)
    if found is None:
        raise InvalidArgument(f"This evaluation has no scorer {name!r}.")
    return found


def _score(named: NamedFeedback, text: str) -> Condition:
    """Read ``no``, ``< 0.5`` or ``polite``."""
    found = _OPERATOR.match(text)
    operator: Operator = found[1] if found else "="  # type: ignore[assignment]  # the expression admits no others
    value = (found[2] if found else text).strip()
    return Condition(named.name + RowsColumn.VALUE, operator, _number(named, value))


def _number(named: NamedFeedback, value: str) -> str:
    """Write yes and no as the numbers that stand for them in the file."""
    said = truth(value) if named.kind == "boolean" else None
    if said is None and named.kind == "boolean" and value.lower() in ("true", "false"):
        said = value.lower() == "true"
    return value if said is None else str(int(said))


def _condition(table: RowTable, application: ApplicationSummary, text: str) -> Condition:
    """Read ``correctness = no`` or ``latency > 2``: a scorer's name stands for its values, a tag's for its column."""
    values = {f.name: f.name + RowsColumn.VALUE for f in application.feedback}
    tags = {c.removeprefix(RowsColumn.TAG): c for c in table.columns if c.startswith(RowsColumn.TAG)}
    names = [*values, *table.columns, *tags]
    read = parse_condition(text, names)
    named = next((f for f in application.feedback if f.name == read.column), None)
    if named is not None:
        return Condition(values[named.name], read.operator, _number(named, read.value))
    return replace(read, column=read.column if read.column in table.columns else tags[read.column])


def _anywhere(table: RowTable, application: ApplicationSummary, outcome: str) -> tuple[Condition, ...]:
    """An outcome of the prediction or of any scorer; ``unscored`` is any but the good ones."""
    columns = [c for f in application.feedback if (c := f.name + RowsColumn.VERDICT) in table.columns]
    if outcome == "unscored":
        missing = [Condition(c, "!=", "scored") for c in columns]
        return (Condition(RowsColumn.OUTCOME, "!=", "predicted"), *missing)
    known = (*VERDICT_OUTCOMES, "predicted")
    if outcome not in known:
        raise InvalidArgument(f"There is no outcome {outcome!r}; there are {', '.join(known)}.")
    return tuple(Condition(c, "=", outcome) for c in (RowsColumn.OUTCOME, *columns))


def _on(table: RowTable, column: str, value: str) -> Condition:
    if column not in table.columns:
        raise InvalidArgument(f"The rows of this evaluation have no {column!r}.")
    return Condition(column, "=", value)


def _texts(table: RowTable) -> tuple[str, ...]:
    """Return the columns to search in: what went in and came out, what was expected, and judges' reasons."""
    own = (RowsColumn.INPUTS, RowsColumn.OUTPUT, RowsColumn.ERROR, RowsColumn.ROW_ID)
    return tuple(
        c
        for c in table.columns
        if (c in own or c.startswith(RowsColumn.EXPECTATION) or c.endswith(RowsColumn.RATIONALE)) and table.is_text(c)
    )


def orders(table: RowTable, application: ApplicationSummary) -> tuple[tuple[str, str], ...]:
    """Return the columns to sort by, with their names for people."""
    own = [(f.name + RowsColumn.VALUE, f.name) for f in application.feedback]
    return tuple((column, title) for column, title in (*own, *_ORDERS) if column in table.columns)


def asked_chips(query: QueryParams) -> tuple[RowChip, ...]:
    """Return what is asked for, each part with the key that makes it."""
    chips: list[RowChip] = []
    scorer = query.get("scorer", "")
    for key, value in query.multi_items():
        if key not in KEYS or not value.strip() or (key == "scorer" and (query.get("score") or query.get("outcome"))):
            continue
        chips.append(RowChip(name=_chip_name(key, scorer), value=_chip_value(key, value), key=key, raw=value))
    if order := query.get("order", ""):
        name = order.removeprefix("-").removesuffix(RowsColumn.VALUE)
        way = "high first" if order.startswith("-") else "low first"
        chips.append(RowChip(name="order", value=f"{name}, {way}", key="order", raw=order))
    if group := query.get("group", ""):
        chips.append(RowChip(name="grouped by", value=group, key="group", raw=group))
    return tuple(chips)


def _chip_name(key: str, scorer: str) -> str:
    names = {
        "score": scorer,
        "outcome": f"{scorer} outcome" if scorer else "outcome",
        "where": "",
        "contains": "contains",
    }
    return names.get(key, key)


def _chip_value(key: str, value: str) -> str:
    return value.replace("_", " ") if key == "outcome" else value


def carried(query: QueryParams, keys: Sequence[str] = (*KEYS, "order")) -> list[tuple[str, str]]:
    """Return the part of an address that says which rows are meant, to be carried along to one of them."""
    return [(key, value) for key, value in query.multi_items() if key in keys and value.strip()]
