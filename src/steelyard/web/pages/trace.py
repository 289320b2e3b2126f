"""``/traces/{id}``: a trace, a part of its tree, one of its spans, and what people say of it."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import NotFound
from steelyard.records import Store, TraceInfo
from steelyard.web import links
from steelyard.web.answers import deleted_one
from steelyard.web.contexts.trace import Dialogue, SpanPage, SpansPage, TracePage, TraceState
from steelyard.web.dialogue import MOST_CALLS, Thread, conversations, model_calls, opening
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.judging import judged_of, said_of
from steelyard.web.pages import store_of
from steelyard.web.sessionplace import in_session
from steelyard.web.spandetail import span_view
from steelyard.web.spantree import SpanTree, tree_of
from steelyard.web.waterfall import chosen_span, waterfall

REVIEWER = "steelyard-reviewer"
"""The cookie that holds the name under which this browser's person answers."""
CHAT = "chat"
VIEWS = ("tree", "timeline", CHAT)
_TURNS = 200


def show(request: Request) -> Response:
    """Show a trace."""
    store = store_of(request)
    return _page(request, store, info_of(store, request.path_params["trace_id"]))


def show_spans(request: Request) -> Response:
    """Show a part of the tree, as it is asked for while the tree is scrolled or folded."""
    store = store_of(request)
    info = info_of(store, request.path_params["trace_id"])
    lines, _ = waterfall(store, info, request.query_params)
    context = SpansPage(waterfall=lines, trace_name=name_of(info))
    return respond(request, "spans.html", context, _shell(store, info, last="Spans"))


def show_span(request: Request) -> Response:
    """Show one span."""
    store = store_of(request)
    info = info_of(store, request.path_params["trace_id"])
    span = span_view(store, tree_of(store, info), info.trace_id, request.path_params["span_id"])
    context = SpanPage(span=span, trace_name=name_of(info), reviewer=reviewer_of(request))
    return respond(request, "span.html", context, _shell(store, info, last=span.name[:80] or "Span"))


def show_state(request: Request) -> Response:
    """Show how far a trace is: asked for again and again while it runs."""
    store = store_of(request)
    info = info_of(store, request.path_params["trace_id"])
    return respond(request, "tracestate.html", TraceState(info=info, name=name_of(info)), _shell(store, info))


def info_of(store: Store, trace_id: str) -> TraceInfo:
    """Return a trace without its spans.

    Raises:
        NotFound: if there is no such trace.
    """
    found = store.traces.infos([trace_id]).get(trace_id)
    if found is None:
        raise NotFound(f"There is no trace {trace_id!r}.")
    return found


def name_of(info: TraceInfo) -> str:
    return info.name or info.request_preview[:80] or info.trace_id


def reviewer_of(request: Request) -> str:
    """Return the name under which this browser's person answered last."""
    return unquote(request.cookies.get(REVIEWER, ""))[:100]


def _page(request: Request, store: Store, info: TraceInfo) -> Response:
    query = request.query_params
    view = query.get("view", "") if query.get("view") in VIEWS else VIEWS[0]
    lines, tree = waterfall(store, info, query)
    span = chosen_span(store, tree, lines) if view != CHAT or lines.selected else None
    reviewer = reviewer_of(request)
    gone = deleted_one(store, info.trace_id, query.get("deleted", ""))
    context = TracePage(
        info=info,
        name=name_of(info),
        experiment_name=store.experiments.get(info.experiment_id).name,
        run_name=_run_name(store, info),
        view=view,
        waterfall=replace(lines, selected=span.span_id if span else ""),
        span=span,
        judged=judged_of(store, info.trace_id, reviewer=reviewer, named=tree.name_of),
        reviewer=reviewer,
        dialogue=_dialogue(store, info, tree, query.get("from", "")) if view == CHAT else None,
        in_session=in_session(store, info),
        deleted=None if gone is None else said_of(gone, reviewer=reviewer),
    )
    return respond(request, "trace.html", context, _shell(store, info))


def _dialogue(store: Store, info: TraceInfo, tree: SpanTree, start: str) -> Dialogue:
    """Return the part of the conversations that the page shows."""
    threads, guessed = conversations(store, info.trace_id, tree), False
    if not threads and len(tree):
        root = store.traces.span(info.trace_id, tree.spans[0].span_id)
        turns = opening(root)
        threads, guessed = ((Thread(name=root.name, turns=turns, calls=0),) if turns else ()), bool(turns)
    total, calls = sum(len(t.turns) for t in threads), sum(t.calls for t in threads)
    first = min(int(start), max(0, total - 1)) if start.isascii() and start.isdigit() and len(start) < 9 else 0
    shown: list[Thread] = []
    passed = 0
    for thread in threads:
        part = thread.turns[max(0, first - passed) : max(0, first + _TURNS - passed)]
        passed += len(thread.turns)
        if part:
            shown.append(replace(thread, turns=part))
    return Dialogue(
        threads=tuple(shown),
        first=first,
        shown=sum(len(t.turns) for t in shown),
        total=total,
        calls=calls,
        unread=max(0, model_calls(tree) - MOST_CALLS),
        guessed=guessed,
    )


def _run_name(store: Store, info: TraceInfo) -> str:
    if not info.run_id:
        return ""
    try:
        return store.runs.get(info.run_id).info.run_name or info.run_id[:8]
    except NotFound:
        return ""


def _shell(store: Store, info: TraceInfo, *, last: str = "") -> Shell:
    experiment = store.experiments.get(info.experiment_id)
    crumbs = [
        Crumb(label="Experiments", href=links.EXPERIMENTS),
        Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
        Crumb(label="Traces", href=links.traces(experiment.experiment_id)),
        Crumb(label=name_of(info)[:60], href=links.trace(info.trace_id)),
    ]
    if last:
        crumbs.append(Crumb(label=last))
    return Shell(
        title=f"{last} of {name_of(info)}" if last else name_of(info),
        crumbs=tuple(crumbs),
        section="traces",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
