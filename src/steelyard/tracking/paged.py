"""A page of results, as MLflow's client returns it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class PagedList(list[T]):
    """A part of a list; ``token`` asks for the next part and is None at the end."""

    def __init__(self, items: Sequence[T] = (), token: str | None = None) -> None:
        super().__init__(items)
        self.token = token
