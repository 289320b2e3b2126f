"""What moved in inputs, outputs and scores, as a page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from steelyard.errors import InvalidArgument
from steelyard.metrics.drift import METHODS, Drift, DriftMethod
from steelyard.monitor.drifting import drift
from steelyard.records import Store
from steelyard.web.contexts.changes import Compared, DriftPage
from steelyard.web.scales import Scale, nice_scale

_DATASETS = 50


def drift_page(store: Store, view: Compared, *, dataset: str, method: str) -> DriftPage:
    """Return how far each feature of the traffic has moved from the window before, or from a dataset.

    Raises:
        InvalidArgument, FilterError, NotFound: what was asked for cannot be measured.
    """
    found = drift(
        view.experiment_id,
        reference=dataset or view.before,
        current=view.after,
        filter_string=view.condition,
        method=method_of(method),
        store=store,
    )
    return DriftPage(
        view=view,
        reference=found.reference if dataset else "the window before",
        dataset=dataset,
        method=method,
        says=found.sentence,
        drifts=found.drifts,
        scale=scale_of(found.drifts),
        n_reference=found.n_reference,
        n=found.n,
        datasets=datasets_of(store),
    )


def datasets_of(store: Store) -> tuple[str, ...]:
    """Return the names of datasets of records, the newest first."""
    found = store.datasets.search(max_results=_DATASETS).items
    return tuple(one.name for one in found if one.kind != "table")


def method_of(asked: str) -> DriftMethod | None:
    """Read which distance is asked for; None leaves the choice.

    Raises:
        InvalidArgument: there is none of this name.
    """
    if asked and asked not in METHODS:
        raise InvalidArgument(f"method={asked!r} is not known. Use one of {', '.join(METHODS)}.")
    return cast("DriftMethod | None", asked or None)


def scale_of(drifts: Sequence[Drift]) -> Scale | None:
    """Return the scale that distances and their floors share; None where there are none, or of several methods."""
    told = [one for one in drifts if one.value is not None]
    if not told or len({one.method for one in told}) > 1:
        return None
    ends = [end for one in told for end in (one.low, one.value, one.high, one.floor_99) if end is not None]
    return nice_scale([0.0, *ends], pad=0.03, within=(0.0, None), ticks=4)
