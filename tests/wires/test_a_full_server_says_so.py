from __future__ import annotations

import asyncio
import gzip
import tracemalloc

import pytest

from steelyard.wires.otlp import Intake, Limits, Refusal
from steelyard.wires.otlp.pressure import Pressure

from .requests import RememberingStore, body_json, body_protobuf, span_json


def _body(trace: int) -> bytes:
    return body_json(span_json(trace))


async def _send(intake: Intake, body: bytes, *, encoding: str = "identity") -> int | None:
    """Send a request as the wires do; return how many spans were stored, None if it was refused as full."""
    try:
        admission = intake.admit(len(body))
        return (await intake.take(body, admission, json=True, encoding=encoding, headers={})).stored
    except Refusal as refusal:
        return None if refusal.retry_after else -1


@pytest.mark.parametrize(
    "limits",
    [Limits(waiting_bytes=len(_body(1)) * 20, body_bytes=1000), Limits(waiting_spans=20)],
    ids=["by-bytes", "by-spans"],
)
def test_accepted_is_stored_and_the_rest_is_told_to_come_again(remembering: RememberingStore, limits: Limits):
    async def overload() -> list[int | None]:
        intake = Intake(remembering, limits=limits)
        remembering.open.clear()
        waves = []
        for wave in range(5):  # each wave is decoded before the next comes
            waves += [asyncio.ensure_future(_send(intake, _body(1 + wave * 20 + one))) for one in range(20)]
            await asyncio.to_thread(lambda: intake._decoders.submit(int).result())
        assert intake.waiting >= 20
        assert any(each.done() for each in waves)  # refusals do not wait for the store
        remembering.open.set()
        answers = await asyncio.gather(*waves)
        assert await _send(intake, _body(1000)) == 1  # recovered as soon as there is room
        await asyncio.to_thread(intake.close)
        assert intake.waiting == 0
        return answers

    answers = asyncio.run(overload())
    assert {None, 1} == set(answers)
    assert len(remembering.kept) == sum(filter(None, answers)) + 1


def test_a_request_that_fits_alone_is_taken_however_small_the_waiting_room():
    pressure = Pressure(Limits(body_bytes=1000, waiting_bytes=10))
    inside = pressure.admit(1000)
    with pytest.raises(Refusal):
        pressure.admit(1)
    inside.release()
    inside.release()
    pressure.admit(1000)


def test_what_grows_while_it_comes_is_held_to_the_same_bound():
    pressure = Pressure(Limits(body_bytes=100, waiting_bytes=100))
    first, second = pressure.admit(0), pressure.admit(0)
    first.cover(60)
    with pytest.raises(Refusal):
        second.cover(41)
    second.cover(40)
    first.release()
    second.cover(100)
    second.release()
    assert pressure.requests == 0
    pressure.admit(100)


def _nested(body: bytes, depth: int) -> bytes:
    for _ in range(depth):
        body = gzip.compress(body, 1)
    return body


@pytest.mark.parametrize("copies", [1, 8], ids=["one", "eight-at-once"])
def test_a_bomb_costs_no_more_than_the_limit(remembering: RememberingStore, copies: int):
    bomb = gzip.compress(bytes(2**28), 1)  # 256 MiB
    limits = Limits(body_bytes=4 * 2**20, waiting_bytes=6 * 2**20)
    refused: list[int] = []

    async def one(intake: Intake) -> None:
        try:
            admission = intake.admit(len(bomb))
            await intake.take(bomb, admission, json=True, encoding="gzip", headers={})
        except Refusal as refusal:
            refused.append(refusal.why.status)

    async def explode() -> None:
        intake = Intake(remembering, limits=limits)
        await asyncio.gather(*(one(intake) for _ in range(copies)))
        assert intake.waiting == 0
        await asyncio.to_thread(intake.close)

    tracemalloc.start()
    asyncio.run(explode())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert set(refused) <= {413, 503}
    assert 413 in refused
    assert peak < 16 * 2**20
    assert remembering.calls == []


@pytest.mark.parametrize("json", [True, False], ids=["json", "protobuf"])
def test_a_request_of_more_spans_than_fit_is_not_even_decoded(
    remembering: RememberingStore, monkeypatch: pytest.MonkeyPatch, json: bool
):
    monkeypatch.setattr("steelyard.tracing.otlp.decode", None)
    body = body_json(*(span_json(1, number) for number in range(1, 12))) if json else body_protobuf(1, 11)

    async def run() -> Refusal:
        intake = Intake(remembering, limits=Limits(body_spans=10))
        with pytest.raises(Refusal) as refused:
            await intake.take(body, intake.admit(), json=json, headers={})
        await asyncio.to_thread(intake.close)
        return refused.value

    assert asyncio.run(run()).why.status == 413


def test_the_loop_goes_on_while_a_large_body_is_decoded(remembering: RememberingStore):
    body = gzip.compress(body_json(*(span_json(1, number) for number in range(1, 8001))))

    async def both() -> int:
        intake = Intake(remembering)
        sending = asyncio.ensure_future(_send(intake, body, encoding="gzip"))
        turns = 0
        while not sending.done():
            await asyncio.sleep(0)
            turns += 1
        assert await sending == 8000
        await asyncio.to_thread(intake.close)
        return turns

    assert asyncio.run(both()) > 10
