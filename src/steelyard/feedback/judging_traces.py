"""Which traces are looked at, and reading them from a store without holding more than is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.records import Span, Store, Trace, TraceInfo

AT_ONCE = 2000
SPANS_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceChoice:
    """Some traces: given ones, those of a run, or those of experiments that a filter keeps.

    Args:
        trace_ids: these and no others.
        run_id: those of a run.
        experiment_ids, filter_string: as for ``search_traces``; with a run, the filter narrows its traces.
    """

    trace_ids: tuple[str, ...] = ()
    run_id: str = ""
    experiment_ids: tuple[str, ...] = ()
    filter_string: str = ""

    def infos(self, store: Store) -> Iterator[TraceInfo]:
        """Yield them with their assessments, always in the same order for the same traces."""
        if self.trace_ids:
            for some in _parts(self.trace_ids):
                yield from store.traces.infos(some).values()
            return
        token: str | None = None
        while True:
            page = store.traces.search(
                self.experiment_ids,
                self.filter_string,
                max_results=AT_ONCE,
                page_token=token,
                run_id=self.run_id or None,
            )
            yield from page.items
            token = page.token
            if not token:
                return


def choose(
    traces: Sequence[Trace | TraceInfo | str] | None,
    *,
    run_id: str | None,
    experiment_ids: Sequence[str],
    filter_string: str,
) -> TraceChoice:
    """Return the choice that a caller made.

    Raises:
        InvalidArgument: nothing was chosen, or in more than one way.
    """
    ways = [bool(traces is not None), bool(run_id), bool(experiment_ids)]
    if sum(ways) != 1:
        raise InvalidArgument(
            "Say which traces are meant in one way: traces=, run_id=, or experiment_ids= (with a filter_string)."
        )
    if isinstance(experiment_ids, str):
        raise InvalidArgument("experiment_ids is a list of ids, not a text.")
    if traces is None:
        return TraceChoice(run_id=run_id or "", experiment_ids=tuple(experiment_ids), filter_string=filter_string)
    if filter_string:
        raise InvalidArgument("filter_string narrows a run or experiments; traces= are taken as they are.")
    ids = tuple(dict.fromkeys(_trace_id(trace) for trace in traces))
    if not ids:
        raise InvalidArgument("traces is empty.")
    return TraceChoice(trace_ids=ids)


def spans_of(store: Store, trace_ids: Sequence[str]) -> Iterator[tuple[str, tuple[Span, ...]]]:
    """Yield the spans of traces, some traces at a time."""
    for some in _parts(trace_ids, SPANS_AT_ONCE):
        yield from store.traces.spans(some).items()


def output_length(spans: Sequence[Span]) -> int | None:
    """Return how many characters the answer has: those of a text, else of its JSON; None without an answer."""
    root = next((span for span in spans if span.parent_id is None), spans[0] if spans else None)
    if root is None or root.outputs is None:
        return None
    return len(root.outputs) if isinstance(root.outputs, str) else len(json.dumps(root.outputs, default=str))


def row_keys(info: TraceInfo, spans: Sequence[Span]) -> dict[str, str]:
    """Return what a trace can be sliced by: its tags, ``model``, ``run``, ``name``, ``user``, and short inputs."""
    keys = {key: value for key, value in info.tags.items() if not key.startswith("mlflow.")}
    models = sorted({span.model for span in spans if span.model})
    facts = {"model": ", ".join(models), "run": info.run_id or "", "name": info.name, "user": info.user or ""}
    root = next((span for span in spans if span.parent_id is None), None)
    inputs = root.inputs if root is not None and isinstance(root.inputs, Mapping) else {}
    short = {f"inputs.{key}": str(value) for key, value in inputs.items() if _is_short(value)}
    return {**short, **{key: value for key, value in facts.items() if value}, **keys}


def _is_short(value: Any) -> bool:
    return isinstance(value, (bool, int)) or (isinstance(value, str) and 0 < len(value) <= 64)


def _trace_id(trace: Trace | TraceInfo | str) -> str:
    if isinstance(trace, Trace):
        return trace.info.trace_id
    return trace if isinstance(trace, str) else trace.trace_id


def _parts(values: Sequence[str], size: int = AT_ONCE) -> Iterator[list[str]]:
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part
