"""Datasets: merging, versions that never change, finding, and what happens when two write at once."""

from __future__ import annotations

import hashlib
import threading

import pytest
from back_ends import AT_HAND

from steelyard.errors import AlreadyExists, FilterError, InvalidArgument, NotFound
from steelyard.records import DatasetRecordSource, RecordDraft, Store
from steelyard.store import open_store

NOTHING = hashlib.sha256(b"").hexdigest()


def draft(number: int, **more: object) -> RecordDraft:
    return RecordDraft(inputs={"question": f"What is {number}?"}, expectations={"answer": number, **more})


def drafts(*numbers: int) -> list[RecordDraft]:
    return [draft(number) for number in numbers]


def content(store: Store, dataset_id: str, version: int | None = None) -> list[tuple]:
    found = store.datasets.records(dataset_id, version=version, max_results=50_000).items
    return [(dict(r.inputs), r.outputs, dict(r.expectations), dict(r.tags), r.source.source_type) for r in found]


@pytest.fixture
def dataset_id(store: Store) -> str:
    return store.datasets.create("capitals", by="ada").dataset_id


def test_a_new_dataset_is_empty_at_version_0(store: Store) -> None:
    made = store.datasets.create("capitals", experiment_ids=["0"], tags={"team": "risk"}, by="ada")
    assert made == store.datasets.get(made.dataset_id) == store.datasets.find("capitals")
    assert made.dataset_id.startswith("d-")
    assert (made.version, made.n_records, made.digest, made.experiment_ids) == (0, 0, NOTHING, ("0",))
    assert (made.tags, made.created_by, made.last_update_time) == ({"team": "risk"}, "ada", made.created_time)
    (first,) = store.datasets.versions(made.dataset_id)
    assert (first.number, first.parent, first.n_records, first.created_by) == (0, None, 0, "ada")
    assert store.datasets.records(made.dataset_id).items == ()


def test_a_name_is_taken_once(store: Store, dataset_id: str) -> None:
    with pytest.raises(AlreadyExists, match="'capitals'"):
        store.datasets.create("capitals")
    with pytest.raises(NotFound):
        store.datasets.create("other", experiment_ids=["77"])
    assert store.datasets.find("other") is None
    with pytest.raises(InvalidArgument, match="name"):
        store.datasets.create(" ")


def test_what_is_merged_comes_back_in_order_and_whole(store: Store, dataset_id: str) -> None:
    odd = {"é\u2028": float("nan"), "big": 2**70, "text": 'a\x00"b', "deep": [{"x": None}], "b": 1, "a": 2}
    records = [
        RecordDraft(inputs={"q": 1}),
        RecordDraft(inputs=odd, outputs=["anything"], expectations={"y": {"z": 1.5}}, tags={"split": "test"}),
        RecordDraft(inputs={"q": 0}, source=DatasetRecordSource("TRACE", {"trace_id": "tr-1", "session_id": "s"})),
    ]
    change = store.datasets.merge(dataset_id, records, by="grace", message="from hand")
    assert (change.inserted, change.updated, change.unchanged, change.deleted) == (3, 0, 0, 0)
    found = store.datasets.records(dataset_id).items
    assert [str(one.inputs) for one in found] == [str(one.inputs) for one in records]
    assert [one.outputs for one in found] == [None, ["anything"], None]
    assert (found[1].expectations, found[1].tags) == ({"y": {"z": 1.5}}, {"split": "test"})
    assert [one.source_type for one in found] == ["CODE", "HUMAN", "TRACE"]
    assert (found[2].source_id, found[2].source.source_data["session_id"]) == ("tr-1", "s")
    assert {(one.created_in, one.updated_in, one.created_by) for one in found} == {(1, 1, "grace")}
    version = store.datasets.versions(dataset_id)[0]
    assert version == change.version
    assert (version.number, version.parent, version.n_records, version.message) == (1, 0, 3, "from hand")
    assert version.digest == hashlib.sha256("".join(one.digest for one in found).encode()).hexdigest()
    alone = store.datasets.record(dataset_id, found[1].dataset_record_id)
    assert (alone.digest, alone.position, str(alone.inputs)) == (found[1].digest, 1, str(odd))


