from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from steelyard.errors import StoreUnavailable
from steelyard.records import Store
from steelyard.server import create_app
from steelyard.store import open_store

SPAN = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "root", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
BODY = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def _failing(times: list[None]) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        times.append(None)
        raise StoreUnavailable("The disk is full.")

    return fail


def test_it_is_degraded_with_the_reason_until_writing_works_again(store: Store, monkeypatch: pytest.MonkeyPatch):
    with TestClient(create_app(store, close_store=True), base_url="http://localhost") as client:

        def send() -> int:
            return client.post("/v1/traces", content=BODY, headers={"content-type": "application/json"}).status_code

        assert (client.get("/health").status_code, client.get("/health").text) == (200, "OK")
        failures: list[None] = []
        with monkeypatch.context() as broken:
            broken.setattr(type(store.traces), "arrive", _failing(failures))
            broken.setattr(type(store.answers), "put", _failing(failures))
            assert send() == 503
            answer = client.get("/health")
            assert (answer.status_code, answer.text) == (503, "degraded: The disk is full.\n")
            assert client.get("/").status_code == 200  # what is there can be read
            client.get("/health")
            assert len(failures) == 2  # writing is tried once a second at most, however often somebody asks
        assert send() == 200
        assert client.get("/health").text == "OK"


def test_it_recovers_though_nobody_sends_any_more(store: Store, monkeypatch: pytest.MonkeyPatch):
    with TestClient(create_app(store, close_store=True), base_url="http://localhost") as client:
        with monkeypatch.context() as broken:
            broken.setattr(type(store.traces), "arrive", _failing([]))
            client.post("/v1/traces", content=BODY, headers={"content-type": "application/json"})
        assert client.get("/health").text == "OK"


def test_traces_that_were_sent_are_found(store: Store):
    headers = {"content-type": "application/json", "x-steelyard-experiment": "shop"}
    with TestClient(create_app(store), base_url="http://localhost") as client:
        assert client.post("/v1/traces", content=BODY, headers=headers).json() == {}
        experiment = store.experiments.find("shop")
        assert experiment is not None
        found: Sequence[Any] = store.traces.search([experiment.experiment_id]).items
        assert [trace.trace_id for trace in found] == ["tr-" + "1" * 32]
    store.close()


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
def test_a_page_of_another_site_sends_no_traces(store: Store, headers: dict[str, str]):
    with TestClient(create_app(store, close_store=True), base_url="http://localhost") as client:
        answer = client.post("/v1/traces", content=BODY, headers={"content-type": "application/json", **headers})
        assert answer.status_code == 403
        assert store.traces.count(["0"]) == 0


def test_a_body_of_traces_may_be_longer_than_a_form(store: Store):
    long = BODY.replace("root", "r" * 1_500_000)
    with TestClient(create_app(store, close_store=True), base_url="http://localhost") as client:
        answer = client.post("/v1/traces", content=long, headers={"content-type": "application/json"})
        assert answer.status_code == 200
