"""An example of a model's input, kept as JSON beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.tracking.jsonable import columns_of, to_json

MAX_ROWS = 20


def example_bytes(example: Any) -> bytes:
    """Return the first rows of an example as JSON: ``{"columns", "data"}`` for a table, ``{"inputs"}`` for the rest.

    Raises:
        InvalidArgument: if it cannot be written as JSON.
    """
    if isinstance(example, Mapping) or (hasattr(example, "columns") and hasattr(example, "__getitem__")):
        columns = {name: values[:MAX_ROWS] for name, values in columns_of(example).items()}
        rows = [list(row) for row in zip(*columns.values(), strict=True)]
        return to_json({"columns": list(columns), "data": rows}, what="input_example").encode()
    if isinstance(example, (str, bytes)) or not hasattr(example, "__iter__"):
        raise InvalidArgument(f"input_example is a few rows of input, not {type(example).__name__}.")
    rows = example.tolist() if hasattr(example, "tolist") else list(islice(example, MAX_ROWS))
    return to_json({"inputs": rows[:MAX_ROWS]}, what="input_example").encode()


def read_example(content: bytes) -> Any:
    """Return an example as it goes into a model: a frame for a table, a list for the rest."""
    kept = json.loads(content)
    if "inputs" in kept:
        return kept["inputs"]
    import pandas as pd

    return pd.DataFrame(kept["data"], columns=kept["columns"])
