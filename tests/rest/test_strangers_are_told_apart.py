"""Not everything at an address is a Steelyard that can be spoken to: one plain sentence says what it is."""

from __future__ import annotations

import pytest
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from tests.rest.running import Running

from steelyard.errors import InvalidArgument, SteelyardError, StoreError, StoreTooNew, StoreUnavailable
from steelyard.records import Store
from steelyard.store import open_store

STRANGERS: dict[str, tuple[Response, type[SteelyardError], str]] = {
    "a page": (HTMLResponse("<h1>It works</h1>"), StoreError, "does not answer as this version of Steelyard does"),
    "mlflow": (JSONResponse({"detail": "Not Found"}, 404), StoreError, "an MLflow server cannot be used"),
    "an older one": (HTMLResponse("no page", 404), StoreError, "older `steelyard ui`, upgrade it"),
    "a newer one": (
        JSONResponse({}, 404, {"Steelyard-Protocol": "2, 3", "Steelyard-Version": "9.1"}),
        StoreTooNew,
        r"Steelyard 9\.1, newer .* pip install -U steelyard",
    ),
    "an ancient one": (JSONResponse({}, 404, {"Steelyard-Protocol": "0"}), StoreError, "older than this library"),
    "a login page": (RedirectResponse("http://elsewhere/login", 302), StoreError, "sends requests elsewhere"),
    "a guard": (PlainTextResponse("no", 401), StoreUnavailable, "STEELYARD_TRACKING_TOKEN"),
    "another name": (PlainTextResponse("no", 421), StoreUnavailable, "among its allowed hosts"),
    "a small proxy": (PlainTextResponse("no", 413), StoreError, "takes no request of this size"),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_what_is_there_instead_is_said(server: Running, store: Store, who: str) -> None:
    response, kind, says = STRANGERS[who]

    async def answer(scope: Scope, receive: Receive, send: Send) -> bool:
        await response(scope, receive, send)
        return True

    server.before = answer
    for ask in (lambda: store.runs.get("x"), lambda: store.artifacts.read("x", "y"), lambda: store.runs.create("0")):
        with pytest.raises(kind, match=says) as caught:
            ask()
        assert server.url in str(caught.value)
        assert type(caught.value) is kind


def test_a_path_before_the_server_is_kept(server: Running) -> None:
    seen: list[str] = []

    async def strip(scope: Scope, receive: Receive, send: Send) -> bool:
        seen.append(scope["path"])
        scope["path"] = scope["path"].removeprefix("/steelyard")
        return False

    server.before = strip
    store = open_store(f"{server.url}/steelyard/")
    assert store.url == f"{server.url}/steelyard"
    assert store.experiments.get("0").name == "Default"
    assert seen == ["/steelyard/api/steelyard/1/experiments/get"]


@pytest.mark.parametrize(
    ("token", "wanted"), [(None, b"Basic YWRhOnMzQGNyZXQ="), ("t0ken", b"Bearer t0ken")], ids=["url", "token"]
)
def test_credentials_are_sent_and_never_shown(
    server: Running, monkeypatch: pytest.MonkeyPatch, token: str | None, wanted: bytes
) -> None:
    if token:
        monkeypatch.setenv("STEELYARD_TRACKING_TOKEN", token)
    seen: list[bytes] = []

    async def look(scope: Scope, receive: Receive, send: Send) -> bool:
        seen.append(dict(scope["headers"]).get(b"authorization", b""))
        return False

    server.before = look
    store = open_store(f"http://ada:s3%40cret@127.0.0.1:{server.port}")
    store.experiments.get("0")
    assert seen == [wanted]
    shown = f"{store!r} {store.url} {store.runs!r} {vars(store)!r} {store.runs._line.place!r}"  # type: ignore[attr-defined]
    assert "s3" not in shown
    assert "YWRh" not in shown


def test_a_proxy_of_the_environment_never_catches_loopback(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert open_store(server.url).experiments.get("0").name == "Default"


def test_a_proxy_of_the_environment_is_asked_for_other_machines(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    seen: list[tuple[bytes, bytes]] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> bool:
        seen.append((scope["raw_path"], dict(scope["headers"])[b"host"]))
        await PlainTextResponse("as a proxy", 403)(scope, receive, send)
        return True

    server.before = answer
    with pytest.raises(StoreUnavailable, match="refuses"):
        open_store("http://steelyard.invalid/here").runs.get("x")
    assert seen[0][1] == b"steelyard.invalid"


@pytest.mark.parametrize(
    "url", ["http://", "http://host:port", "http://host/?a=1", "http://host/#x", "http://ho st", "http://a\r\nb:c@host"]
)
def test_addresses_that_name_no_server_are_refused(url: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot be used"):
        open_store(url)


def test_a_folder_for_artifacts_has_no_meaning_for_a_server(tmp_path) -> None:
    with pytest.raises(InvalidArgument, match="keeps its artifacts itself"):
        open_store("http://ada:s3cret@host", artifacts=tmp_path)
