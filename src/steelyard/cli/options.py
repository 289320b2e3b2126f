"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from steelyard.records import Run, Store

StoreOption = Annotated[
    str | None,
    typer.Option("--store", help="Where runs are kept: a folder, sqlite:///… or postgresql://…. Here unless told."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def open_chosen(store: str | None) -> Store:
    """Open the store that ``--store`` names, and make it the one that the library uses."""
    from steelyard import tracking

    if store is not None:
        tracking.set_tracking_uri(store)
    return tracking.get_store()


def find_run(store: Store, name: str) -> Run:
    """Find a run by its id, a beginning of its id, or its name (the latest of that name).

    Raises:
        NotFound: there is none.
        InvalidArgument: the beginning fits several runs.
    """
    from steelyard.errors import InvalidArgument, NotFound

    try:
        return store.runs.get(name)
    except (NotFound, InvalidArgument):
        pass
    experiments = [e.experiment_id for e in store.experiments.search().items]
    quoted = name.replace("'", "''")
    if "'" not in name:
        named = store.search.search(experiments, f"attributes.run_name = '{quoted}'", max_results=1)
        if named.items:
            return named.items[0]
        if len(name) >= 4 and all(c in "0123456789abcdef" for c in name):
            found = store.search.search(experiments, f"attributes.run_id LIKE '{name}%'", max_results=2).items
            if len(found) > 1:
                raise InvalidArgument(f"Several runs begin with {name!r}; give more of the id.")
            if found:
                return found[0]
    raise NotFound(f"There is no run with the id or name {name!r} in {store.url}. `steelyard runs` lists them.")
