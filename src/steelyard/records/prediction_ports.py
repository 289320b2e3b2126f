"""What the rest of the house may ask of a store about classic models in production: predictions, labels, numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from steelyard.records.prediction import (
    LabelBatch,
    LabelCoverage,
    LabelsLogged,
    PredictedRow,
    PredictedType,
    PredictionBatch,
    PredictionNumbers,
    PredictionsLogged,
    PredictionsOnly,
    ProductionModel,
)
from steelyard.records.run import Page


class PredictionStore(Protocol):
    """Logged predictions, the labels that came for them, and the numbers that follow, each with its history.

    ``model`` is a model's key. Times are milliseconds since 1970, UTC.
    """

    def open(
        self,
        experiment_id: str,
        name: str,
        *,
        model_type: PredictedType,
        pos_label: str = "",
        slices: Sequence[str] = (),
        hourly: bool = False,
    ) -> ProductionModel:
        """Return an experiment's model of this name, made if there is none; new slices are added to those it has.

        Raises:
            InvalidArgument: it is there with another type, positive label or width of windows.
            NotFound: there is no such experiment.
        """
        ...

    def get(self, model: str) -> ProductionModel: ...
    def find(self, experiment_id: str, name: str) -> ProductionModel | None: ...
    def models(self, experiment_ids: Sequence[str] = ()) -> tuple[ProductionModel, ...]:
        """Return models, of some experiments if any are named, by name."""
        ...

    def log(self, model: str, batch: PredictionBatch, *, by: str = "") -> PredictionsLogged:
        """Keep a batch of predictions, all of it or none, and mark the windows that it changes.

        Raises:
            InvalidArgument, DataError: a row cannot be kept; the message names the row and what is wrong.
        """
        ...

    def label(self, model: str, batch: LabelBatch, *, by: str = "") -> LabelsLogged:
        """Keep a batch of labels, all of it or none, and mark the windows that it changes.

        Raises:
            InvalidArgument, DataError: a label cannot be kept; the message names the row and what is wrong.
        """
        ...

    def settle(self, worker: str, *, now_ms: int, most: int = 10, at_once: bool = False) -> int:
        """Count again the windows that have changed; return how many were counted.

        Several workers may do it at once: none counts what another has in hand, and what a killed one had in hand is
        free after two minutes.

        Args:
            worker: who does it.
            now_ms: the caller's clock.
            most: windows.
            at_once: also those that were counted a short while ago. Otherwise a window rests for 4% of its age, so that
                its readings are few however many labels trickle in.
        """
        ...

    def numbers(
        self,
        model: str,
        *,
        start_ms: int,
        end_ms: int,
        step_ms: int = 86_400_000,
        slice: str = "",  # noqa: A002 - the field's word
        by: str = "",
        metric: str = "",
        as_of_ms: int | None = None,
        origin_ms: int = 0,
    ) -> tuple[PredictionNumbers, ...]:
        """Return the numbers of windows of time; those without a reading are left out.

        Args:
            model: whose.
            start_ms, end_ms: all windows that begin in [start, end).
            step_ms: how wide: the model's own window, or some of them, whose states are merged then.
            slice: its name, such as ``country=DE``; all rows unless told.
            by: a number for each value of this dimension instead.
            metric: only this one; all unless told.
            as_of_ms: as they were known at that moment; as they are now unless told.
            origin_ms: a moment at which a window begins, for windows wider than the model's own.

        Raises:
            InvalidArgument: the step is not a multiple of the model's window, or the dimension is none of its slices.
        """
        ...

    def history(
        self,
        model: str,
        start_ms: int,
        *,
        slice: str = "",  # noqa: A002 - the field's word
        metric: str = "",
    ) -> tuple[PredictionNumbers, ...]:
        """Return every reading of the model's window that begins there, the newest first."""
        ...

    def coverage(self, model: str, *, now_ms: int) -> tuple[LabelCoverage, ...]:
        """Return how many predictions have their label by age: under 1 day, 2, 4, 8 … days, the youngest first."""
        ...

    def rows(
        self,
        model: str,
        *,
        start_ms: int,
        end_ms: int,
        only: PredictionsOnly = "",
        slice: str = "",  # noqa: A002 - the field's word
        max_results: int = 100,
        page_token: str | None = None,
    ) -> Page[PredictedRow]:
        """Return predictions of a stretch of time with their labels and histories, the newest first.

        ``wrong`` are, of a classifier, those whose label is another; of a regressor all that have a label, those of the
        largest error first.
        """
        ...

    def sample(self, model: str, *, start_ms: int, end_ms: int, most: int) -> tuple[PredictedRow, ...]:
        """Return at most so many predictions of a stretch of time, drawn by a hash of their ids: without bias, and the
        same again for the same rows. In the order of time."""
        ...
