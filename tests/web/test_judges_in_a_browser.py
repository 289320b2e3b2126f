"""Pages of judges in a browser: readable at any width, and from a plan to a queue in one click."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from steelyard.records import Store
from steelyard.store import open_store

from . import sample_judges
from .conftest import live, quiet
from .sample_judges import Judged
from .sample_runs import HOSTILE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    place: Path = tmp_path_factory.mktemp("judges")
    store = open_store(place)
    yield store
    store.close()


@pytest.fixture(scope="module")
def judged(kept: Store) -> Judged:
    return sample_judges.fill(kept, traces=120, drawn=40, labelled=30, shared=30, hostile="".join(HOSTILE))


@pytest.fixture
def open_page(chromium: Any, kept: Store, judged: Judged) -> Iterator[Callable[..., Any]]:
    with live(kept) as address, quiet(chromium, address) as opened:
        yield opened


@pytest.mark.parametrize("width", [390, 1440])
def test_no_view_is_wider_than_its_window_and_rulers_fit_their_glyphs(
    open_page: Callable[..., Any], judged: Judged, width: int
):
    tab = open_page(
        f"/judges?experiment={judged.experiment_id}", width=width, scheme="dark" if width < 500 else "light"
    )
    for view in ("", "people", "labels", "versions", "try"):
        if view:
            tab.goto(f"/judges/correctness?experiment={judged.experiment_id}&view={view}")
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, view
        for table in tab.query_selector_all("table.forest:has(tbody svg.est)"):
            glyph = table.query_selector("tbody svg.est").bounding_box()
            ruler = table.query_selector("tfoot svg.est").bounding_box()
            assert abs(glyph["x"] - ruler["x"]) < 1.5
            assert abs(glyph["width"] - ruler["width"]) < 1.5, view


def test_a_plan_becomes_a_queue_in_one_click_and_its_progress_is_told(
    open_page: Callable[..., Any], kept: Store, judged: Judged
):
    tab = open_page(f"/judges/correctness?experiment={judged.experiment_id}")
    tab.get_by_role("link", name="Means and labels").click()
    tab.get_by_label("Label so many").fill("12")
    tab.get_by_label(re.compile("Target width")).fill("0.1")
    tab.get_by_role("button", name="Work it out").click()
    assert "12 labels of 120 judged traces" in tab.inner_text("#plan")
    tab.get_by_label("Name of the review queue").fill("by hand")
    tab.get_by_role("button", name="Label these 12").click()
    tab.wait_for_url(re.compile("/review/rq-"))
    queue = kept.reviews.find(judged.experiment_id, "by hand")
    assert queue is not None
    assert queue.counts.items == 12
    tab.goto(f"/judges/correctness?experiment={judged.experiment_id}&view=labels")
    assert "0 of 12 drawn traces labelled" in tab.inner_text("main")
    assert tab.get_by_role("link", name="by hand").is_visible()
