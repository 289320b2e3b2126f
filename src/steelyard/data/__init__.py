"""Read rows: `open_data(anything)` gives a `Table` that is read in batches, with an id for each row and a digest.

Names are imported on first use, so that importing this room costs nothing until data is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.data.datasets import Dataset, from_numpy, from_pandas, from_polars
    from steelyard.data.digest import Digest, digest_of
    from steelyard.data.fingerprint import Fingerprint
    from steelyard.data.opening import open_data
    from steelyard.data.row_ids import RowIds, row_id_text
    from steelyard.data.table import Table

__all__ = [
    "Dataset",
    "Digest",
    "Fingerprint",
    "RowIds",
    "Table",
    "digest_of",
    "from_numpy",
    "from_pandas",
    "from_polars",
    "open_data",
    "row_id_text",
]

_HOMES = {
    "Dataset": "datasets",
    "from_numpy": "datasets",
    "from_pandas": "datasets",
    "from_polars": "datasets",
    "Digest": "digest",
    "digest_of": "digest",
    "Fingerprint": "fingerprint",
    "open_data": "opening",
    "RowIds": "row_ids",
    "row_id_text": "row_ids",
    "Table": "table",
}

__getattr__ = lazy_names(__name__, _HOMES)
