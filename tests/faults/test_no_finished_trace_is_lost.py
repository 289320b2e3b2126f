"""Whatever ends an application that makes traces, and wherever its store is: what it finished arrives, or is counted.

The application keeps a journal: the id of each trace is noted after the traced call has returned.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.processes import Evaluation, Zygote

import steelyard
from steelyard.tracking import get_store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="signals and forks as on POSIX")

ENDS = {"the end": 0, "sys.exit": 3, "an exception": 1, "a fork": 0}
FORKS = {"forked children": 3, "children of a fork server": 3, "spawned children": 3}


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote("sending.py") as made:
        yield made


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a store, which is the current one, with its spool."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.setenv("STEELYARD_SPOOL", str(folder / "spool"))
    steelyard.set_tracking_uri(folder)
    return folder


def check(place: Path, application: Evaluation) -> int:
    """Deliver what waits on disk, as any later process does; everything noted is in the store. Return how many."""
    deliver(place)
    noted = application_journal(place)
    assert noted, application.err
    found = get_store().traces.infos(noted)
    assert [trace_id for trace_id in noted if trace_id not in found] == [], application.err
    assert len(set(noted)) == len(noted)
    return len(noted)


def deliver(place: Path) -> None:
    """Do what brings a later process to deliver what it finds, and wait for it."""
    assert steelyard.flush_trace_async_logging()
    deadline = time.monotonic() + 60
    while left := list(place.glob("spool/*/[!.]*.traces")):
        assert time.monotonic() < deadline, left
        threading.Event().wait(0.02)


def application_journal(place: Path) -> list[str]:
    path = place / "calls"
    return path.read_text().split() if path.exists() else []


def wait_for(place: Path, traces: int) -> None:
    deadline = time.monotonic() + 60
    while len(application_journal(place)) < traces:
        assert time.monotonic() < deadline, (place / "err").read_text()
        threading.Event().wait(0.005)


@pytest.mark.parametrize("store", ["there", "away"])
@pytest.mark.parametrize("how", list(ENDS))
def test_an_application_that_ends_leaves_every_trace(zygote: Zygote, place: Path, how: str, store: str) -> None:
    if store == "away":
        (place / "away").touch()
    application = zygote.start(place, how, traces=40)
    assert application.ended() == ENDS[how]
    assert check(place, application) == (80 if how == "a fork" else 40)
    assert ("wait on disk for" in application.err) == (store == "away")


@pytest.mark.parametrize("store", ["there", pytest.param("away", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "how",
    [
        "forked children",
        pytest.param("spawned children", marks=pytest.mark.slow),
        pytest.param("children of a fork server", marks=pytest.mark.slow),
        "terminated forks",
        pytest.param("terminated spawns", marks=pytest.mark.slow),
    ],
)
def test_children_of_multiprocessing_leave_every_trace(zygote: Zygote, place: Path, how: str, store: str) -> None:
    if store == "away":
        (place / "away").touch()
    application = zygote.start(place, how, traces=30)
    assert application.ended() == 0, application.err
    assert check(place, application) >= 90


def terminate(zygote: Zygote, place: Path, how: str, store: str, seed: int) -> None:
    """Send SIGTERM at a random moment under load."""
    chance = random.Random(seed)
    if store == "away at the start":
        (place / "away").touch()
    application = zygote.start(place, how, traces=seed % 2)
    wait_for(place, chance.randrange(1, 400))
    if store == "away at the end":
        (place / "away").touch()
    if store == "away at the start" and seed % 2:
        (place / "away").unlink()
    if store == "silent at the end":
        (place / "silent").touch()
    threading.Event().wait(chance.random() * 0.2)
    status, seconds = application.signal(signal.SIGTERM)
    assert status == -signal.SIGTERM, application.err
    if store == "silent at the end":
        assert seconds < 20  # the bound is 1.5 s; a busy machine is slow
    for flag in ("away", "silent"):
        (place / flag).unlink(missing_ok=True)
    check(place, application)


STORES = ("there", "away at the start", "away at the end", "silent at the end")


@pytest.mark.parametrize(
    ("how", "store"),
    [
        ("for ever", "there"),
        ("for ever", "away at the start"),
        ("for ever", "silent at the end"),
        ("in threads", "away at the end"),
        ("as a server", "there"),
    ],
)
def test_sigterm_takes_no_finished_trace_with_it(zygote: Zygote, place: Path, how: str, store: str) -> None:
    terminate(zygote, place, how, store, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["for ever", "in threads", "as a server"])
@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("seed", range(6))
def test_sigterm_at_any_moment_takes_no_finished_trace_with_it(
    zygote: Zygote, place: Path, how: str, store: str, seed: int
) -> None:
    terminate(zygote, place, how, store, seed)


def test_a_signal_does_not_wait_long_for_a_store_that_is_silent(zygote: Zygote, place: Path) -> None:
    (place / "silent").touch()
    application = zygote.start(place, "the end", traces=40)
    wait_for(place, 40)
    status, _ = application.signal(signal.SIGTERM)
    assert status in (-signal.SIGTERM, 0)
    (place / "silent").unlink()
    assert check(place, application) == 40


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["away", "silent"])
def test_a_kill_takes_only_what_has_lingered_for_less_than_a_moment(zygote: Zygote, place: Path, flag: str) -> None:
    (place / flag).touch()
    application = zygote.start(place, "for ever")
    wait_for(place, 300)
    noted = application_journal(place)
    written = len(list(place.glob("spool/*/*.traces")))
    while len(list(place.glob("spool/*/*.traces"))) < written + 4:  # each of up to 500, in their order
        threading.Event().wait(0.01)
    assert application.signal(signal.SIGKILL)[0] == -signal.SIGKILL
    (place / flag).unlink()
    deliver(place)
    assert set(get_store().traces.infos(noted)) == set(noted)


def test_what_the_disk_cannot_take_is_counted_to_the_last_trace(zygote: Zygote, place: Path) -> None:
    (place / "away").touch()
    application = zygote.start(place, "the end", traces=400, settings={"STEELYARD_SPOOL_MAX_MB": "0.004"})
    assert application.ended() == 0
    (place / "away").unlink()
    deliver(place)
    noted = application_journal(place)
    lost = int(application.err.split(" traces of this process are lost")[0].rsplit("steelyard: ", 1)[1])
    assert len(noted) == 400
    assert len(get_store().traces.infos(noted)) == 400 - lost


def test_a_server_that_refuses_connections_is_an_absent_store(zygote: Zygote, place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    application = zygote.start(place, "the end", traces=40, url=f"http://127.0.0.1:{port}")
    assert application.ended() == 0
    assert f"steelyard: 40 traces wait on disk for http://127.0.0.1:{port}" in application.err
    assert len(list(place.glob("spool/*/*.traces"))) >= 1
