"""Which labels a classification has, in which order, and each row's label as a number."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from steelyard.errors import DataError, InvalidArgument

MOST_LABELS = 2000
ABSENT = "(absent)"
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels in scikit-learn's order (sorted).

    Args:
        values: the labels as they are in the data; numbers as float, since 1, 1.0 and True are one label.
        names: the labels as people read them.
        positive: the number of the positive label of a binary task.
    """

    values: tuple[Any, ...]
    names: tuple[str, ...]
    positive: int

    @property
    def numeric(self) -> bool:
        return isinstance(self.values[-1], float)

    @property
    def binary(self) -> bool:
        return len(self.values) == 2

    def code(self, column: pa.Array) -> np.ndarray:
        """Return each row's label number: int64, shape (n,), −1 where there is no label."""
        kind = pa.float64() if self.numeric else pa.string()
        values = [v for v in self.values if v is not None]
        shift = len(self.values) - len(values)
        found = pc.index_in(_cast(column, kind), value_set=pa.array(values, kind), skip_nulls=True)
        codes = found.fill_null(-1 - shift).to_numpy(zero_copy_only=False).astype(np.int64)
        return codes + shift

    def place(self, label: Any) -> int:
        """Return the number of one label."""
        value = _value(label) if self.numeric else str(label)
        return self.values.index(value)

    def find(self, label: Any) -> int:
        """Return the number of a label that may be written otherwise (``"1"`` for 1), or −1."""
        if label in self.values:
            return self.values.index(label)
        return self.names.index(str(label)) if str(label) in self.names else -1


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    try:
        return column.cast(kind)
    except pa.ArrowInvalid as problem:
        raise DataError(
            "Labels are whole numbers beyond 2^53, which cannot be told apart as numbers. They look like ids; if they "
            f"are labels, give them as text. ({problem})"
        ) from problem


def find_labels(
    targets: Collection[Any] | None, predictions: Collection[Any] | None, classes: Sequence[Any] | None,
    *, label_list: Sequence[Any] | None = None, positive: Any = None,
) -> Labels:  # fmt: skip
    """Settle the labels of a classification.

    Args:
        targets, predictions: distinct values; None when there are too many to be labels.
        classes: the labels that the model knows, or None.
        label_list: the labels that the caller named.
        positive: the positive label that the caller named.

    Raises:
        DataError: too many different values, or text among numbers.
        InvalidArgument: the positive label is not among the labels, or there are more than two.
    """
    if targets is None or predictions is None:
        raise DataError(
            f"The targets or predictions have more than {MOST_LABELS:,} different values: they look like numbers, not "
            "labels. Use model_type='regressor', or give probabilities with probabilities=… instead of predictions."
        )
    every = [*targets, *predictions, *(classes if classes is not None else ()), *(label_list or ())]
    kinds = {_kind(v) for v in every}
    if len(kinds) > 1:
        raise DataError(
            f"Targets hold {_kinds(targets)} and predictions hold {_kinds([*predictions, *(classes or ())])}, so no "
            "prediction can ever be right. Give both the same labels."
        )
    _refuse_fractions(targets, predictions, [*(classes if classes is not None else ()), *(label_list or ())])
    if not every:
        raise DataError("There is not one label in the targets or predictions.")
    values: list[Any] = sorted({_value(v) for v in every})
    if len(values) > MOST_LABELS:
        raise DataError(f"There are {len(values):,} different labels; at most {MOST_LABELS:,} can be told apart.")
    names = _readable([_name(v, every) for v in values])
    if len(values) == 1:
        values, names = _with_other(values[0], names[0])
    return Labels(tuple(values), tuple(names), _positive(values, names, positive))


def like_targets(named: Sequence[Any], targets: Collection[Any]) -> list[Any]:
    """Return labels as the targets write them: ``"1"`` is 1 where the targets are numbers."""
    if {_kind(v) for v in targets} != {"numbers"}:
        return [str(label) for label in named] if all(isinstance(v, str) for v in targets) else list(named)
    written = {str(int(v)) if v == int(v) else str(v): v for v in targets}
    written |= {str(v): v for v in targets}
    return [written.get(label, _number(label)) if isinstance(label, str) else label for label in named]


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _refuse_fractions(targets: Collection[Any], predictions: Collection[Any], known: Sequence[Any]) -> None:
    """Refuse fractions as labels, unless the model or the caller says that they are: they are numbers to be predicted,
    or probabilities in the place of predictions."""
    if known:
        return
    for what, values in (("targets", targets), ("predictions", predictions)):
        fraction = next((v for v in values if isinstance(v, float) and v != int(v)), None)
        if fraction is not None:
            raise DataError(
                f"The {what} hold {fraction:.6g}, which is no label. For numbers use model_type='regressor'; for the "
                "positive label's probability use probabilities='<column>'. If such numbers are labels, say so with "
                "evaluator_config={'label_list': […]}."
            )


def _positive(values: list[Any], names: list[str], positive: Any) -> int:
    if positive is None:
        return len(values) - 1
    value = _value(positive)
    if value not in values:
        raise InvalidArgument(f"pos_label={positive!r} is not among the labels: {', '.join(names[:20])}.")
    return values.index(value)


def _readable(names: list[str]) -> list[str]:
    """Return names that can stand in a metric's name: without control characters, spaces at the ends, and too many
    letters; each still different."""
    out: list[str] = []
    for name in names:
        plain = name == name.strip() and name.isprintable() and name and ".." not in name.split("/")
        shown = name if plain else repr(name)
        shown = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
        while shown in out:
            shown = f"{shown[: _LONGEST - 6]}… ({len(out)})"
        out.append(shown)
    return out


def _with_other(value: Any, name: str) -> tuple[list[Any], list[str]]:
    """One label only: 0 and 1 are each other's opposite; of any other label the opposite is absent."""
    if value in (0.0, 1.0):
        return [0.0, 1.0], ["0", "1"] if name in "01" else ["False", "True"]
    return [None, value], [ABSENT, name]


def _kind(value: Any) -> str:
    if isinstance(value, bool | int | float | np.number | np.bool_):
        return "numbers"
    return "text" if isinstance(value, str) else type(value).__name__


def _kinds(values: Collection[Any]) -> str:
    return " and ".join(sorted({_kind(v) for v in values})) or "nothing"


def _value(value: Any) -> Any:
    return float(value) if _kind(value) == "numbers" else value


def _name(value: Any, every: Sequence[Any]) -> str:
    if not isinstance(value, float):
        return str(value)
    if all(isinstance(v, bool | np.bool_) for v in every):
        return str(bool(value))
    return str(int(value)) if value == int(value) else repr(value)
