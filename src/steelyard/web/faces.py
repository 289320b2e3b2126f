"""One address, three faces: the page, the fragment that htmx asks for, and the data, all from one context."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from steelyard.records import Store
from steelyard.web.links import Query
from steelyard.web.templating import environment

Handler = Callable[[Request], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crumb:
    """A step of the path above a page; the last has no address."""

    label: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What stands around a page's content."""

    title: str
    crumbs: tuple[Crumb, ...] = ()
    section: str = ""
    experiment_id: str = ""
    experiment_name: str = ""


def respond(request: Request, template: str, context: object, shell: Shell, *, status: int = 200) -> Response:
    """Answer with the face that was asked for."""
    headers = {"Cache-Control": "no-cache", "Vary": "HX-Request, Accept-Encoding"}
    if wants_data(request):
        return Response(msgspec.json.encode(context, enc_hook=_plain), status, headers, "application/json")
    page = environment().get_template(template)
    is_fragment = wants_fragment(request)
    values: dict[str, Any] = {
        "page": context,
        "shell": shell,
        "query": Query(request.query_params.multi_items()),
        "path": request.url.path,
        "layout": "fragment.html" if is_fragment else "layout.html",
        "pending": 0 if is_fragment else _pending(request, shell),
        "ringing": 0 if is_fragment else _ringing(request, shell),
    }
    return Response(page.render(values), status, headers, "text/html")


def data_face(handler: Handler) -> Handler:
    """Return a page's handler for its address that ends in ``.json``."""

    def answer(request: Request) -> Response:
        request.state.wants_data = True
        return handler(request)

    return answer


def wants_data(request: Request) -> bool:
    """Whether JSON was asked for, by an address that ends in ``.json`` and is not an artifact's name."""
    asked: bool = getattr(request.state, "wants_data", False)
    return asked


def wants_fragment(request: Request) -> bool:
    """Whether htmx asks, other than to restore a page of its history."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def _pending(request: Request, shell: Shell) -> int:
    """Return how many items wait for people in the experiment that a page is about, for the navigation."""
    if not shell.experiment_id:
        return 0
    store: Store = request.app.state.store
    return sum(queue.counts.pending for queue in store.reviews.list([shell.experiment_id]))


def _ringing(request: Request, shell: Shell) -> int:
    """Return how many alarms of the experiment nobody has in hand, for the navigation."""
    if not shell.experiment_id:
        return 0
    store: Store = request.app.state.store
    return len(store.alarms.alarms([shell.experiment_id], states=("open",), max_results=100).items)


def _plain(value: object) -> object:
    """Encode what numpy leaves in a context."""
    item = getattr(value, "item", None)
    if item is not None:
        plain = item()
        return None if isinstance(plain, float) and not math.isfinite(plain) else plain
    msg = f"cannot write {type(value).__name__} as JSON"
    raise TypeError(msg)
