from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from steelyard.errors import InvalidArgument
from steelyard.records import Store
from steelyard.server import create_app, serve

from .sample_runs import Sample


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:5000", "", "[::2]", "10.0.0.1"]
)
def test_no_address_answers_to_a_name_that_is_not_ours(client: TestClient, sample: Sample, host: str):
    for path in ("/", f"/runs/{sample.candidate}.json", "/health", "/static/x/steelyard.css"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 421
        assert "credit" not in answer.text


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "[::1]:80", "LOCALHOST"])
def test_every_loopback_name_is_ours(client: TestClient, host: str):
    assert client.get("/health", headers={"host": host}).text == "OK"


def test_a_configured_name_is_ours_too(store: Store):
    with TestClient(create_app(store, allowed_hosts=["weigh.example"]), base_url="http://weigh.example") as client:
        assert client.get("/version").status_code == 200


@pytest.mark.parametrize(
    ("listens", "host", "status"),
    [
        ("0.0.0.0", "10.0.0.7:5000", 200),
        ("::", "[fd00::7]:5000", 200),
        ("0.0.0.0", "rebound.example", 421),
        ("fd00::7", "[fd00::7]:5000", 200),
        ("fd00::7", "[fd00::8]:5000", 421),
    ],
)
def test_a_server_for_other_machines_answers_to_its_addresses(store: Store, listens: str, host: str, status: int):
    with TestClient(create_app(store, allowed_hosts=[listens])) as client:
        assert client.get("/version", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1234"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_page_of_another_site_may_change_nothing(
    client: TestClient, store: Store, sample: Sample, headers: dict, method: str
):
    path = f"/experiments/{sample.experiment}/baseline"
    answer = client.request(method, path, data={"run_id": sample.candidate}, headers=headers)
    assert answer.status_code == 403
    assert store.experiments.get(sample.experiment).tags["steelyard.baseline"] == sample.baseline


def test_nothing_changes_by_get(client: TestClient, sample: Sample):
    assert (
        client.get(f"/experiments/{sample.experiment}/baseline", params={"run_id": sample.candidate}).status_code == 405
    )


def test_a_form_without_bound_is_refused(client: TestClient, sample: Sample):
    answer = client.post(f"/experiments/{sample.experiment}/baseline", content=b"run_id=" + b"x" * 1_100_000)
    assert answer.status_code == 413


def test_every_kind_of_answer_carries_the_policy(client: TestClient, sample: Sample):
    paths = [
        "/",
        "/health",
        "/nowhere",
        f"/runs/{sample.candidate}",
        f"/runs/{sample.candidate}.json",
        "/static/x/theme.js",
        f"/experiments/{sample.experiment}/runs?filter=x",
    ]
    for path in paths:
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "same-origin"


def test_an_unexpected_error_shows_no_traceback(own_store: Store, monkeypatch: pytest.MonkeyPatch):
    def explode(*_: object, **__: object) -> None:
        raise RuntimeError("the secret password")

    app = create_app(own_store)
    monkeypatch.setattr(type(own_store.experiments), "search", explode)
    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        page, data = client.get("/"), client.get("/experiments.json")
    assert (page.status_code, data.status_code) == (500, 500)
    for answer in (page, data):
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
    assert data.json()["error_code"] == "INTERNAL_ERROR"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "somewhere.example"])
def test_other_machines_are_let_in_only_when_that_is_said(host: str):
    with pytest.raises(InvalidArgument, match="allow_remote"):
        serve("unused", host=host)


def test_static_files_are_kept_for_ever_under_their_digest_and_packed(client: TestClient):
    page = client.get("/").text
    address = next(part.partition('"')[0] for part in page.split('href="') if "steelyard.css" in part[:80])
    answer = client.get(address)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" not in client.get("/static/old/steelyard.css").headers["cache-control"]
    for path in ("/static/x/../app.py", "/static/x/%2e%2e/__init__.py", "/static/x//etc/passwd"):
        assert client.get(path).status_code == 404
