from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient

from steelyard.records import Store
from steelyard.server import create_app
from steelyard.store import open_store

from . import sample_applications, sample_judges, sample_runs

CROWD = 130


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("web"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def sample(store: Store) -> sample_runs.Sample:
    return sample_runs.fill(store, crowd=CROWD)


@pytest.fixture
def client(store: Store, sample: sample_runs.Sample) -> Iterator[TestClient]:
    with TestClient(create_app(store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def own_store(tmp_path) -> Iterator[Store]:
    """A store that a test may change."""
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@contextmanager
def live(store: Store) -> Iterator[str]:
    """Serve a store on a free port of the loopback and give its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(store), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(5)


@pytest.fixture(scope="session")
def address(store: Store, sample: sample_runs.Sample) -> Iterator[str]:
    with live(store) as found:
        yield found


@dataclass(frozen=True)
class Shown:
    """A store with evaluated applications, and the ids of what is in it."""

    store: Store
    ids: sample_applications.Applications


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    opened = open_store(tmp_path_factory.mktemp("applications"))
    yield Shown(opened, sample_applications.fill(opened, hostile=sample_runs.HOSTILE))
    opened.close()


@pytest.fixture
def visitor(shown: Shown) -> Iterator[TestClient]:
    """A client of the store with evaluated applications."""
    with TestClient(create_app(shown.store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


@contextmanager
def quiet(chromium: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Open pages that must stay quiet: no error, no warning, nothing refused, no other host, no script run."""
    contexts, troubles, pages = [], [], []

    def watch(page: Any) -> None:
        page.on("console", lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: troubles.append(str(e)))
        page.on(
            "request", lambda r: troubles.append(f"asked {r.url}") if not r.url.startswith((address, "data:")) else None
        )

    def open_(path: str, *, width: int = 1280, scheme: str = "light", script: bool = True) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script, base_url=address
        )
        context.set_default_timeout(120_000)  # a busy machine is slow, not wrong
        contexts.append(context)
        page = context.new_page()
        watch(page)
        page.goto(path)
        pages.append((page, script))
        return page

    yield open_
    for page, script in pages:
        if script:
            assert page.evaluate("window.__pwned") is None
    for context in contexts:
        context.close()
    assert not troubles


@pytest.fixture(scope="module")  # its event loop must not outlive the module: others run loops of their own
def chromium() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("STEELYARD_CHROMIUM") or shutil.which("chromium"),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",  # containers have little shared memory, and a page that finds none crashes
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with a judge and people who labelled some of what it judged."""
    opened = open_store(tmp_path_factory.mktemp("judges"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def judged(kept: Store) -> sample_judges.Judged:
    evil = "".join(sample_runs.HOSTILE)
    return sample_judges.fill(kept, traces=150, drawn=60, labelled=40, shared=40, hostile=evil)


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "STEELYARD_JUDGE_MODEL", "STEELYARD_JUDGE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, sample_judges.Judged]:
    """A small store on disk: filled once, and copied for each test that changes it."""
    place = tmp_path_factory.mktemp("template")
    store = open_store(place)
    made = sample_judges.fill(store, traces=60, drawn=20, labelled=12, shared=9)
    store.close()
    return place, made


@pytest.fixture
def copied(template: tuple[Path, sample_judges.Judged], tmp_path: Path) -> Iterator[Store]:
    """A store that a test may change."""
    opened = open_store(shutil.copytree(template[0], tmp_path / "own"))
    yield opened
    opened.close()


@pytest.fixture
def own(template: tuple[Path, sample_judges.Judged]) -> sample_judges.Judged:
    return template[1]
