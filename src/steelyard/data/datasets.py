"""Datasets under MLflow's names: rows, with which column is the target and which the prediction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from steelyard.data.digest import digest_of
from steelyard.data.families import family
from steelyard.data.opening import open_data
from steelyard.errors import InvalidArgument
from steelyard.records import DatasetInput

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from steelyard.data.table import Table


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows that know their target and prediction columns; `open_data` and `evaluate` accept it.

    Args:
        df: the rows, as the caller gave them.
        targets: the column of true values, or the values.
        predictions: the column of predictions, or the values.
        name: what to call it.
        source: where the rows came from, if the caller said.
        given_digest: a digest that the caller chose; ours covers the full content.
        feature_names: what to call the columns of an array.
    """

    df: Any
    targets: Any = None
    predictions: Any = None
    name: str = "dataset"
    source: str = ""
    given_digest: str | None = None
    feature_names: tuple[str, ...] | None = None

    @property
    def digest(self) -> str:
        """The digest of the full content, or the one that the caller gave."""
        return self.given_digest or digest_of(self._table())

    @property
    def schema(self) -> dict[str, str]:
        """The family of type of each column."""
        return {field.name: family(field.type) for field in self._table().schema}

    @property
    def profile(self) -> dict[str, int]:
        """How many rows and columns there are."""
        table = self._table()
        return {"num_rows": table.n_rows, "num_columns": len(table.columns)}

    def as_input(self, context: str = "") -> DatasetInput:
        """Return the record of this dataset as a run's input.

        Args:
            context: what it was used for, such as ``training`` or ``eval``.
        """
        return DatasetInput(
            name=self.name,
            digest=self.digest,
            source_type="local" if self.source else "code",
            source=self.source,
            schema=json.dumps(self.schema),
            profile=json.dumps(self.profile),
            context=context,
        )

    def _table(self) -> Table:
        return open_data(self)


def from_pandas(
    df: pd.DataFrame,
    source: str | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> Dataset:
    """Make a dataset of a pandas frame.

    Args:
        df: the rows.
        source: where they came from.
        targets: the column of true values.
        name: what to call the dataset.
        digest: a digest of the caller's own.
        predictions: the column of predictions.

    Raises:
        InvalidArgument: it is not a pandas frame.
        ColumnNotFound: a column named here is not in the frame.
    """
    _expect(df, "pandas", "from_pandas")
    return _checked(Dataset(df, targets, predictions, name or "dataset", source or "", digest))


def from_polars(
    df: pl.DataFrame,
    source: str | None = None,
    targets: str | None = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: str | None = None,
) -> Dataset:
    """Make a dataset of a polars frame; the arguments are those of `from_pandas`."""
    _expect(df, "polars", "from_polars")
    return _checked(Dataset(df, targets, predictions, name or "dataset", source or "", digest))


def from_numpy(
    features: Any,
    source: str | None = None,
    targets: Any = None,
    name: str | None = None,
    digest: str | None = None,
    predictions: Any = None,
    feature_names: tuple[str, ...] | list[str] | None = None,
) -> Dataset:
    """Make a dataset of an array of features and arrays of targets and predictions.

    Args:
        features: shape (rows,) or (rows, columns), or a dict of columns.
        source: where they came from.
        targets: shape (rows,).
        name: what to call the dataset.
        digest: a digest of the caller's own.
        predictions: shape (rows,).
        feature_names: one name a column; ``feature_1`` … unless given.

    Examples:
        >>> import numpy as np
        >>> from_numpy(np.array([[1, 2], [3, 4]]), targets=np.array([0, 1])).schema
        {'feature_1': 'integer', 'feature_2': 'integer', 'target': 'integer'}
    """
    names = None if feature_names is None else tuple(feature_names)
    return _checked(Dataset(features, targets, predictions, name or "dataset", source or "", digest, names))


def _expect(df: Any, library: str, function: str) -> None:
    if type(df).__module__.partition(".")[0] != library:
        message = f"{function} needs a {library} frame, and this is a {type(df).__module__}.{type(df).__qualname__}."
        raise InvalidArgument(message)


def _checked(dataset: Dataset) -> Dataset:
    open_data(dataset)
    return dataset
