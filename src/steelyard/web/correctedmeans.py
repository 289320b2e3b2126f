"""The means of a run's judges as people's labels correct them, for the page of the run."""

from __future__ import annotations

from collections.abc import Mapping

from steelyard.errors import SteelyardError, StoreUnavailable
from steelyard.metrics.corrected import CorrectedMean
from steelyard.records import Run, Store
from steelyard.web.contexts.application import ApplicationView

MOST = 5_000
"""Of a run with more traces the page of its judge tells the mean: it would hold up the page of the run."""


def corrected_of(store: Store, run: Run, application: ApplicationView | None) -> Mapping[str, CorrectedMean | None]:
    """Return the corrected mean of each judge that people were asked about, by the name of its feedback.

    None stands for one that only the judge's own page tells. A run whose experiment has no answers costs one query.
    """
    if application is None:
        return {}
    answered = [q for q in store.reviews.list([run.info.experiment_id]) if q.counts.answers]
    if not answered:
        return {}
    asked = {schema_id for queue in answered for schema_id in queue.schema_ids}
    known = {one.name for one in store.label_schemas.list(run.info.experiment_id) if one.schema_id in asked}
    names = [f.name for scorer in application.scorers for f in scorer.feedback if f.name in known]
    if not names:
        return {}
    if application.traces > MOST:
        return dict.fromkeys(names)
    return _means(store, run.info.run_id, names)


def _means(store: Store, run_id: str, names: list[str]) -> Mapping[str, CorrectedMean | None]:
    from steelyard.feedback import corrected_means

    try:
        found = corrected_means(store, run_id)
    except StoreUnavailable:
        raise
    except SteelyardError:
        return dict.fromkeys(names)  # the judge's page says what is wrong
    return {name: mean for name in names if (mean := found.get(f"{name}/mean")) is not None}
