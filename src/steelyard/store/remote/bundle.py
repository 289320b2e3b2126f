"""The bundle of ports whose store is behind a server."""

from __future__ import annotations

from types import TracebackType
from typing import cast

from steelyard.records.ports import (
    AlarmStore,
    AnchorStore,
    AnswerCache,
    ArtifactStore,
    AssessmentStore,
    DatasetStore,
    EstimateStore,
    ExperimentStore,
    LabelSchemaStore,
    LedgerStore,
    ModelStore,
    MonitorStore,
    PredictionStore,
    ReviewStore,
    RunSearch,
    RunStore,
    ScorerStore,
    ScoreStore,
    TraceOverview,
    TraceStore,
    TraceUpkeep,
)
from steelyard.store.remote.contents import RemoteArtifacts
from steelyard.store.remote.line import Line
from steelyard.store.remote.nouns import RemotePort
from steelyard.store.remote.place import Place


class RemoteStore:
    """A store behind ``steelyard ui``; see ``Store``. Nothing is sent before it is used."""

    def __init__(self, place: Place) -> None:
        self._line = Line(place)
        self.experiments = cast("ExperimentStore", RemotePort("experiments", self._line))
        self.runs = cast("RunStore", RemotePort("runs", self._line))
        self.search = cast("RunSearch", RemotePort("search", self._line))
        self.estimates = cast("EstimateStore", RemotePort("estimates", self._line))
        self.artifacts: ArtifactStore = RemoteArtifacts(self._line)
        self.models = cast("ModelStore", RemotePort("models", self._line))
        self.traces = cast("TraceStore", RemotePort("traces", self._line))
        self.overview = cast("TraceOverview", RemotePort("overview", self._line))
        self.upkeep = cast("TraceUpkeep", RemotePort("upkeep", self._line))
        self.assessments = cast("AssessmentStore", RemotePort("assessments", self._line))
        self.datasets = cast("DatasetStore", RemotePort("datasets", self._line))
        self.label_schemas = cast("LabelSchemaStore", RemotePort("label_schemas", self._line))
        self.reviews = cast("ReviewStore", RemotePort("reviews", self._line))
        self.scorers = cast("ScorerStore", RemotePort("scorers", self._line))
        self.monitors = cast("MonitorStore", RemotePort("monitors", self._line))
        self.scores = cast("ScoreStore", RemotePort("scores", self._line))
        self.alarms = cast("AlarmStore", RemotePort("alarms", self._line))
        self.predictions = cast("PredictionStore", RemotePort("predictions", self._line))
        self.anchors = cast("AnchorStore", RemotePort("anchors", self._line))
        self.ledgers = cast("LedgerStore", RemotePort("ledgers", self._line))
        self.answers = cast("AnswerCache", RemotePort("answers", self._line))

    @property
    def url(self) -> str:
        """The server's address, without credentials."""
        return self._line.place.shown

    def close(self) -> None:
        """Close the connections that are idle. Using the store again opens new ones."""
        self._line.close()

    def __enter__(self) -> RemoteStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"RemoteStore({self.url!r})"
