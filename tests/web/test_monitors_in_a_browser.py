"""Pages of monitors and anchors in a browser: readable at any width, quiet, and they refresh themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from steelyard.records import Store
from steelyard.store import open_store
from steelyard.web import links

from .conftest import live, quiet
from .sample_monitors import Watched, fill
from .sample_runs import HOSTILE

pytestmark = pytest.mark.browser

NAME = ("/../" + "".join(HOSTILE))[:200].replace("\n", " ")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    place: Path = tmp_path_factory.mktemp("monitors")
    store = open_store(place)
    yield store
    store.close()


@pytest.fixture(scope="module")
def watched(kept: Store) -> Watched:
    return fill(kept, hostile=NAME, each=20)


@pytest.fixture
def open_page(chromium: Any, kept: Store, watched: Watched) -> Iterator[Callable[..., Any]]:
    with live(kept) as address, quiet(chromium, address) as opened:
        yield opened


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_is_wider_than_its_window_and_rulers_fit_their_glyphs(
    open_page: Callable[..., Any], watched: Watched, width: int
):
    e = watched.experiment_id
    tab = open_page(links.monitors(e), width=width, scheme="dark" if width < 500 else "light")
    anchors = links.judge("correctness", e, view="anchors")
    for path in ("", *(links.monitor(e, name) for name in ("correctness", "tone", NAME)), anchors):
        if path:
            tab.goto(path)
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        for table in tab.query_selector_all("table.forest:has(tbody svg.est)"):
            glyph = table.query_selector("tbody svg.est").bounding_box()
            ruler = table.query_selector("tfoot svg.est").bounding_box()
            assert abs(glyph["x"] - ruler["x"]) < 1.5
            assert abs(glyph["width"] - ruler["width"]) < 1.5, path


def test_a_page_that_is_open_follows_and_a_stop_needs_no_script(
    open_page: Callable[..., Any], kept: Store, watched: Watched
):
    tab = open_page(links.monitors(watched.experiment_id))
    assert tab.get_by_text("None is paused.").count() == 0
    tone = kept.monitors.find(watched.experiment_id, "tone")
    assert tone is not None
    kept.monitors.update(tone.monitor_id, state="active")
    tab.evaluate("htmx.trigger(document.querySelector('#watching'), 'refresh')")
    tab.get_by_text("None is paused.").wait_for()
    plain = open_page(links.monitor(watched.experiment_id, "tone"), script=False)
    plain.get_by_role("button", name="Stop").click()
    plain.get_by_text("Stopped. What waits is kept").wait_for()
    assert kept.monitors.get(tone.monitor_id).state == "stopped"
    kept.monitors.update(tone.monitor_id, state="paused", reason="again")
