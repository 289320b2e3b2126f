"""What can be asked of a store over HTTP, derived from the ports: they are the only place where a method is declared.

POST /api/steelyard/1/{noun}/{method}   arguments by name, as MessagePack or JSON; the answer likewise
PUT, GET /api/steelyard/1/artifacts/content?run_id=…&path=…   the bytes of an artifact
GET /api/steelyard   which versions are spoken
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from steelyard.records.ports import Store
from steelyard.store.remote.shapes import Shape, shape_of

ROOT = "/api/steelyard"
PROTOCOL = 1
CALLS = f"{ROOT}/{PROTOCOL}"
CONTENT = f"{CALLS}/artifacts/content"

MSGPACK = "application/msgpack"
JSON = "application/json"
STREAM = "application/vnd.steelyard.stream"
END_OF_STREAM = 0  # a frame's length; other frames are four bytes of length and a value
ERROR_IN_STREAM = 0xFFFF_FFFF  # an error's frame follows

PROTOCOL_HEADER = "Steelyard-Protocol"  # of a server: all that it speaks, such as "1, 2"
VERSION_HEADER = "Steelyard-Version"
BOOT_HEADER = "Steelyard-Boot"  # names one life of a server's process
KEY_HEADER = "Idempotency-Key"
DIGEST_HEADER = "Steelyard-Sha256"

_READS = {  # methods of these names change nothing, whatever their noun
    *("get", "find", "search", "count", "keys", "list", "walk", "stat", "read", "size", "history", "metric_history"),
    *("infos", "spans", "outline", "span", "windows", "span_of_time", "facets", "sessions", "users", "losses"),
    *("sample", "backlog", "retention", "unfinished", "state", "predictions", "verdicts", "versions"),
    *("preview", "schema", "statements", "runs", "part", "table"),
    *("records", "record", "diff", "items", "item", "reviewed", "answers"),
    *("readings",),
    *("models", "numbers", "coverage", "rows", "sample"),
    *("backfills", "standing", "days", "names"),
    *("rule", "find_rule", "rules", "alarm", "alarms", "events", "silences", "channels", "deliveries"),
}
_REPEATABLE = {  # done twice, they leave what they leave when done once, and answer the same
    *("experiments.set_tag", "experiments.delete", "experiments.restore", "experiments.rename"),
    *("runs.update", "runs.delete", "runs.restore", "runs.log_batch", "runs.log_inputs"),
    *("estimates.put", "artifacts.put_derived", "answers.put", "ledgers.commit", "ledgers.finish"),
    *("traces.put", "traces.arrive", "traces.update", "traces.link"),
    *("datasets.set_tags", "datasets.delete_tag", "datasets.add_to_experiments", "datasets.remove_from_experiments"),
    *("datasets.put_part", "datasets.set_schema"),
    *(
        "label_schemas.update",
        "reviews.update",
        "reviews.assign",
        "reviews.answer",
        "reviews.set_status",
        "reviews.next",
    ),
    *("scorers.register", "scorers.note"),
    *("predictions.open",),
    *("monitors.start", "monitors.update", "monitors.cancel_backfill", "monitors.hold"),
    *("monitors.commit", "monitors.put_back", "monitors.renew", "monitors.plan"),
    *("anchors.update", "anchors.ask", "anchors.put", "anchors.finish"),
    *("alarms.update_rule", "alarms.put_channel", "alarms.end_silence"),
    *("upkeep.work", "upkeep.set_retention", "upkeep.compact"),
}
_NEVER = {"alarms.claim_deliveries"}  # what it returns holds secrets, which no client is given
_DIVISIBLE = {"traces.put": "traces", "traces.arrive": "arrivals", "ledgers.commit": "entries"}


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a port.

    Args:
        noun: the port's name in the store, such as ``runs``.
        name: the method's.
        signature: without ``self``.
        parameters: the shapes of its arguments, by name.
        result: the shape of what it returns, or of each item if it ``streams``.
        streams: whether it returns items one by one.
        once: whether doing it twice would be noticed, so that a repeated request needs a key.
        divisible: the argument that may be sent in parts, if there is one.
    """

    noun: str
    name: str
    signature: inspect.Signature
    parameters: Mapping[str, Shape]
    result: Shape
    streams: bool
    once: bool
    divisible: str = ""

    @property
    def address(self) -> str:
        """Its path on the server, from the server's own prefix."""
        return f"{CALLS}/{self.noun}/{self.name}"

    @property
    def full_name(self) -> str:
        """Such as ``runs.create``."""
        return f"{self.noun}.{self.name}"


@cache
def nouns() -> Mapping[str, type]:
    """Return the ports of a store by their names in it."""
    found = {
        name: get_type_hints(member.fget).get("return")
        for name, member in vars(Store).items()
        if isinstance(member, property) and member.fget is not None
    }
    return {name: port for name, port in found.items() if isinstance(port, type) and port is not str}


@cache
def methods(noun: str) -> Mapping[str, Method]:
    """Return a port's methods by name, without those that hand over files."""
    port = nouns()[noun]
    found = {name: member for name, member in vars(port).items() if inspect.isfunction(member) and name[0] != "_"}
    hints = {name: get_type_hints(member) for name, member in found.items()}
    files = {name for name, told in hints.items() if any(_speaks_of_files(hint) for hint in told.values())}
    if noun == "artifacts":
        files.add("read")
    kept = (name for name in found if name not in files and f"{noun}.{name}" not in _NEVER)
    return {name: _method(noun, name, found[name], hints[name]) for name in kept}


def _method(noun: str, name: str, function: Any, hints: Mapping[str, Any]) -> Method:
    signature = inspect.signature(function)
    parameters = [parameter for parameter in signature.parameters.values() if parameter.name != "self"]
    result = hints.get("return", type(None))
    streams = get_origin(result) is Iterable
    full = f"{noun}.{name}"
    return Method(
        noun=noun,
        name=name,
        signature=signature.replace(parameters=parameters),
        parameters={parameter.name: shape_of(hints[parameter.name]) for parameter in parameters},
        result=shape_of(get_args(result)[0] if streams else result),
        streams=streams,
        once=name not in _READS and full not in _REPEATABLE,
        divisible=_DIVISIBLE.get(full, ""),
    )


def _speaks_of_files(hint: Any) -> bool:
    return hint is Path or any(_speaks_of_files(inner) for inner in get_args(hint))
