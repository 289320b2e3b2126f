"""Drift of inputs, outputs and scores: a window of traffic against another, or against a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from steelyard.errors import InvalidArgument, NotFound
from steelyard.metrics.drift import Drift, DriftMethod, FloorFrom, adjusted
from steelyard.monitor.alarm_times import Moment, moment_ms
from steelyard.monitor.features import FeatureTable, features_of_records, features_of_traces, needs_contents
from steelyard.monitor.features_compared import TEXTS, Embed, compared, features_to_compare
from steelyard.records import Dataset, Series, Store
from steelyard.records.dataset import DatasetRecord

if TYPE_CHECKING:
    from typing import TypeAlias

MOST_TRACES = 10_000
_PAGE = 1_000
_MOST_LISTED = 12


@runtime_checkable
class _HeldDataset(Protocol):
    """A dataset as people hold it, at a version."""

    @property
    def dataset_id(self) -> str: ...
    @property
    def version(self) -> int: ...


Window: TypeAlias = "tuple[Moment, Moment]"
Reference: TypeAlias = "Window | Dataset | _HeldDataset | str"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """How far the features of an experiment's traffic have moved.

    Args:
        experiment_id: whose.
        reference: what it was held against, for people.
        start_ms, end_ms: the current window, [start, end).
        drifts: of each feature, those that have drifted first.
        n_reference, n: rows that were read: at most 10,000 each, drawn evenly.
    """

    experiment_id: str
    reference: str
    start_ms: int
    end_ms: int
    drifts: tuple[Drift, ...] = ()
    n_reference: int = 0
    n: int = 0

    @property
    def drifted(self) -> tuple[Drift, ...]:
        """Those that have."""
        return tuple(one for one in self.drifts if one.is_drift)

    def __getitem__(self, feature: str) -> Drift:
        found = next((one for one in self.drifts if one.feature == feature), None)
        if found is None:
            raise KeyError(f"{feature!r} was not looked at; there are {', '.join(one.feature for one in self.drifts)}.")
        return found

    @property
    def sentence(self) -> str:
        """What moved, in one sentence."""
        looked = f"{len(self.drifts)} feature{'s' if len(self.drifts) != 1 else ''} looked at"
        if not self.drifted:
            return f"Nothing has moved beyond chance ({looked})."
        return f"{', '.join(one.feature for one in self.drifted)} moved beyond chance ({looked})."

    def __str__(self) -> str:
        return "\n".join([self.sentence, *(one.sentence for one in self.drifts[:_MOST_LISTED])])


def drift(
    experiment_id: str,
    *,
    reference: Reference,
    current: Window,
    features: Sequence[str] | None = None,
    filter_string: str = "",
    method: DriftMethod | None = None,
    floor_from: FloorFrom = None,
    embed: Embed | None = None,
    store: Store | None = None,
) -> DriftReport:
    """Return how far each feature of the traffic has moved from a reference, beside how far chance moves it.

    Args:
        experiment_id: whose traffic.
        reference: a stretch of time ``(start, end)``, each milliseconds since 1970, a datetime or its ISO text; or a
            dataset, its name, or ``name/version``: then inputs are held against its inputs, and outputs against its
            outputs or what it expects.
        current: the stretch ``(start, end)`` that is looked at.
        features: which; unless told all that ``features_of_traces`` finds, and the share of words that the reference
            does not have (``input.words``, ``output.words``). ``input.text`` and ``output.text`` compare meanings.
        filter_string: only traces that match, in the language of ``search_traces``.
        method: ``psi``, ``js`` (the Jensen–Shannon distance), ``ks``, ``chi2`` or ``embedding``; unless told ``js``,
            and ``embedding`` for texts. A feature that a method cannot measure takes ``js``, unless it was asked for.
        floor_from: ``rows`` or ``days``: what the noise floor is drawn from; unless told whichever is higher.
        embed: makes a vector of each text, shape (n, d); unless given their words are hashed, which sees topics and
            languages but no meanings.
        store: where; the current tracking store unless given.

    Raises:
        InvalidArgument, FilterError, NotFound: an argument cannot be used; the message says why.
    """
    kept = store_of(store)
    window = window_of(current, "current")
    wanted = _wanted(features, method)
    old, said = _reference_table(kept, experiment_id, reference, filter_string, wanted)
    new = traffic_table(kept, experiment_id, window, filter_string, wanted)
    names = wanted or features_to_compare(old, new, shared=old.times is None)
    found = [
        compared(
            name,
            old,
            new,
            window=window,
            method=method,
            strict=features is not None,
            floor_from=floor_from,
            embed=embed,
        )
        for name in names
    ]
    return DriftReport(
        experiment_id=experiment_id,
        reference=said,
        start_ms=window[0],
        end_ms=window[1],
        drifts=adjusted(found),
        n_reference=old.n,
        n=new.n,
    )


def drift_series(
    store: Store, experiment_id: str, series: Series, start_ms: int, end_ms: int, reference: Reference
) -> Drift:
    """Return how far the feature of a series is from a reference in a stretch of time.

    Args:
        store: where.
        experiment_id: whose.
        series: of kind ``drift``: its feature, method and filter.
        start_ms, end_ms: the stretch, [start, end), milliseconds since 1970.
        reference: as for ``drift``.

    Raises:
        InvalidArgument: the method cannot measure the feature.
    """
    return drift_groups(store, experiment_id, replace(series, by=""), start_ms, end_ms, reference)[""]


def drift_groups(
    store: Store, experiment_id: str, series: Series, start_ms: int, end_ms: int, reference: Reference
) -> Mapping[str, Drift]:
    """Return the same for each value of ``series.by``, each against the reference's rows of that value.

    Without ``by`` there is one, under an empty name. A dataset knows no names, models or tags: all its rows count then.
    """
    method = method_of(series)
    wanted = [series.what, *([series.by] if series.by else [])]
    old, _ = _reference_table(store, experiment_id, reference, series.filter_string, wanted)
    new = traffic_table(store, experiment_id, (start_ms, end_ms), series.filter_string, wanted)

    def measured(before: FeatureTable, now: FeatureTable) -> Drift:
        return compared(
            series.what,
            before,
            now,
            window=(start_ms, end_ms),
            method=method,
            strict=True,
            floor_from=None,
            embed=None,
        )

    if not series.by:
        return {"": measured(old, new)}
    groups = sorted({str(value) for value in new.column(series.by) if value is not None})
    return {
        group: measured(old if old.times is None else old.only(series.by, group), new.only(series.by, group))
        for group in groups
    }


def window_of(window: Window, what: str) -> tuple[int, int]:
    """Return a stretch of time in milliseconds since 1970.

    Args:
        window: start and end, each milliseconds, a datetime or its ISO text.
        what: its name, for the error.

    Raises:
        InvalidArgument: it is none, or ends before it begins.

    Examples:
        >>> window_of(("2024-01-01", "2024-01-02"), "current")
        (1704067200000, 1704153600000)
    """
    if not isinstance(window, tuple | list) or len(window) != 2:
        raise InvalidArgument(f"{what} is a stretch of time, (start, end); it is {window!r}.")
    start, end = moment_ms(window[0], f"the start of {what}"), moment_ms(window[1], f"the end of {what}")
    if start >= end:
        raise InvalidArgument(f"{what} ends before it begins: from {window[0]!r} to {window[1]!r}.")
    return start, end


def _wanted(features: Sequence[str] | None, method: DriftMethod | None) -> list[str] | None:
    if isinstance(features, str):
        raise InvalidArgument(f"features is a list of names, not one text: write [{features!r}].")
    if features is None:
        return list(TEXTS) if method == "embedding" else None
    if not features:
        raise InvalidArgument("features is empty: name some, or leave it out to look at all.")
    return list(dict.fromkeys(features))


def method_of(series: Series) -> DriftMethod | None:
    """Return the method that a series of drift names; None if it leaves the choice."""
    match series.method:
        case "":
            return None
        case "psi" | "js" | "ks" | "chi2" | "embedding":
            return series.method
        case other:
            raise InvalidArgument(f"The method of drift is psi, js, ks, chi2 or embedding, not {other!r}.")


def traffic_table(
    store: Store, experiment_id: str, window: tuple[int, int], filter_string: str, wanted: Sequence[str] | None
) -> FeatureTable:
    """Return the features of a sample of a window's traffic; those of content only if they are wanted."""
    sampled = store.overview.sample(
        [experiment_id],
        filter_string,
        start_ms=window[0],
        end_ms=window[1],
        most=MOST_TRACES,
        contents=needs_contents(wanted),
    )
    return features_of_traces(sampled)


