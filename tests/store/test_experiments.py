"""What any store must do with experiments."""

from __future__ import annotations

import pytest

from steelyard.errors import AlreadyExists, FilterError, InvalidArgument, NotFound
from steelyard.records import Store


def names(page) -> list[str]:
    return [experiment.name for experiment in page.items]


def test_default_always_exists(store: Store) -> None:
    assert store.experiments.get("0").name == "Default"
    assert store.experiments.find("Default") == store.experiments.get("0")


@pytest.mark.parametrize("spoil", [lambda e: e.delete("0"), lambda e: e.rename("0", "other")])
def test_default_can_be_neither_deleted_nor_renamed(store: Store, spoil) -> None:
    with pytest.raises(InvalidArgument, match="Default"):
        spoil(store.experiments)


def test_a_created_experiment_is_found_by_id_and_by_name(store: Store) -> None:
    made = store.experiments.create("tweets", tags={"team": "nlp"})
    assert store.experiments.get(made.experiment_id) == made
    assert store.experiments.find("tweets") == made
    assert made.tags == {"team": "nlp"}
    assert store.experiments.find("Tweets") is None


def test_a_taken_name_is_refused_on_creation_and_on_renaming(store: Store) -> None:
    store.experiments.create("a")
    other = store.experiments.create("b")
    with pytest.raises(AlreadyExists, match="'a'"):
        store.experiments.create("a")
    with pytest.raises(AlreadyExists, match="'a'"):
        store.experiments.rename(other.experiment_id, "a")


def test_a_deleted_name_is_still_taken_and_the_error_says_that_it_can_be_restored(store: Store) -> None:
    store.experiments.delete(store.experiments.create("a").experiment_id)
    with pytest.raises(AlreadyExists, match="restore"):
        store.experiments.create("a")


@pytest.mark.parametrize("name", ["", "  ", "x" * 501, "nul\x00", "half \ud800"])
def test_a_name_that_cannot_be_kept_is_refused(store: Store, name: str) -> None:
    with pytest.raises(InvalidArgument):
        store.experiments.create(name)


def test_rename_and_tags_change_an_experiment(store: Store) -> None:
    made = store.experiments.create("old")
    store.experiments.rename(made.experiment_id, "new")
    store.experiments.set_tag(made.experiment_id, "k", "1")
    store.experiments.set_tag(made.experiment_id, "k", "2")
    now = store.experiments.get(made.experiment_id)
    assert (now.name, now.tags) == ("new", {"k": "2"})
    assert now.last_update_time >= made.last_update_time


def test_deleting_takes_the_runs_along_and_restoring_brings_back_those_only(store: Store) -> None:
    experiment = store.experiments.create("a").experiment_id
    kept, gone = (store.runs.create(experiment).info.run_id for _ in range(2))
    store.runs.delete(gone)
    store.experiments.delete(experiment)
    assert store.runs.get(kept).info.lifecycle_stage == "deleted"
    assert store.experiments.get(experiment).lifecycle_stage == "deleted"
    store.experiments.restore(experiment)
    assert store.runs.get(kept).info.lifecycle_stage == "active"
    assert store.runs.get(gone).info.lifecycle_stage == "deleted"


@pytest.mark.parametrize("unknown", ["7", "x", "", "-1", "9" * 30, "٣"])
def test_an_unknown_id_is_not_found(store: Store, unknown: str) -> None:
    for ask in (store.experiments.get, store.experiments.delete, store.experiments.restore, store.runs.create):
        with pytest.raises(NotFound):
            ask(unknown)


def test_search_filters_by_name_time_and_tag(store: Store) -> None:
    store.experiments.create("alpha", tags={"k": "1"})
    store.experiments.create("beta", tags={"k": "2"})
    search = store.experiments.search
    assert names(search("name LIKE 'al%'")) == ["alpha"]
    assert names(search("name ILIKE 'AL%' OR tags.k = '2'", order_by=["name"])) == ["alpha", "beta"]
    assert names(search("tags.k IS NULL")) == ["Default"]
    assert names(search("creation_time > 0 AND NOT name = 'Default'", order_by=["name DESC"])) == ["beta", "alpha"]
    assert names(search(order_by=["tags.k DESC"])) == ["beta", "alpha", "Default"]


def test_search_shows_deleted_experiments_when_asked(store: Store) -> None:
    store.experiments.delete(store.experiments.create("gone").experiment_id)
    assert names(store.experiments.search()) == ["Default"]
    assert names(store.experiments.search(view="DELETED_ONLY")) == ["gone"]
    assert names(store.experiments.search(view="ALL", order_by=["name"])) == ["Default", "gone"]


def test_search_pages_through_all(store: Store) -> None:
    for i in range(6):
        store.experiments.create(f"e{i}")
    seen, token = [], None
    while True:
        page = store.experiments.search(max_results=3, page_token=token, order_by=["name"])
        seen += names(page)
        token = page.token
        if token is None:
            break
    assert seen == ["Default", *(f"e{i}" for i in range(6))]


def test_a_filter_on_metrics_makes_no_sense_for_experiments(store: Store) -> None:
    with pytest.raises(FilterError, match="kinds are"):
        store.experiments.search("metrics.f1 > 0.5")
