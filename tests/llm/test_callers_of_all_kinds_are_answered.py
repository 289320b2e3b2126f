"""Threads, event loops, loops within loops, forked children, and the end of the process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time as real_time
from collections.abc import Callable
from contextvars import ContextVar

import pytest
from tests.llm.faults import always
from tests.llm.replies import Reply
from tests.llm.server import LlmServer

from steelyard.llm import Calling, Limits, Question, ask, ask_sync, calling, current_calling

Serve = Callable[..., LlmServer]
Ask = Callable[..., Question]


def test_a_call_that_blocks_may_be_made_where_a_loop_runs(serve: Serve, question: Ask) -> None:
    serve()

    async def main() -> object:
        return ask_sync(question()).value

    assert asyncio.run(main())


def test_loops_come_and_go_and_connections_stay(serve: Serve, question: Ask) -> None:
    server = serve()
    for _ in range(5):
        asyncio.run(ask(question()))
    assert server.calls == 5
    assert len(server._connections) == 1


def test_many_threads_ask_at_once(serve: Serve, question: Ask) -> None:
    server = serve(latency=0.02)
    values: list[object] = []
    threads = [threading.Thread(target=lambda: values.append(ask_sync(question()).value)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(values) == server.calls == 16


def test_no_more_calls_than_the_limit_are_in_flight(serve: Serve, question: Ask) -> None:
    server = serve(latency=0.01)

    async def everyone() -> None:
        await asyncio.gather(*(ask(question()) for _ in range(30)))

    with calling(Calling(limits=Limits(start=3, maximum=3))):
        asyncio.run(everyone())
    assert server.peak == 3


def test_a_caller_that_is_cancelled_frees_its_slot(serve: Serve, question: Ask) -> None:
    serve(lambda index, request: Reply(how="silent") if index == 0 else Reply())
    limits = Limits(start=1, maximum=1)

    async def main() -> object:
        with calling(Calling(limits=limits)):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(ask(question()), 0.1)
            return (await ask(question())).value

    assert asyncio.run(main())


def test_what_is_counted_inside_is_counted_around(serve: Serve, question: Ask) -> None:
    serve()
    with calling(Calling()) as run:
        for _ in range(2):
            with calling(run.inner(repeat=1)) as verdict:
                assert current_calling() is verdict
                ask_sync(question())
            assert verdict.calls == 1
    assert run.calls == 2
    assert run.by_model["openai:/gpt-4o-mini"].tries == 2
    assert run.usage.total_tokens == 2 * verdict.usage.total_tokens
    assert run.usage.cost is not None


def test_two_threads_have_their_own_surroundings(serve: Serve, question: Ask) -> None:
    serve()
    counts: list[int] = []

    def work(times: int) -> None:
        with calling(Calling()) as around:
            for _ in range(times):
                ask_sync(question())
        counts.append(around.calls)

    threads = [threading.Thread(target=work, args=(times,)) for times in (1, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [1, 3]


def test_the_callers_context_reaches_the_client(serve: Serve, question: Ask) -> None:
    serve()
    place: ContextVar[str] = ContextVar("place", default="nowhere")
    seen: list[str] = []

    class Cache:
        def get(self, key: str) -> bytes | None:
            return None

        def put(self, key: str, answer: bytes) -> None:
            return None

    class Patient(Limits):
        def of(self, key: str):
            seen.append(place.get())
            return Limits.of(self, key)

    place.set("here")
    with calling(Calling(cache=Cache(), limits=Patient())):
        ask_sync(question())
    assert seen == ["here"]


CHILD = """
import os, sys, warnings
from steelyard.llm import Message, Question, ask_sync
question = Question(model="openai:/gpt-4o-mini", messages=(Message("user", "hello"),))
assert ask_sync(question).value.startswith("An answer")
if hasattr(os, "fork") and "fork" in sys.argv:
    child = os.fork()
    if not child:
        assert ask_sync(question).value.startswith("An answer")
        sys.stdout.write("child ")
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
assert ask_sync(question).value.startswith("An answer")
sys.stdout.write("done")
"""


@pytest.mark.parametrize("argument", ["plain", "fork"])
def test_a_process_ends_in_silence(serve: Serve, argument: str) -> None:
    server = serve()
    command = [
        sys.executable,
        "-X",
        "dev",
        "-W",
        "error",
        "-W",
        "ignore::DeprecationWarning",
        "-c",
        CHILD,
        argument,
    ]  # noise: asyncio's note on a slow import
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    # asyncio notes that importing the client library is slow
    noise = [line for line in ended.stderr.splitlines() if not line.startswith("Executing <")]
    assert (ended.returncode, ended.stdout, noise) == (0, "done" if argument == "plain" else "child done", [])
    assert server.calls == (2 if argument == "plain" else 3)


def test_a_process_ends_although_a_call_is_in_flight(serve: Serve) -> None:
    serve(always(Reply(how="silent")))
    code = (
        "import threading, time\nfrom steelyard.llm import Message, Question, ask_sync\n"
        "q = Question(model='openai:/gpt-4o-mini', messages=(Message('user', 'hello'),))\n"
        "threading.Thread(target=lambda: ask_sync(q), daemon=True).start()\ntime.sleep(2.5)\n"
    )
    began = real_time.monotonic()
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    assert ended.returncode == 0
    assert real_time.monotonic() - began < 45, "it does not wait for the timeout of the call"


def test_naming_the_room_loads_no_client_library() -> None:
    code = (
        "import sys, steelyard.llm as llm\nfrom steelyard.llm import ask, Question, Budget, Limits, calling\n"
        "heavy = {'openai', 'pydantic_ai', 'anthropic', 'httpx2', 'numpy', 'sqlalchemy', 'genai_prices'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