def test_merging_again_changes_nothing_whatever_the_order_of_keys(store: Store, dataset_id: str) -> None:
    first = [RecordDraft(inputs={"a": 1, "b": {"c": 1, "d": [1]}}, expectations={"x": 1, "y": 2}), draft(1)]
    again = [draft(1), RecordDraft(inputs={"b": {"d": [1], "c": 1}, "a": 1}, expectations={"y": 2, "x": 1})]
    made = store.datasets.merge(dataset_id, first)
    same = store.datasets.merge(dataset_id, again, by="another")
    assert (same.version, same.unchanged, same.inserted, same.updated) == (made.version, 2, 0, 0)
    assert len(store.datasets.versions(dataset_id)) == 2
    assert store.datasets.get(dataset_id).last_updated_by == made.version.created_by


def test_a_record_that_is_there_is_brought_up_to_date_by_mlflows_rules(store: Store, dataset_id: str) -> None:
    """Outputs replaced; expectations and tags added, the new value counts; the source stays."""
    source = DatasetRecordSource("DOCUMENT", {"doc": "a.pdf"})
    old = RecordDraft(
        inputs={"q": 1}, outputs="old", expectations={"a": 1, "b": 1}, tags={"t": "1", "u": "1"}, source=source
    )
    store.datasets.merge(dataset_id, [old, draft(2)], by="ada")
    new = RecordDraft(inputs={"q": 1}, outputs="new", expectations={"b": 2, "c": 2}, tags={"u": "2"})
    change = store.datasets.merge(dataset_id, [new], by="grace")
    assert (change.inserted, change.updated, change.unchanged) == (0, 1, 0)
    record = store.datasets.records(dataset_id).items[0]
    assert record.outputs == "new"
    assert record.expectations == {"a": 1, "b": 2, "c": 2}
    assert record.tags == {"t": "1", "u": "2"}
    assert record.source == source
    assert (record.created_in, record.created_by, record.updated_in, record.last_updated_by) == (1, "ada", 2, "grace")
    without = store.datasets.merge(dataset_id, [RecordDraft(inputs={"q": 1})])
    assert without.unchanged == 1  # what is not said is not taken away


def test_equal_inputs_in_one_call_are_one_record(store: Store, dataset_id: str) -> None:
    change = store.datasets.merge(dataset_id, [draft(1, a=1), draft(2), draft(1, b=2)])
    assert (change.inserted, change.version.n_records) == (2, 2)
    assert store.datasets.records(dataset_id).items[0].expectations == {"answer": 1, "a": 1, "b": 2}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (RecordDraft(inputs={}), "Record 1: .*empty"),
        (RecordDraft(inputs="text"), r"Record 1: .*give a dict|\[1\].inputs"),  # type: ignore[arg-type]
        (RecordDraft(inputs={"a": object()}), "JSON"),
        (RecordDraft(inputs={"a": 1}, source=DatasetRecordSource("NOBODY")), "Record 1: .*NOBODY"),
        (RecordDraft(inputs={"goal": "x", "question": "y"}), "Record 1: .*goal.*question"),
        (RecordDraft(inputs={"a": 1}, tags={"k": "x" * 10_000}), "Record 1: .*at most"),
    ],
    ids=["empty", "no dict", "no JSON", "source", "session", "tag"],
)
def test_one_record_that_cannot_be_kept_keeps_all_of_them_out(
    store: Store, dataset_id: str, bad: RecordDraft, said: str
) -> None:
    with pytest.raises(InvalidArgument, match=said):
        store.datasets.merge(dataset_id, [draft(1), bad, draft(2)])
    assert store.datasets.get(dataset_id).version == 0
    assert store.datasets.count(dataset_id) == 0


