"""Tables among a run's artifacts, as JSON in MLflow's arrangement: ``{"columns": […], "data": [[…], …]}``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard.errors import InvalidArgument, NotFound, UnreadableFile
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.files import put_bytes
from steelyard.tracking.jsonable import columns_of, to_json
from steelyard.tracking.logging import target_run
from steelyard.tracking.runs import active_run
from steelyard.tracking.stores import get_store

if TYPE_CHECKING:
    import pandas as pd

    from steelyard.records import Store

LOGGED_ARTIFACTS = "mlflow.loggedArtifacts"


def log_table(data: object, artifact_file: str, run_id: str | None = None) -> None:
    """Keep a table as JSON; rows are added below those that the file already has.

    Args:
        data: a dict of lists (or of single values, which make one row), a frame, or an Arrow table.
        artifact_file: a name that ends in ``.json``.
        run_id: another run than the active one.

    Raises:
        InvalidArgument: if it is no table, or the name has another ending.
        UnreadableFile: if the file that is there holds no table.
    """
    _check_name(artifact_file)
    columns = columns_of(data)
    store, target = target_run(run_id)
    append_table(store, target, artifact_file, columns)


def load_table(
    artifact_file: str, run_ids: Sequence[str] | None = None, extra_columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the tables of this name, of several runs, one below the other.

    Args:
        artifact_file: the name they were logged under.
        run_ids: the runs; all those of the active run's experiment (or of the active experiment) unless told.
        extra_columns: fields of the runs to add, such as ``run_id``, ``start_time`` or ``params.depth``.

    Raises:
        NotFound: if none of the runs has such a table.
    """
    import pandas as pd

    store = get_store()
    frames = []
    for run_id in run_ids if run_ids is not None else _runs_with_tables(store):
        try:
            columns, rows = read_table(store, run_id, artifact_file)
        except NotFound:
            continue
        frame = pd.DataFrame(rows, columns=columns)
        for field in extra_columns or ():
            frame[field] = [_field(store, run_id, field)] * len(frame)
        frames.append(frame)
    if not frames:
        raise NotFound(f"None of the runs has a table {artifact_file!r}.")
    return pd.concat(frames, ignore_index=True)


def append_table(store: Store, run_id: str, artifact_file: str, columns: dict[str, list[Any]]) -> None:
    """Write a table, below the rows that the file already has; a column that one part lacks is null there."""
    _check_name(artifact_file)
    try:
        old_names, old_rows = read_table(store, run_id, artifact_file)
    except NotFound:
        old_names, old_rows = [], []
    names = [*old_names, *(name for name in columns if name not in old_names)]
    wider = [None] * (len(names) - len(old_names))
    count = len(next(iter(columns.values()), ()))
    new = [columns.get(name, [None] * count) for name in names]
    rows = [[*row, *wider] for row in old_rows] + [list(row) for row in zip(*new, strict=True)]
    put_bytes(store, run_id, artifact_file, to_json({"columns": names, "data": rows}, what=artifact_file).encode())
    _announce(store, run_id, artifact_file)


def read_table(store: Store, run_id: str, artifact_file: str) -> tuple[list[str], list[list[Any]]]:
    """Return the columns and rows of a logged table.

    Raises:
        NotFound: if the run has no such file.
        UnreadableFile: if it holds no table.
    """
    content = store.artifacts.read(run_id, artifact_file)
    try:
        table = json.loads(content)
        names, rows = table["columns"], table["data"]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableFile(f"The artifact {artifact_file!r} of run {run_id} holds no table: {error}") from error
    if not isinstance(names, list) or not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        raise UnreadableFile(f"The table {artifact_file!r} of run {run_id} has rows of different lengths.")
    return names, rows


def _check_name(artifact_file: str) -> None:
    if not artifact_file.endswith(".json"):
        raise InvalidArgument(f"A table is kept as JSON: its name ends in '.json', not as {artifact_file!r} does.")


def _announce(store: Store, run_id: str, artifact_file: str) -> None:
    """List the table in the tag by which MLflow's users find the tables of a run."""
    tags = store.runs.get(run_id).data.tags
    try:
        listed = json.loads(tags.get(LOGGED_ARTIFACTS, "[]"))
    except ValueError:
        listed = []  # somebody else's tag of that name; ours replaces it
    entry = {"path": artifact_file, "type": "table"}
    if entry not in listed:
        store.runs.log_batch(run_id, tags={LOGGED_ARTIFACTS: json.dumps([*listed, entry])})


def _runs_with_tables(store: Store) -> list[str]:
    run = active_run()
    experiment_id = run.info.experiment_id if run else active_experiment_id()
    ids: list[str] = []
    token = None
    while True:
        page = store.search.search([experiment_id], order_by=["start_time DESC"], max_results=1000, page_token=token)
        ids.extend(found.info.run_id for found in page.items if LOGGED_ARTIFACTS in found.data.tags)
        token = page.token
        if token is None:
            return ids


def _field(store: Store, run_id: str, field: str) -> Any:
    run = store.runs.get(run_id)
    kind, _, key = field.partition(".")
    if key and kind in ("params", "metrics", "tags"):
        return getattr(run.data, kind).get(key)
    if not hasattr(run.info, field):
        raise InvalidArgument(f"A run has no field {field!r}. Use run_id, start_time, params.<name>, tags.<name> …")
    return getattr(run.info, field)
