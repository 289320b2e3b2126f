"""``/traces/{id}``: a trace, a part of its tree, one of its spans, and what people say of it."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, unquote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Store, TraceInfo
from steelyard.web import links
from steelyard.web.contexts.trace import SpanPage, SpansPage, TracePage
from steelyard.web.faces import Crumb, Shell, respond, wants_fragment
from steelyard.web.judging import answer_of, judged_of, record_answer
from steelyard.web.pages import store_of
from steelyard.web.problems import show_steelyard_error
from steelyard.web.spantree import tree_of
from steelyard.web.waterfall import chosen_span, span_view, waterfall

REVIEWER = "steelyard-reviewer"
"""The cookie that holds the name under which this browser's person answers."""
_YEAR = 31_536_000
_BESIDE = {"HX-Retarget": "#judged-problem", "HX-Reselect": ".note", "HX-Reswap": "innerHTML"}
"""Where htmx shows why an answer was not kept: beside the form, which keeps what was typed."""


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
    span = store.traces.span(info.trace_id, request.path_params["span_id"])
    context = SpanPage(span=span_view(span, began=tree_of(store, info).start), trace_name=name_of(info))
    return respond(request, "span.html", context, _shell(store, info, last=span.name[:80] or "Span"))


def answer(request: Request, form: FormData) -> Response:
    """Keep a person's answer, then show the place it was given at."""
    store = store_of(request)
    info = info_of(store, request.path_params["trace_id"])
    fields = {key: str(value) for key, value in form.items()}
    if not wants_fragment(request):  # without a script the field for the name stands outside of the form
        fields.setdefault("reviewer", fields.get("known_as", ""))
    judged = next((j for j in judged_of(store, info.trace_id) if j.name == fields.get("name", "").strip()), None)
    try:
        record_answer(store, answer_of(fields, judged, trace_id=info.trace_id))
    except InvalidArgument as error:
        refused = show_steelyard_error(request, error)
        refused.headers.update(_BESIDE)
        return refused
    response = RedirectResponse(_back(info, fields), status_code=303)
    name = fields.get("reviewer", "").strip()[:100]
    response.set_cookie(REVIEWER, quote(name), max_age=_YEAR, samesite="strict", httponly=True)
    return response


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


def _back(info: TraceInfo, fields: dict[str, str]) -> str:
    """Return the page that the form stood on; only its own two kinds of pages are gone back to."""
    place = fields.get("position", "")
    if fields.get("run_id") and place.isascii() and place.isdigit():
        return f"{links.row(fields['run_id'], int(place))}#judged"
    return f"{links.trace(info.trace_id)}#judged"


def _page(request: Request, store: Store, info: TraceInfo) -> Response:
    lines, tree = waterfall(store, info, request.query_params)
    span = chosen_span(store, tree, lines)
    context = TracePage(
        info=info,
        name=name_of(info),
        experiment_name=store.experiments.get(info.experiment_id).name,
        run_name=_run_name(store, info),
        waterfall=replace(lines, selected=span.span_id if span else ""),
        span=span,
        judged=judged_of(store, info.trace_id),
        reviewer=reviewer_of(request),
    )
    return respond(request, "trace.html", context, _shell(store, info))


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
