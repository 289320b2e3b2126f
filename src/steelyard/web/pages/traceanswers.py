"""What people change on a trace: what they say of it, and its tags."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Store
from steelyard.web import links
from steelyard.web.answers import Overtaken, keep_answer
from steelyard.web.contexts.judged import Judged, OvertakenPage
from steelyard.web.faces import Crumb, Shell, respond, wants_fragment
from steelyard.web.judging import judged_of
from steelyard.web.pages import store_of
from steelyard.web.pages.trace import REVIEWER, info_of, name_of
from steelyard.web.problems import show_steelyard_error

_YEAR = 31_536_000
_BESIDE = {"HX-Retarget": "#judged-problem", "HX-Reselect": ".note", "HX-Reswap": "innerHTML"}
"""Where htmx shows why an answer was not kept: beside the form, which keeps what was typed."""
_KEY = 250


def answer(request: Request, form: FormData) -> Response:
    """Keep what a person says, then show the place it was said at."""
    store = store_of(request)
    info = info_of(store, request.path_params["trace_id"])
    fields = {key: str(value) for key, value in form.items()}
    if not wants_fragment(request):  # without a script the field for the name stands outside of the form
        fields.setdefault("reviewer", fields.get("known_as", ""))
    try:
        deleted = keep_answer(store, info.trace_id, fields, _judged(store, info.trace_id, fields))
    except Overtaken as error:
        return _overtaken(request, error, fields, info.trace_id, name_of(info))
    except InvalidArgument as error:
        refused = show_steelyard_error(request, error)
        refused.headers.update(_BESIDE)
        return refused
    response = RedirectResponse(_back(info.trace_id, fields, deleted), status_code=303)
    name = fields.get("reviewer", "").strip()[:100]
    response.set_cookie(REVIEWER, quote(name), max_age=_YEAR, samesite="strict", httponly=True)
    return response


def _judged(store: Store, trace_id: str, fields: Mapping[str, str]) -> Judged | None:
    name, span_id = fields.get("name", "").strip(), fields.get("span_id", "")
    told = judged_of(store, trace_id, histories=False)
    expected = fields.get("what") == "expectation"
    return next((j for j in told if (j.name, j.span_id, j.expectation) == (name, span_id, expected)), None)


def _overtaken(
    request: Request, error: Overtaken, fields: Mapping[str, str], trace_id: str, trace_name: str
) -> Response:
    """Tell both values, and offer to write the second over the first."""
    again = {key: value for key, value in fields.items() if key not in ("seen", "reviewer")}
    theirs = error.theirs
    if theirs is not None:
        again |= {"seen": str(theirs.seen), "assessment_id": theirs.assessment_id}
    context = OvertakenPage(
        message=str(error), theirs=theirs, by=error.by, yours=error.yours, trace_id=trace_id, again=again
    )
    shell = Shell(title="Changed meanwhile", crumbs=(Crumb(label=trace_name, href=links.trace(trace_id)),))
    refused = respond(request, "overtaken.html", context, shell, status=409)
    refused.headers.update(_BESIDE)
    return refused


def _back(trace_id: str, fields: Mapping[str, str], deleted: str) -> str:
    """Return the page that the form stood on; only its own two kinds of pages are gone back to."""
    place = fields.get("position", "")
    if fields.get("run_id") and place.isascii() and place.isdigit():
        return f"{links.row(fields['run_id'], int(place))}#judged"
    kept = {"view": fields.get("at_view", ""), "span": fields.get("at_span", ""), "deleted": deleted}
    return f"{links.trace(trace_id, **kept)}#judged"


def change_tags(request: Request, form: FormData) -> Response:
    """Set or remove a tag, then show the tags."""
    store = store_of(request)
    info = info_of(store, request.path_params["trace_id"])
    key = str(form.get("key", "")).strip()
    try:
        if not key or len(key) > _KEY:
            raise InvalidArgument(f"A tag needs a name of at most {_KEY} characters.")
        if form.get("action") == "remove":
            _remove_tag(store, info.trace_id, key)
        else:
            store.traces.update(info.trace_id, tags={key: str(form.get("value", "")).strip()})
    except InvalidArgument as error:
        refused = show_steelyard_error(request, error)
        refused.headers.update({**_BESIDE, "HX-Retarget": "#tags-problem"})
        return refused
    return RedirectResponse(f"{links.trace(info.trace_id)}#tags", status_code=303)


def _remove_tag(store: Store, trace_id: str, key: str) -> None:
    try:
        store.traces.delete_tag(trace_id, key)
    except NotFound:  # somebody else has removed it: that is what was wanted
        return
