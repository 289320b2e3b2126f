"""Records of a dataset as a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from steelyard.errors import MissingDependency
from steelyard.records.dataset import DatasetRecord

if TYPE_CHECKING:
    import pandas as pd


def frame_of(records: Sequence[DatasetRecord]) -> pd.DataFrame:
    """Return records as a pandas frame, in order.

    Raises:
        MissingDependency: without pandas.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingDependency("pandas", extra="ml", purpose="return records as a frame") from error
    columns: dict[str, list[Any]] = {
        "inputs": [dict(one.inputs) for one in records],
        "outputs": [one.outputs for one in records],
        "expectations": [dict(one.expectations) for one in records],
        "tags": [dict(one.tags) for one in records],
        "source_type": [one.source_type for one in records],
        "source_id": [one.source_id for one in records],
        "source": [one.source for one in records],
        "created_time": [one.created_time for one in records],
        "dataset_record_id": [one.dataset_record_id for one in records],
    }
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
