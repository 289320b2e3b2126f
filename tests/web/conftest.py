from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.testclient import TestClient

from steelyard.records import Store
from steelyard.server import create_app
from steelyard.store import open_store

from . import sample_runs

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


@pytest.fixture(scope="module")  # its event loop must not outlive the module: others run loops of their own
def chromium() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("STEELYARD_CHROMIUM") or shutil.which("chromium"),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()
