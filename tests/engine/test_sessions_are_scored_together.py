"""Scorers of sessions see all traces of a conversation, once."""

from __future__ import annotations

from typing import Any

import pytest

from steelyard.records import Row
from steelyard.scorers import scorer

from .memory_ledger import Listed, evaluated


def turns(*sessions: str | None) -> Listed:
    return Listed(
        Row(index=i, row_id=f"row{i}", inputs={"n": i}, session=session, expectations={"tone": "kind"})
        for i, session in enumerate(sessions)
    )


@scorer(session_level=True)
def length(session: Any) -> int:
    return len(session)


def test_a_session_has_one_verdict_on_its_first_row() -> None:
    ledger = evaluated(turns("a", "b", "a", "a", "b", None), lambda n: n, [length])
    assert {(row, v.feedbacks[0].value) for (row, _, _), v in ledger.judged.items()} == {(0, 3), (1, 2), (5, 1)}


def test_repeats_of_a_session_are_apart() -> None:
    ledger = evaluated(turns("a", "a"), lambda n: n, [length], repeats=2)
    assert sorted(ledger.judged) == [(0, 0, 0), (0, 1, 0)]
    assert {v.feedbacks[0].value for v in ledger.judged.values()} == {2}


@pytest.mark.parametrize("broken", [0, 1])
def test_a_session_with_a_failed_turn_is_not_scored(broken: int) -> None:
    def failing(n: int) -> int:
        if n == broken:
            raise ValueError("no")
        return n

    ledger = evaluated(turns("a", "a", "b"), failing, [length])
    assert ledger.judged[broken, 0, 0].outcome == "predict_failed"
    assert ledger.judged[2, 0, 0].feedbacks[0].value == 1
    before = dict(ledger.judged)
    evaluated(turns("a", "a", "b"), failing, [length], ledger=ledger)
    assert ledger.judged == before


def test_row_and_session_scorers_fill_their_own_lines() -> None:
    ledger = evaluated(turns("a", "a"), lambda n: n, [scorer(lambda outputs: True, name="fine"), length])
    assert sorted(ledger.judged) == [(0, 0, 0), (0, 0, 1), (1, 0, 0)]


def test_session_verdicts_that_are_committed_are_not_asked_again() -> None:
    asked: list[int] = []

    @scorer(session_level=True)
    def counted(session: Any) -> int:
        asked.append(len(session))
        return len(session)

    ledger = evaluated(turns("a", "b", "a"), lambda n: n, [counted])
    evaluated(turns("a", "b", "a"), lambda n: n, [counted], ledger=ledger)
    assert sorted(asked) == [1, 2]
