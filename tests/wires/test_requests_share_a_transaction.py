from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument, StoreUnavailable
from steelyard.records.arrival import Arrival
from steelyard.wires.otlp import Intake, Limits, Refusal, Taken

from .requests import RememberingStore, body_json, span_json


def _send_while_writing(
    store: RememberingStore, bodies: Sequence[bytes], limits: Limits | None = None
) -> list[Taken | Refusal]:
    """Send one request, and the others while it is being written."""

    async def send(intake: Intake, body: bytes) -> Taken | Refusal:
        try:
            return await intake.take(body, intake.admit(len(body)), json=True, headers={})
        except Refusal as refusal:
            return refusal

    async def run() -> list[Taken | Refusal]:
        intake = Intake(store, limits=limits)
        store.open.clear()
        first = asyncio.ensure_future(send(intake, bodies[0]))
        await asyncio.to_thread(store.entered.acquire)
        others = [asyncio.ensure_future(send(intake, body)) for body in bodies[1:]]
        await asyncio.sleep(0)
        await asyncio.to_thread(lambda: intake._decoders.submit(int).result())  # all of them are decoded
        store.open.set()
        answers = await asyncio.gather(first, *others)
        await asyncio.to_thread(intake.close)
        return answers

    return asyncio.run(run())


def _bodies(n: int, *, spans: int = 1) -> list[bytes]:
    return [body_json(*(span_json(trace, number) for number in range(1, spans + 1))) for trace in range(1, n + 1)]


def test_what_waits_is_written_together_in_the_order_it_came(remembering: RememberingStore):
    answers = _send_while_writing(remembering, _bodies(30))
    assert answers == [Taken(1)] * 30
    assert [len(call) for call in remembering.calls] == [1, 29]
    assert list(remembering.kept) == [(f"tr-{trace:032x}", f"{1:016x}") for trace in range(1, 31)]


def test_no_transaction_is_much_longer_than_was_said(remembering: RememberingStore):
    _send_while_writing(remembering, _bodies(13, spans=10), Limits(group_spans=40))
    assert [len(call) for call in remembering.calls] == [1, 4, 4, 4]


def test_one_bad_request_spoils_no_other(remembering: RememberingStore):
    def refuse(arrival: Arrival) -> None:
        if arrival.trace_id == f"tr-{3:032x}":
            raise InvalidArgument("It is the third.")

    remembering.refuse = refuse
    answers = _send_while_writing(remembering, _bodies(5))
    assert [answer.stored for answer in answers if isinstance(answer, Taken)] == [1, 1, 0, 1, 1]
    assert [one.reason for one in answers[2].rejected] == ["It is the third."]
    assert len(remembering.kept) == 4


def test_a_store_that_goes_away_acknowledges_nothing_and_says_so_until_it_is_back(remembering: RememberingStore):
    away = True

    def refuse(_: Arrival) -> None:
        if away:
            raise StoreUnavailable("The disk is full.")

    async def run() -> None:
        nonlocal away
        intake = Intake(remembering)
        body = body_json(span_json())
        with pytest.raises(Refusal, match="The disk is full") as refused:
            await intake.take(body, intake.admit(), json=True, headers={})
        assert refused.value.why.status == 503
        assert intake.trouble == "The disk is full."
        away = False
        assert await intake.take(body, intake.admit(), json=True, headers={}) == Taken(1)
        assert intake.trouble is None
        await asyncio.to_thread(intake.close)

    remembering.refuse = refuse
    asyncio.run(run())


@given(traces=st.lists(st.lists(st.sampled_from(["good", "no id", "unstorable"]), min_size=1, max_size=12), max_size=8))
def test_exactly_the_bad_spans_are_rejected(traces: list[list[str]]):
    def refuse(arrival: Arrival) -> None:
        if any(span.name == "unstorable" for span in arrival.spans):
            raise InvalidArgument("It cannot be stored.")

    store = RememberingStore(refuse)
    spans = [
        span_json(trace, number, name=kind, **({"spanId": ""} if kind == "no id" else {}))
        for trace, kinds in enumerate(traces, 1)
        for number, kind in enumerate(kinds, 1)
    ]

    async def run() -> Taken:
        intake = Intake(store)
        taken = await intake.take(body_json(*spans), intake.admit(), json=True, headers={})
        await asyncio.to_thread(intake.close)
        return taken

    taken = asyncio.run(run())
    kinds = [kind for trace in traces for kind in trace]
    assert taken.stored == kinds.count("good") == len(store.kept)
    assert len(taken.rejected) == len(kinds) - taken.stored
    unstorable = [one for one in taken.rejected if one.reason == "It cannot be stored."]
    assert len(unstorable) == kinds.count("unstorable")
    good = {
        (f"tr-{trace:032x}", f"{number:016x}")
        for trace, names in enumerate(traces, 1)
        for number, kind in enumerate(names, 1)
        if kind == "good"
    }
    assert set(store.kept) == good


def test_a_few_bad_spans_of_many_cost_few_transactions(remembering: RememberingStore):
    def refuse(arrival: Arrival) -> None:
        if any(span.name == "unstorable" for span in arrival.spans):
            raise InvalidArgument("It cannot be stored.")

    remembering.refuse = refuse
    names = ["unstorable" if number in (100, 700) else "good" for number in range(1, 1001)]
    body = body_json(*(span_json(1, number, name=name) for number, name in enumerate(names, 1)))
    (taken,) = _send_while_writing(remembering, [body])
    assert isinstance(taken, Taken)
    assert (taken.stored, len(taken.rejected)) == (998, 2)
    assert len(remembering.calls) < 25
