"""Tables as versions of datasets: into the store as Parquet in parts, out of it as a file that is read in batches."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from steelyard.data.digest import Digest, row_sums
from steelyard.data.families import family
from steelyard.data.mixing import mixed
from steelyard.data.opening import open_data
from steelyard.errors import InvalidArgument, StoreUnavailable
from steelyard.records import Store
from steelyard.records.dataset import DatasetChange, DatasetDiff, DatasetTable

if TYPE_CHECKING:
    from steelyard.data.table import Table

_PART = 8 << 20


def put_table(
    store: Store,
    dataset_id: str,
    data: Any,
    *,
    targets: str | None = None,
    predictions: str | None = None,
    by: str = "",
    message: str = "",
) -> DatasetChange:
    """Make a table the next version of a dataset; rows are read in batches and never held whole.

    Args:
        store: where the dataset is.
        dataset_id: which.
        data: what ``steelyard.data.open_data`` reads.
        targets, predictions: columns that play these parts.
        by, message: who, and why.
    """
    table = open_data(data, targets=targets, predictions=predictions)
    if targets is not None and not isinstance(targets, str):
        raise InvalidArgument("targets is the name of a column of the table.")
    with tempfile.TemporaryDirectory(prefix="steelyard-") as folder:
        file = Path(folder) / "table.parquet"
        digest, n_rows = _write(table, file)
        told = DatasetTable(
            digest=digest,
            n_rows=n_rows,
            columns={one.name: family(one.type) for one in table.schema},
            size=file.stat().st_size,
            targets=table.targets,
            predictions=table.predictions,
            source=table.source,
        )
        return _put(store, dataset_id, told, file, by=by, message=message)


def open_table(store: Store, dataset_id: str, name: str, version: int) -> Table:
    """Open the table that a version is.

    Raises:
        InvalidArgument: it holds records.
        StoreUnavailable: a part arrives damaged.
    """
    found = store.datasets.table(dataset_id, version=version)
    if found is None:
        raise InvalidArgument(f"Version {version} of the dataset {name!r} is no table; put_table makes one.")
    path = _file(store, dataset_id, found)
    return open_data(path, targets=found.targets, predictions=found.predictions, name=name)


def difference_of_tables(before: Table | None, after: Table | None) -> DatasetDiff:
    """Return how many rows are in one table only, counted by their content, whatever their order."""
    import numpy as np

    one, other = _row_hashes(before), _row_hashes(after)
    words, places = np.unique(np.concatenate([one, other]), return_inverse=True)
    counts = np.bincount(places[len(one) :], minlength=len(words)) - np.bincount(
        places[: len(one)], minlength=len(words)
    )
    return DatasetDiff(added=int(counts[counts > 0].sum()), removed=int(-counts[counts < 0].sum()), changed=0)


def export_table(table: Table, path: str | os.PathLike[str], *, overwrite: bool = False) -> int:
    """Write a table into a Parquet file and return how many rows it has.

    Raises:
        InvalidArgument: the name does not end with .parquet, or a file is there.
    """
    target = Path(path)
    if target.suffix.lower() != ".parquet":
        raise InvalidArgument(f"{target.name}: a table is exported as Parquet; give a name that ends with .parquet.")
    if target.exists() and not overwrite:
        raise InvalidArgument(f"{target} is there already. Choose another name, or give overwrite=True.")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        _, n = _write(table, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return n


def _row_hashes(table: Table | None) -> Any:
    import numpy as np

    if table is None:
        return np.zeros(0, np.uint64)
    columns = sorted(table.columns)
    return np.concatenate([mixed(row_sums(batch.select(columns), columns)) for batch in table.batches()])


def _write(table: Table, file: Path) -> tuple[str, int]:
    import pyarrow.parquet as pq

    digest, n = Digest(table.schema), 0
    with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
        for batch in table.batches():
            digest.update(batch)
            writer.write_batch(batch)
            n += batch.num_rows
    return digest.hexdigest(), n


def _put(store: Store, dataset_id: str, told: DatasetTable, file: Path, *, by: str, message: str) -> DatasetChange:
    newest = store.datasets.table(dataset_id)
    same = newest is not None and newest.digest == told.digest
    if newest is not None and same:  # the content is there: only what plays which part may differ
        again = replace(newest, targets=told.targets, predictions=told.predictions, source=told.source)
        return store.datasets.put_table(dataset_id, again, by=by, message=message)
    whole = hashlib.sha256()
    parts = []
    for part in _parts(file):
        whole.update(part)
        parts.append(store.datasets.put_part(dataset_id, part))
    told = replace(told, sha256=whole.hexdigest(), parts=tuple(parts))
    return store.datasets.put_table(dataset_id, told, by=by, message=message)


def _parts(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while part := opened.read(_PART):
            yield part


def _file(store: Store, dataset_id: str, table: DatasetTable) -> Path:
    """Return where a table's file lies on this machine; it is loaded once in a process."""
    folder = _folder(os.getpid())
    file = folder / f"{table.sha256}.parquet"
    if file.exists():
        return file
    handle, name = tempfile.mkstemp(dir=folder)
    draft, digest = Path(name), hashlib.sha256()
    try:
        with os.fdopen(handle, "wb") as target:
            for sha256 in table.parts:
                part = store.datasets.part(dataset_id, sha256)
                digest.update(part)
                target.write(part)
        if digest.hexdigest() != table.sha256:
            raise StoreUnavailable(f"The table of the dataset {dataset_id!r} is damaged: its digest has changed.")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return file


@cache
def _folder(process: int) -> Path:
    """Return this process's own folder for tables, which goes when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="steelyard-tables-"))
    atexit.register(_remove, folder, process)
    return folder


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # a child of ours leaves it to us
        shutil.rmtree(folder, ignore_errors=True)
