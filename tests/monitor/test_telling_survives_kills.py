"""Tellers that are killed while a message is on its way: none is lost, and only that one comes twice, by its id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.egress.receivers import Receiver, Request
from tests.monitor.telling_made import MINUTE, NOW, alarmed, webhook

from steelyard.store import open_store

_TELLER = """
import sys
from steelyard.monitor import tell_once
from steelyard.store import open_store
with open_store(sys.argv[1]) as store:
    while tell_once(store, worker=sys.argv[2], now_ms=int(sys.argv[2]), most=3):
        pass
"""
KILLS = (2, 5)
MESSAGES = 6


def test_a_teller_that_is_killed_before_it_wrote_down_an_answer_tells_that_message_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_EGRESS_ALLOW", "127.0.0.1")
    url = f"sqlite:///{tmp_path}/store.db"
    teller: list[subprocess.Popen[bytes]] = []
    killed: list[str] = []

    def answer(request: Request) -> tuple[int, dict[str, str], bytes]:
        if len(receiver.requests) in KILLS:
            killed.append(request.headers["Steelyard-Delivery"])
            os.kill(teller[-1].pid, signal.SIGKILL)
        return 200, {}, b"ok"

    with Receiver(answer) as receiver, open_store(url) as store:
        alarms = [
            alarm for n in range(MESSAGES) for alarm in alarmed(store, webhook(receiver.url), name=f"rule {n:02}")
        ]
        for life in range(len(KILLS) + 1):
            now = NOW + life * 5 * MINUTE  # what the dead had in hand is free by then
            command = [sys.executable, "-c", _TELLER, url, str(now)]
            teller.append(subprocess.Popen(command, env={**os.environ, "STEELYARD_EGRESS_ALLOW": "127.0.0.1"}))
            ended = teller[-1].wait(120)
            assert ended == (-signal.SIGKILL if life < len(KILLS) else 0)
        seen = Counter(request.headers["Steelyard-Delivery"] for request in receiver.requests)
        states = {store.alarms.deliveries(alarm.alarm_id)[0].state for alarm in alarms}
        events = [[event.action for event in store.alarms.events(alarm.alarm_id)] for alarm in alarms]
    assert states == {"told"}
    assert len(seen) == MESSAGES
    assert seen == Counter(dict.fromkeys(seen, 1)) + Counter(killed)
    assert events == [["opened", "told"]] * MESSAGES
