from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from steelyard.wires.otlp import Intake, Limits, routes

from .requests import RememberingStore


@pytest.fixture
def remembering() -> RememberingStore:
    return RememberingStore()


@pytest.fixture
def serve(remembering: RememberingStore) -> Iterator[Callable[..., TestClient]]:
    """Return a client of the routes alone, before a store that remembers; settings are those of the intake."""
    with ExitStack() as ends:

        def start(*, store: Any = remembering, create_experiments: bool = True, **limits: Any) -> TestClient:
            intake = Intake(store, limits=Limits(**limits), create_experiments=create_experiments)
            ends.callback(intake.close)
            app = Starlette(routes=routes(intake))
            app.state.intake = intake
            return ends.enter_context(TestClient(app))

        yield start
        remembering.open.set()


@pytest.fixture
def client(serve: Callable[..., TestClient]) -> TestClient:
    return serve()
