from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from .requests import RememberingStore, body_json, span_json

NAME, NUMBER, RUN = "steelyard.experiment.name", "steelyard.experiment.id", "steelyard.run.id"


def _send(client: TestClient, *, headers: dict[str, str] | None = None, resource: dict[str, str] | None = None) -> Any:
    body = body_json(span_json(), resource=resource)
    return client.post("/v1/traces", content=body, headers={"content-type": "application/json", **(headers or {})})


@pytest.mark.parametrize(
    ("headers", "resource", "experiment", "run"),
    [
        pytest.param({}, {}, "0", None, id="nothing-told"),
        pytest.param({}, {NAME: "shop"}, "2", None, id="name-by-resource"),
        pytest.param({}, {"openinference.project.name": "shop"}, "2", None, id="project-by-resource"),
        pytest.param({}, {NUMBER: "0"}, "0", None, id="id-by-resource"),
        pytest.param({}, {RUN: "run-of-0"}, "0", "run-of-0", id="run-by-resource"),
        pytest.param({"x-steelyard-experiment": "shop"}, {}, "2", None, id="name-by-header"),
        pytest.param({"x-steelyard-experiment": "shop"}, {NAME: "other"}, "2", None, id="header-before-resource"),
        pytest.param({"x-steelyard-experiment-id": "0"}, {NAME: "other"}, "0", None, id="id-before-resource"),
        pytest.param({"x-mlflow-experiment-id": "0"}, {}, "0", None, id="id-by-the-other-header"),
        pytest.param({"x-mlflow-run-id": "run-of-0"}, {}, "0", "run-of-0", id="run-by-header"),
        pytest.param(
            {"x-steelyard-run-id": "run-of-0", "x-steelyard-experiment": "shop"}, {}, "2", "run-of-0", id="both"
        ),
    ],
)
def test_spans_go_where_they_say(
    client: TestClient,
    remembering: RememberingStore,
    headers: dict[str, str],
    resource: dict[str, str],
    experiment: str,
    run: str | None,
):
    assert _send(client, headers=headers, resource=resource).json() == {}
    (arrival,) = remembering.kept.values()
    assert (arrival.experiment_id, arrival.run_id) == (experiment, run)
    assert "other" not in remembering.names


def test_a_name_in_a_header_may_be_of_any_script(client: TestClient, remembering: RememberingStore):
    client.post(
        "/v1/traces",
        content=body_json(span_json()),
        headers={"content-type": "application/json", "x-steelyard-experiment": "größe 秤".encode()},
    )
    assert "größe 秤" in remembering.names


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ({NAME: "gone"}, "is deleted"),
        ({NUMBER: "77"}, "There is no '77'"),
        ({RUN: "77"}, "There is no '77'"),
    ],
    ids=["deleted", "unknown-id", "unknown-run"],
)
def test_spans_for_no_place_are_rejected_with_the_reason(
    client: TestClient, remembering: RememberingStore, resource: dict[str, str], reason: str
):
    answer = _send(client, resource=resource)
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert reason in answer.json()["partialSuccess"]["errorMessage"]
    assert not remembering.kept


def test_a_server_that_creates_none_says_so(serve: Callable[..., TestClient], remembering: RememberingStore):
    client = serve(create_experiments=False)
    refused = _send(client, headers={"x-steelyard-experiment": "new"})
    assert refused.status_code == 400
    assert "--no-create-experiments" in refused.json()["message"]
    assert "new" in _send(client, resource={NAME: "new"}).json()["partialSuccess"]["errorMessage"]
    assert _send(client).json() == {}
    assert "new" not in remembering.names


def test_one_request_creates_a_bounded_number(serve: Callable[..., TestClient], remembering: RememberingStore):
    bodies = [body_json(span_json(n), resource={NAME: f"e{n}"}) for n in range(1, 6)]
    merged = b'{"resourceSpans":[' + b",".join(body[len(b'{"resourceSpans": [') : -2] for body in bodies) + b"]}"
    answer = serve(new_experiments=3).post("/v1/traces", content=merged, headers={"content-type": "application/json"})
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "2"
    assert len(remembering.names) == 2 + 3


def test_an_experiment_that_somebody_else_has_just_made_is_found(
    client: TestClient, remembering: RememberingStore, monkeypatch: pytest.MonkeyPatch
):
    remembering.create("shop")
    found, blind = remembering.find, iter([True])
    monkeypatch.setattr(remembering, "find", lambda name: None if next(blind, False) else found(name))
    assert _send(client, resource={NAME: "shop"}).json() == {}
    assert [arrival.experiment_id for arrival in remembering.kept.values()] == ["2"]


def test_a_place_is_looked_up_once_for_many_requests(
    client: TestClient, remembering: RememberingStore, monkeypatch: pytest.MonkeyPatch
):
    asked = []
    found = remembering.find
    monkeypatch.setattr(remembering, "find", lambda name: asked.append(name) or found(name))
    for _ in range(5):
        _send(client, resource={NAME: "Default"})
    assert asked == ["Default"]
