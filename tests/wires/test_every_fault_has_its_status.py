from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from steelyard.errors import StoreUnavailable
from steelyard.wires.otlp import Intake, Limits
from steelyard.wires.otlp.http import TracesEndpoint

from .requests import RememberingStore, body_json, body_protobuf, span_json

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
ONE = body_json(span_json())


def zipped(body: bytes, kind: int) -> bytes:
    packer = zlib.compressobj(wbits=kind)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(PROTOBUF, body_protobuf(), id="protobuf"),
        pytest.param({"content-type": "application/x-protobuf; charset=utf-8"}, body_protobuf(), id="protobuf-charset"),
        pytest.param(JSON, ONE, id="json"),
        pytest.param({"content-type": "Application/JSON; charset=UTF-8"}, ONE, id="json-charset"),
        pytest.param({**JSON, "content-encoding": "gzip"}, gzip.compress(ONE), id="gzip"),
        pytest.param({**JSON, "content-encoding": "GZIP"}, gzip.compress(ONE), id="gzip-in-capitals"),
        pytest.param(
            {**JSON, "content-encoding": "gzip"},
            gzip.compress(ONE[:50]) + gzip.compress(b"") + gzip.compress(ONE[50:]),
            id="gzip-in-members",
        ),
        pytest.param({**JSON, "content-encoding": "gzip"}, gzip.compress(ONE) + bytes(512), id="gzip-filled-up"),
        pytest.param({**JSON, "content-encoding": "deflate"}, zlib.compress(ONE), id="deflate"),
        pytest.param({**JSON, "content-encoding": "deflate"}, zipped(ONE, -15), id="deflate-without-frame"),
        pytest.param({**JSON, "content-encoding": "identity"}, ONE, id="identity"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/traces", "/otel/v1/traces", "/api/public/otel/v1/traces"])
def test_what_is_sound_is_kept_and_answered_in_its_own_form(
    client: TestClient, remembering: RememberingStore, path: str, headers: dict[str, str], body: bytes
):
    answer = client.post(path, content=body, headers=headers)
    assert answer.status_code == 200
    is_json = "json" in headers["content-type"].lower()
    assert answer.headers["content-type"] == ("application/json" if is_json else "application/x-protobuf")
    assert answer.content == (b"{}" if is_json else b"")
    assert list(remembering.kept) == [(f"tr-{1:032x}", f"{1:016x}")]


@pytest.mark.parametrize(("headers", "empty"), [(PROTOBUF, b""), (JSON, b"{}")], ids=["protobuf", "json"])
@pytest.mark.parametrize("encoding", ["", "gzip"], ids=["plain", "gzip"])
def test_an_empty_body_is_a_request_of_no_spans(
    client: TestClient, remembering: RememberingStore, headers: dict[str, str], empty: bytes, encoding: str
):
    body = gzip.compress(b"") if encoding else b""
    answer = client.post("/v1/traces", content=body, headers={**headers, "content-encoding": encoding})
    assert (answer.status_code, answer.content) == (200, empty)
    assert remembering.calls == []


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        pytest.param(PROTOBUF, b"\xff\xff\xff", 400, id="damaged-protobuf"),
        pytest.param(PROTOBUF, body_protobuf()[:-3], 400, id="cut-protobuf"),
        pytest.param(PROTOBUF, ONE, 400, id="json-as-protobuf"),
        pytest.param(JSON, ONE[:-2], 400, id="cut-json"),
        pytest.param(JSON, body_protobuf(), 400, id="protobuf-as-json"),
        pytest.param(JSON, b"[" * 100_000, 400, id="deep-json"),
        pytest.param(JSON, b'{"resourceLogs": 7, "resourceSpans": 3}', 400, id="another-shape"),
        pytest.param({**JSON, "content-encoding": "gzip"}, ONE, 400, id="not-gzip"),
        pytest.param({**JSON, "content-encoding": "gzip"}, gzip.compress(ONE)[:-9], 400, id="cut-gzip"),
        pytest.param({**JSON, "content-encoding": "gzip"}, gzip.compress(ONE) + b"more", 400, id="gzip-and-more"),
        pytest.param(
            {**JSON, "content-encoding": "gzip"}, gzip.compress(gzip.compress(ONE)), 400, id="gzip-within-gzip"
        ),
        pytest.param({**JSON, "content-encoding": "gzip"}, gzip.compress(b"") * 5000, 400, id="endless-members"),
        pytest.param({**JSON, "content-encoding": "deflate"}, zlib.compress(ONE) * 2, 400, id="deflate-twice"),
        pytest.param({**JSON, "content-encoding": "br"}, ONE, 415, id="brotli"),
        pytest.param({**JSON, "content-encoding": "gzip, gzip"}, ONE, 415, id="two-encodings"),
        pytest.param({"content-type": "text/plain"}, ONE, 415, id="text"),
        pytest.param({"content-type": "application/grpc"}, ONE, 415, id="grpc"),
        pytest.param({}, ONE, 415, id="no-type"),
        pytest.param(JSON, b" " * 10_001, 413, id="long"),
        pytest.param({**JSON, "content-encoding": "gzip"}, gzip.compress(b" " * 10_001), 413, id="long-inflated"),
        pytest.param({**JSON, "x-steelyard-experiment-id": "99"}, ONE, 400, id="unknown-experiment"),
        pytest.param({**JSON, "x-mlflow-experiment-id": "nan"}, ONE, 400, id="no-experiment's-id"),
        pytest.param({**JSON, "x-steelyard-experiment": "gone"}, ONE, 400, id="deleted-experiment"),
        pytest.param({**JSON, "x-mlflow-run-id": "0" * 32}, ONE, 400, id="unknown-run"),
    ],
)
def test_what_is_not_sound_is_refused_for_good(
    serve: Callable[..., TestClient],
    remembering: RememberingStore,
    headers: dict[str, str],
    body: bytes,
    status: int,
):
    client = serve(body_bytes=10_000, waiting_bytes=200_000) if status == 413 else serve()
    answer = client.post("/v1/traces", content=body, headers=headers)
    assert answer.status_code == status
    assert "retry-after" not in answer.headers
    assert remembering.calls == []
    if "protobuf" in headers.get("content-type", ""):
        assert answer.headers["content-type"] == "application/x-protobuf"
        assert answer.content.startswith(b"\x08\x03\x12")  # google.rpc.Status: code 3, then the message
    else:
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["code"] == 3
        assert answer.json()["message"]
    assert client.post("/v1/traces", content=ONE, headers=JSON).status_code == 200  # the next is served


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_post_is_taken(client: TestClient, method: str):
    answer = client.request(method, "/v1/traces")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "problem",
    [StoreUnavailable("The disk is full."), OSError(5, "input/output error"), MemoryError(), RuntimeError("a fault")],
    ids=["unavailable", "os-error", "memory", "fault-of-ours"],
)
@pytest.mark.parametrize(("headers", "body"), [(PROTOBUF, body_protobuf()), (JSON, ONE)], ids=["protobuf", "json"])
def test_what_may_pass_is_to_be_sent_again(
    client: TestClient, remembering: RememberingStore, problem: Exception, headers: dict[str, str], body: bytes
):
    def fail(_: object) -> None:
        raise problem

    remembering.refuse = fail
    answer = client.post("/v1/traces", content=body, headers=headers)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    if headers is JSON:
        status = answer.json()
        assert status["code"] == 14
        assert status["details"][0]["@type"] == "type.googleapis.com/google.rpc.RetryInfo"
    else:
        assert answer.content.startswith(b"\x08\x0e\x12")
        assert b"google.rpc.RetryInfo" in answer.content
    remembering.refuse = lambda _: None
    assert client.post("/v1/traces", content=body, headers=headers).status_code == 200