def test_a_session_may_have_its_own_fields(store: Store, dataset_id: str) -> None:
    session = {"goal": "a refund", "persona": "angry", "context": {"order": 7}, "simulation_guidelines": "short"}
    assert store.datasets.merge(dataset_id, [RecordDraft(inputs=session)]).inserted == 1


def test_an_older_version_stays_what_it_was(store: Store, dataset_id: str) -> None:
    store.datasets.merge(dataset_id, drafts(1, 2, 3))
    before = content(store, dataset_id)
    store.datasets.merge(dataset_id, [draft(2, more=True), draft(4)])
    gone = store.datasets.records(dataset_id).items[0].dataset_record_id
    change = store.datasets.remove(dataset_id, [gone, gone, "dr-nobody"], by="ada", message="wrong")
    assert (change.deleted, change.unchanged) == (1, 1)
    assert [one["question"] for one, *_ in content(store, dataset_id)] == [f"What is {n}?" for n in (2, 3, 4)]
    assert content(store, dataset_id, version=1) == before
    assert content(store, dataset_id, version=0) == []
    with pytest.raises(NotFound, match="no record"):
        store.datasets.record(dataset_id, gone)
    assert store.datasets.record(dataset_id, gone, version=1).inputs == {"question": "What is 1?"}
    assert [one.number for one in store.datasets.versions(dataset_id)] == [3, 2, 1, 0]


def test_removing_what_is_not_there_makes_no_version(store: Store, dataset_id: str) -> None:
    change = store.datasets.remove(dataset_id, ["dr-nobody"])
    assert (change.version.number, change.deleted, change.unchanged) == (0, 0, 1)


def test_a_record_that_is_merged_again_has_the_id_it_had_and_a_place_at_the_end(store: Store, dataset_id: str) -> None:
    store.datasets.merge(dataset_id, drafts(1, 2))
    first = store.datasets.records(dataset_id).items[0]
    store.datasets.remove(dataset_id, [first.dataset_record_id])
    store.datasets.merge(dataset_id, drafts(1))
    again = store.datasets.records(dataset_id).items[1]
    assert again.dataset_record_id == first.dataset_record_id
    assert again.digest == first.digest
    assert (again.created_in, again.position) == (3, 2)


def test_restoring_brings_back_content_order_and_digest(store: Store, dataset_id: str) -> None:
    store.datasets.merge(dataset_id, drafts(1, 2, 3))
    store.datasets.merge(dataset_id, [draft(2, more=True), draft(4)])
    store.datasets.remove(dataset_id, [store.datasets.records(dataset_id).items[0].dataset_record_id])
    change = store.datasets.restore(dataset_id, 1, by="ada")
    assert (change.inserted, change.updated, change.unchanged, change.deleted) == (1, 1, 1, 1)
    versions = store.datasets.versions(dataset_id)
    assert versions[0].digest == versions[3].digest
    assert (versions[0].number, versions[0].restored, versions[0].parent) == (4, 1, 3)
    assert content(store, dataset_id) == content(store, dataset_id, version=1)
    assert store.datasets.restore(dataset_id, 1).version.number == 4
    assert store.datasets.restore(dataset_id, 0).deleted == 3
    with pytest.raises(NotFound, match="no version 9"):
        store.datasets.restore(dataset_id, 9)


def test_a_difference_tells_what_was_added_removed_and_changed(store: Store, dataset_id: str) -> None:
    store.datasets.merge(dataset_id, drafts(1, 2, 3))
    store.datasets.merge(dataset_id, [draft(2, more=True), draft(4)])
    store.datasets.remove(dataset_id, [store.datasets.records(dataset_id).items[0].dataset_record_id])
    told = store.datasets.diff(dataset_id, 1, 3)
    assert (told.added, told.removed, told.changed) == (1, 1, 1)
    assert [one.kind for one in told.changes] == ["removed", "changed", "added"]
    changed = told.changes[1]
    assert changed.before is not None
    assert changed.after is not None
    assert changed.before.expectations == {"answer": 2}
    assert changed.after.expectations == {"answer": 2, "more": True}
    back = store.datasets.diff(dataset_id, 3, 1, max_results=1)
    assert (back.added, back.removed, back.changed, len(back.changes)) == (1, 1, 1, 1)
    assert store.datasets.diff(dataset_id, 2, 2).changes == ()
    store.datasets.restore(dataset_id, 1)
    assert store.datasets.diff(dataset_id, 1, 4).changes == ()
    with pytest.raises(NotFound, match="no version 9"):
        store.datasets.diff(dataset_id, 0, 9)


