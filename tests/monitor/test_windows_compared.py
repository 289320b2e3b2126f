"""One window against another: planted changes are found and their slice is named; else none is called worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.monitor.alarm_traffic import trace
from tests.monitor.drift_traffic import DAY, HOUR, START, put, traffic

from steelyard.errors import InvalidArgument
from steelyard.monitor import compare_windows, slices_of_change
from steelyard.monitor.windows_compared_cells import Cell, Measure, Place, part_ms
from steelyard.monitor.windows_compared_changes import difference_of
from steelyard.monitor.windows_compared_parts import parts_of
from steelyard.monitor.windows_compared_slices import changes_of
from steelyard.records import AssessmentError, Feedback, Series, Store, Trace, TraceWindow
from steelyard.store import open_store

BEFORE, AFTER, SAME = (START, START + DAY), (START + DAY, START + 2 * DAY), (START + 2 * DAY, START + 3 * DAY)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("compared")
    opened = open_store(f"sqlite:///{folder / 'store.db'}")
    rng = np.random.default_rng(12)
    put(opened, traffic(rng, 1_500, *BEFORE))
    put(opened, traffic(rng, 1_500, *AFTER, right={"billing": 0.6}, failing={"billing": 0.15}))
    put(opened, traffic(rng, 1_500, *SAME))
    yield opened
    opened.close()


def test_the_slice_that_got_worse_is_named_first(store: Store) -> None:
    found = compare_windows("0", before=BEFORE, after=AFTER, store=store)
    assert found.verdicts["error_rate"] == "worse"
    assert found.verdicts["score:correctness"] == "worse"
    assert found.verdicts["input_tokens"] == "equivalent"
    assert found.dimensions == ("tag.lang", "tag.topic")
    for measure in ("error_rate", "score:correctness"):
        first = found.slices_of(measure)[0]
        assert (first.slice, first.verdict) == ("tag.topic = billing", "worse")
        assert first.filter_string == "tag.topic = 'billing'"
        change = found[measure].difference
        assert change is not None
        assert first.contribution == pytest.approx(change, rel=0.3)
        other = next(one for one in found.slices_of(measure) if one.slice == "tag.topic = shipping")
        assert other.verdict != "worse"
    assert found.worse[0].slice == "tag.topic = billing"
    assert "tag.topic = billing" in str(found)


def test_the_slices_of_a_dimension_make_up_the_whole_change(store: Store) -> None:
    found = compare_windows("0", before=BEFORE, after=AFTER, store=store)
    for measure in ("error_rate", "score:correctness", "score:tone", "input_tokens", "cost"):
        for dimension in found.dimensions:
            parts = [one for one in found.slices_of(measure) if one.slice.startswith(f"{dimension} = ")]
            assert sum(one.contribution for one in parts) == pytest.approx(found[measure].difference, abs=1e-9)


def test_windows_that_do_not_differ_have_no_worse_slice(store: Store) -> None:
    found = compare_windows("0", before=BEFORE, after=SAME, store=store)
    assert found.worse == ()
    assert "worse" not in found.verdicts.values()
    assert found.looked_at >= 4 * 8


def test_less_of_a_score_may_be_better(store: Store) -> None:
    found = compare_windows("0", before=BEFORE, after=AFTER, by=[], lower_is_better=["correctness"], store=store)
    assert found.verdicts["score:correctness"] == "better"
    assert found.slices == ()


def test_a_margin_makes_a_small_change_equivalent(store: Store) -> None:
    found = compare_windows("0", before=BEFORE, after=SAME, by=[], margin={"score:correctness": 0.2}, store=store)
    assert found.verdicts["score:correctness"] == "equivalent"


def test_an_alarm_is_given_its_slices(store: Store) -> None:
    rows = slices_of_change(store, "0", Series(kind="score", what="correctness"), BEFORE, AFTER)
    first = rows[0]
    assert first["slice"] == "tag.topic = billing"
    assert first["worse"] is True
    assert set(first) >= {"value", "low", "high", "n", "baseline", "baseline_n", "contribution"}
    assert all(row["filter_string"] for row in rows)
    errors = slices_of_change(store, "0", Series(kind="traces", what="error_rate"), BEFORE, AFTER)
    assert errors[0]["slice"] == "tag.topic = billing"


def test_an_alarm_of_one_group_is_sliced_by_the_rest(store: Store) -> None:
    series = Series(kind="score", what="correctness", by="tag.topic")
    rows = slices_of_change(store, "0", series, BEFORE, AFTER, group="billing")
    assert {str(row["slice"]).partition(" = ")[0] for row in rows} == {"tag.lang"}
    assert all(cast("int", row["n"]) < 500 for row in rows)


def test_a_drift_is_found_in_its_slice(store: Store) -> None:
    series = Series(kind="drift", what="score:correctness")
    rows = slices_of_change(store, "0", series, BEFORE, AFTER)
    assert (rows[0]["slice"], rows[0]["worse"]) == ("tag.topic = billing", True)
    assert not next(row for row in rows if row["slice"] == "tag.topic = shipping")["worse"]


def test_traffic_that_is_gone_is_found_in_its_slice(store: Store) -> None:
    evening = (AFTER[0], AFTER[0] + 12 * HOUR)
    series = Series(
        kind="traces", what="count", filter_string="tag.topic = 'shipping' OR timestamp_ms < " + str(AFTER[0])
    )
    rows = slices_of_change(store, "0", series, BEFORE, evening, direction="below")
    assert (rows[0]["slice"], rows[0]["worse"], rows[0]["n"]) == ("tag.topic = billing", True, 0)
    shipping = next(row for row in rows if row["slice"] == "tag.topic = shipping")
    assert shipping["worse"] is False
    assert cast("float", shipping["baseline"]) == cast("int", shipping["baseline_n"]) / 2


def test_other_series_have_no_slices(store: Store) -> None:
    assert slices_of_change(store, "0", Series(kind="judge", what="correctness"), BEFORE, AFTER) == []


def test_one_text_is_no_list_of_dimensions(store: Store) -> None:
    with pytest.raises(InvalidArgument, match="by is a list"):
        compare_windows("0", before=BEFORE, after=AFTER, by="name", store=store)


def test_a_window_without_traffic_is_told(store: Store) -> None:
    found = compare_windows("0", before=(START - DAY, START), after=AFTER, by=["tag.topic"], store=store)
    assert "there was none before" in found["error_rate"].sentence
    assert found.verdicts["error_rate"] == "undecided"


@dataclass
class Simulated:
    """Windows of simulated traffic: of each group errors and durations; it stands for a store."""

    rates: Sequence[float]
    rng: np.random.Generator

    @property
    def overview(self) -> Simulated:
        return self

    def windows(self, *_: Any, start_ms: int, end_ms: int, by: str, **__: Any) -> tuple[TraceWindow, ...]:
        if not by:
            return (TraceWindow(start_ms=start_ms, end_ms=end_ms, n=100 * len(self.rates), errors=50),)
        return tuple(
            TraceWindow(
                start_ms=start_ms, end_ms=end_ms, group=f"g{i}", n=100, errors=int(self.rng.binomial(100, rate))
            )
            for i, rate in enumerate(self.rates)
        )


def test_without_a_change_a_slice_is_called_worse_at_most_at_the_declared_rate() -> None:
    rng = np.random.default_rng(13)
    place = Place(cast("Store", Simulated([0.05, 0.1, 0.3, 0.02] * 5, rng)), "0")
    wrong = 0
    for _ in range(300):
        windows = ((0, HOUR), (HOUR, 2 * HOUR))
        _, slices = changes_of(place, [Measure("error_rate")], windows, ["name"], margin=None, bad={})
        wrong += any(one.verdict == "worse" for one in slices)
    assert wrong <= 16  # 2.5% on the bad side are 7.5 of 300


@st.composite
def windows(draw: st.DrawFn) -> tuple[dict[str, Cell], dict[str, Cell]]:
    def cells() -> dict[str, Cell]:
        names = draw(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True))
        return {
            name: Cell(shape="mean", n=draw(st.integers(1, 1000)), value=draw(st.floats(-100, 100))) for name in names
        }

    return cells(), cells()


def mean(cells: dict[str, Cell]) -> float:
    return sum(cell.total for cell in cells.values()) / sum(cell.n for cell in cells.values())


@given(windows())
def test_parts_add_up_to_the_whole_change(pair: tuple[dict[str, Cell], dict[str, Cell]]) -> None:
    before, after = pair
    parts = parts_of(before, after)
    assert sum(part.contribution for part in parts.values()) == pytest.approx(mean(after) - mean(before), abs=1e-8)
    assert sum(part.weight for part in parts.values()) == pytest.approx(1)


@given(windows())
def test_nothing_changed_has_no_parts(pair: tuple[dict[str, Cell], dict[str, Cell]]) -> None:
    before, _ = pair
    assert all(part.contribution == pytest.approx(0) for part in parts_of(before, before).values())


def test_the_difference_of_means_is_that_of_welch() -> None:
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(14)
    old, new = rng.normal(0, 1, 40), rng.normal(0.5, 3, 25)
    cells = [
        Cell(shape="mean", n=len(x), value=float(x.mean()), se=float(x.std(ddof=1) / len(x) ** 0.5), df=len(x) - 1.0)
        for x in (old, new)
    ]
    found, theirs = difference_of(*cells), ttest_ind(new, old, equal_var=False)
    interval = theirs.confidence_interval()
    assert found.p_value == pytest.approx(theirs.pvalue)
    assert (found.low, found.high) == (pytest.approx(interval.low), pytest.approx(interval.high))


def test_the_interval_of_a_difference_of_medians_covers_it() -> None:
    from steelyard.metrics.intervals import quantile_interval

    rng = np.random.default_rng(15)

    def cell(values: np.ndarray) -> Cell:
        ends = quantile_interval(values, 0.5)
        return Cell(
            shape="quantile", n=len(values), value=float(np.median(values)), low=float(ends.low), high=float(ends.high)
        )

    inside = 0
    for _ in range(300):
        found = difference_of(cell(rng.lognormal(0, 1, 80)), cell(rng.lognormal(0.5, 1, 120)))
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= np.exp(0.5) - 1 <= found.high
    assert inside >= 275


@pytest.mark.parametrize("length", [HOUR, DAY, 7 * DAY, 30 * DAY, 90_000])
def test_parts_of_a_window_make_it_up(length: int) -> None:
    step = part_ms((START, START + length))
    assert length % step == 0
    assert 8 <= length // step <= 60


def test_a_window_that_cannot_be_divided_is_one_part() -> None:
    assert part_ms((START, START + 86_399_000)) == 86_399_000


def test_a_scorer_that_fails_on_what_is_bad_is_told_beside_the_better_number(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'runs.db'}")) as store:
        for window, passed in ((BEFORE, 80), (AFTER, 80)):
            kept = [trace(window[0] + i * 1000, scores={"polite": i < passed}) for i in range(100)]
            failing = window == AFTER
            kept = [_without_its_bad_verdict(one) if failing else one for one in kept]
            store.traces.put(kept)
        change = compare_windows("0", before=BEFORE, after=AFTER, store=store)["score:polite"]
    assert (change.before, change.after) == (0.8, 1.0)
    assert (change.before_missing, change.after_n, change.after_missing) == (0, 80, 20)
    assert "n=100 and 80; 0 and 20 more without a value" in change.sentence


def _without_its_bad_verdict(one: Trace) -> Trace:
    (said,) = one.info.assessments
    assert isinstance(said, Feedback)
    if said.value:
        return one
    failed = replace(said, value=None, error=AssessmentError("RAISED"))
    return replace(one, info=replace(one.info, assessments=(failed,)))
