"""What any store must do with anchor sets: hand out each reading once, keep what was said, begin anew on a change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records import AnchorReading, AnchorSet, AnchorVerdict, RecordDraft, Store

NOW = 1_700_000_000_000
DAY = 86_400_000


def registered(store: Store, *, digest: str = "d1", name: str = "polite") -> None:
    store.scorers.register("0", name, definition='{"name":"polite"}', digest=digest, kind="judge")


def dataset(store: Store, *, n: int = 3) -> str:
    made = store.datasets.create("anchors")
    store.datasets.merge(made.dataset_id, [RecordDraft(inputs={"q": str(i)}, outputs="yes") for i in range(n)])
    return made.dataset_id


@pytest.fixture
def anchors(store: Store) -> AnchorSet:
    registered(store)
    return store.anchors.create("0", "polite", dataset_id=dataset(store), max_cost=0.5, by="ada")


def claimed(store: Store, now: int = NOW) -> AnchorReading:
    reading = store.anchors.claim("w", now_ms=now)
    assert reading is not None
    return reading


def done(store: Store, now: int = NOW) -> AnchorReading:
    reading = claimed(store, now)
    assert store.anchors.put(reading, [AnchorVerdict(record_id="a", value=True)], now_ms=now)
    return store.anchors.finish(replace(reading, state="done", models=("m-1",)), now_ms=now)


def test_a_set_is_read_back_and_keeps_its_version(store: Store, anchors: AnchorSet) -> None:
    store.datasets.merge(anchors.dataset_id, [RecordDraft(inputs={"q": "later"}, outputs="no")])
    assert (anchors.n, anchors.dataset_version, anchors.max_cost, anchors.created_by) == (3, 1, 0.5, "ada")
    assert store.anchors.get(anchors.anchor_id) == store.anchors.find("0", "polite") == anchors
    assert store.anchors.list(["0"]) == store.anchors.list() == (anchors,)


def test_a_judge_has_one_set(store: Store, anchors: AnchorSet) -> None:
    with pytest.raises(AlreadyExists, match="polite"):
        store.anchors.create("0", "polite", dataset_id=anchors.dataset_id)


def test_what_cannot_be_an_anchor_set_is_refused_by_name(store: Store) -> None:
    registered(store)
    rows = dataset(store)
    empty = store.datasets.create("empty").dataset_id
    for dataset_id, changes, kind, why in (
        ("d-none", {}, NotFound, "d-none"),
        (rows, {"dataset_version": 7}, NotFound, "no version 7"),
        (empty, {}, InvalidArgument, "no records"),
        (rows, {"every_ms": 10}, InvalidArgument, "every_ms"),
        (rows, {"max_cost": float("nan")}, InvalidArgument, "max_cost"),
    ):
        with pytest.raises(kind, match=why):
            store.anchors.create("0", "polite", dataset_id=dataset_id, **changes)
    with pytest.raises(NotFound, match="rude"):
        store.anchors.create("0", "rude", dataset_id=rows)


def test_the_first_reading_is_the_base_and_is_handed_out_once(store: Store, anchors: AnchorSet) -> None:
    reading = claimed(store)
    assert (reading.why, reading.scorer_version, reading.state) == ("first", 1, "running")
    assert store.anchors.claim("other", now_ms=NOW) is None
    store.anchors.put(
        reading, [AnchorVerdict(record_id="a", value=3), AnchorVerdict(record_id="b", error="silent")], now_ms=NOW
    )
    ended = store.anchors.finish(replace(reading, state="done", models=("m-1",), calls=2, cost=0.1), now_ms=NOW + 5)
    assert (ended.state, ended.n, ended.failed, ended.models, ended.cost) == ("done", 1, 1, ("m-1",), 0.1)
    assert store.anchors.get(anchors.anchor_id).base_reading == reading.reading_id
    assert store.anchors.readings(anchors.anchor_id) == (ended,)
    assert [each.record_id for each in store.anchors.verdicts(reading.reading_id)] == ["a", "b"]


def test_it_is_read_again_on_schedule_on_a_change_and_when_asked(store: Store, anchors: AnchorSet) -> None:
    done(store)
    assert store.anchors.claim("w", now_ms=NOW + DAY - 1) is None
    assert done(store, NOW + DAY).why == "scheduled"
    registered(store, digest="d2")
    changed = done(store, NOW + DAY)
    assert (changed.why, changed.scorer_version) == ("version", 2)
    store.anchors.ask(anchors.anchor_id)
    assert done(store, NOW + DAY).why == "asked"
    assert store.anchors.claim("w", now_ms=NOW + DAY) is None


def test_an_unfinished_reading_is_gone_on_with_and_its_first_worker_counts_no_more(
    store: Store, anchors: AnchorSet
) -> None:
    first = claimed(store)
    store.anchors.put(first, [AnchorVerdict(record_id="a", value=True)], now_ms=NOW)
    again = claimed(store, NOW + DAY)
    assert again.reading_id == first.reading_id
    assert not store.anchors.put(first, [AnchorVerdict(record_id="b", value=True)], now_ms=NOW + DAY)
    store.anchors.put(again, [AnchorVerdict(record_id="a", value=False)], now_ms=NOW + DAY)
    assert [each.value for each in store.anchors.verdicts(again.reading_id)] == [True], "what was said once stays"


def test_a_clock_that_is_put_back_strands_no_reading(store: Store, anchors: AnchorSet) -> None:
    first = claimed(store, NOW + DAY)
    assert claimed(store, NOW).reading_id == first.reading_id


def test_a_judge_that_changed_meanwhile_is_read_from_the_start(store: Store, anchors: AnchorSet) -> None:
    old = claimed(store)
    registered(store, digest="d2")
    new = claimed(store, NOW + DAY)
    assert new.reading_id != old.reading_id
    assert [each.state for each in store.anchors.readings(anchors.anchor_id)] == ["running", "failed"]


def test_readings_that_fail_are_tried_less_and_less_and_stop_the_set(store: Store, anchors: AnchorSet) -> None:
    now, tried = NOW, 0
    while (reading := store.anchors.claim("w", now_ms=now)) is not None:
        store.anchors.finish(replace(reading, state="failed", error="no route\x00"), now_ms=now)
        tried += 1
        assert store.anchors.claim("w", now_ms=now + 60_000) is None
        now += DAY
    stopped = store.anchors.get(anchors.anchor_id)
    assert (tried, stopped.state) == (5, "stopped")
    assert "no route\x00" in stopped.reason
    assert store.anchors.update(anchors.anchor_id, state="active").reason == ""
    assert done(store, now).state == "done"


def test_another_reading_can_be_the_base(store: Store, anchors: AnchorSet) -> None:
    done(store)
    later = done(store, NOW + DAY)
    assert store.anchors.update(anchors.anchor_id, base_reading=later.reading_id).base_reading == later.reading_id
    with pytest.raises(NotFound):
        store.anchors.update(anchors.anchor_id, base_reading="rd-none")


def test_a_deleted_set_takes_its_readings_along(store: Store, anchors: AnchorSet) -> None:
    reading = done(store)
    store.anchors.delete(anchors.anchor_id)
    assert store.anchors.list() == ()
    for call in (store.anchors.get, store.anchors.readings, store.anchors.ask, store.anchors.delete):
        with pytest.raises(NotFound, match=anchors.anchor_id):
            call(anchors.anchor_id)
    with pytest.raises(NotFound, match=reading.reading_id):
        store.anchors.verdicts(reading.reading_id)
