"""``/session``: one session as a conversation. Its id stands behind ``?``, for an application may name it anything."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import NotFound
from steelyard.web import links
from steelyard.web.contexts.session import SessionPage
from steelyard.web.conversation import turns_of
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.pages import store_of
from steelyard.web.tracewords import literal

_TURNS = 20


def show(request: Request) -> Response:
    """Show a session's turns, the oldest first, and its sums."""
    store, query = store_of(request), request.query_params
    session, experiment = query.get("id", ""), store.experiments.get(query.get("experiment", ""))
    asked = f"session = {literal(session)}"
    here = [experiment.experiment_id]
    summary = next((s for s in store.overview.sessions(here, asked, max_results=2).items if s.session == session), None)
    if summary is None:
        msg = f"There is no session {session!r} in {experiment.name!r}, or its traces have been deleted."
        raise NotFound(msg)
    token = query.get("page_token") or None
    number = query.get("turn", "")
    first = int(number[:9]) if token and number.isascii() and number.isdigit() and int(number[:9]) else 1
    found = store.traces.search(here, asked, order_by=["timestamp ASC"], max_results=_TURNS, page_token=token)
    context = SessionPage(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        session=summary,
        turns=turns_of(store, found.items, first=first),
        first=first,
        next_page_token=found.token,
    )
    shell = Shell(
        title=f"Session {session[:60]}",
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
            Crumb(label="Sessions", href=links.sessions(experiment.experiment_id)),
            Crumb(label=session[:60]),
        ),
        section="sessions",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
    return respond(request, "session.html", context, shell)
