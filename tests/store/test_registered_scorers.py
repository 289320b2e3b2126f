"""What any store must do with registered scorers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import RegisteredScorer, Store
from steelyard.store import open_store


def register(store: Store, name: str = "polite", experiment: str = "0", **changes: str) -> RegisteredScorer:
    fields = {"definition": '{"name":"polite"}', "digest": "d1", "kind": "judge", "by": "ada", **changes}
    return store.scorers.register(experiment, name, **fields)


def test_a_scorer_is_read_back_as_it_was_registered(store: Store) -> None:
    made = register(store, definition='{"text": "größe \\u0000"}')
    assert (made.experiment_id, made.name, made.version, made.kind) == ("0", "polite", 1, "judge")
    assert (made.definition, made.digest, made.created_by) == ('{"text": "größe \\u0000"}', "d1", "ada")
    assert made.created_time > 0
    assert made.notes == {}
    assert store.scorers.get("0", "polite") == made
    assert store.scorers.get("0", "polite", version=1) == made


def test_what_is_the_same_as_the_newest_is_no_new_version(store: Store) -> None:
    first = register(store)
    assert register(store, by="bob") == first
    second = register(store, digest="d2")
    assert second.version == 2
    assert register(store).version == 3, "an older one that is registered again is the newest from then on"
    assert [each.digest for each in store.scorers.versions("0", "polite")] == ["d1", "d2", "d1"]


def test_another_description_of_the_same_scorer_is_a_new_version(store: Store) -> None:
    register(store)
    assert register(store, definition='{"name":"polite","description":"kind words"}').version == 2


def test_the_newest_of_each_is_listed_by_name_and_by_experiment(store: Store) -> None:
    other = store.experiments.create("other").experiment_id
    register(store, "b")
    register(store, "b", digest="d2")
    register(store, "a")
    register(store, "c", other)
    assert [(each.name, each.version) for each in store.scorers.list("0")] == [("a", 1), ("b", 2)]
    assert [each.name for each in store.scorers.list(other)] == ["c"]
    assert store.scorers.versions("0", "none of these") == ()


def test_a_number_that_was_deleted_is_not_used_again(store: Store) -> None:
    register(store)
    register(store, digest="d2")
    assert store.scorers.delete("0", "polite", version=2) == 1
    assert store.scorers.get("0", "polite").version == 1
    assert register(store, digest="d2").version == 3
    assert store.scorers.delete("0", "polite") == 2
    assert store.scorers.delete("0", "polite") == 0
    assert store.scorers.list("0") == ()
    assert register(store).version == 4


def test_notes_are_added_and_a_key_is_replaced(store: Store) -> None:
    register(store)
    store.scorers.note("0", "polite", 1, {"align": {"before": 0.5, "after": float("nan")}, "by": "ada"})
    noted = store.scorers.note("0", "polite", 1, {"align": {"before": 0.71}})
    assert noted.notes == {"align": {"before": 0.71}, "by": "ada"}
    assert store.scorers.get("0", "polite").notes == noted.notes
    assert register(store) == noted, "what was learnt of a version does not make it another"


def test_what_is_not_there_is_told_with_what_is(store: Store) -> None:
    register(store)
    with pytest.raises(NotFound, match=r"no registered scorer 'rude'\. It has: 'polite'"):
        store.scorers.get("0", "rude")
    with pytest.raises(NotFound, match="has no version 7; it has 1"):
        store.scorers.get("0", "polite", version=7)
    with pytest.raises(NotFound, match="has no version 7"):
        store.scorers.note("0", "polite", 7, {"a": 1})
    with pytest.raises(NotFound, match="no experiment"):
        store.scorers.list("12345")
    with pytest.raises(NotFound, match="no experiment"):
        register(store, experiment="12345")


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"name": "x" * 251}, {"kind": ""}, {"digest": ""}, {"definition": "a\x00b"}], ids=str
)
def test_what_cannot_be_kept_is_refused_and_uses_no_number(store: Store, wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument):
        register(store, **wrong)
    assert store.scorers.list("0") == ()
    assert register(store).version == 1


def test_many_who_register_at_once_get_versions_of_their_own_or_share_one(store: Store, store_url: str) -> None:
    everybody = Barrier(4)

    def at_once(digest: str) -> int:
        with closing(open_store(store_url)) as own:
            everybody.wait(60)
            return register(own, digest=digest).version

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(at_once, ["d1", "d2", "d3", "d4"])) == [1, 2, 3, 4]
        newest = set(pool.map(at_once, ["d5"] * 4))
    assert newest == {5}
    assert len(store.scorers.versions("0", "polite")) == 5
