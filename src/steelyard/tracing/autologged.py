"""Automatic instrumentation for the length of a block."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from steelyard.errors import InvalidArgument, MissingDependency
from steelyard.tracing.instrumentors import INSTRUMENTORS, autolog_of, is_on

# What a program has imported if it uses a library.
_MODULES = {
    "autogen": "autogen_agentchat",
    "bedrock": "boto3",
    "gemini": "google.genai",
    "langchain": "langchain_core",
    "llama_index": "llama_index.core",
    "mistral": "mistralai",
}
_lock = threading.Lock()
_users: dict[str, int] = {}


@contextmanager
def autologged() -> Iterator[None]:
    """Record the calls of every library that the program has imported and whose instrumentation is installed.

    What was on before stays on after; blocks may overlap.
    """
    libraries = [name for name in INSTRUMENTORS if _MODULES.get(name, name) in sys.modules]
    taken = [name for name in libraries if _take(name)]
    try:
        yield
    finally:
        for name in taken:
            _give_back(name)


def _take(library: str) -> bool:
    with _lock:
        if not _users.get(library) and is_on(library):
            return False
        try:
            autolog_of(library)()
        except (MissingDependency, InvalidArgument):
            return False
        _users[library] = _users.get(library, 0) + 1
        return True


def _give_back(library: str) -> None:
    with _lock:
        _users[library] -= 1
        if not _users[library]:
            autolog_of(library)(disable=True)