def _reference_table(
    store: Store, experiment_id: str, reference: Reference, filter_string: str, wanted: Sequence[str] | None
) -> tuple[FeatureTable, str]:
    """Return what the traffic is held against, and its name for people."""
    if isinstance(reference, tuple | list):
        window = window_of(reference, "reference")
        return traffic_table(
            store, experiment_id, window, filter_string, wanted
        ), f"traffic from {window[0]} to {window[1]}"
    if isinstance(reference, str):
        dataset, version = _named(store, reference)
    elif isinstance(reference, Dataset | _HeldDataset):
        dataset, version = store.datasets.get(reference.dataset_id), reference.version
    else:
        raise InvalidArgument(f"reference is a stretch of time (start, end), a dataset or its name, not {reference!r}.")
    return features_of_records(_records(store, dataset, version)), f"dataset {dataset.name}, version {version}"


def _named(store: Store, name: str) -> tuple[Dataset, int]:
    found = store.datasets.find(name)
    if found is not None:
        return found, found.version
    start, _, number = name.rpartition("/")
    found = store.datasets.find(start) if number.isdigit() else None
    if found is None:
        raise NotFound(f"There is no dataset {name!r}. Give a dataset's name, name/version, or a stretch of time.")
    return found, int(number)


def _records(store: Store, dataset: Dataset, version: int) -> Iterator[DatasetRecord]:
    if dataset.kind == "table":
        raise InvalidArgument(f"The dataset {dataset.name!r} is a table; drift is measured from one of records.")
    token: str | None = None
    read = 0
    while read < MOST_TRACES:
        page = store.datasets.records(dataset.dataset_id, version=version, max_results=_PAGE, page_token=token)
        yield from page.items
        read += len(page.items)
        token = page.token
        if not token:
            return


def store_of(store: Store | None) -> Store:
    """Return a store, or the current tracking store."""
    if store is not None:
        return store
    from steelyard.tracking.stores import get_store

    return get_store()
