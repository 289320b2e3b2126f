"""Traffic against earlier traffic or a dataset: what moved is named, what did not is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.monitor.drift_traffic import DAY, HOUR, START, put, traffic

from steelyard.errors import InvalidArgument, NotFound
from steelyard.monitor import drift, drift_groups, drift_series
from steelyard.records import RecordDraft, Series, Store
from steelyard.store import open_store

BEFORE, SAME, AFTER = (START, START + DAY), (START + DAY, START + DAY + 12 * HOUR), (START + 2 * DAY, START + 3 * DAY)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("drift")
    opened = open_store(f"sqlite:///{folder / 'store.db'}")
    rng = np.random.default_rng(11)
    put(opened, traffic(rng, 600, *BEFORE))
    put(opened, traffic(rng, 300, *SAME))
    put(opened, traffic(rng, 500, *AFTER, billing=0.6, right={"billing": 0.5}, longer=10, model="large"))
    drafts = [
        RecordDraft(
            inputs={"question": " ".join(rng.choice(["order", "parcel", "late"], 6)), "age": int(rng.integers(18, 80))},
            outputs=" ".join(["word"] * int(rng.poisson(30))),
        )
        for _ in range(120)
    ]
    dataset = opened.datasets.create("golden")
    opened.datasets.merge(dataset.dataset_id, drafts)
    yield opened
    opened.close()


def test_what_moved_is_named_and_what_did_not_is_not(store: Store) -> None:
    report = drift("0", reference=BEFORE, current=AFTER, store=store)
    moved = {one.feature for one in report.drifted}
    assert moved == {"model", "output.length", "output_tokens", "score:correctness", "tag.topic"}
    assert {"duration", "input_tokens", "input.age", "score:tone", "tag.lang", "status", "cost"} <= {
        one.feature for one in report.drifts
    }
    assert report.drifts[0].feature == "model"
    assert report["tag.topic"].is_drift
    assert "tag.topic" in report.sentence
    assert str(report).startswith(report.sentence)
    assert (report.n_reference, report.n) == (600, 500)


def test_identifiers_are_no_features(store: Store) -> None:
    features = {one.feature for one in drift("0", reference=BEFORE, current=AFTER, store=store).drifts}
    assert not features & {"tag.request", "input.question", "user"}


@pytest.mark.parametrize("method", ["psi", "js", "ks", "chi2"])
def test_traffic_that_did_not_change_has_not_moved(store: Store, method: str) -> None:
    report = drift("0", reference=BEFORE, current=SAME, store=store, method=method)  # pyrefly: ignore
    assert report.drifted == ()
    assert "Nothing has moved" in report.sentence


def test_each_number_names_the_rows_that_made_it(store: Store) -> None:
    found = drift("0", reference=BEFORE, current=AFTER, features=["output.length"], store=store)["output.length"]
    infos = store.traces.infos(found.rows)
    assert len(infos) == 20
    assert all(info.request_time >= AFTER[0] for info in infos.values())


def test_moments_are_datetimes_their_text_or_milliseconds(store: Store) -> None:
    def iso(ms: int) -> str:
        return datetime.fromtimestamp(ms / 1000, UTC).isoformat()

    by_text = drift("0", reference=(iso(BEFORE[0]), iso(BEFORE[1])), current=AFTER, features=["duration"], store=store)
    assert by_text.drifts == drift("0", reference=BEFORE, current=AFTER, features=["duration"], store=store).drifts


def test_a_dataset_is_a_reference_of_inputs_and_outputs(store: Store) -> None:
    report = drift("0", reference="golden", current=AFTER, store=store)
    assert {one.feature for one in report.drifts} == {
        "input.age",
        "input.length",
        "input.words",
        "output.length",
        "output.words",
    }
    assert report["input.words"].is_drift
    assert report["output.length"].is_drift
    assert not report["input.age"].is_drift
    assert report.reference == "dataset golden, version 1"
    by_version = drift("0", reference="golden/1", current=AFTER, store=store)
    by_record = drift("0", reference=store.datasets.find("golden"), current=AFTER, store=store)  # pyrefly: ignore
    assert by_version == by_record == report


def test_words_that_the_reference_does_not_have_are_counted(store: Store) -> None:
    found = drift("0", reference="golden", current=BEFORE, features=["input.words"], store=store)["input.words"]
    bins = {one.label: one for one in found.bins}
    assert bins["0"].reference == 1.0  # no record has a word that no other has
    assert bins["> 0"].current > 0.9


def test_the_wording_of_texts_is_compared_by_embeddings(store: Store) -> None:
    report = drift("0", reference=BEFORE, current=AFTER, features=["input.text"], store=store)
    assert report["input.text"].method == "embedding"
    assert report["input.text"].is_drift
    assert not drift("0", reference=BEFORE, current=SAME, method="embedding", store=store).drifted


def test_texts_may_be_embedded_by_a_function_of_ones_own(store: Store) -> None:
    asked: list[str] = []

    def embed(texts: object) -> np.ndarray:
        listed = list(texts)  # pyrefly: ignore
        asked.extend(listed)
        return np.array([[float("refund" in text), float("parcel" in text)] for text in listed])

    report = drift("0", reference=BEFORE, current=AFTER, features=["input.text"], embed=embed, store=store)
    assert report["input.text"].is_drift
    assert len(asked) == 1_100


def test_a_series_is_read_for_alarms(store: Store) -> None:
    series = Series(kind="drift", what="score:correctness", method="js")
    found = drift_series(store, "0", series, *AFTER, BEFORE)
    assert found.is_drift
    assert (found.low or 0.0) <= (found.value or 0.0) <= (found.high or 0.0)
    assert not drift_series(store, "0", series, *SAME, BEFORE).is_drift


def test_a_series_is_read_by_group(store: Store) -> None:
    series = Series(kind="drift", what="score:correctness", by="tag.topic")
    found = drift_groups(store, "0", series, *AFTER, BEFORE)
    assert {group: one.is_drift for group, one in found.items()} == {"billing": True, "shipping": False}


def test_a_filter_narrows_both_windows(store: Store) -> None:
    report = drift(
        "0",
        reference=BEFORE,
        current=AFTER,
        features=["score:correctness"],
        filter_string="tag.topic = 'shipping'",
        store=store,
    )
    assert not report.drifted
    assert report.n_reference < 600


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"reference": BEFORE, "features": "duration"}, "a list of names"),
        ({"reference": BEFORE, "features": []}, "features is empty"),
        ({"reference": 7}, "a stretch of time"),
        ({"reference": (AFTER[1], AFTER[0])}, "ends before it begins"),
        ({"reference": BEFORE, "method": "euclid"}, "none of psi"),
        ({"reference": BEFORE, "features": ["model"], "method": "ks"}, "a word"),
        ({"reference": BEFORE, "features": ["input.text"], "method": "psi"}, "embedding"),
    ],
    ids=["text", "empty", "number", "backwards", "method", "ks of words", "psi of texts"],
)
def test_what_cannot_be_used_is_refused(store: Store, what: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        drift("0", current=AFTER, store=store, **what)  # pyrefly: ignore


def test_a_dataset_that_is_not_there_is_named(store: Store) -> None:
    with pytest.raises(NotFound, match="no dataset 'silver'"):
        drift("0", reference="silver", current=AFTER, store=store)


def test_a_window_without_traffic_says_nothing(store: Store) -> None:
    empty = (START + 30 * DAY, START + 31 * DAY)
    report = drift("0", reference=BEFORE, current=empty, features=["duration"], store=store)
    assert (report.n, report["duration"].value) == (0, None)
