"""The dashboard and scoring in Chromium: read out, clicked through, brushed, refreshed, by keyboard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from steelyard.records import Store
from steelyard.store import open_store

from .conftest import live, quiet
from .sample_runs import HOSTILE
from .sample_traces import MINUTE, NOON, fill, made_trace

pytestmark = pytest.mark.browser

Opened = Callable[..., Any]
N = 120
HOUR = 60 * MINUTE
PERIOD = f"start={NOON - HOUR}&end={NOON + MINUTE}"


@dataclass(frozen=True)
class Place:
    store: Store
    address: str
    experiment: str
    hostile: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    store = open_store(tmp_path_factory.mktemp("dashboard"))
    experiment, hostile = (store.experiments.create(n).experiment_id for n in ("support", HOSTILE[0] + HOSTILE[3]))
    fill(store, experiment, N)
    evil = HOSTILE[0] + HOSTILE[1] + HOSTILE[3]
    store.traces.put(
        [
            made_trace(
                9_000 + k, hostile, at=NOON + k * MINUTE, name=evil, user=evil, model=evil, tags={evil[:39]: evil},
                failed=k == 1,
            )
            for k in range(3)
        ]
    )  # fmt: skip
    with live(store) as address:
        yield Place(store, address, experiment, hostile)
    store.close()


@pytest.fixture
def open_page(chromium: Any, place: Place) -> Iterator[Opened]:
    with quiet(chromium, place.address) as opened:
        yield opened


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_pages_fit_any_width_and_stay_quiet(open_page: Opened, place: Place, width: int, scheme: str):
    e, h = place.experiment, place.hostile
    tag = quote(f"tag.{(HOSTILE[0] + HOSTILE[1] + HOSTILE[3])[:39]}")
    for path in (
        f"/experiments/{e}/dashboard?{PERIOD}&by=name",
        f"/experiments/{e}/dashboard?range=1h",
        f"/experiments/{e}/keeping",
        f"/experiments/{h}/dashboard?range=all&by=model",
        f"/experiments/{h}/dashboard/values?range=all&by={tag}",
        "/experiments/0/dashboard",
    ):
        page = open_page(path, width=width, scheme=scheme)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_pointer_reads_a_window_out_and_a_click_leads_to_its_traces(open_page: Opened, place: Place):
    page = open_page(f"/experiments/{place.experiment}/dashboard?{PERIOD}")
    field = page.locator(".timechart .field").first
    box = field.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40)
    says = page.locator("[data-says]")
    assert "Traces 1, Failed" in says.nth(0).text_content()
    assert all(": " in text for text in says.all_text_contents())  # the same window in every chart
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url("**/traces?*")
    query = parse_qs(urlsplit(page.url).query)
    assert int(query["end"][0]) - int(query["start"][0]) == MINUTE
    assert page.locator("tbody[data-rows] tr").count() == 1


def test_dragging_over_a_chart_shows_that_stretch_closer(open_page: Opened, place: Place):
    page = open_page(f"/experiments/{place.experiment}/dashboard?{PERIOD}&by=model")
    box = page.locator(".timechart .field").nth(2).bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40, steps=4)
    page.mouse.up()
    page.wait_for_url("**by=model*start=*")
    query = parse_qs(urlsplit(page.url).query)
    start, end = int(query["start"][0]), int(query["end"][0])
    assert (start - NOON + HOUR) % MINUTE == 0
    assert 15 * MINUTE < end - start < 30 * MINUTE
    assert query["by"] == ["model"]
    first = page.locator(".readings .val").first.text_content()
    assert int(first) == (end - start) // MINUTE  # one a minute


def test_the_keys_move_through_the_windows_and_enter_follows(open_page: Opened, place: Place):
    page = open_page(f"/experiments/{place.experiment}/dashboard?{PERIOD}")
    handle = page.get_by_role("slider")
    handle.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    told = handle.get_attribute("aria-valuetext")
    assert "Traces 1" in told
    page.keyboard.press("Shift+ArrowLeft")
    assert " to " in handle.get_attribute("aria-valuetext")
    page.keyboard.press("Escape")
    assert handle.get_attribute("aria-valuetext") == "none chosen"
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.wait_for_url("**/traces?*")
    assert page.locator("tbody[data-rows] tr").count() == 1


def test_a_dashboard_refreshes_itself_until_it_is_paused(open_page: Opened, place: Place):
    now = int(time.time() * 1000)
    live_one = place.store.experiments.create("live").experiment_id
    place.store.traces.put([made_trace(50_001, live_one, at=now - MINUTE)])
    page = open_page(f"/experiments/{live_one}/dashboard?range=1h")
    value = page.locator(".readings .val").first
    assert value.text_content() == "1"
    place.store.traces.put([made_trace(50_002, live_one, at=now)])
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Live").click()  # which asks at once
    page.locator(".readings > div:first-child .val", has_text="2").wait_for()
    assert page.locator("time-charts .handle").count() == 1


def test_a_value_leads_to_its_traces_and_the_table_says_the_same_without_a_script(open_page: Opened, place: Place):
    page = open_page(f"/experiments/{place.experiment}/dashboard?{PERIOD}&by=model")
    row = page.locator(".values tbody tr").first
    row.wait_for()
    n = int(row.locator("[data-label=Traces]").text_content())
    row.get_by_role("link").click()
    page.wait_for_url("**/traces?*")
    assert page.locator("tbody[data-rows] tr").count() == n
    plain = open_page(f"/experiments/{place.experiment}/dashboard?{PERIOD}", script=False)
    assert plain.locator("[data-numbers] tbody tr").count() == 61
    assert plain.locator(".timechart").count() >= 6  # five of the traffic, and each score that another test gave


def test_ticked_traces_are_scored_by_code(open_page: Opened, place: Place):
    page = open_page(f"/traces?experiment={place.experiment}")
    for number in range(3):
        page.locator("input[name=traces]").nth(number).check()
    page.get_by_role("button", name="Score…").click()
    page.wait_for_url("**/traces/score")
    assert page.locator("[data-calls]").text_content() == "Nothing is ticked."
    page.get_by_label("Contains a text: Text").fill("account")
    assert page.get_by_role("checkbox", name="Contains a text").is_checked()
    assert page.locator("[data-calls]").text_content() == "Will make 3 verdicts by code."
    page.get_by_role("button", name="Score 3 traces").click()
    page.wait_for_url("**/runs/*")
    page.wait_for_url(lambda url: not url.endswith("/scoring"))  # led to the run once it is done
    page.get_by_role("heading", name="contains").first.wait_for()
    page.goto(f"/traces?experiment={place.experiment}")
    assert "contains" in page.locator("tbody[data-rows] tr").first.text_content()
