"""Code of the store runs in a process of its own, with limits, and only where that is allowed."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.monitor.live import AT_ONCE, monitor_of, said_of, sent, worked_off

from steelyard.errors import UntrustedModel
from steelyard.judges.registering import define
from steelyard.monitor.isolating import CodeFailed, Isolate
from steelyard.monitor.isolating_wire import FOLDER, Limits
from steelyard.records import AssessmentSource, Case, Feedback
from steelyard.scorers import scorer
from steelyard.scorers.living import living

CASE = Case(inputs={"question": "Why?"}, outputs="Because, please.")


@pytest.fixture(scope="module")
def isolate() -> Iterator[Isolate]:
    made = Isolate(Limits(memory_bytes=2**29))
    yield made
    made.end_if_idle()


def polite(outputs: Any) -> bool:
    return "please" in outputs


async def later(outputs: Any) -> int:
    return len(outputs)


def forks(outputs: Any) -> str:
    import os

    try:
        pid = os.fork()
    except OSError:
        return "refused"
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "superuser" if os.geteuid() == 0 else "forked"


def raises(outputs: Any) -> bool:
    raise LookupError("no such city")


def endless(outputs: Any) -> bool:
    while True:
        pass


def greedy(outputs: Any) -> int:
    return len(bytearray(2 * 10**9))


def dies(outputs: Any) -> bool:
    import signal

    signal.raise_signal(9)
    return True


def exits(outputs: Any) -> bool:
    raise SystemExit(3)


def not_finite(outputs: Any) -> float:
    return float("inf")


def enormous(outputs: Any) -> str:
    return "x" * 10_000_000


def object_of_its_own(outputs: Any) -> Any:
    return object()


def writes(outputs: Any) -> int:
    with open("file", "wb") as file:  # noqa: PTH123 - it is code of somebody else
        return file.write(b"x" * 10_000_000)


def shouts(outputs: Any) -> bool:
    print("x" * 1_000_000)
    return True


def forges(outputs: Any) -> bool:
    """Write to whatever is open, as if it were the answer."""
    import os

    for place in range(3, 20):
        try:
            os.write(place, b"\xff" * 1000)
        except OSError:
            continue
    return True


def looks_around(outputs: Any) -> dict[str, str]:
    import os

    found = " ".join(f"{name}={value}" for name, value in os.environ.items())
    return {"environment": found, "folder": " ".join(os.listdir("."))}  # noqa: PTH208


def test_it_says_what_it_says_here(isolate: Isolate) -> None:
    for function, value in ((polite, True), (later, 16)):
        (said,) = isolate.score(define(scorer(function)).text, CASE, seconds=30)
        assert (said.name, said.value, said.source) == (
            function.__name__,
            value,
            AssessmentSource("CODE", function.__name__),
        )


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (raises, "LookupError: no such city"),
        (greedy, "MemoryError"),
        (dies, "killed by SIGKILL"),
        (exits, "SystemExit: 3"),
        (not_finite, "returned inf, which is not a score"),
        (enormous, "it has 10,000,"),
        (object_of_its_own, "cannot be read as a score"),
        (writes, "File too large"),
        (forges, "answered nonsense"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_goes_wrong_is_told_and_the_next_one_is_scored(
    isolate: Isolate, function: Callable[..., Any], words: str
) -> None:
    with pytest.raises(CodeFailed) as failed:
        isolate.score(define(scorer(function)).text, CASE, seconds=30)
    assert words in str(failed.value)
    (said,) = isolate.score(define(scorer(polite)).text, CASE, seconds=30)
    assert said.value is True


def test_what_never_ends_is_ended(isolate: Isolate) -> None:
    isolate.score(define(scorer(polite)).text, CASE, seconds=30)
    with pytest.raises(TimeoutError, match=r"no verdict after 0\.3 s"):
        isolate.score(define(scorer(endless)).text, CASE, seconds=0.3)
    assert not isolate.is_alive


def test_shouting_reaches_nobody(isolate: Isolate, capfd: pytest.CaptureFixture[str]) -> None:
    assert isolate.score(define(scorer(shouts)).text, CASE, seconds=30)[0].value is True
    assert capfd.readouterr().out == ""


def test_it_starts_no_other_processes_unless_it_is_the_superusers(isolate: Isolate) -> None:
    (said,) = isolate.score(define(scorer(forks)).text, CASE, seconds=30)
    assert said.value == ("superuser" if os.geteuid() == 0 else "refused")


def test_it_finds_no_keys_and_an_empty_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    isolate = Isolate()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    monkeypatch.setenv("STEELYARD_TRACKING_URI", "postgresql://user:canary@host/db")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    found = {said.name: said.value for said in isolate.score(define(scorer(looks_around)).text, CASE, seconds=30)}
    assert "canary" not in found["environment"]
    assert found["folder"] == "errors"
    isolate.end_if_idle()


def test_code_that_leans_on_something_else_is_not_run(isolate: Isolate) -> None:
    words = ["please"]

    @scorer
    def leaning(outputs: Any) -> bool:
        return words[0] in outputs

    with pytest.raises(UntrustedModel, match="leans on something outside itself"):
        isolate.score(define(leaning).text, CASE, seconds=30)


def registered_elsewhere(source: str, name: str) -> None:
    """Register and start code as another process would have: no scorer of this one has it."""
    scope: dict[str, Any] = {"__name__": "elsewhere", "Any": Any}
    import linecache

    file = f"<{name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), scope)
    made = scorer(scope[name])
    made.start(sampling_config=AT_ONCE)
    scope.clear()
    del made
    gc.collect()
    assert all(each.name != name for each in living())


WITH_PLEASE = "def with_please(outputs):\n    return 'please' in outputs\n"
IN_ANOTHER_NAME = """
def in_another_name(outputs, trace):
    from steelyard.records import AssessmentSource, Feedback

    source = AssessmentSource("HUMAN", "ann")
    return Feedback(name="in_another_name", value=1, source=source, trace_id="tr-" + "0" * 32, overrides="a-1")