def test_pages_stay_with_the_version_that_they_began_with(store: Store, dataset_id: str) -> None:
    store.datasets.merge(dataset_id, drafts(*range(10)))
    first = store.datasets.records(dataset_id, max_results=4)
    store.datasets.remove(dataset_id, [one.dataset_record_id for one in store.datasets.records(dataset_id).items[5:]])
    second = store.datasets.records(dataset_id, max_results=4, page_token=first.token)
    third = store.datasets.records(dataset_id, max_results=4, page_token=second.token)
    answers = [one.expectations["answer"] for page in (first, second, third) for one in page.items]
    assert answers == list(range(10))
    assert third.token is None
    with pytest.raises(InvalidArgument, match="page_token"):
        store.datasets.records(dataset_id, text="x", page_token=first.token)


@pytest.mark.parametrize(
    ("text", "found"),
    [("WHAT is 1", [1, 10, 11]), ('"quoted" 100%', [99]), ("_", []), ("größe\nneu", [99]), ("nothing", [])],
    ids=["case", "quotes", "wildcard", "line", "none"],
)
def test_records_are_found_by_what_they_hold(store: Store, dataset_id: str, text: str, found: list[int]) -> None:
    special = RecordDraft(inputs={"q": 'say "quoted" 100%'}, outputs="größe\nneu", expectations={"answer": 99})
    store.datasets.merge(dataset_id, [*drafts(*range(12)), special])
    page = store.datasets.records(dataset_id, text=text)
    assert [one.expectations["answer"] for one in page.items] == found
    assert store.datasets.count(dataset_id, text=text) == len(found)


def test_tags_and_experiments_are_set_and_removed(store: Store, dataset_id: str) -> None:
    other = store.experiments.create("other").experiment_id
    store.datasets.set_tags(dataset_id, {"a": "1", "b": "2"}, by="grace")
    store.datasets.set_tags(dataset_id, {"a": "3"}, by="grace")
    store.datasets.delete_tag(dataset_id, "b", by="grace")
    store.datasets.delete_tag(dataset_id, "never", by="grace")
    assert store.datasets.add_to_experiments(dataset_id, [other, "0", other]).experiment_ids == ("0", other)
    found = store.datasets.remove_from_experiments(dataset_id, ["0"])
    assert (found.tags, found.experiment_ids, found.last_updated_by) == ({"a": "3"}, (other,), "grace")
    with pytest.raises(NotFound):
        store.datasets.add_to_experiments(dataset_id, ["77"])


def test_datasets_are_found_by_experiment_filter_and_order(store: Store) -> None:
    other = store.experiments.create("other").experiment_id
    for name, tags, where in (("b", {"k": "1"}, ["0"]), ("a", {"k": "2"}, ["0", other]), ("c", {}, [])):
        store.datasets.create(name, tags=tags, experiment_ids=where, by=f"by {name}")

    def names(*args: object, **more: object) -> list[str]:
        return [one.name for one in store.datasets.search(*args, **more).items]  # type: ignore[arg-type]

    assert names() == ["c", "a", "b"]
    assert names([other]) == ["a"]
    assert names(["0"], order_by=["name"]) == ["a", "b"]
    assert names([], "tags.k = '1' OR name LIKE 'c%'") == ["c", "b"]
    assert names([], "created_by = 'by a' AND created_time > 0") == ["a"]
    assert names([], "tags.k IS NULL") == ["c"]
    first = store.datasets.search(order_by=["name DESC"], max_results=2)
    second = store.datasets.search(order_by=["name DESC"], max_results=2, page_token=first.token)
    assert [one.name for one in (*first.items, *second.items)] == ["c", "b", "a"]
    with pytest.raises(FilterError):
        names([], "colour = 'red'")
    with pytest.raises(NotFound):
        names(["77"])


