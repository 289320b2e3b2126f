"""``steelyard datasets``: test data in and out of files, and what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steelyard.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from steelyard.records import RecordChange
    from steelyard.tracking.dataset_import import ImportPreview
    from steelyard.tracking.evaluation_dataset import EvaluationDataset

datasets = typer.Typer(no_args_is_help=True, help="Datasets: list, show, import, export, diff.", rich_markup_mode=None)

NameArgument = Annotated[str, typer.Argument(help="The dataset, by name or id.")]
VersionOption = Annotated[int | None, typer.Option("--version", min=0, help="The newest unless told.")]
_SHOWN = 20


@datasets.command(name="list", short_help="List datasets, the one changed last first.")
def list_datasets(
    filter_string: Annotated[
        str, typer.Option("--filter", metavar="TEXT", help="Such as \"name LIKE 'capital%'\".")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=50_000, help="How many at most.")] = 30,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List datasets, the one that was changed last first."""
    from steelyard.cli.options import open_chosen
    from steelyard.cli.text import print_json, visible

    opened = open_chosen(store, to_read=True)
    page = opened.datasets.search(filter_string=filter_string, order_by=["last_update_time DESC"], max_results=limit)
    if as_json:
        wanted = ("dataset_id", "name", "kind", "version", "digest", "n_records", "last_updated_by", "last_update_time")
        print_json([{name: getattr(one, name) for name in wanted} | {"tags": dict(one.tags)} for one in page.items])
        return
    for one in page.items:
        held = f"{one.n_records:,} {'rows' if one.kind == 'table' else 'records'}"
        typer.echo(f"{visible(one.name)}  version {one.version}  {held}  {one.digest[:12]}")
    if not page.items:
        typer.echo("No dataset." if not filter_string else "No dataset matches.")
    elif page.token is not None:
        typer.echo(f"… and more: --limit {limit * 10}")


