"""What a model returned, read as one prediction a row, whatever it is wrapped in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from steelyard.errors import InvalidArgument, ModelError


@dataclass(frozen=True, slots=True)
class Predicted:
    """A model's answers on a batch.

    Args:
        values: one a row, of any kind; None where the model failed.
        probabilities: shape (n, K), or None.
        failed: rows on which the model raised, shape (n,); None when it raised on none.
        problem: the first thing that it raised.
        outputs: further columns of the frame that the model returned.
    """

    values: Sequence[Any]
    probabilities: np.ndarray | None = None
    failed: np.ndarray | None = None
    problem: Exception | None = None
    outputs: Mapping[str, Sequence[Any]] = field(default_factory=dict)


def read(answer: Any, chance: Any, n: int, *, output: str | None = None, returned: tuple[str, ...] = ()) -> Predicted:
    """Read what a model returned for ``n`` rows.

    Args:
        answer: of ``predict``: an array, a series, a list, or a frame of one or several columns.
        chance: of ``predict_proba``, or None.
        n: rows that the model was given.
        output: which column of a frame is the prediction.
        returned: which columns of a frame are probabilities.

    Raises:
        ModelError: it is not one prediction a row.
        InvalidArgument: it has several columns and nobody said which is the prediction.
    """
    if _is_frame(answer):
        return _of_frame(answer, n, output, returned)
    if returned:
        raise InvalidArgument(
            f"probabilities={returned[0]!r} is neither a column of the data nor of what the model returned, which is "
            f"{_kind(answer)}. Return a DataFrame with it, or correct the name."
        )
    return Predicted(_values(answer, n), None if chance is None else _chances(chance, n))


def _of_frame(frame: Any, n: int, output: str | None, returned: tuple[str, ...]) -> Predicted:
    columns = [str(c) for c in frame.columns]
    gone = next((name for name in returned if name not in columns), None)
    if gone is not None:
        raise InvalidArgument(f"probabilities={gone!r} is not among the model's columns: {', '.join(columns)}.")
    others = [c for c in columns if c not in returned]
    if output is None and len(others) != 1:
        raise InvalidArgument(f"The model returned the columns {columns}; name the one to score with predictions=….")
    if output is not None and output not in columns:
        raise InvalidArgument(f"predictions={output!r} is not among the model's columns: {', '.join(columns)}.")
    chosen = output if output is not None else others[0]
    chance = None
    if returned:
        chance = np.column_stack([np.asarray(frame[name], dtype=np.float64) for name in returned])
    rest = {c: _values(frame[c], n) for c in others if c != chosen}
    return Predicted(_values(frame[chosen], n), chance, outputs=rest)


def _is_frame(answer: Any) -> bool:
    return hasattr(answer, "columns") and hasattr(answer, "__getitem__")


def _values(answer: Any, n: int) -> Sequence[Any]:
    """Return a model's answer as a sequence of one value per row."""
    single = not hasattr(answer, "__iter__") or (isinstance(answer, np.ndarray) and answer.ndim == 0)
    if single or isinstance(answer, str | bytes | Mapping):
        raise ModelError(f"The model returned {_kind(answer)} for {n:,} rows; return one prediction a row.")
    if hasattr(answer, "to_numpy"):
        answer = answer.to_numpy()
    values: Any = answer if isinstance(answer, np.ndarray) else list(answer)
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if len(values) != n:
        raise ModelError(f"The model returned {len(values):,} predictions for {n:,} rows; return one a row.")
    return values


def _chances(chance: Any, n: int) -> np.ndarray | None:
    if isinstance(chance, list):  # one array a label of a multilabel estimator
        return None
    found = np.asarray(chance, dtype=np.float64)
    if found.ndim != 2 or len(found) != n:
        raise ModelError(f"predict_proba returned the shape {found.shape} for {n:,} rows; it must be (rows, labels).")
    return found


def _kind(answer: Any) -> str:
    return "None" if answer is None else f"a {type(answer).__name__}"
