"""``/review/{queue}/items``: what is in a queue, and what is put into it, given to somebody, closed or taken out."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument, SteelyardError, StoreUnavailable
from steelyard.records import Store
from steelyard.records.review import STATUSES, ReviewItem, ReviewQueue, ReviewStatus
from steelyard.web import links
from steelyard.web.contexts.queues import Adding, Found, ItemRow, ItemsPage, RunChoice
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import respond
from steelyard.web.pages import newer_page, older_page, store_of
from steelyard.web.pages.review import queue_shell
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.pages.traces import page_size
from steelyard.web.queueitems import counted, drawn, matching
from steelyard.web.spoken import line_of

_RUNS = 100
_LINE = 200
_ONLY = ("flagged", "disputed")
_TAKES = ("newest", "random", "all")
_REASON = 2_000


def show(request: Request) -> Response:
    """Show the items, and with ``source`` how many a way of adding finds."""
    store, query = store_of(request), request.query_params
    queue = store.reviews.get(request.path_params["queue_id"])
    adding = Adding(
        source=query.get("source", ""),
        filter=query.get("filter", "").strip(),
        run=query.get("run", ""),
        other_run=query.get("other_run", ""),
        take=query.get("take", "") if query.get("take") in _TAKES else _TAKES[0],
        most=query.get("most", "100"),
        assigned_to=query.get("assigned_to", "").strip()[:100],
    )
    found = _found(store, queue, adding) if adding.source else None
    return _page(request, store, queue, adding, found=found)


def _found(store: Store, queue: ReviewQueue, adding: Adding) -> Found:
    try:
        told = counted(store, queue, adding)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        return Found(problem=Problem(field="add", message=str(error)))
    return Found(n=told.n, missing=told.missing)


def _page(
    request: Request,
    store: Store,
    queue: ReviewQueue,
    adding: Adding,
    *,
    found: Found | None = None,
    problem: Problem | None = None,
) -> Response:
    query = request.query_params
    status = query.get("status", "") if query.get("status") in STATUSES else ""
    only = query.get("only", "") if query.get("only") in _ONLY else ""
    after, trail = query.get("page_token") or None, query.get("trail", "")
    page = store.reviews.items(
        queue.queue_id,
        status=status,
        only=only,
        max_results=page_size(query.get("max_results", "")),
        page_token=after,
    )
    context = ItemsPage(
        queue=queue,
        experiment_name=store.experiments.get(queue.experiment_id).name,
        status=status,
        only=only,
        items=_rows(store, page.items),
        next_page_token=page.token,
        adding=adding,
        found=found,
        runs=_runs(store, queue),
        added=_number(query.get("added", "")),
        there_already=_number(query.get("there", "")) or 0,
        changed=query.get("changed", "")[:200],
        older=older_page(page.token, after, trail),
        newer=newer_page(after, trail),
        problem=problem,
    )
    shell = queue_shell(store, queue, last="Items")
    return respond(request, "queueitems.html", context, shell, status=400 if problem else 200)


def _rows(store: Store, items: tuple[ReviewItem, ...]) -> tuple[ItemRow, ...]:
    ids = [one for item in items for one in (item.trace_id, item.other_trace_id) if one]
    infos = store.traces.infos(ids) if ids else {}
    rows = []
    for item in items:
        info = infos.get(item.trace_id)
        line = line_of(info.request_preview, "user")[:_LINE] if info else ""
        there = info is not None and (not item.other_trace_id or item.other_trace_id in infos)
        rows.append(ItemRow(item=item, name=info.name if info else "", line=line, there=there))
    return tuple(rows)


def _runs(store: Store, queue: ReviewQueue) -> tuple[RunChoice, ...]:
    found = store.search.search([queue.experiment_id], max_results=_RUNS).items
    return tuple(
        RunChoice(run_id=run.info.run_id, name=run.info.run_name or run.info.run_id[:8], started=run.info.start_time)
        for run in found
    )


def add(request: Request, form: FormData) -> Response:
    """Put into the queue what the form finds."""
    store = store_of(request)
    queue = store.reviews.get(request.path_params["queue_id"])
    told = {name: str(form.get(name, "")).strip() for name in Adding.__slots__}
    adding = Adding(**told)
    try:
        drafts = drawn(matching(store, queue, adding), adding)
        if not drafts:
            raise InvalidArgument("Nothing matches, so there is nothing to add.")
        added = store.reviews.add(queue.queue_id, drafts)
        if adding.assigned_to and added:
            store.reviews.assign(queue.queue_id, [item.item_id for item in added], adding.assigned_to[:100])
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        return _page(request, store, queue, adding, problem=Problem(field="add", message=str(error)))
    counts = {"added": str(len(added)), "there": str(len(drafts) - len(added))}
    return RedirectResponse(links.queue_part(queue.queue_id, "items", **counts), 303)


def change(request: Request, form: FormData) -> Response:
    """Give the items that were ticked to somebody, close them, open them again, or take them out."""
    store = store_of(request)
    queue = store.reviews.get(request.path_params["queue_id"])
    ids = list(dict.fromkeys(str(one) for one in form.getlist("items")))
    if not ids:
        raise InvalidArgument("No item was picked. Tick at least one in the list.")
    by, reason = reviewer_of(request), str(form.get("reason", "")).strip()[:_REASON]
    action = form.get("action")
    if action == "assign":
        user = str(form.get("assigned_to", "")).strip()[:100]
        store.reviews.assign(queue.queue_id, ids, user)
        said = f"{len(ids):,} given to {user}" if user else f"{len(ids):,} given to anybody"
    elif action == "remove":
        said = f"{store.reviews.remove(queue.queue_id, ids):,} taken out; what was answered stays on the traces"
    elif action in ("close", "open"):
        status = ReviewStatus.DECLINED if action == "close" else ReviewStatus.PENDING
        for one in ids:
            store.reviews.set_status(one, status, reason=reason if action == "close" else "", by=by)
        said = f"{len(ids):,} {'closed' if action == 'close' else 'open again'}"
    else:
        raise InvalidArgument("Choose what to do with the items.")
    view = [(key, value) for key, value in parse_qsl(str(form.get("view", ""))) if key in ("status", "only")]
    return RedirectResponse(f"{links.queue_part(queue.queue_id, 'items')}?{urlencode([*view, ('changed', said)])}", 303)


def _number(text: str) -> int | None:
    return int(text[:9]) if text.isascii() and text.isdigit() else None
