"""Ways for one row to go wrong: what a function may do, what a scorer may do, and what a row may hold."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import steelyard
from steelyard.records import Feedback

WAIT = threading.Event()  # never set: whoever waits for it hangs


class Unspeakable(Exception):
    """Its own words fail."""

    def __str__(self) -> str:
        raise RuntimeError("even the message fails")

    __repr__ = __str__


class Sulking:
    """An object that cannot be looked at."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("do not look at me")

    def __repr__(self) -> str:
        raise RuntimeError("do not show me")


class Spiteful(Exception):
    """Says it was rate limited, with a time that is no time."""

    status_code = 429
    retry_after = float("nan")


def fail(error: BaseException | type[BaseException]) -> Callable[..., Any]:
    def act(*_: object, **__: object) -> Any:
        raise error

    return act


def unspeakable(*_: object) -> None:
    raise Unspeakable


def endless(*_: object) -> Any:
    return endless()


def cyclic() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


def deep() -> list[Any]:
    made: list[Any] = []
    for _ in range(5000):
        made = [made]
    return made


def hang(*_: object) -> None:
    WAIT.wait()


def chained(*_: object) -> None:
    first = ValueError("first")
    second = ValueError("second")
    first.__cause__, second.__cause__ = second, first
    raise first


def leave_thread(*_: object) -> None:
    import _thread

    _thread.exit()


def mark(**fields: Any) -> None:
    steelyard.update_current_trace(**fields)


FAILS: Mapping[str, tuple[Callable[[], Any], str]] = {
    "raises": (fail(ValueError("poisoned")), "poisoned"),
    "raises nothing to say": (fail(ValueError()), "ValueError"),
    "raises what cannot be told": (unspeakable, "Unspeakable"),
    "raises half a character": (fail(ValueError("a\ud83db")), "ValueError"),
    "raises a NUL": (fail(ValueError("a\x00b")), "ValueError"),
    "raises 5 MB": (fail(ValueError("x" * 5_000_000)), "ValueError"),
    "raises a group": (fail(ExceptionGroup("many", [ValueError("poisoned"), KeyError("k")])), "many"),
    "raises in a circle": (chained, "first"),
    "raises a false rate limit": (fail(Spiteful("slow down")), "slow down"),
    "raises a timeout": (fail(TimeoutError("too late")), "too late"),
    "raises stop iteration": (fail(StopIteration("over")), "over"),
    "raises stop async iteration": (fail(StopAsyncIteration("over")), "over"),
    "raises memory error": (fail(MemoryError("no room")), "no room"),
    "raises assertion": (fail(AssertionError("not so")), "not so"),
    "recurses": (endless, "RecursionError"),
    "exits": (lambda: sys.exit(3), "SystemExit"),
    "exits with words": (lambda: sys.exit("usage: wrong"), "usage: wrong"),
    "leaves its thread": (leave_thread, "SystemExit"),
    "raises generator exit": (fail(GeneratorExit("gone")), "GeneratorExit"),
    "raises base exception": (fail(BaseException("base")), "base"),
    "raises cancelled": (fail(asyncio.CancelledError("gave up")), "CancelledError"),
    "hangs": (hang, "no "),
}
"""What a function or a scorer does instead of returning, and a piece of what is said of it."""

ODD_OUTPUTS: Mapping[str, Callable[[], Any]] = {
    "object": object,
    "lock": threading.Lock,
    "function": lambda: hang,
    "generator": lambda: (n for n in range(3)),
    "NaN": lambda: float("nan"),
    "infinity": lambda: {"x": [float("inf"), float("-inf")]},
    "5 MB": lambda: "x" * 5_000_000,
    "half a character": lambda: "a\ud83db",
    "NUL": lambda: "a\x00b",
    "bytes": lambda: b"\xff\x00",
    "circle": cyclic,
    "depth": deep,
    "odd keys": lambda: {1: "a", None: "b", (1, 2): "c", "\ud83d": "d"},
    "huge integer": lambda: 10**5000,
    "integer of 64 bits": lambda: 2**64,
    "minus zero": lambda: -0.0,
    "sulking": Sulking,
    "type": lambda: int,
    "own wrapper": lambda: {"$steelyard": "NaN"},
    "set": lambda: {1, "a"},
}
"""What a function may return though nobody expects it."""

ODD_VERDICTS: Mapping[str, tuple[Callable[[], Any], bool]] = {
    "NaN": (lambda: float("nan"), False),
    "infinity": (lambda: float("inf"), False),
    "huge integer": (lambda: 10**5000, False),
    "object": (object, False),
    "sulking": (Sulking, False),
    "bytes": (lambda: b"yes", False),
    "circle": (cyclic, False),
    "control in a name": (lambda: Feedback(name="a\nb", value=True), False),
    "root": (lambda: {"/etc/passwd": True}, False),
    "half a key": (lambda: {"\ud83d": True}, False),
    "empty name": (lambda: {"": 1.0}, False),
    "name of a path": (lambda: Feedback(name="../../x", value=True), False),
    "long name": (lambda: Feedback(name="x" * 1000, value=True), False),
    "name with NUL": (lambda: Feedback(name="a\x00b", value=True), False),
    "name with half a character": (lambda: Feedback(name="a\ud83d", value=True), False),
    "name of spaces": (lambda: Feedback(name="  ", value=True), False),
    "name that is none": (lambda: Feedback(name=7, value=True), False),  # type: ignore[arg-type]
    "metadata that is no JSON": (lambda: Feedback(name="poisoned", value=True, metadata={"x": object()}), False),
    "metadata in a circle": (lambda: Feedback(name="poisoned", value=True, metadata={"x": cyclic()}), False),
    "rationale that is no text": (lambda: Feedback(name="poisoned", value=True, rationale=object()), False),  # type: ignore[arg-type]
    "span id of 1000": (lambda: Feedback(name="poisoned", value=True, span_id="x" * 1000), False),
    "rationale of 5 MB": (lambda: Feedback(name="poisoned", value=True, rationale="x" * 5_000_000), True),
    "rationale with NUL": (lambda: Feedback(name="poisoned", value=True, rationale="\x00\ud83d"), True),
}
"""What a scorer may return, and whether that is a verdict."""

ODD_WORDS = (
    "",
    " ",
    "a\x00b",
    "\ud83d",
    "x" * 300,
    "../../x",
    "/root",
    "\n",
    "nan",
    "NaN",
    "yes",
    "None",
    "0",
    "a/b",
    "\u202e",
    "=1+1",
)
"""Words that a scorer of categories may say."""

ODD_INPUTS: Mapping[str, Any] = {
    "NUL": "a\x00b",
    "half a character": "\ud83d",
    "private mark": "\ue000json:{",
    "own wrapper": {"$steelyard": "[1"},
    "5 MB": "x" * 5_000_000,
    "empty keys": {"": {"": [None, [], {}]}},
    "2**53 + 1": 2**53 + 1,
    "2**70": 2**70,
    "tiny": 5e-324,
    "minus zero": -0.0,
    "keys of a class": {"__class__": "x", "__proto__": "y", "constructor": 1},
    "depth 90": eval("[" * 90 + "]" * 90),
    "right to left": "\u202eabc\u2066",
    "long key": {"k" * 10_000: 1},
    "thousand keys": {str(n): n for n in range(1000)},
}
"""What a row's input may hold, being legal JSON or what Python makes of it."""
