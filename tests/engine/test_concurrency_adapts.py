"""Rows in flight stay within the limit, and a provider that says "too many requests" is asked less."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from steelyard.engine.limited import is_rate_limit, retry_after
from steelyard.errors import LLMRateLimited

from .memory_ledger import evaluated, rows


@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
def test_no_more_rows_are_in_flight_than_allowed(later: bool) -> None:
    inside, most, together = [0], [0], threading.Barrier(3)
    lock = threading.Lock()

    def enter() -> None:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])

    def waiting(n: int) -> int:
        enter()
        together.wait(20)  # passes only if three are inside at once
        inside[0] -= 1
        return n

    async def waiting_later(n: int) -> int:
        enter()
        await asyncio.sleep(0.001)
        inside[0] -= 1
        return n

    evaluated(rows(12), waiting_later if later else waiting, [], concurrency=3)
    assert most[0] == 3


def test_rows_do_not_see_each_others_context() -> None:
    from contextvars import ContextVar

    mine: ContextVar[int] = ContextVar("mine", default=-1)
    seen: list[int] = []

    def leaking(n: int) -> int:
        seen.append(mine.get())
        mine.set(n)
        return n

    evaluated(rows(30), leaking, [])
    assert set(seen) == {-1}


class TooMany(Exception):
    status_code = 429

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("too many requests")
        self.response = type("Response", (), {"headers": headers, "status_code": 429})()


def test_a_refused_call_is_made_again_only_if_retries_were_asked_for() -> None:
    calls: dict[int, int] = {}

    def refusing(n: int) -> int:
        calls[n] = calls.get(n, 0) + 1
        if calls[n] == 1:
            raise TooMany({"retry-after": "0"})
        return n

    assert evaluated(rows(3), refusing, []).state().predictions == {"predict_failed": 3}
    calls.clear()
    assert evaluated(rows(3), refusing, [], predict_retries=1).state().predictions == {"predicted": 3}
    assert set(calls.values()) == {2}


@pytest.mark.parametrize(
    ("error", "limited", "wait"),
    [
        (TooMany({"retry-after": "7"}), True, 7.0),
        (TooMany({"retry-after": "999999"}), True, 600.0),
        (TooMany({}), True, None),
        (LLMRateLimited("slow down", retry_after=3), True, 3.0),
        (ValueError("429"), False, None),
    ],
    ids=["seconds", "absurd", "silent", "ours", "other"],
)
def test_too_many_requests_are_read_from_any_clients_error(error: Any, limited: bool, wait: float | None) -> None:
    assert is_rate_limit(error) is limited
    assert retry_after(error) == wait
