"""Which traces were picked in a list: those that were ticked, or all that match, up to a bound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData, QueryParams

from steelyard.errors import InvalidArgument
from steelyard.records import Store
from steelyard.web.traceview import read_view

MOST = 10_000
"""How many traces one action takes at most."""

_PAGE = 1000
_ID = re.compile(r"[\w.:-]{1,200}")


@dataclass(frozen=True, slots=True)
class Picked:
    """Ids of traces; ``more`` if others match that did not fit."""

    trace_ids: tuple[str, ...]
    more: bool = False


def picked_traces(store: Store, form: FormData, experiment_ids: Sequence[str], *, now_ms: int) -> Picked:
    """Return what a form of the list picked.

    Args:
        store: where to look for all that match.
        form: ``traces`` (an id, as often as need be), ``ids`` (ids with commas), or ``everything`` = ``yes`` for all
            traces that ``view``, the address's part after ``?``, asks for.
        experiment_ids: where ``everything`` is looked for.
        now_ms: milliseconds since 1970.

    Raises:
        InvalidArgument: nothing was picked, or more than 10,000.
    """
    if form.get("everything") == "yes":
        return _matching(store, QueryParams(str(form.get("view", ""))), experiment_ids, now_ms)
    listed = [str(value) for value in form.getlist("traces")]
    listed += str(form.get("ids", "")).split(",")
    ids = tuple(dict.fromkeys(one.strip() for one in listed if one.strip()))
    if not ids:
        raise InvalidArgument("No trace was picked. Tick at least one in the list.")
    if len(ids) > MOST or not all(_ID.fullmatch(one) for one in ids):
        raise InvalidArgument(f"These are no ids of traces, or more than {MOST:,}. Pick them in the list.")
    return Picked(ids)


def _matching(store: Store, query: QueryParams, experiment_ids: Sequence[str], now_ms: int) -> Picked:
    view = read_view(query, now_ms=now_ms)
    ids: list[str] = []
    token = None
    while len(ids) < MOST:
        page = store.traces.search(
            experiment_ids,
            view.filter,
            order_by=list(view.order_by),
            max_results=_PAGE,
            page_token=token,
            run_id=view.run_id or None,
        )
        ids += [info.trace_id for info in page.items]
        token = page.token
        if token is None:
            break
    if not ids:
        raise InvalidArgument("No trace matches any more. Load the list again.")
    return Picked(tuple(ids[:MOST]), more=token is not None or len(ids) > MOST)