@datasets.command(short_help="Show a dataset's versions and runs.")
def show(name: NameArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Show a dataset: its versions, and the runs that used them."""
    from steelyard.cli.text import print_json, visible

    found = _dataset(name, store)
    versions, runs = found.versions(), found.runs()
    if as_json:
        print_json(
            found.to_dict()
            | {"versions": [_version(one) for one in versions]}
            | {"runs": [{"run_id": one.run_id, "version": one.version, "subset": one.subset} for one in runs]}
        )
        return
    typer.echo(f"{visible(found.name)}  {found.dataset_id}  version {found.version}  {found.digest}")
    for one in versions[:_SHOWN]:
        changed = f"+{one.inserted:,} ~{one.updated:,} -{one.deleted:,}"
        typer.echo(f"  version {one.number}  {one.n_records:,} records  {changed}  {visible(one.message)}".rstrip())
    for use in runs[:_SHOWN]:
        typer.echo(f"  run {use.run_id}  {visible(use.run_name)}  used version {use.version}")


@datasets.command(name="import", short_help="Import a file of any known shape.")
def import_(
    name: NameArgument,
    path: Annotated[Path, typer.Argument(help="CSV, JSONL, JSON, Parquet or YAML.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=PLACE", help="Such as frage=inputs.question. Repeatable."),
    ] = None,
    shape: Annotated[str | None, typer.Option(help="Whose shape, such as Langfuse; recognised unless told.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only say what would be done.")] = False,
    message: Annotated[str, typer.Option("--message", "-m", help="Why, for the version.")] = "",
    store: StoreOption = None,
) -> None:
    """Import a file into a dataset, which is created if it is not there: all of the file, or nothing."""
    from steelyard.cli.options import open_chosen
    from steelyard.tracking.datasets import import_dataset, preview_import

    opened = open_chosen(store)
    chosen = _mapping(mapping)
    if preview:
        there = opened.datasets.find(name)
        dataset = _dataset(name, store) if there is not None else None
        _print_preview(preview_import(path, mapping=chosen, shape=shape, dataset=dataset))
        return
    made = import_dataset(name, path, mapping=chosen, shape=shape, message=message)
    change = made.last_change
    if change is not None:
        typer.echo(
            f"{change.inserted:,} new, {change.updated:,} changed, {change.unchanged:,} unchanged: "
            f"{name} is at version {made.version}"
        )


@datasets.command(short_help="Write a dataset into a file.")
def export(
    name: NameArgument,
    path: Annotated[Path, typer.Argument(help="The file: .jsonl, .json, .csv or .parquet.")],
    version: VersionOption = None,
    split: Annotated[str | None, typer.Option(help="Only this part of it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    store: StoreOption = None,
) -> None:
    """Write a dataset into a file that imports back as what it was."""
    found = _dataset(name, store, version)
    chosen = found if split is None else found.subset(split=split)
    n = chosen.export(path, overwrite=force)
    typer.echo(f"{n:,} {'record' if n == 1 else 'records'} in {path}")


@datasets.command(short_help="Say what differs between two versions.")
def diff(
    name: NameArgument,
    before: Annotated[int, typer.Argument(min=0, help="A version.")],
    after: Annotated[int | None, typer.Argument(min=0, help="Another; the newest unless told.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=50_000, help="How many records are shown.")] = 20,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which records were added, removed and changed between two versions."""
    from steelyard.cli.text import print_json
    from steelyard.tracking.dataset_export import record_row

    told = _dataset(name, store).diff(before, after, max_results=limit)
    if as_json:
        rows = [
            {"kind": one.kind}
            | {side: record_row(held) for side in ("before", "after") if (held := getattr(one, side)) is not None}
            for one in told.changes
        ]
        print_json({"added": told.added, "removed": told.removed, "changed": told.changed, "changes": rows})
        return
    typer.echo(f"{told.added:,} added, {told.removed:,} removed, {told.changed:,} changed")
    for one in told.changes:
        typer.echo(_line(one))


def _dataset(name: str, store: str | None, version: int | None = None) -> EvaluationDataset:
    from steelyard._lib.names import nearest
    from steelyard.cli.options import open_chosen
    from steelyard.errors import NotFound
    from steelyard.tracking.evaluation_dataset import EvaluationDataset

    opened = open_chosen(store, to_read=True)
    found = opened.datasets.find(name)
    if found is None and name.startswith("d-"):
        found = opened.datasets.get(name)
    if found is None:
        names = [one.name for one in opened.datasets.search(max_results=1000).items]
        close = nearest(name, names)
        raise NotFound(f"There is no dataset {name!r}." + (f" Did you mean {close!r}?" if close else ""))
    dataset = EvaluationDataset(found, opened)
    return dataset if version is None else dataset.at(version)


def _mapping(given: list[str] | None) -> dict[str, str | None] | None:
    from steelyard.errors import InvalidArgument

    if not given:
        return None
    found: dict[str, str | None] = {}
    for one in given:
        column, equals, place = one.rpartition("=")
        if not equals:
            raise InvalidArgument(f"--map {one!r}: write COLUMN=PLACE, such as frage=inputs.question.")
        found[column] = place
    return found


def _print_preview(seen: ImportPreview) -> None:
    from steelyard.cli.text import visible

    typer.echo(f"{visible(seen.name)}: {seen.n_rows:,} rows, shape: {seen.shape or 'not known (--map says it)'}")
    for use in seen.columns:
        typer.echo(f"  {visible(use.column)} -> {visible(', '.join(use.becomes))}")
    typer.echo(f"{seen.inserted:,} new, {seen.updated:,} changed, {seen.unchanged:,} unchanged")
    for near in seen.near[:_SHOWN]:
        other = near.record.dataset_record_id if near.record is not None else f"row {near.other_row}"
        typer.echo(f"  row {near.row} nearly equals {other} ({near.similarity:.0%})")
    for error in seen.errors:
        typer.echo(f"  row {error.row}: {visible(error.path)}{': ' if error.path else ''}{visible(error.reason)}")
    if seen.n_errors:
        typer.echo(f"{seen.n_errors:,} rows cannot be used: nothing would be imported")


def _line(change: RecordChange) -> str:
    import json

    from steelyard.cli.text import visible

    held = change.after or change.before
    told = "" if held is None else json.dumps(dict(held.inputs), ensure_ascii=False)[:100]
    sign = {"added": "+", "removed": "-", "changed": "~"}[change.kind]
    return f"{sign} {'' if held is None else held.dataset_record_id}  {visible(told)}"


def _version(one: object) -> dict[str, object]:
    names = ("number", "digest", "n_records", "inserted", "updated", "deleted", "message", "created_by", "created_time")
    return {name: getattr(one, name) for name in names}
