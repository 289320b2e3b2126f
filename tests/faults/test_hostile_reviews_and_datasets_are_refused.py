"""What nobody should send to queues, schemas and datasets: a clear error, and nothing of it stored."""

from __future__ import annotations

import gzip
import json
import logging
import math
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.rest.running import Running

from steelyard import tracking
from steelyard.errors import DataError, InvalidArgument, NotFound
from steelyard.genai import datasets, label_schemas, review_queues
from steelyard.genai.label_schemas import InputCategorical, InputNumeric, InputPassFail, InputText
from steelyard.records import ItemDraft, ReviewItem, ReviewQueue, Trace, TraceData, TraceInfo
from steelyard.store import open_store
from steelyard.tracking.stores import close_stores, get_store

HUGE = 10**400
LONG = "x" * 10_000_000


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def refused(what: str, call: Callable[[], Any], *kinds: type[Exception]) -> None:
    """Hold a call to an error of one of these kinds, told in a few words."""
    try:
        found = call()
    except kinds as error:
        told = str(error)
    except Exception as error:
        raise AssertionError(f"{what}: {error!r:.500}") from error
    else:
        raise AssertionError(f"{what} is taken: {found!r:.200}")
    assert 0 < len(told) < 10_000, what


@pytest.fixture(params=["sqlite", "http"])
def address(request: pytest.FixtureRequest, store_uri: str, caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    """The address of the current store; behind a server nothing may fail unexpectedly."""
    if request.param == "sqlite":
        yield store_uri
        return
    with closing(open_store(store_uri)) as behind, caplog.at_level(logging.ERROR, logger="steelyard"):
        server = Running(behind)
        tracking.set_tracking_uri(server.url)
        yield server.url
        close_stores()
        server.close()
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.fixture
def item(address: str) -> ReviewItem:
    """An item of a queue that asks one question of each form."""
    label_schemas.create_label_schema("good", input=InputPassFail(), enable_comment=True)
    label_schemas.create_label_schema("score", input=InputNumeric(0, 1))
    label_schemas.create_label_schema("kind", input=InputCategorical(("a", "b"), multi_select=True))
    label_schemas.create_label_schema("words", input=InputText(max_length=1_000))
    asked = ["good", "score", "kind", "words"]
    return filled(review_queues.create_review_queue("to do", schema_ids=asked, users=["ada", "bob"]))


def filled(queue: ReviewQueue) -> ReviewItem:
    made = Trace(TraceInfo(trace_id=f"tr-{1:032x}", request_time=1, state="OK", n_spans=0), TraceData(()))
    get_store().traces.put([made])
    (item,) = review_queues.add_items_to_review_queue(queue, [made.info.trace_id])
    return item


def untouched(item: ReviewItem) -> None:
    store = get_store()
    assert store.reviews.item(item.item_id) == item
    assert store.reviews.answers(item.item_id) == ()
    assert store.assessments.list([item.trace_id]).get(item.trace_id, ()) == ()
    assert store.reviews.get(item.queue_id).counts.answers == 0


ANSWERS: dict[str, dict[str, Any]] = {
    "a score that is no number": {"values": {"score": math.nan}},
    "an infinite score": {"values": {"score": math.inf}},
    "a score without an end": {"values": {"score": HUGE}},
    "a score out of bounds": {"values": {"score": 2}},
    "a score that is a truth": {"values": {"score": True}},
    "a number for yes or no": {"values": {"good": 1}},
    "an option that is none": {"values": {"kind": ["a", "c"]}},
    "options in a mapping": {"values": {"kind": {"a": 1}}},
    "options that are deep": {"values": {"kind": nested(400)}},
    "words that are too many": {"values": {"words": LONG}},
    "no words": {"values": {"words": " \n"}},
    "words that are none": {"values": {"words": {"a": ["b"]}}},
    "a question that is not asked": {"values": {"other": True}},
    "nothing": {"values": {}},
    "a comment of ten megabytes": {"values": {"good": True}, "comments": LONG},
    "a comment with a NUL": {"values": {"good": True}, "comments": "a\x00b"},
    "a comment with half a character": {"values": {"good": True}, "comments": "\ud800"},
    "a comment where none is taken": {"values": {"score": 1}, "comments": "so"},
    "a reviewer with a line break": {"values": {"good": True}, "reviewer": "ada\nbob"},
    "a reviewer with a separator": {"values": {"good": True}, "reviewer": "ada\x1f\x1fbob"},
    "a reviewer with a NUL": {"values": {"good": True}, "reviewer": "ada\x00"},
    "a reviewer of blanks": {"values": {"good": True}, "reviewer": "  "},
    "a reviewer with a long name": {"values": {"good": True}, "reviewer": "a" * 251},
    "a stranger": {"values": {"good": True}, "reviewer": "eve"},
    "a time that is no number": {"values": {"good": True}, "seconds": math.nan},
    "a time without an end": {"values": {"good": True}, "seconds": HUGE},
    "a time before it began": {"values": {"good": True}, "seconds": -1.0},
    "a submission with a long id": {"values": {"good": True}, "submission_id": "s" * 251},
    "a submission with a NUL": {"values": {"good": True}, "submission_id": "\x00"},
}


def test_an_answer_that_cannot_be_is_refused(item: ReviewItem) -> None:
    for what, fields in ANSWERS.items():
        given = {"reviewer": "ada", **fields}
        refused(what, lambda given=given: review_queues.answer_review_item(item, **given), InvalidArgument)
        untouched(item)


ITEMS: dict[str, dict[str, Any]] = {
    "a propensity of 0": {"propensity": 0},
    "a propensity below 0": {"propensity": -0.1},
    "a propensity above 1": {"propensity": 1.0000001},
    "a propensity that is no number": {"propensity": math.nan},
    "an infinite propensity": {"propensity": math.inf},
    "a propensity without an end": {"propensity": HUGE},
    "a population below 0": {"population": -1},
    "a population without an end": {"population": HUGE},
    "nobody needed": {"needed": 0},
    "more needed than there are": {"needed": 3},
    "a stranger": {"assigned_to": "eve"},
    "a stratum of ten megabytes": {"stratum": LONG},
    "a name with a NUL": {"name": "\x00"},
    "two traces": {"other_trace_id": f"tr-{2:032x}"},
    "a trace that is not there": {"trace_id": f"tr-{9:032x}"},
    "a trace with a NUL": {"trace_id": "tr-\x00"},
    "a trace with half a character": {"trace_id": "tr-\ud800"},
}


def test_an_item_that_cannot_be_is_refused_with_all_others(item: ReviewItem) -> None:
    fresh = Trace(TraceInfo(trace_id=f"tr-{3:032x}", request_time=1, state="OK", n_spans=0), TraceData(()))
    get_store().traces.put([fresh])
    for what, fields in ITEMS.items():
        drafts = [ItemDraft(trace_id=fresh.info.trace_id), ItemDraft(**{"trace_id": item.trace_id, **fields})]
        add = lambda drafts=drafts: review_queues.add_items_to_review_queue(item.queue_id, drafts)  # noqa: E731
        refused(what, add, InvalidArgument, NotFound)
        assert review_queues.list_review_queue_items(item.queue_id) == [item], what


QUEUES: dict[str, dict[str, Any]] = {
    "an overlap of 0": {"overlap": 0},
    "an overlap below 0": {"overlap": -1},
    "an overlap without an end": {"overlap": HUGE},
    "an overlap of more than there are": {"overlap": 3, "users": ["ada", "bob"]},
    "a share below 0": {"overlap_share": -0.1},
    "a share above 1": {"overlap_share": 1.1},
    "a share that is no number": {"overlap_share": math.nan},
    "a reservation of no time": {"reserve_seconds": 0},
    "a reservation for ever": {"reserve_seconds": 10**12},
    "a user with a separator": {"users": ["ada\x1f"]},
    "an instruction of ten megabytes": {"instruction": LONG},
    "a type that is none": {"queue_type": "mine"},
    "items that are none": {"item_type": "run"},
    "a name with a NUL": {"name": "\x00"},
    "a name of ten megabytes": {"name": LONG},
    "a name of blanks": {"name": " "},
    "an experiment that is not there": {"experiment_id": "999"},
    "an experiment without an end": {"experiment_id": str(10**30)},
    "a question of nobody": {"schema_ids": ["ls-none"]},
}


def test_a_queue_that_cannot_be_is_refused(address: str) -> None:
    for what, fields in QUEUES.items():
        given = {"name": "to do", **fields}
        refused(what, lambda given=given: review_queues.create_review_queue(**given), InvalidArgument, NotFound)
        assert get_store().reviews.list() == (), what


FORMS: dict[str, Any] = {
    "no options": InputCategorical(()),
    "the same option twice": InputCategorical(("a", "a")),
    "a blank option": InputCategorical(("a", " ")),
    "too many options": InputCategorical(tuple(map(str, range(1_001)))),
    "an option of ten megabytes": InputCategorical((LONG,)),
    "bounds the wrong way round": InputNumeric(1, 0),
    "a bound that is no number": InputNumeric(math.nan),
    "a bound without an end": InputNumeric(HUGE),
    "no room for words": InputText(0),
    "the same words for yes and no": InputPassFail("x", "x"),
    "a form that is none": "yes or no",
}


def test_a_question_that_nobody_could_answer_is_refused(address: str) -> None:
    for what, form in FORMS.items():
        refused(what, lambda form=form: label_schemas.create_label_schema("good", input=form), InvalidArgument)
        assert label_schemas.list_label_schemas() == [], what


LOOKUPS: dict[str, Callable[[str], Any]] = {
    "a queue": lambda name: get_store().reviews.get(name),
    "a queue by its name": review_queues.get_review_queue,
    "an item": lambda name: get_store().reviews.item(name),
    "a question": label_schemas.get_label_schema,
    "an answer to take back": lambda name: review_queues.withdraw_review_answer(name, reviewer="ada"),
    "a dataset": datasets.get_dataset,
    "a dataset by its id": lambda name: datasets.get_dataset(dataset_id=name),
}


NAMES = ("a\x00b", "\ud800", "x" * 5_000, "", "'; DROP TABLE review_items; --")


def test_what_cannot_be_a_name_is_not_found(address: str) -> None:
    for what, look in LOOKUPS.items():
        for name in NAMES:
            refused(f"{what} {name!r:.20}", lambda look=look, name=name: look(name), NotFound, InvalidArgument)


@pytest.mark.postgres
def test_what_cannot_be_a_name_is_not_found_in_postgres(postgres_uri: str) -> None:
    for what, look in LOOKUPS.items():
        for name in NAMES:
            refused(f"{what} {name!r:.20}", lambda look=look, name=name: look(name), NotFound, InvalidArgument)


def test_who_closes_an_item_has_a_name_that_can_be_kept(item: ReviewItem) -> None:
    for name in ("a\x00b", "\ud800", LONG):
        with pytest.raises(InvalidArgument):
            review_queues.set_review_queue_item_status(
                item.queue_id, item_id=item, status="declined", completed_by=name
            )
    untouched(item)


def test_a_question_of_another_experiment_is_not_asked(address: str) -> None:
    elsewhere = tracking.create_experiment("elsewhere")
    asked = label_schemas.create_label_schema("good", input=InputPassFail(), experiment_id=elsewhere)
    with pytest.raises(InvalidArgument, match="another experiment"):
        review_queues.create_review_queue("to do", schema_ids=[asked.schema_id])
    assert get_store().reviews.list() == ()


BODIES: dict[str, str] = {
    "no JSON": "{",
    "deep": '{"answer": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "not an object": "[1]",
    "NaN seconds": '{"answer": {"item_id": "ri-1", "reviewer": "ada", "seconds": NaN}}',
    "a long number": '{"answer": {"item_id": "ri-1", "reviewer": "ada", "seconds": ' + "9" * 5_000 + "}}",
    "another type": '{"answer": {"item_id": 1, "reviewer": ["ada"]}}',
    "an unknown argument": '{"answers": []}',
    "half a character": '{"answer": {"item_id": "\\ud800", "reviewer": "ada", "kind": "skipped"}}',
    "a NUL": '{"answer": {"item_id": "\\u0000", "reviewer": "ada", "kind": "skipped"}}',
}


def test_a_body_that_cannot_be_read_is_a_mistake_of_the_sender(store_uri: str) -> None:
    with closing(open_store(store_uri)) as behind, closing(Running(behind)) as server:
        for what, body in BODIES.items():
            path, kind = f"{server.url}/api/steelyard/1/reviews/answer", {"Content-Type": "application/json"}
            told = httpx.post(path, content=body, headers=kind)
            assert 400 <= told.status_code < 500, (what, told.text)
            assert told.json()["message"], what


RECORDS: dict[str, Any] = {
    "no inputs": {"inputs": {}},
    "inputs that are no mapping": {"inputs": [1]},
    "keys that are no texts": {"inputs": {1: 2}},
    "an object": {"inputs": {"a": object()}},
    "deeper than anything": {"inputs": {"a": nested(5_000)}},
    "a field that is none": {"inputs": {"a": 1}, "answer": 2},
    "a goal among questions": {"inputs": {"goal": "a", "question": "b"}},
    "a tag with a NUL": {"inputs": {"a": 1}, "tags": {"a": "\x00"}},
    "a tag with a line break": {"inputs": {"a": 1}, "tags": {"a\nb": "c"}},
    "a tag of ten megabytes": {"inputs": {"a": 1}, "tags": {"a": LONG}},
    "tags in a list": {"inputs": {"a": 1}, "tags": ["a"]},
    "a source that is none": {"inputs": {"a": 1}, "source": {"source_type": "ELSEWHERE"}},
    "expectations that are no mapping": {"inputs": {"a": 1}, "expectations": [1]},
}


def test_a_record_that_cannot_be_is_refused_with_all_others(address: str) -> None:
    dataset = datasets.create_dataset("questions")
    for what, record in RECORDS.items():
        both = [{"inputs": {"question": "fine"}}, record]
        refused(what, lambda both=both: dataset.merge_records(both), InvalidArgument)
        now = datasets.get_dataset("questions")
        assert (now.version, len(now)) == (0, 0), what


def test_odd_values_of_records_come_back_as_they_were(address: str) -> None:
    odd = {"big": 2**70, "huge": HUGE, "endless": math.inf, "half": "\ud800", "nul": "\x00", "deep": nested(100)}
    dataset = datasets.create_dataset("questions").merge_records([{"inputs": odd, "outputs": odd}])
    (record,) = datasets.get_dataset("questions").records
    assert (dict(record.inputs), record.outputs) == (odd, odd)
    assert dataset.merge_records([{"inputs": odd, "outputs": odd}]).version == 1


def table() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"question": [f"q {n}" for n in range(200)], "expected": ["a"] * 200}), sink)
    return sink.getvalue().to_pybytes()


