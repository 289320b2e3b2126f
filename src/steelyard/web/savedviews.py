"""Views that people have named: addresses of an experiment's traces, kept as tags of the experiment."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

from steelyard.errors import InvalidArgument
from steelyard.records import Experiment, Store
from steelyard.web.contexts.traces import SavedView

PREFIX = "steelyard.view."
_KEPT = ("filter", "where", "range", "start", "end", "order_by", "cols")
_LONGEST_NAME = 100
_LONGEST = 8_000


def saved_views(experiment: Experiment) -> tuple[SavedView, ...]:
    """Return an experiment's views by name. One that was removed left an empty tag behind."""
    named = {
        key.removeprefix(PREFIX): value for key, value in experiment.tags.items() if key.startswith(PREFIX) and value
    }
    return tuple(
        SavedView(name=name, query=view_query(parse_qsl(value)))
        for name, value in sorted(named.items(), key=lambda item: item[0].lower())
    )


def save_view(store: Store, experiment_id: str, name: str, query: str) -> None:
    """Keep a view under a name; one of that name is replaced.

    Raises:
        InvalidArgument: the name cannot be used, or the view is too long.
    """
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME:
        raise InvalidArgument(f"A view needs a name of at most {_LONGEST_NAME} characters.")
    kept = view_query(parse_qsl(query.removeprefix("?")))
    if len(kept) > _LONGEST:
        raise InvalidArgument("This view is too long to be kept. Loosen its filter.")
    store.experiments.set_tag(experiment_id, PREFIX + name, kept or "order_by=")


def remove_view(store: Store, experiment_id: str, name: str) -> None:
    """Forget a view."""
    store.experiments.set_tag(experiment_id, PREFIX + name, "")


def view_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Return what of an address makes up a view: neither the page nor whether it is live."""
    return urlencode([(key, value) for key, value in pairs if key in _KEPT and value])