def test_a_store_that_is_away_when_experiments_are_looked_up_is_no_fault_of_the_data(
    client: TestClient, remembering: RememberingStore, monkeypatch: pytest.MonkeyPatch
):
    def away(name: str) -> None:
        raise StoreUnavailable("The server is away.")

    monkeypatch.setattr(remembering, "find", away)
    answer = client.post("/v1/traces", content=ONE, headers={**JSON, "x-steelyard-experiment": "shop"})
    assert (answer.status_code, answer.json()["code"]) == (503, 14)


@pytest.mark.parametrize("length", ["twelve", "-1", "1" * 30], ids=["word", "negative", "huge"])
def test_a_length_that_is_none_is_refused_before_the_body_is_read(remembering: RememberingStore, length: str):
    answer = asyncio.run(_spoken(remembering, [], {"content-length": length}))
    assert answer[0] == 400


def test_a_body_that_is_declared_too_long_is_refused_before_it_is_read(remembering: RememberingStore):
    status, headers = asyncio.run(_spoken(remembering, [], {"content-length": str(2**40)}))
    assert (status, headers["connection"]) == (413, "close")


def test_a_body_that_does_not_come_is_given_up(remembering: RememberingStore):
    pieces = [{"type": "http.request", "body": b'{"resou', "more_body": True}]
    status, headers = asyncio.run(_spoken(remembering, pieces, {}, read_seconds=0.01))
    assert (status, headers["connection"]) == (408, "close")


def test_a_body_without_end_is_cut_at_the_limit(remembering: RememberingStore):
    pieces = [{"type": "http.request", "body": bytes(1000), "more_body": True}] * 12
    status, headers = asyncio.run(_spoken(remembering, pieces, {"transfer-encoding": "chunked"}, body_bytes=10_000))
    assert (status, headers["connection"]) == (413, "close")


def test_a_sender_that_goes_away_leaves_its_place(remembering: RememberingStore):
    pieces = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    with pytest.raises(IndexError):  # nothing was answered
        asyncio.run(_spoken(remembering, pieces, {}))


async def _spoken(
    store: RememberingStore, pieces: list[dict[str, object]], more: dict[str, str], **limits: float
) -> tuple[int, dict[str, str]]:
    """Speak ASGI to the endpoint; when the pieces are over, nothing more comes."""
    intake, left, sent = Intake(store, limits=Limits(**limits)), list(pieces), []  # type: ignore[arg-type]

    async def receive() -> dict[str, object]:
        if left:
            return left.pop(0)
        return await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in {**JSON, **more}.items()]
    await TracesEndpoint(intake)({"type": "http", "method": "POST", "headers": headers}, receive, send)  # type: ignore[arg-type]
    assert intake.waiting == 0
    intake.close()
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_a_sender_of_a_little_too_much_is_heard_out_so_that_it_reads_the_answer(remembering: RememberingStore):
    pieces = [{"type": "http.request", "body": bytes(1000), "more_body": n < 12} for n in range(1, 13)]
    status, headers = asyncio.run(_spoken(remembering, pieces, {"content-length": "12000"}, body_bytes=10_000))
    assert (status, headers.get("connection")) == (413, None)
