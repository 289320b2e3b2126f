"""What is done with several traces of a list at once, and with its view: delete, show alone, save under a name."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument
from steelyard.records import Store
from steelyard.web import links
from steelyard.web.contexts.traces import DeletePage
from steelyard.web.faces import respond
from steelyard.web.pages import store_of
from steelyard.web.pages.traces import Place, now_ms, place_of, shell_of
from steelyard.web.savedviews import remove_view, save_view, view_query
from steelyard.web.tracepicking import Picked, picked_traces
from steelyard.web.tracerows import trace_rows
from steelyard.web.tracewords import literal

_BATCH = 500
_SHOWN = 8
_ALONE = 100
_PASSING = ("page_token", "trail", "deleted", "live")


def delete(request: Request, form: FormData) -> Response:
    """Delete the traces that were picked, once somebody has said that this is meant; ask before."""
    store = store_of(request)
    place = place_of(store, QueryParams(str(form.get("view", ""))))
    picked = picked_traces(store, form, place.experiment_ids, now_ms=now_ms())
    if form.get("sure") == "yes":
        n = sum(store.traces.delete(batch) for batch in _batches(picked.trace_ids))
        kept = [(key, value) for key, value in parse_qsl(str(form.get("view", ""))) if key not in _PASSING]
        return _to(f"/traces?{urlencode([*kept, ('deleted', str(n))])}")
    return _ask(request, store, place, picked, form)


def _ask(request: Request, store: Store, place: Place, picked: Picked, form: FormData) -> Response:
    there = [trace_id for batch in _batches(picked.trace_ids) for trace_id in store.traces.infos(batch)]
    if not there:
        raise InvalidArgument("These traces are no longer there. Load the list again.")
    first = store.traces.infos(there[:_SHOWN])
    context = DeletePage(
        experiment_id=place.experiment_id,
        experiment_name=place.experiment_name,
        trace_ids=tuple(there),
        everything=form.get("everything") == "yes",
        n=len(there),
        more=picked.more,
        view=str(form.get("view", "")),
        first=trace_rows(first[trace_id] for trace_id in there[:_SHOWN] if trace_id in first),
    )
    return respond(request, "tracesdelete.html", context, shell_of(place, "Delete traces", last="Delete traces"))


def show_alone(request: Request, form: FormData) -> Response:
    """Lead to a list of just the traces that were picked: an address that can be sent to a colleague."""
    store = store_of(request)
    place = place_of(store, QueryParams(str(form.get("view", ""))))
    picked = picked_traces(store, form, place.experiment_ids, now_ms=now_ms()).trace_ids
    if len(picked) > _ALONE:
        raise InvalidArgument(f"An address holds at most {_ALONE} traces, and {len(picked):,} were picked.")
    alone = f"trace_id IN ({', '.join(literal(one) for one in picked)})"
    return _to(links.traces(place.experiment_id, where=alone))


def change_views(request: Request, form: FormData) -> Response:
    """Keep the view under a name, or forget one."""
    store = store_of(request)
    experiment_id, view = str(form.get("experiment", "")), str(form.get("view", ""))
    if form.get("action") == "remove":
        remove_view(store, experiment_id, str(form.get("name", "")))
    else:
        save_view(store, experiment_id, str(form.get("name", "")), view)
    kept = view_query(parse_qsl(view))
    return _to(links.traces(experiment_id) + (f"&{kept}" if kept else ""))


def _batches(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[at : at + _BATCH] for at in range(0, len(ids), _BATCH)]


def _to(address: str) -> Response:
    return RedirectResponse(address, 303)
