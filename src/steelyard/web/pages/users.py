"""``/users``: the users that the traces of an experiment name."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import FilterError, InvalidArgument
from steelyard.records import Page
from steelyard.records.overview import UserSummary
from steelyard.web.contexts.runs import Problem
from steelyard.web.contexts.users import UsersPage
from steelyard.web.faces import respond, wants_data
from steelyard.web.pages import newer_page, older_page, store_of
from steelyard.web.pages.traces import now_ms, page_size, place_of, shell_of, typed_chips
from steelyard.web.traceview import TraceView, read_view


def show(request: Request) -> Response:
    """Show the users with a matching trace."""
    store, query = store_of(request), request.query_params
    place = place_of(store, query)
    after, trail = query.get("page_token") or None, query.get("trail", "")
    view, problem = TraceView(), None
    found: Page[UserSummary] = Page(())
    try:
        view = read_view(query, now_ms=now_ms())
        size = page_size(query.get("max_results", ""))
        found = store.overview.users(place.experiment_ids, view.filter, max_results=size, page_token=after)
    except (FilterError, InvalidArgument) as error:
        if wants_data(request):
            raise
        problem = Problem(field="filter", message=str(error))
    context = UsersPage(
        experiment_id=place.experiment_id,
        experiment_name=place.experiment_name,
        filter=query.get("filter", "").strip(),
        where=view.where,
        users=found.items,
        next_page_token=found.token,
        chips=typed_chips(view),
        older=older_page(found.token, after, trail),
        newer=newer_page(after, trail),
        problem=problem,
    )
    title = f"Users of {place.experiment_name}" if place.experiment else "Users"
    shell = shell_of(place, title, section="users", last="Users")
    return respond(request, "users.html", context, shell, status=400 if problem else 200)
