"""The bundle of ports that ``open_store`` returns."""

from __future__ import annotations

from functools import cached_property
from types import TracebackType

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from steelyard.errors import InvalidArgument, StoreUnavailable
from steelyard.records.ports import (
    AlarmStore,
    AnchorStore,
    AnswerCache,
    AssessmentStore,
    DatasetStore,
    LabelSchemaStore,
    LedgerStore,
    MonitorStore,
    PredictionStore,
    ReviewStore,
    ScorerStore,
    ScoreStore,
    TraceOverview,
    TraceStore,
    TraceUpkeep,
)
from steelyard.store.address import Address
from steelyard.store.blobs import Blobs
from steelyard.store.sql.artifacts import SqlArtifacts
from steelyard.store.sql.database import Database
from steelyard.store.sql.dialect import Dialect, PostgresDialect, SqliteDialect
from steelyard.store.sql.estimates import SqlEstimates
from steelyard.store.sql.experiments import SqlExperiments
from steelyard.store.sql.migrations import migrate
from steelyard.store.sql.models import SqlModels
from steelyard.store.sql.runs import SqlRuns
from steelyard.store.sql.search import SqlSearch


class SqlStore:
    """A store in SQLite or PostgreSQL; see ``Store``."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._database = Database(_dialect(address))
        try:
            migrate(self._database, where=address.url)
        except BaseException:
            self._database.close()
            raise
        self.experiments = SqlExperiments(self._database)
        self.runs = SqlRuns(self._database)
        self.search = SqlSearch(self._database)
        self.estimates = SqlEstimates(self._database)
        self.artifacts = SqlArtifacts(self._database, Blobs(address.artifacts))
        self.models = SqlModels(self._database)

    # Traces and ledgers are half of this room: whoever keeps only runs does not load them.

    @cached_property
    def traces(self) -> TraceStore:
        """Traces and their spans."""
        from steelyard.store.sql.traces import SqlTraces

        return SqlTraces(self._database)

    @cached_property
    def overview(self) -> TraceOverview:
        """Traces by the many."""
        from steelyard.store.sql.overview import SqlOverview

        return SqlOverview(self._database)

    @cached_property
    def upkeep(self) -> TraceUpkeep:
        """Indexing, counting, retention, space."""
        from steelyard.store.sql.upkeep import SqlUpkeep

        return SqlUpkeep(self._database)

    @cached_property
    def assessments(self) -> AssessmentStore:
        """Feedback and expectations."""
        from steelyard.store.sql.assessments import SqlAssessments

        return SqlAssessments(self._database)

    @cached_property
    def datasets(self) -> DatasetStore:
        """Evaluation datasets."""
        from steelyard.store.sql.datasets import SqlDatasets

        return SqlDatasets(self._database, Blobs(self._address.artifacts / "datasets"))

    @cached_property
    def label_schemas(self) -> LabelSchemaStore:
        """Questions to people."""
        from steelyard.store.sql.label_schemas import SqlLabelSchemas

        return SqlLabelSchemas(self._database)

    @cached_property
    def reviews(self) -> ReviewStore:
        """Review queues, and what was said."""
        from steelyard.store.sql.reviews import SqlReviews

        return SqlReviews(self._database)

    @cached_property
    def scorers(self) -> ScorerStore:
        """Scorers that were registered."""
        from steelyard.store.sql.scorers import SqlScorers

        return SqlScorers(self._database)

    @cached_property
    def monitors(self) -> MonitorStore:
        """Scorers that watch live traffic."""
        from steelyard.store.sql.monitors import SqlMonitors

        return SqlMonitors(self._database)

    @cached_property
    def scores(self) -> ScoreStore:
        """Feedback over time."""
        from steelyard.store.sql.scores import SqlScores

        return SqlScores(self._database)

    @cached_property
    def alarms(self) -> AlarmStore:
        """Rules, and what they found."""
        from steelyard.store.sql.alarms import SqlAlarms

        return SqlAlarms(self._database)

    @cached_property
    def predictions(self) -> PredictionStore:
        """Predictions of models in production."""
        from steelyard.store.sql.predictions import SqlPredictions

        return SqlPredictions(self._database)

    @cached_property
    def anchors(self) -> AnchorStore:
        """Anchor sets."""
        from steelyard.store.sql.anchors import SqlAnchors

        return SqlAnchors(self._database)

    @cached_property
    def ledgers(self) -> LedgerStore:
        """Ledgers of evaluations."""
        from steelyard.store.sql.ledgers import SqlLedgers

        return SqlLedgers(self._database)

    @cached_property
    def answers(self) -> AnswerCache:
        """Answers of judges."""
        from steelyard.store.sql.answers import SqlAnswers

        return SqlAnswers(self._database)

    @property
    def url(self) -> str:
        """What opens this store again; a password is left out."""
        return self._address.url

    def close(self) -> None:
        """Let go of the database. Using the store again opens it again."""
        self._database.close()

    def __enter__(self) -> SqlStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SqlStore({self.url!r})"


def _dialect(address: Address) -> Dialect:
    if address.file is None:
        try:
            return PostgresDialect(make_url(address.database_url), shown=address.url)
        except ArgumentError as error:
            msg = f"{address.url!r} is not a PostgreSQL URL. Give 'postgresql://user:password@host/database'."
            raise InvalidArgument(msg) from error
    try:
        address.file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"The store {address.file} cannot be made: its folder cannot be created ({error.strerror})."
        raise StoreUnavailable(msg) from error
    return SqliteDialect(address.file)
