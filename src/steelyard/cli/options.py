"""Options that several commands share, and what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from steelyard.records import Experiment, Run, Store

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="Where runs are kept: a folder, sqlite:///…, postgresql://… or a server, http://…. Unless told, "
        "STEELYARD_TRACKING_URI or steelyard.db in this folder.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def open_chosen(store: str | None, *, to_read: bool = False) -> Store:
    """Open the store that ``--store`` names, and make it the one that the library uses.

    Args:
        store: what the option said.
        to_read: refuse to make a new store, as a list of nothing hides a mistyped name.

    Raises:
        NotFound: there is no store to read.
    """
    from steelyard import tracking
    from steelyard.errors import NotFound
    from steelyard.store.address import find_address

    if store is not None:
        tracking.set_tracking_uri(store)
    place = find_address(tracking.get_tracking_uri())
    if to_read and place.file is not None and not place.file.exists():
        raise NotFound(f"There is no store at {place.file}. Give --store; `steelyard ui` makes one.")
    return tracking.get_store()


def all_experiments(store: Store) -> list[Experiment]:
    """Return every experiment that is not deleted, page by page."""
    page = store.experiments.search()
    found = list(page.items)
    while page.token is not None:
        page = store.experiments.search(page_token=page.token)
        found += page.items
    return found


def find_run(store: Store, name: str) -> Run:
    """Find a run by its id, its name (the latest of that name, said on standard error), or a beginning of its id.

    Raises:
        NotFound: there is none.
        InvalidArgument: the beginning fits several runs.
    """
    from steelyard.cli.text import visible
    from steelyard.errors import InvalidArgument, NotFound

    try:
        return store.runs.get(name)
    except (NotFound, InvalidArgument):
        pass
    experiments = [e.experiment_id for e in all_experiments(store)]
    quoted = name.replace("'", "''")
    named = store.search.search(
        experiments, f"attributes.run_name = '{quoted}'", order_by=["attributes.start_time DESC"], max_results=2
    ).items
    if len(named) > 1:
        chosen = named[0].info.run_id
        typer.echo(
            f"steelyard: several runs are named {visible(name)!r}; the latest, {chosen[:8]}, is taken.", err=True
        )
    if named:
        return named[0]
    if len(name) >= 4 and all(c in "0123456789abcdef" for c in name):
        found = store.search.search(experiments, f"attributes.run_id LIKE '{name}%'", max_results=3).items
        if len(found) > 1:
            ids = ", ".join(run.info.run_id[: len(name) + 4] for run in found)
            raise InvalidArgument(f"Several runs begin with {name!r} ({ids}, …); give more of the id.")
        if found:
            return found[0]
    raise NotFound(f"There is no run with the id or name {name!r} in {store.url}. `steelyard runs` lists them.")