def aliases() -> str:
    """A YAML file whose aliases stand for more values than any machine has room for."""
    names = "abcdefghijklmnopqrst"
    lines = [f"  {b}: &{b} [{', '.join(['*' + a] * 30)}]" for a, b in pairwise(names)]
    return "- inputs: {q: 1}\n  a: &a [x]\n" + "\n".join(lines) + "\n"


PARQUET, CSV = table(), "question,expected\nq 1,a\n"
DAMAGED: dict[str, bytes] = {
    **{f"cut{n}.parquet": PARQUET[:at] for n, at in enumerate((0, 3, 4, 100, len(PARQUET) // 2, len(PARQUET) - 1))},
    "text.parquet": CSV.encode(),
    "table.csv": PARQUET,
    "table.jsonl": PARQUET,
    "table.yaml": PARQUET,
    "text.jsonl": CSV.encode(),
    "packed.csv": gzip.compress(CSV.encode()),
    "open.csv.gz": CSV.encode(),
    "half.csv.gz": gzip.compress(CSV.encode() * 1_000)[:-20],
    "latin.csv": "question,expected\nKäse,a\n".encode("latin-1"),
    "wide.csv": "question,expected\nq,a".encode("utf-16"),
    "never closed.csv": ('question,expected\n"q,a\n' + "b,c\n" * 50_000).encode(),
    "twice.csv": b"question,question\nq,a\n",
    "ragged.csv": b"question,expected\nq\nq,a,b\n",
    "empty.csv": b"",
    "header.csv": b"question,expected\n",
    "deep.jsonl": b'{"inputs": {"q": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}\n",
    "too deep.jsonl": b'{"inputs": {"q": ' + b"[" * 70 + b"]" * 70 + b"}}\n",
    "cut.jsonl": b'{"inputs": {"q": 1}}\n{"inputs": {"q"',
    "words.jsonl": b"1\n2\n",
    "itself.yaml": b"- inputs: &a {q: *a}\n",
    "runs.yaml": b"- inputs: !!python/object/apply:os.system ['exit 1']\n",
    "bytes.yaml": b"\xff\xfe\x00\x00",
    "program.exe": b"MZ",
}
BOMBS: dict[str, bytes] = {
    "packed bomb.csv.gz": gzip.compress(b"question,expected\n" + b"x" * 150_000_000 + b",a\n", 1),
    "large.csv": b"question,expected\n" + b"x" * 17_000_000 + b",a\n",
    "bomb.yaml": aliases().encode(),
}


def refused_files(folder: Path, files: dict[str, bytes]) -> None:
    there = datasets.create_dataset("there").merge_records([{"inputs": {"q": 0}}])
    for name, content in files.items():
        path = folder / name
        path.write_bytes(content)
        refused(name, lambda path=path: datasets.import_dataset("fresh", path), InvalidArgument, DataError)
        refused(name, lambda path=path: there.import_records(path), InvalidArgument, DataError)
        assert [(one.name, one.version) for one in datasets.search_datasets()] == [("there", 1)], name


def test_a_file_that_cannot_be_read_imports_nothing(store_uri: str, tmp_path: Path) -> None:
    refused_files(tmp_path, DAMAGED)


@pytest.mark.slow
def test_a_file_that_is_a_bomb_imports_nothing(store_uri: str, tmp_path: Path) -> None:
    refused_files(tmp_path, BOMBS)


def test_a_cell_that_a_spreadsheet_would_run_is_a_text_and_stays_one(store_uri: str, tmp_path: Path) -> None:
    formulas = ['=HYPERLINK("http://x";"y")', "+1+1", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0"]
    rows = [{"question": text, "expected": "a"} for text in formulas]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    mapping = {"question": "inputs.question"}
    dataset = datasets.import_dataset("formulas", tmp_path / "rows.jsonl", mapping=mapping)
    assert [one.inputs["question"] for one in dataset.records] == formulas
    dataset.export(tmp_path / "out.csv")
    again = datasets.import_dataset("again", tmp_path / "out.csv")
    assert [one.inputs for one in again.records] == [one.inputs for one in dataset.records]
