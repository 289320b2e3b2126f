"""A scorer that raises, hangs or returns nonsense: an outcome each time, a pause after ten; it goes on when told."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.llm.server import Reply
from tests.monitor.judge_server import MODEL, judging
from tests.monitor.live import AT_ONCE, monitor_of, said_of, sent, standing_of, worked, worked_off

from steelyard.genai.scorers import ResponseLength, delete_scorer, scorer
from steelyard.judges import make_judge
from steelyard.monitor import resume
from steelyard.tracking import get_store

broken = threading.Event()


@pytest.fixture(autouse=True)
def _own_store(store_uri: str) -> None:
    broken.set()


@scorer
def raises(outputs: Any) -> bool:
    if broken.is_set():
        message = "no such city"
        raise LookupError(message)
    return True


@scorer
def not_a_number(outputs: Any) -> float:
    return float("nan") if broken.is_set() else 1.0


@scorer
def wrong_type(outputs: Any) -> Any:
    return object() if broken.is_set() else 1.0


@scorer
def huge(outputs: Any) -> str:
    return "x" * 2_000_000 if broken.is_set() else "x"


@scorer
def too_many(outputs: Any) -> dict[str, float]:
    return {f"score {number}": 1.0 for number in range(101 if broken.is_set() else 1)}


@scorer
def leaves(outputs: Any) -> bool:
    if broken.is_set():
        raise SystemExit(3)
    return True


@scorer(timeout=0.4)
def hangs(outputs: Any) -> bool:
    while broken.is_set():
        threading.Event().wait(0.02)
    return True


@scorer(timeout=0.1)
async def hangs_politely(outputs: Any) -> bool:
    import asyncio

    while broken.is_set():
        await asyncio.sleep(0.02)
    return True


WAYS = {
    "raises": (raises, "LookupError: no such city"),
    "not a number": (not_a_number, "returned nan, which is not a score"),
    "wrong type": (wrong_type, "cannot be read as a score"),
    "huge": (huge, "feedback of 2,000,0"),
    "too many values": (too_many, "gave 101 values"),
    "SystemExit": (leaves, "SystemExit: 3"),
    "hangs": (hangs, "no verdict after 0.4 s"),
    "hangs politely": (hangs_politely, "took longer than its 0.1 s"),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_paused_after_ten_in_a_row_and_goes_on_when_told(way: str) -> None:
    failing, words = WAYS[way]
    failing.start(sampling_config=AT_ONCE)
    early = sent(10)
    worked_off()
    monitor = monitor_of(failing.name)
    assert (monitor.state, monitor.failures) == ("paused", 10)
    assert monitor.reason.startswith("10 scorings in a row ended without a verdict. The last one: ")
    assert words in monitor.reason
    assert words in str(said_of(early, failing.name)[0].error_message)
    late = sent(4)
    assert worked_off() == 0
    assert standing_of(failing.name).waiting == 4  # what waits is kept
    broken.clear()
    assert resume(failing.name).state == "active"
    assert worked_off() == 4
    assert len([one for trace_id in late for one in get_store().assessments.list([trace_id])[trace_id]]) == 4


def test_failures_that_are_not_in_a_row_pause_nothing() -> None:
    @scorer
    def sometimes(outputs: str) -> bool:
        if outputs == "bad":
            raise ValueError(outputs)
        return True

    sometimes.start(sampling_config=AT_ONCE)
    for _ in range(3):
        sent(6, outputs="bad")
        sent(1, outputs="good")
        worked_off()
    assert (monitor_of("sometimes").state, monitor_of("sometimes").failures) == ("active", 0)
    assert standing_of("sometimes").done["scorer_error"] == 18


def test_one_that_fails_holds_up_no_other() -> None:
    hangs.start(sampling_config=AT_ONCE)
    ResponseLength(name="brief", max_length=100).start(sampling_config=AT_ONCE)
    trace_ids = sent(5)
    worked()
    assert [said.value for said in said_of(trace_ids, "brief")] == ["yes"] * 5


def test_feedback_no_store_keeps_spoils_none_of_the_others() -> None:
    @scorer
    def odd(outputs: str) -> str:
        return "half a character: \ud83d" if outputs == "odd" else "whole"

    odd.start(sampling_config=AT_ONCE)
    bad, good = sent(1, outputs="odd"), sent(3)
    worked_off()
    assert [said.value for said in said_of(good, "odd")] == ["whole"] * 3
    assert [said.value for said in said_of(bad, "odd") if said.error is None] in ([], ["half a character: \ud83d"])
    assert standing_of("odd").waiting == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "refuses the request with status 401"), (404, "Check the model's name")],
    ids=["a wrong key", "a wrong model"],
)
def test_a_judge_that_cannot_be_asked_at_all_is_paused_at_once(
    monkeypatch: pytest.MonkeyPatch, status: int, words: str
) -> None:
    make_judge("kind", "Is {{ outputs }} kind?", model=MODEL).start(sampling_config=AT_ONCE)
    sent(3)
    with judging(monkeypatch, lambda index, request: Reply.error(status)):
        worked()
    monitor = monitor_of("kind")
    assert monitor.state == "paused"
    assert words in monitor.reason
    assert (standing_of("kind").waiting, standing_of("kind").done.get("scorer_error", 0)) == (3, 0)


def test_a_missing_key_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    make_judge("kind", "Is {{ outputs }} kind?", model=MODEL).start(sampling_config=AT_ONCE)
    sent(1)
    worked()
    assert monitor_of("kind").state == "paused"
    assert "OPENAI_API_KEY" in monitor_of("kind").reason


def test_refusals_and_unreadable_answers_are_outcomes(monkeypatch: pytest.MonkeyPatch) -> None:
    make_judge("kind", "Is {{ outputs }} kind?", model=MODEL).start(sampling_config=AT_ONCE)
    sent(1, outputs="first")
    with judging(monkeypatch, lambda index, request: Reply(message={"refusal": "I would rather not."})):
        worked_off()
    sent(1, outputs="second")
    with judging(monkeypatch, lambda index, request: Reply(text="no JSON at all")):
        worked_off()
    standing = standing_of("kind")
    assert (standing.done["refused"], standing.done["parse_error"], standing.waiting) == (1, 1, 0)


def test_a_scorer_that_was_deleted_pauses_its_monitor() -> None:
    ResponseLength(name="brief", max_length=100).start(sampling_config=AT_ONCE)
    delete_scorer(name="brief", version="all")
    sent(1)
    worked()
    assert monitor_of("brief").state == "paused"
    assert "no longer registered" in monitor_of("brief").reason
    ResponseLength(name="brief", max_length=100).start(sampling_config=AT_ONCE)
    assert worked_off() == 1
