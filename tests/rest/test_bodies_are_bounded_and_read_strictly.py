"""Whatever is sent gets a clear status and an error in words; memory stays bounded, and the next is served."""

from __future__ import annotations

import gzip
import http.client
import io
import json
import re
import tracemalloc
import zlib

import msgspec
import pytest
from tests.rest.running import Running

from steelyard.records import Metric
from steelyard.store.remote.protocol import methods, nouns

DEEP = 200_000


def post(server: Running, path: str, body: bytes | str, **headers: str) -> tuple[int, dict, http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    sent = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request("POST", f"/api/steelyard/1/{path}", body, sent)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    assert response.getheader("Steelyard-Protocol") == "1"
    return response.status, json.loads(content), response


def test_people_call_it_with_json(server: Running) -> None:
    status, run, _ = post(server, "runs/create", '{"experiment_id": "0", "run_name": "by curl"}')
    assert (status, run["info"]["run_name"]) == (200, "by curl")
    run_id = run["info"]["run_id"]
    points = [{"key": "loss", "value": 0.5, "step": 1}, {"key": "nan", "value": float("nan")}]
    assert post(server, "runs/log_batch", json.dumps({"run_id": run_id, "metrics": points}))[:2] == (200, None)
    assert server.store.runs.metric_history(run_id, "loss") == (Metric("loss", 0.5, 0, 1),)
    assert post(server, "search/search", '{"experiment_ids": ["0"], "filter_string": "metrics.loss < 1"}')[0] == 200


def test_the_greeting_says_which_protocols_are_spoken(server: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", "/api/steelyard")
    told = json.loads(connection.getresponse().read())
    connection.close()
    assert told["protocol"] == [1]
    assert re.match(r"\d+\.\d+", told["version"])


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("nothing/get", "{}", 404, "no noun 'nothing'"),
        ("runs/nothing", "{}", 404, "'runs' has no method 'nothing'"),
        ("runs/__init__", "{}", 404, "no method"),
        ("artifacts/local_path", "{}", 404, "no method"),
        ("runs/get", '{"run_id": "x", "more": 1}', 400, "no argument 'more'; it takes: run_id"),
        ("runs/get", "{}", 400, "needs the argument 'run_id'"),
        ("runs/get", '{"run_id": 7}', 400, "'run_id' cannot be used: Expected `str`, got `int`"),
        ("runs/log_batch", '{"run_id": "x", "metrics": [{"key": 1}]}', 400, "'metrics' cannot be used"),
        ("assessments/add", '{"assessments": [{"name": "x"}]}', 400, "kind"),
        ("runs/get", "[]", 400, "an object"),
        ("runs/get", "{", 400, "cannot be read as JSON"),
        ("runs/get", "[" * DEEP, 400, "cannot be read as JSON"),
        ("runs/get", '{"run_id": ' + "[" * 900 + "]" * 900 + "}", 400, "cannot be used"),
        ("runs/get", '{"run_id": "nobody"}', 404, "no run with id 'nobody'"),
    ],
    ids=lambda value: None if isinstance(value, str) and len(value) > 60 else str(value)[:40],
)
def test_what_cannot_be_answered_is_said(server: Running, path: str, body: str, status: int, says: str) -> None:
    found, told, _ = post(server, path, body)
    assert found == status, told
    assert says in told["message"]
    assert set(told) == {"error_code", "message", "type"}
    assert post(server, "experiments/get", '{"experiment_id": "0"}')[0] == 200


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\x91" * DEEP + b"\xc0", {"Content_Type": "application/msgpack"}, 400),
        (b"\xc1", {"Content_Type": "application/msgpack"}, 400),
        (b"\x81\xa6run_id\xc7\x01\x09x", {"Content_Type": "application/msgpack"}, 400),
        (b"\x81\xa6run_id\xc7\x02\x01zz", {"Content_Type": "application/msgpack"}, 400),
        (b"{}", {"Content_Type": "text/plain"}, 415),
        (b"a=1", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {"Content_Encoding": "br"}, 415),
        (b"no gzip", {"Content_Encoding": "gzip"}, 400),
        (gzip.compress(b"{}")[:-6], {"Content_Encoding": "gzip"}, 400),
        (b"{}", {"Idempotency_Key": "k" * 201}, 400),
    ],
    ids=["deep", "reserved", "extension", "no-number", "text", "form", "brotli", "no-gzip", "cut", "key"],
)
def test_odd_bodies_get_a_clear_status(server: Running, body: bytes, headers: dict[str, str], status: int) -> None:
    path = "runs/create" if "Idempotency_Key" in headers else "runs/get"
    found, told, _ = post(server, path, body, **headers)
    assert found == status, told
    assert post(server, "experiments/get", '{"experiment_id": "0"}')[0] == 200


def test_a_bomb_is_not_inflated(server: Running) -> None:
    packer = zlib.compressobj(9, wbits=31)
    zeros = b" " * (1 << 20)
    bomb = b"".join(packer.compress(zeros) for _ in range(300)) + packer.flush()
    assert len(bomb) < 400_000
    tracemalloc.start()
    status, told, _ = post(server, "runs/get", bomb, Content_Encoding="gzip")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (status, told["error_code"]) == (413, "REQUEST_TOO_LARGE")
    assert peak < 200 << 20


def test_a_length_beyond_the_bound_is_refused_before_it_is_read(server: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest("POST", "/api/steelyard/1/runs/get")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(65 << 20))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_page_of_another_site_may_not_call(server: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"Content-Type": "application/json", "Origin": "http://evil.example"}
    connection.request("POST", "/api/steelyard/1/runs/create", '{"experiment_id": "0"}', headers)
    assert connection.getresponse().status == 403
    connection.close()
    assert not server.store.search.search(["0"]).items


def test_an_unexpected_error_is_told_without_its_insides(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(server.store.runs, "get", broken)
    status, told, _ = post(server, "runs/get", '{"run_id": "x"}')
    assert (status, told["error_code"]) == (500, "INTERNAL_ERROR")
    assert "secret" not in told["message"]


def test_streams_are_lines_for_people(server: Running) -> None:
    run_id = server.store.runs.create("0").info.run_id
    server.store.artifacts.put(run_id, "a", b"1")
    server.store.artifacts.put(run_id, "b", b"2")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/api/steelyard/1/artifacts/walk", json.dumps({"run_id": run_id}), headers)
    lines = io.BytesIO(connection.getresponse().read()).readlines()
    connection.close()
    assert [json.loads(line)["path"] for line in lines] == ["a", "b"]


def test_every_method_of_every_port_has_an_address() -> None:
    assert {"experiments", "runs", "search", "estimates", "artifacts", "models", "traces", "overview", "upkeep"} <= set(
        nouns()
    )
    assert {noun: len(methods(noun)) > 0 for noun in nouns()} == dict.fromkeys(nouns(), True)
    assert methods("ledgers")["verdicts"].streams
    assert methods("runs")["create"].once
    assert not methods("traces")["put"].once
    assert msgspec.json.encode(sorted(nouns()))
