"""Traces as files from their list and their page: what the filter shows or what was ticked, in three formats."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from steelyard.records import Expectation, Store, Trace
from steelyard.server import create_app
from steelyard.tracing.otlp import decode
from steelyard.web.pages import traceexport

from .sample_traces import MINUTE, NOON, fill

N = 130  # more than a page of what is read at once


@pytest.fixture
def client(own_store: Store) -> Iterator[TestClient]:
    app = create_app(own_store)
    with TestClient(app, base_url="http://localhost", follow_redirects=False, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def made(own_store: Store) -> Sequence[Trace]:
    return fill(own_store, "0", N)


def ids_of_lines(content: bytes) -> list[str]:
    return [part.trace_id for line in content.splitlines() for part in decode(line, json=True).parts]


def ids(traces: Sequence[Trace]) -> list[str]:
    return [trace.info.trace_id for trace in traces]


def test_all_that_a_list_shows_is_exported_whatever_page_it_is_on(client: TestClient, made: Sequence[Trace]):
    view = {"experiment": "0", "where": "status = 'ERROR'", "start": str(NOON - 100 * MINUTE), "filter": "how"}
    listed = client.get(f"/traces.json?{urlencode({**view, 'max_results': '1000'})}").json()["traces"]
    answer = client.get(f"/traces/export?{urlencode({**view, 'format': 'otlp-json'})}")
    assert answer.status_code == 200
    assert ids_of_lines(answer.content) == [row["trace_id"] for row in listed]
    assert len(listed) > 2


def test_every_format_has_its_media_type_and_a_name_with_the_experiment(client: TestClient, made: Sequence[Trace]):
    for kind, media_type, ending in (
        ("otlp-json", "application/jsonl", ".otlp.jsonl"),
        ("parquet", "application/vnd.apache.parquet", ".parquet"),
        ("rows", "application/jsonl", ".rows.jsonl"),
    ):
        answer = client.get(f"/traces/export?experiment=0&format={kind}")
        assert answer.headers["content-type"].startswith(media_type)
        disposition = answer.headers["content-disposition"]
        assert disposition.startswith('attachment; filename="traces-of-Default-')
        assert disposition.endswith(ending)
        assert "sandbox" in answer.headers["content-security-policy"]


def test_parquet_holds_every_span(client: TestClient, made: Sequence[Trace]):
    table = pq.read_table(io.BytesIO(client.get("/traces/export?experiment=0&format=parquet").content))
    assert table.num_rows == 2 * N
    assert set(table["trace_id"].to_pylist()) == set(ids(made))


def test_rows_can_be_evaluated_with_what_people_expected(client: TestClient, own_store: Store, made: Sequence[Trace]):
    own_store.assessments.add([Expectation(name="expected_response", value="so", trace_id=made[0].info.trace_id)])
    content = client.get("/traces/export?experiment=0&format=rows").content
    rows = [json.loads(line) for line in content.splitlines()]
    assert len(rows) == N
    assert rows[0]["expectations"] == {"expected_response": "so"}
    assert rows[0]["inputs"] == made[0].inputs


def test_the_traces_that_were_ticked_are_exported(client: TestClient, made: Sequence[Trace]):
    chosen = ids(made)[7:11]
    form = {"traces": chosen, "view": "experiment=0", "format": "otlp-json"}
    assert sorted(ids_of_lines(client.post("/traces/export", data=form).content)) == sorted(chosen)
    every = {"everything": "yes", "view": "experiment=0&where=status+%3D+%27ERROR%27", "format": "otlp-json"}
    failed = [trace for trace in made if trace.info.state == "ERROR"]
    assert ids_of_lines(client.post("/traces/export", data=every).content) == ids(failed)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"format": "xml"}, "is not known"),
        ({"format": "rows", "filter": "status = 'NEVER'"}, "No trace matches"),
        ({"format": "parquet", "filter": "status = 'NEVER'"}, "No trace matches"),
        ({"format": "rows", "filter": "colour ="}, ""),
        ({"format": "rows", "start": "soon"}, "is no time"),
    ],
    ids=["format", "nothing", "nothing-parquet", "filter", "time"],
)
def test_an_export_that_cannot_be_made_is_an_error_page(
    query: dict[str, str], told: str, client: TestClient, made: Sequence[Trace]
):
    answer = client.get(f"/traces/export?{urlencode({'experiment': '0', **query})}")
    assert answer.status_code == 400
    assert told in answer.text
    assert "content-disposition" not in answer.headers
    assert client.get("/traces/export?experiment=77&format=rows").status_code == 404


def test_an_export_that_breaks_on_the_way_does_not_end_as_if_it_were_whole(
    client: TestClient, made: Sequence[Trace], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    written = traceexport.write_traces
    calls = []

    def breaking(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise OSError("the disk is gone")
        return written(*args, **kwargs)

    monkeypatch.setattr(traceexport, "write_traces", breaking)
    with pytest.raises(OSError, match="the disk is gone"), TestClient(client.app, base_url="http://localhost") as open_:
        open_.get("/traces/export?experiment=0&format=rows")
    assert "cut off" in caplog.text


def test_lines_are_read_and_sent_a_few_traces_at_a_time(
    own_store: Store, made: Sequence[Trace], monkeypatch: pytest.MonkeyPatch
):
    sizes = []
    written = traceexport.write_traces

    def counting(store, pages, sink, **kwargs):
        pages = list(pages)
        sizes.extend(len(page) for page in pages)
        return written(store, pages, sink, **kwargs)

    monkeypatch.setattr(traceexport, "write_traces", counting)
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        client.get("/traces/export?experiment=0&format=rows")
    assert sum(sizes) == N
    assert max(sizes) <= 10


def test_one_trace_is_downloaded_from_its_page(client: TestClient, made: Sequence[Trace]):
    trace_id = made[3].info.trace_id
    assert f"/traces/{trace_id}/otlp.json" in client.get(f"/traces/{trace_id}").text
    answer = client.get(f"/traces/{trace_id}/otlp.json")
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{trace_id}.otlp.json"')
    (part,) = decode(answer.content, json=True).parts
    assert part.trace_id == trace_id
    assert len(part.spans) == 2
    assert client.get("/traces/nobody/otlp.json").status_code == 404


def test_the_list_offers_the_exports(client: TestClient, made: Sequence[Trace]):
    page = client.get("/traces?experiment=0&where=status+%3D+%27OK%27").text
    for kind in ("otlp-json", "parquet", "rows"):
        assert f"format={kind}" in page
        assert f'value="{kind}"' in page
