"""Requests as an exporter writes them, made here by hand, and a store that only remembers."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Callable, Sequence
from typing import Any

from steelyard.errors import AlreadyExists, NotFound
from steelyard.records import Experiment, Run, RunInfo
from steelyard.records.arrival import Arrival
from steelyard.records.run import LifecycleStage


def span_json(trace: int = 1, number: int = 1, **more: Any) -> dict[str, Any]:
    """Return a span in OTLP's JSON."""
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{number:016x}",
        "name": f"span {number}",
        "kind": 1,
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000001000000000",
        **more,
    }


def body_json(*spans: dict[str, Any], resource: dict[str, str] | None = None) -> bytes:
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in (resource or {}).items()]
    scope = {"scope": {"name": "test"}, "spans": list(spans)}
    return json.dumps({"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [scope]}]}).encode()


def body_protobuf(trace: int = 1, n: int = 1) -> bytes:
    """Return n spans of a trace in OTLP's protobuf."""
    spans = b"".join(
        _block(
            2,
            _block(1, struct.pack(">QQ", 0, trace))
            + _block(2, struct.pack(">Q", number))
            + _block(5, f"span {number}".encode())
            + b"\x39"
            + struct.pack("<Q", 1_700_000_000_000_000_000)
            + b"\x41"
            + struct.pack("<Q", 1_700_000_001_000_000_000),
        )
        for number in range(1, n + 1)
    )
    return _block(1, _block(2, spans))


def _block(number: int, value: bytes) -> bytes:
    size, length = bytearray(), len(value)
    while length > 127:
        size.append(length & 127 | 128)
        length >>= 7
    size.append(length)
    return bytes([number << 3 | 2]) + bytes(size) + value


def _experiment(experiment_id: str, name: str, stage: LifecycleStage = "active") -> Experiment:
    return Experiment(experiment_id=experiment_id, name=name, lifecycle_stage=stage)


class RememberingStore:
    """As much of a store as the intake asks for, in memory.

    Args:
        refuse: raises for arrivals that it does not want; nothing of the call is kept then.
    """

    def __init__(self, refuse: Callable[[Arrival], None] = lambda arrival: None) -> None:
        self.refuse = refuse
        self.calls: list[list[Arrival]] = []
        self.kept: dict[tuple[str, str], Arrival] = {}
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Semaphore(0)
        self.names = {"Default": _experiment("0", "Default"), "gone": _experiment("1", "gone", "deleted")}
        self.traces = self.experiments = self.runs = self.answers = self

    def arrive(self, arrivals: Sequence[Arrival]) -> None:
        self.entered.release()
        self.open.wait()
        for arrival in arrivals:
            self.refuse(arrival)
        self.calls.append(list(arrivals))
        for arrival in arrivals:
            self.kept |= {(arrival.trace_id, span.span_id): arrival for span in arrival.spans}

    def find(self, name: str) -> Experiment | None:
        return self.names.get(name)

    def create(self, name: str) -> Experiment:
        if name in self.names:
            raise AlreadyExists(name)
        self.names[name] = _experiment(str(len(self.names)), name)
        return self.names[name]

    def get(self, key: str) -> Experiment | Run:
        if key == "run-of-0":
            return Run(RunInfo(run_id=key, run_name="", experiment_id="0"))
        found = next((one for one in self.names.values() if one.experiment_id == key), None)
        if found is None:
            raise NotFound(f"There is no {key!r}.")
        return found