def test_a_dataset_that_is_deleted_is_gone_with_all_it_held(store: Store, dataset_id: str) -> None:
    store.datasets.merge(dataset_id, drafts(1, 2))
    kept = store.datasets.create("kept").dataset_id
    store.datasets.merge(kept, drafts(1))
    store.datasets.delete(dataset_id)
    assert store.datasets.find("capitals") is None
    for call in (
        lambda: store.datasets.get(dataset_id),
        lambda: store.datasets.delete(dataset_id),
        lambda: store.datasets.merge(dataset_id, drafts(1)),
        lambda: store.datasets.versions(dataset_id),
        lambda: store.datasets.records(dataset_id),
    ):
        with pytest.raises(NotFound, match="no dataset with id"):
            call()
    assert store.datasets.count(kept) == 1
    assert store.datasets.create("capitals").version == 0


def test_writers_that_meet_lose_nothing_and_make_versions_one_after_another(store: Store, dataset_id: str) -> None:
    together = threading.Barrier(4)
    failures: list[BaseException] = []

    def write(part: int) -> None:
        try:
            together.wait()
            for number in range(5):
                store.datasets.merge(dataset_id, [draft(100 * part + number), draft(-1, **{f"by {part}": number})])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    versions = store.datasets.versions(dataset_id)
    assert [one.number for one in versions] == list(range(20, -1, -1))
    assert all(one.parent == one.number - 1 for one in versions[:-1])
    records = {one.inputs["question"]: one for one in store.datasets.records(dataset_id).items}
    assert len(records) == 21
    assert records["What is -1?"].expectations == {"answer": -1, **{f"by {part}": 4 for part in range(4)}}


@AT_HAND
def test_two_stores_on_one_database_agree(store_url: str) -> None:
    with open_store(store_url) as one, open_store(store_url) as other:
        made = one.datasets.create("shared").dataset_id
        assert one.datasets.merge(made, drafts(1)).version.number == 1
        assert other.datasets.merge(made, drafts(1, 2)).version.number == 2
        assert content(one, made) == content(other, made)


@AT_HAND
def test_a_merge_that_dies_on_its_way_has_not_happened(
    store: Store, dataset_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from steelyard.store.sql.dataset_writer import DatasetWriter

    store.datasets.merge(dataset_id, drafts(1))
    insert = DatasetWriter._insert
    done: list[int] = []

    def die(self: DatasetWriter, *args: object) -> None:
        insert(self, *args)  # type: ignore[arg-type]
        done.append(1)
        if len(done) == 2:  # version, ends, contents and members are written; the dataset does not know yet
            raise RuntimeError("the lights went out")

    with monkeypatch.context() as patch:
        patch.setattr(DatasetWriter, "_insert", die)
        with pytest.raises(RuntimeError):
            store.datasets.merge(dataset_id, [draft(1, more=1), draft(2)])
    assert len(store.datasets.versions(dataset_id)) == 2
    assert content(store, dataset_id) == content(store, dataset_id, version=1)
    assert store.datasets.merge(dataset_id, drafts(2)).version.number == 2


@AT_HAND
def test_a_content_is_kept_once_however_often_it_comes_back(store: Store, dataset_id: str) -> None:
    from sqlalchemy import func, select

    from steelyard.store.sql.dataset_schema import dataset_contents

    store.datasets.merge(dataset_id, drafts(1, 2, 3))
    store.datasets.merge(dataset_id, [draft(1, x=1)])
    for version in (1, 2, 1, 2, 0, 1):
        store.datasets.restore(dataset_id, version)
    with store._database.read() as connection:  # type: ignore[attr-defined]
        assert connection.execute(select(func.count()).select_from(dataset_contents)).scalar_one() == 4
