"""Classic models in production: what they predicted, what was true, and the numbers that follow, with their history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from steelyard.records.estimate import Estimate
from steelyard.records.slices import ALL_ROWS, SliceKey

Label = bool | int | float | str
"""A class, or a number that is predicted. 1, 1.0 and True are one class."""

PredictedType = Literal["classifier", "regressor"]
PredictionsOnly = Literal["", "wrong", "unlabelled", "labelled"]

MODEL_SLICE = "model_id"
"""The dimension of the logged model that predicted, where that is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionModel:
    """A classic model whose predictions are logged.

    Args:
        key: ``pm-`` and 32 hexadecimal digits.
        experiment_id: where it belongs.
        name: unique in the experiment.
        model_type: what it predicts: classes or numbers.
        pos_label: the positive class of two, as text; empty means the greater of the two.
        slices: the dimensions that every number is told for, besides all rows.
        window_ms: the finest window in which numbers are kept: a day, or an hour.
        labels: the classes seen so far, as text, in order.
        created_time: milliseconds since 1970.
        first_ms, last_ms: of which times there are predictions; 0 without any.
        n: how many predictions.
        labelled: how many of them have their label.
        orphans: labels whose prediction has not come: kept, and joined if it does.
        waiting: windows whose numbers are to be counted again.
    """

    key: str
    experiment_id: str
    name: str
    model_type: PredictedType
    pos_label: str = ""
    slices: tuple[str, ...] = ()
    window_ms: int = 86_400_000
    labels: tuple[str, ...] = ()
    created_time: int = 0
    first_ms: int = 0
    last_ms: int = 0
    n: int = 0
    labelled: int = 0
    orphans: int = 0
    waiting: int = 0

    @property
    def coverage(self) -> float | None:
        """The share of the predictions that have their label; None of none."""
        return self.labelled / self.n if self.n else None


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionBatch:
    """Predictions to be kept, in columns of one length; empty columns say nothing.

    Args:
        ids: the user's keys, each once.
        predictions: a class or a number each; None where the model gave none: such a row is kept and counted.
        times: when each was made, milliseconds since 1970. Empty means now; what is there already keeps its time.
        scores: the probability of the positive class, 0 to 1, or None.
        labels: the classes that ``probabilities`` are for, in order.
        probabilities: for each class a column, 0 to 1, or None in every class.
        slices: by dimension a column of values; None is ``(missing)``.
        features: by name a column of JSON values.
        first_row: the number that errors give the first row, where the batch is a part of more.
    """

    ids: tuple[str, ...]
    predictions: tuple[Label | None, ...]
    times: tuple[int, ...] = ()
    scores: tuple[float | None, ...] = ()
    labels: tuple[Label, ...] = ()
    probabilities: tuple[tuple[float | None, ...], ...] = ()
    slices: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    features: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    first_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelBatch:
    """Labels that have come, in columns of one length.

    Args:
        ids: of the predictions, each once.
        labels: what was true.
        times: as of when each is known, milliseconds since 1970; empty means now. Of two labels for one id the later
            holds, in whatever order they come.
        first_row: the number that errors give the first row, where the batch is a part of more.
    """

    ids: tuple[str, ...]
    labels: tuple[Label, ...]
    times: tuple[int, ...] = ()
    first_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionsLogged:
    """What became of a batch of predictions; the counts add up to its rows.

    Args:
        new: kept for the first time.
        corrected: were there with another content, which is in the history now.
        unchanged: were there just so.
        joined: of the new ones, those whose label had come before.
    """

    new: int = 0
    corrected: int = 0
    unchanged: int = 0
    joined: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelsLogged:
    """What became of a batch of labels; the first five add up to its rows.

    Args:
        joined: the first label of a prediction.
        corrected: took the place of another label, which is in the history now.
        superseded: older than the label that is there: into the history.
        unchanged: were there just so.
        waiting: no prediction has this id yet: kept until it comes.
        empty: values that say nothing (None, NaN), left out before they were sent.
    """

    joined: int = 0
    corrected: int = 0
    superseded: int = 0
    unchanged: int = 0
    waiting: int = 0
    empty: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionChange:
    """What a prediction or a label was before: ``value`` until ``time_ms``, when ``by`` put another in its place.

    Args:
        what: a prediction or a label.
        value: what it was.
        value_time: its own time (when predicted; as of when known), milliseconds since 1970.
        time_ms: when it went into the history.
        by: who logged what took its place.
    """

    what: Literal["prediction", "label"]
    value: Label | None
    value_time: int
    time_ms: int
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedRow:
    """One prediction with all that is known of it.

    Args:
        id: the user's key.
        time_ms: when it was made.
        prediction: a class as text, or a number; None where the model gave none.
        score: the probability of the positive class.
        probabilities: by class.
        label: what was true; None if that has not come.
        label_time: as of when that is known; 0 without a label.
        slices: by dimension.
        features: what was kept of its input.
        history: what it was before, the oldest first; only where it is asked for.
    """

    id: str
    time_ms: int
    prediction: str | float | None = None
    score: float | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    label: str | float | None = None
    label_time: int = 0
    slices: Mapping[str, str] = field(default_factory=dict)
    features: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[PredictionChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionNumbers:
    """The numbers of one slice of one window, as they were from ``computed_ms`` until ``superseded_ms``.

    Labels that are late are not random: what holds of the labelled rows need not hold of all, so every estimate tells
    its ``missing`` rows, and what can be bounded has ``worst`` and ``best``.

    Args:
        start_ms, end_ms: predictions made in [start_ms, end_ms), UTC.
        slice: which rows; all of them without.
        n: predictions.
        labelled: of them, those that have their label.
        failed: of them, those where the model gave no prediction.
        scored: of them, those that have both: what the estimates are of.
        predicted_mean: the mean prediction of all that have one; of two classes the share that is predicted positive;
            None of more classes.
        scored_mean: the same of the scored rows. Where the two differ, the labelled rows are another kind of rows.
        estimates: by metric.
        computed_ms: when this was counted; of a window that is summed up from others, the newest of theirs.
        superseded_ms: when it gave way to another reading; None if it holds.
        why: what made the count necessary, in words.
        version: 1 for the first reading of a window; 0 of a window that is summed up from others.
        waiting: whether more has come since, so that another reading will follow.
    """

    start_ms: int
    end_ms: int
    slice: SliceKey = ALL_ROWS
    n: int = 0
    labelled: int = 0
    failed: int = 0
    scored: int = 0
    predicted_mean: float | None = None
    scored_mean: float | None = None
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    computed_ms: int = 0
    superseded_ms: int | None = None
    why: str = ""
    version: int = 0
    waiting: bool = False

    @property
    def coverage(self) -> float | None:
        """The share of the predictions that have their label; None of none."""
        return self.labelled / self.n if self.n else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCoverage:
    """How many of the predictions of an age, [from_ms, to_ms) ago, have their label; ``to_ms`` None is any age."""

    from_ms: int
    to_ms: int | None
    n: int
    labelled: int

    @property
    def coverage(self) -> float | None:
        """The share that has its label; None of none."""
        return self.labelled / self.n if self.n else None