"""


def test_a_worker_that_may_not_run_it_pauses_and_says_what_to_do(
    store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STEELYARD_ALLOW_CODE_SCORERS", raising=False)
    registered_elsewhere(WITH_PLEASE, "with_please")
    trace_ids = sent(2)
    worked_off()
    monitor = monitor_of("with_please")
    assert (monitor.state, said_of(trace_ids, "with_please")) == ("paused", [])
    assert "STEELYARD_ALLOW_CODE_SCORERS=1" in monitor.reason
    assert "then resume" in monitor.reason


def test_a_worker_that_may_runs_it_apart(store_uri: str) -> None:
    registered_elsewhere(WITH_PLEASE, "with_please")
    trace_ids = sent(3)
    assert worked_off(allow_code=True) == 3
    assert [said.value for said in said_of(trace_ids, "with_please")] == [True] * 3


def test_code_speaks_in_no_persons_name_and_of_nothing_else(store_uri: str) -> None:
    registered_elsewhere(IN_ANOTHER_NAME, "in_another_name")
    (trace_id,) = sent()
    worked_off(allow_code=True)
    (said,) = said_of([trace_id], "in_another_name")
    assert isinstance(said, Feedback)
    assert (said.value, said.source, said.overrides) == (1, AssessmentSource("CODE", "in_another_name"), None)


def test_a_process_whose_worker_was_killed_leaves_no_folder_behind(tmp_path: Path) -> None:
    folder = tmp_path / f"{FOLDER}x"
    folder.mkdir()
    told = msgspec.json.encode(Limits()).decode()
    subprocess.run([sys.executable, "-m", "steelyard.monitor.isolated", told], cwd=folder, input=b"", check=True)
    assert not folder.exists()
    subprocess.run([sys.executable, "-m", "steelyard.monitor.isolated", told], cwd=tmp_path, input=b"", check=True)
    assert tmp_path.exists()
