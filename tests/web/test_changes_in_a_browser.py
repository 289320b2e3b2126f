"""What changed, models and quality in Chromium: parts come by themselves, charts are read by keyboard, phones fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from steelyard.store import open_store

from .conftest import live, quiet
from .sample_changes import EVIL, Changed, classifier, traffic

pytestmark = pytest.mark.browser

Opened = Callable[..., Any]


@dataclass(frozen=True)
class Place:
    address: str
    changed: Changed

    @property
    def base(self) -> str:
        return f"/experiments/{self.changed.experiment_id}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    store = open_store(tmp_path_factory.mktemp("changes"))
    changed = traffic(store, each=100)
    classifier(store, changed.experiment_id, EVIL, n=300)
    with live(store) as address:
        yield Place(address, changed)
    store.close()


@pytest.fixture
def open_page(chromium: Any, place: Place) -> Iterator[Opened]:
    with quiet(chromium, place.address) as opened:
        yield opened


def test_slices_and_drift_come_by_themselves(place: Place, open_page: Opened):
    page = open_page(f"{place.base}/changes?{place.changed.times}")
    page.wait_for_selector("#slices-place table")
    page.wait_for_selector("#drift-place table")
    assert "tag.topic = billing" in page.locator("#slices-place tbody tr").first.inner_text()
    page.get_by_role("link", name="tag.topic", exact=True).click()
    page.wait_for_selector("#slices-place .presets a[aria-current]:text-is('tag.topic')")
    summary = page.locator("#drift-place details:not([open]) > summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("#drift-place .bins:visible").count() > 0


def test_without_scripts_links_lead_to_the_parts(place: Place, open_page: Opened):
    page = open_page(f"{place.base}/changes?{place.changed.times}", script=False)
    page.get_by_role("link", name="Look at the slices").click()
    assert "tag.topic = billing" in page.locator("main").inner_text()
    page.get_by_role("link", name="Back to what changed").click()
    page.get_by_role("link", name="Look at the drift").click()
    assert "moved beyond chance" in page.locator("main").inner_text()


def test_quality_is_read_with_the_same_keys_as_the_traffic(place: Place, open_page: Opened):
    start, end = place.changed.after
    page = open_page(f"{place.base}/dashboard?start={start}&end={end}")
    page.locator("time-charts .handle").focus()
    page.keyboard.press("ArrowLeft")
    quality = page.locator("figure.timechart", has_text="correctness (judge)").locator("[data-says]")
    assert "correctness" in quality.inner_text()
    assert "UTC" not in page.locator("figure.timechart").first.locator("[data-says]").inner_text()
    page.keyboard.press("Escape")
    assert "over the period" in quality.inner_text()


def test_the_charts_of_a_model_are_read_by_keyboard_and_lead_to_the_history(place: Place, open_page: Opened):
    page = open_page(f"{place.base}/models/{quote(EVIL, safe='')}?range=30d")
    handle = page.locator("time-charts .handle")
    handle.focus()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    assert "Labelled" in handle.get_attribute("aria-valuetext")
    page.keyboard.press("Enter")
    page.wait_for_selector("#history")
    assert "What was known of" in page.locator("#h-history").inner_text()


def test_no_page_is_wider_than_a_phone(place: Place, open_page: Opened):
    model = f"{place.base}/models/{quote(EVIL, safe='')}"
    for path in (
        f"{place.base}/dashboard?range=7d&by=tag.topic",
        f"{place.base}/changes?{place.changed.times}",
        f"{place.base}/models",
        model,
        f"{model}?view=rows",
        f"{model}?view=drift&reference=first",
    ):
        page = open_page(path, width=390, scheme="dark")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
