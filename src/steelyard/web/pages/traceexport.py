"""``/traces/export``: traces as a file, of what a list shows or of those that were ticked, never held whole."""

from __future__ import annotations

import io
import logging
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import BinaryIO
from urllib.parse import quote

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import Store, TraceInfo
from steelyard.tracking.trace_files import TraceFormat, pages_of, pages_of_ids, write_traces
from steelyard.web.pages import store_of
from steelyard.web.pages.traces import Place, now_ms, place_of
from steelyard.web.tracepicking import picked_traces
from steelyard.web.traceview import read_view

_log = logging.getLogger("steelyard.web")
_KINDS: dict[str, tuple[TraceFormat, str, str]] = {
    "otlp-json": ("otlp-json", "otlp.jsonl", "application/jsonl"),
    "parquet": ("parquet", "parquet", "application/vnd.apache.parquet"),
    "rows": ("rows", "rows.jsonl", "application/jsonl"),
}
_BLOCK = 1 << 18
_TOGETHER = 10  # traces of one piece of the answer

Pages = Iterable[Sequence[TraceInfo]]


def download(request: Request) -> Response:
    """Hand out all traces that an address asks for."""
    store, query = store_of(request), request.query_params
    place = place_of(store, query)
    return _file(store, place, _matching(store, place, query), query.get("format", ""))


def download_picked(request: Request, form: FormData) -> Response:
    """Hand out the traces that were ticked, or all that match; not only the first 10,000 of these."""
    store, view = store_of(request), QueryParams(str(form.get("view", "")))
    place = place_of(store, view)
    if form.get("everything") == "yes":
        pages: Pages = _matching(store, place, view)
    else:
        pages = pages_of_ids(store, picked_traces(store, form, place.experiment_ids, now_ms=now_ms()).trace_ids)
    return _file(store, place, pages, str(form.get("format", "")))


def download_one(request: Request) -> Response:
    """Hand out one trace as a request of OpenTelemetry's JSON."""
    store, trace_id = store_of(request), request.path_params["trace_id"]
    infos = store.traces.infos([trace_id])
    if not infos:
        raise NotFound(f"There is no trace {trace_id!r}.")
    content = io.BytesIO()
    write_traces(store, [tuple(infos.values())], content, format="otlp-json")
    return Response(content.getvalue(), headers=_headers(f"{trace_id}.otlp.json"), media_type="application/json")


def _matching(store: Store, place: Place, query: QueryParams) -> Pages:
    view = read_view(query, now_ms=now_ms())
    return pages_of(store, place.experiment_ids, view.filter, run_id=place.run_id)


def _file(store: Store, place: Place, pages: Pages, kind: str) -> Response:
    if kind not in _KINDS:
        raise InvalidArgument(f"format={kind!r} is not known. Use {', '.join(_KINDS)}.")
    form, ending, media_type = _KINDS[kind]
    found = iter(pages)
    first = next(found, None)  # what is wrong with a filter comes out here, while there can still be an error page
    if first is None:
        raise InvalidArgument("No trace matches, so there is nothing to export.")
    every = chain([first], found)
    content = _parquet(store, every) if form == "parquet" else _logged(_lines(store, every, form))
    return StreamingResponse(content, media_type=media_type, headers=_headers(_name(place, ending)))


def _lines(store: Store, pages: Pages, form: TraceFormat) -> Iterator[bytes]:
    for page in pages:
        for start in range(0, len(page), _TOGETHER):
            piece = io.BytesIO()
            write_traces(store, [page[start : start + _TOGETHER]], piece, format=form)
            yield piece.getvalue()


def _logged(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Cut the answer off where something goes wrong, so that no part is taken for the whole; the log says why."""
    try:
        yield from pieces
    except GeneratorExit:
        raise
    except Exception:
        _log.exception("An export of traces was cut off")
        raise


def _parquet(store: Store, pages: Pages) -> Iterator[bytes]:
    """Write the file whole before its first byte is sent: its end says what is in it."""
    file = tempfile.TemporaryFile(prefix="steelyard-export-")  # noqa: SIM115  # closed by the generator that reads it
    try:
        write_traces(store, pages, file, format="parquet")
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return _blocks(file)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block


def _name(place: Place, ending: str) -> str:
    what = place.run_name or place.experiment_name or "all experiments"
    when = datetime.now(tz=UTC)
    return f"traces of {what} {when:%Y-%m-%d %H%M%S}.{ending}"


def _headers(name: str) -> dict[str, str]:
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-") or "traces"
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
