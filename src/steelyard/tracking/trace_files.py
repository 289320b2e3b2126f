"""Traces out into files, and back in: OpenTelemetry's JSON, Parquet, and rows that an evaluation reads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, get_args

import msgspec

from steelyard.errors import DataError, InvalidArgument, UnreadableFile
from steelyard.records import SESSION_KEY, USER_KEY, Arrival, Span, Store, Trace, TraceInfo
from steelyard.tracing import flush as flush_traces
from steelyard.tracking.experiments import active_experiment_id
from steelyard.tracking.stores import get_store
from steelyard.tracking.trace_reading import with_spans

if TYPE_CHECKING:
    import pyarrow as pa

TraceFormat = Literal["otlp-json", "parquet", "rows"]
_BY_SUFFIX: dict[str, TraceFormat] = {".json": "otlp-json", ".jsonl": "otlp-json", ".parquet": "parquet"}
_PAGE = 100  # traces that are held at a time
_LONGEST_LINE = 64 * 2**20


def export_traces(
    path: str | os.PathLike[str],
    filter_string: str = "",
    *,
    experiment_ids: Sequence[str] | None = None,
    run_id: str | None = None,
    format: TraceFormat | None = None,  # noqa: A002 - the word that everyone uses
    overwrite: bool = False,
) -> int:
    """Write traces with their spans into a file.

    Args:
        path: the file; it is there whole or not at all.
        filter_string: which traces, in the language of :func:`search_traces`.
        experiment_ids: the experiments to look in; the active one unless told, and with a ``run_id`` all of them.
        run_id: only the traces of this run.
        format: ``otlp-json`` (a request of OpenTelemetry's JSON a line, as its collector writes files), ``parquet``
            (a span a row) or ``rows`` (JSON lines of inputs, outputs and expectations, which ``genai.evaluate`` reads);
            by the ending of ``path`` unless told: ``.json`` and ``.jsonl`` mean OpenTelemetry's.
        overwrite: put it in the place of a file that is there.

    Returns:
        How many traces were written.

    Raises:
        InvalidArgument: the format is unknown, or a file is there.
        FilterError: the filter does not parse.
    """
    target = Path(path)
    chosen = format or _BY_SUFFIX.get(target.suffix.lower())
    if chosen is None or chosen not in get_args(TraceFormat):
        said = f"format={format!r}" if format else f"the ending of {target.name!r}"
        raise InvalidArgument(f"Traces are written as {', '.join(get_args(TraceFormat))}; {said} names none of these.")
    if target.exists() and not overwrite:
        raise InvalidArgument(f"{target} is there already. Name another file, or say overwrite=True.")
    if not target.parent.is_dir():
        raise InvalidArgument(f"The folder {target.parent} does not exist. Make it first.")
    flush_traces()
    ids = [str(one) for one in experiment_ids or ()] or ([] if run_id else [active_experiment_id()])
    pages = pages_of(get_store(), ids, filter_string, run_id=run_id)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as sink:
            written = write_traces(get_store(), pages, sink, format=chosen)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def import_traces(path: str | os.PathLike[str], *, experiment_id: str | None = None) -> int:
    """Read traces from a file of OpenTelemetry's JSON, as ``export_traces`` and OpenTelemetry's collector write it.

    Reading a file twice changes nothing: a span that is there is replaced by itself.

    Args:
        path: a request of OTLP a line, or one request in all.
        experiment_id: where the traces go; the active experiment unless told.

    Returns:
        How many spans were read.

    Raises:
        UnreadableFile: a line is no request of OTLP; what stands before it has been read.
        DataError: spans were refused; the others are kept.
    """
    from steelyard.tracing.otlp import decode

    place = experiment_id or active_experiment_id()
    taken, refused = 0, []
    for number, line in _lines(Path(path)):
        try:
            decoded = decode(line, json=True)
        except InvalidArgument as error:
            raise UnreadableFile(f"Line {number} of {path} is no OpenTelemetry trace: {error}") from error
        refused += [f"{one.span} on line {number}: {one.reason}" for one in decoded.rejected]
        get_store().traces.arrive(
            [
                Arrival(
                    trace_id=part.trace_id,
                    experiment_id=place,
                    spans=part.spans,
                    metadata=part.metadata,
                    tags=part.tags,
                    assessments=part.assessments,
                )
                for part in decoded.parts
            ]
        )
        taken += decoded.n_spans - len(decoded.rejected)
    if refused:
        more = f"; and {len(refused) - 5} more" if len(refused) > 5 else ""
        raise DataError(f"{taken} spans were read, {len(refused)} refused: {'; '.join(refused[:5])}{more}.")
    return taken


def pages_of(
    store: Store, experiment_ids: Sequence[str], filter_string: str = "", *, run_id: str | None = None
) -> Iterator[tuple[TraceInfo, ...]]:
    """Yield the matching traces page by page, newest first."""
    token = None
    while True:
        page = store.traces.search(experiment_ids, filter_string, max_results=_PAGE, page_token=token, run_id=run_id)
        if page.items:
            yield tuple(page.items)
        token = page.token
        if token is None:
            return


def pages_of_ids(store: Store, trace_ids: Sequence[str]) -> Iterator[tuple[TraceInfo, ...]]:
    """Yield those of the traces that exist, page by page, in the order given."""
    for start in range(0, len(trace_ids), _PAGE):
        found = store.traces.infos(trace_ids[start : start + _PAGE])
        if found:
            yield tuple(found.values())


def write_traces(
    store: Store,
    pages: Iterable[Sequence[TraceInfo]],
    sink: BinaryIO,
    *,
    format: TraceFormat,  # noqa: A002
) -> int:
    """Write traces with their spans to an open file, never holding more than a page; return how many."""
    if format == "parquet":
        return _write_parquet(store, pages, sink)
    written = 0
    for page in pages:
        for trace in with_spans(store, page):
            if format == "rows":
                sink.write(msgspec.json.encode(row_of(trace), enc_hook=str) + b"\n")
            else:
                sink.write(_request(trace) + b"\n")
            written += 1
    return written


def row_of(trace: Trace) -> dict[str, Any]:
    """Return a trace as a row of an evaluation: inputs, outputs, and what people expected of it.

    Inputs that are no mapping stand under ``input``.
    """
    inputs = trace.inputs
    row: dict[str, Any] = {
        "inputs": inputs if isinstance(inputs, dict) else {"input": inputs},
        "outputs": trace.outputs,
        "tags": {"trace_id": trace.info.trace_id},
    }
    expectations = {one.name: one.value for one in trace.info.assessments if one.kind == "expectation" and one.valid}
    return {**row, "expectations": expectations} if expectations else row


def _request(trace: Trace) -> bytes:
    from steelyard.tracing.otlp import encode_json

    return encode_json([_with_facts(span, trace.info) for span in trace.data.spans])


def _with_facts(span: Span, info: TraceInfo) -> Span:
    """Let a root tell its session and user, where they are known of the trace and not told by the span."""
    if span.parent_id is not None:
        return span
    facts = {"session.id": info.trace_metadata.get(SESSION_KEY), "user.id": info.trace_metadata.get(USER_KEY)}
    told = {key: value for key, value in facts.items() if value is not None and key not in span.attributes}
    return replace(span, attributes={**span.attributes, **told}) if told else span


def _write_parquet(store: Store, pages: Iterable[Sequence[TraceInfo]], sink: BinaryIO) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(pa)
    written = 0
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for page in pages:
            traces = with_spans(store, page)
            rows = [_span_record(trace.info, span) for trace in traces for span in trace.data.spans]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            written += len(traces)
    return written


def _schema(arrow: Any) -> pa.Schema:
    text, whole, real = arrow.string(), arrow.int64(), arrow.float64()
    moment = arrow.timestamp("ns", tz="UTC")
    fields = {
        **dict.fromkeys(("trace_id", "span_id", "parent_id", "experiment_id", "trace_name", "trace_state"), text),
        **dict.fromkeys(("session", "user", "name", "type", "kind", "status", "status_description", "model"), text),
        "start_time": moment,
        "end_time": moment,
        "duration_ms": real,
        **dict.fromkeys(("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"), whole),
        "reasoning_tokens": whole,
        "cost": real,
        **dict.fromkeys(("inputs", "outputs", "attributes", "events", "links", "resource"), text),
        **dict.fromkeys(("scope", "scope_version", "tags", "assessments"), text),
    }
    return arrow.schema(list(fields.items()))


def _span_record(info: TraceInfo, span: Span) -> dict[str, Any]:
    usage, end, origin = span.usage, span.end_time_ns, span.origin
    root = span.parent_id is None
    return {
        "trace_id": info.trace_id,
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "experiment_id": info.experiment_id,
        "trace_name": info.name,
        "trace_state": info.state,
        "session": info.session,
        "user": info.user,
        "name": span.name,
        "type": span.span_type,
        "kind": span.kind,
        "status": span.status.status_code,
        "status_description": span.status.description,
        "model": span.model,
        "start_time": span.start_time_ns,
        "end_time": end,
        "duration_ms": None if end is None else (end - span.start_time_ns) / 1e6,
        "input_tokens": usage and usage.input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "cache_read_tokens": usage and usage.cache_read_tokens,
        "cache_write_tokens": usage and usage.cache_write_tokens,
        "reasoning_tokens": usage and usage.reasoning_tokens,
        "cost": usage and usage.cost,
        "inputs": _json(span.inputs),
        "outputs": _json(span.outputs),
        "attributes": _json(span.attributes or None),
        "events": _json(span.events or None),
        "links": _json(span.links or None),
        "resource": _json(origin.resource) if origin else None,
        "scope": origin.scope if origin else None,
        "scope_version": origin.version if origin else None,
        "tags": _json(info.tags or None) if root else None,  # of the trace: on its root alone
        "assessments": _json(info.assessments or None) if root else None,
    }


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value, enc_hook=str).decode(errors="replace")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the requests of a file with the numbers of their lines: one a line, or all of it if it is one document."""
    try:
        with path.open("rb") as file:
            first = file.readline(_LONGEST_LINE)
            whole = first.rstrip() in (b"{", b"") or (first.lstrip().startswith(b"{") and not _is_json(first))
            if whole:
                yield 1, first + file.read()
                return
            yield 1, first
            for number, line in enumerate(file, start=2):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error.strerror or error}.") from error


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return True
