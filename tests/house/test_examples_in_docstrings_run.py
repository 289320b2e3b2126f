"""Every ``>>>`` in a docstring does what it shows."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import steelyard

SOURCE = Path(__file__).resolve().parents[2] / "src"


def modules_with_examples() -> Iterator[str]:
    for path in sorted((SOURCE / "steelyard").rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            yield ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


@pytest.fixture
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A working folder and a store that no other test sees."""
    from steelyard import tracking
    from steelyard.tracking.stores import close_stores

    monkeypatch.chdir(tmp_path)
    tracking.set_tracking_uri("")
    yield
    while tracking.active_run():
        tracking.end_run()
    tracking.set_tracking_uri("")
    close_stores()


@pytest.mark.usefixtures("own_store")
@pytest.mark.parametrize("module", list(modules_with_examples()))
def test_the_examples_of_the_module_run(module: str, tmp_path: Path) -> None:
    """``tmp_folder`` is a folder of the example's own, where one needs a place to write."""
    assert callable(steelyard.evaluate)  # a reader comes through the front door
    outcome = doctest.testmod(
        import_module(module),
        extraglobs={"tmp_folder": str(tmp_path)},
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert outcome.failed == 0
