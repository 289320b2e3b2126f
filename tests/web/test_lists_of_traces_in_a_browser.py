"""Lists of traces, sessions and users in Chromium: brushed, narrowed, followed live, ticked; quiet on any width."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from steelyard.records import Store
from steelyard.records.arrival import Loss
from steelyard.store import open_store

from .conftest import live, quiet
from .sample_runs import HOSTILE
from .sample_traces import MINUTE, NOON, fill, made_trace

pytestmark = pytest.mark.browser

Opened = Callable[..., Any]
N = 180


@dataclass(frozen=True)
class Place:
    store: Store
    address: str
    experiment: str
    empty: str
    hostile: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    store = open_store(tmp_path_factory.mktemp("lists"))
    experiment, empty, hostile = (
        store.experiments.create(n).experiment_id for n in ("support", "empty", HOSTILE[0] + HOSTILE[3])
    )
    fill(store, experiment, N)
    evil = HOSTILE[0] + HOSTILE[1] + HOSTILE[3]
    store.traces.put(
        [
            made_trace(
                10_000 + k, hostile, at=NOON + k * MINUTE, question=evil, answer=evil * 9, name=evil, session=evil,
                user=evil, tags={evil[:39]: evil}, feedback=[(evil, evil)], model=evil, failed=k == 1,
            )
            for k in range(3)
        ]
    )  # fmt: skip
    store.traces.lost([Loss(experiment_id=hostile, source=evil, n=312, reason=evil, time_ms=int(time.time() * 1000))])
    with live(store) as address:
        yield Place(store, address, experiment, empty, hostile)
    store.close()


@pytest.fixture
def open_page(chromium: Any, place: Place) -> Iterator[Opened]:
    with quiet(chromium, place.address) as opened:
        yield opened


def paths(place: Place) -> dict[str, str]:
    e, h = place.experiment, place.hostile
    evil = quote(HOSTILE[0] + HOSTILE[1] + HOSTILE[3])
    return {
        "traces": f"/traces?experiment={e}",
        "everywhere": "/traces",
        "narrowed": f"/traces?experiment={e}&where=status+%3D+%27ERROR%27&start={NOON - 99 * MINUTE}&filter=how",
        "no match": f"/traces?experiment={e}&filter=nobody+at+all&range=1h",
        "no traces": f"/traces?experiment={place.empty}",
        "sessions": f"/sessions?experiment={e}",
        "no sessions": f"/sessions?experiment={place.empty}",
        "session": f"/session?experiment={e}&id=conv-03",
        "users": f"/users?experiment={e}",
        "time line": f"/traces/timeline?experiment={e}",
        "facets": f"/traces/facets?experiment={e}",
        "hostile traces": f"/traces?experiment={h}&cols=tags&cols=feedback&cols=name&cols=preview&live=on",
        "hostile sessions": f"/sessions?experiment={h}",
        "hostile session": f"/session?experiment={h}&id={evil}",
        "hostile users": f"/users?experiment={h}",
    }


NAMES = (
    "traces",
    "everywhere",
    "narrowed",
    "no match",
    "no traces",
    "sessions",
    "no sessions",
    "session",
    "users",
    "time line",
    "facets",
    "hostile traces",
    "hostile sessions",
    "hostile session",
    "hostile users",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_quiet_and_fits_a_phone_in_the_dark(open_page: Opened, place: Place, name: str):
    page = open_page(paths(place)[name], width=390, scheme="dark")
    if page.locator("#timeline").count():
        page.wait_for_selector("#timeline-inner", state="attached")
        page.locator("trace-facets summary").click()
        page.wait_for_selector("#facets-inner", state="attached")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.locator("main h1").count() == 1
    assert page.locator("[role=alert]").count() == 0
    assert page.locator("main script, main style, main iframe, main img").count() == 0


@pytest.mark.parametrize("name", ["traces", "sessions", "session", "users", "time line", "facets"])
def test_a_list_can_be_read_without_a_script(open_page: Opened, place: Place, name: str):
    page = open_page(paths(place)[name], script=False)
    assert page.locator("main h1").is_visible()
    if name == "traces":
        assert page.locator("tbody[data-rows] tr").count() == 50
        page.locator("tbody[data-rows] tr input").nth(2).check()
        page.get_by_role("button", name="Delete…").click()
        assert page.locator("h1").inner_text() == "Delete 1 trace?"


def test_a_stretch_of_time_is_chosen_by_dragging_over_the_bars(open_page: Opened, place: Place):
    page = open_page(paths(place)["traces"])
    box = page.locator(".overtime").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, y, steps=5)
    page.mouse.up()
    page.wait_for_url("**start=*")
    query = parse_qs(urlsplit(page.url).query)
    start, end = int(query["start"][0]), int(query["end"][0])
    assert NOON - N * MINUTE < start < end < NOON
    page.wait_for_selector("#timeline-inner header b")
    shown = page.locator("#timeline-inner header b").inner_text()
    assert shown.startswith(
        f"{place.store.traces.count([place.experiment], f'timestamp >= {start} AND timestamp < {end}')} "
    )
    page.get_by_role("link", name="Zoom out").click()
    page.wait_for_url(lambda url: int(parse_qs(urlsplit(url).query)["start"][0]) == start - (end - start))


def test_a_stretch_of_time_is_chosen_with_the_keyboard_alone(open_page: Opened, place: Place):
    page = open_page(paths(place)["traces"])
    page.wait_for_selector("time-brush [role=slider]")
    page.get_by_role("link", name="All", exact=True).focus()
    for _ in range(6):
        if page.evaluate("document.activeElement.getAttribute('role')") == "slider":
            break
        page.keyboard.press("Tab")
    handle = page.locator("time-brush [role=slider]")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    told = handle.get_attribute("aria-valuetext")
    assert " to " in told
    assert told.endswith("UTC")
    step = int(page.locator("time-brush").get_attribute("data-step"))
    page.keyboard.press("Enter")
    page.wait_for_url("**start=*")
    query = parse_qs(urlsplit(page.url).query)
    assert int(query["end"][0]) - int(query["start"][0]) == 3 * step


def test_a_stretch_of_time_is_chosen_with_a_finger(chromium: Any, place: Place):
    context = chromium.new_context(viewport={"width": 390, "height": 800}, has_touch=True, base_url=place.address)
    page = context.new_page()
    page.goto(paths(place)["traces"])
    page.wait_for_selector("time-brush [role=slider]")
    page.locator(".overtime").scroll_into_view_if_needed()
    box = page.locator(".overtime").bounding_box()
    session = context.new_cdp_session(page)
    y = box["y"] + box["height"] / 2
    for kind, share in (("touchStart", 0.3), ("touchMove", 0.45), ("touchMove", 0.6), ("touchEnd", None)):
        points = [] if share is None else [{"x": box["x"] + box["width"] * share, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_url("**start=*")
    context.close()


def test_a_facet_narrows_the_list_and_lets_go_again(open_page: Opened, place: Place):
    page = open_page(paths(place)["traces"], width=1440)
    page.locator(".facet a", has_text="failed").click()
    page.wait_for_selector(".chip:has-text(\"status = 'ERROR'\")")
    page.wait_for_selector(".facet a.on")
    assert page.locator("tbody[data-rows] .st.bad").count() == page.locator("tbody[data-rows] tr").count()
    page.locator(".facet a.on").click()
    page.wait_for_function("() => !location.search.includes('where')")
    assert page.locator("tbody[data-rows] tr").count() == 50


def test_a_mistake_is_told_beside_the_box_and_what_was_typed_stays(chromium: Any, place: Place):
    page = chromium.new_page(base_url=place.address)
    page.goto(paths(place)["traces"])
    page.fill("#filter", "status = ERROR")
    page.press("#filter", "Enter")
    page.wait_for_selector("#filter-note [role=alert]:has-text('in quotes')")
    assert page.input_value("#filter") == "status = ERROR"
    assert page.locator("#filter").get_attribute("aria-invalid") == "true"
    assert page.evaluate("document.activeElement.id") == "filter"
    page.fill("#filter", "refund")
    page.press("#filter", "Enter")
    page.wait_for_selector("tbody[data-rows] tr")
    page.close()


def test_traces_are_ticked_in_ranges_and_deleted_after_a_question(chromium: Any, own_store: Store):
    ids = [trace.info.trace_id for trace in fill(own_store, "0", 60)]
    with live(own_store) as address, quiet(chromium, address) as opened:
        page = opened("/traces?experiment=0")
        boxes = page.locator("tbody[data-rows] input")
        delete = page.get_by_role("button", name="Delete…")
        assert delete.is_disabled()
        boxes.nth(1).click()
        boxes.nth(4).click(modifiers=["Shift"])
        assert page.locator("[data-count]").inner_text() == "4 selected"
        delete.click()
        page.wait_for_selector("dialog[open]")
        assert page.locator("dialog h2").inner_text() == "Delete 4 traces?"
        assert page.evaluate("document.activeElement.textContent.trim()") == "Keep them"
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog:not([open])", state="attached")
        delete.click()
        page.locator("dialog[open]").get_by_role("button", name="Delete 4 traces").click()
        page.wait_for_selector("[role=status]:has-text('4 traces were deleted')")
        assert [i.trace_id for i in own_store.traces.search(["0"]).items] == ids[:1] + ids[5:]
        page.locator("[data-every]").check()
        page.get_by_role("button", name="All that match").click()
        assert page.locator("[data-count]").inner_text() == "All that match"
        assert page.get_by_role("button", name="Show alone").is_disabled()
        delete.click()
        page.wait_for_selector("dialog[open] h2:has-text('Delete 56 traces?')")


def test_new_traces_come_in_on_top_while_the_list_is_live(chromium: Any, own_store: Store):
    now = int(time.time() * 1000)
    own_store.traces.put([made_trace(k, "0", at=now - k * 1000, name=f"old {k}", running=k == 2) for k in range(30)])
    with live(own_store) as address, quiet(chromium, address) as opened:
        page = opened("/traces?experiment=0")
        page.evaluate("() => (document.querySelector('live-tail').dataset.every = 100)")
        page.get_by_role("button", name="Live").click()
        page.wait_for_selector("live-tail.on .says:has-text('Live')")
        assert "live=on" in page.url
        page.mouse.move(2, 2)
        own_store.traces.put(
            [made_trace(100, "0", at=now + 5, name="new 1"), made_trace(2, "0", at=now - 2000, name="old 2")]
        )
        page.wait_for_selector("tbody[data-rows] tr:first-child:has-text('new 1')")
        assert "fresh" in page.locator("tbody[data-rows] tr").first.get_attribute("class")
        page.wait_for_function("() => document.getElementById('announce').textContent.includes('1 new trace')")
        page.wait_for_function("() => !document.querySelector('tbody[data-rows] .st.run')")
        page.locator("tbody[data-rows] tr", has_text="old 1 ").or_(
            page.locator("tbody[data-rows] tr").nth(3)
        ).first.hover()
        own_store.traces.put([made_trace(101, "0", at=now + 9, name="new 2")])
        page.wait_for_selector("live-tail .primary:has-text('Show 1 new')")
        assert "new 1" in page.locator("tbody[data-rows] tr").first.inner_text()
        page.mouse.move(2, 2)
        page.wait_for_selector("tbody[data-rows] tr:first-child:has-text('new 2')")
        page.locator("tbody[data-rows] input").nth(2).focus()
        own_store.traces.put([made_trace(105, "0", at=now + 10, name="new 2b")])
        page.locator("live-tail .primary:has-text('Show 1 new')").click()
        page.wait_for_selector("tbody[data-rows] tr:first-child:has-text('new 2b')")
        page.mouse.wheel(0, 700)
        page.wait_for_function("() => scrollY > 300")
        page.mouse.move(2, 2)
        read = page.locator("tbody[data-rows] tr", has_text="old 20")
        before = read.bounding_box()["y"]
        own_store.traces.put([made_trace(102, "0", at=now + 12, name="new 3")])
        page.wait_for_selector("tbody[data-rows] tr:first-child:has-text('new 3')")
        assert abs(read.bounding_box()["y"] - before) < 2
        page.get_by_role("button", name="Pause").click()
        assert "live" not in page.url


def test_a_live_list_stops_by_itself_when_the_server_fails_and_says_so(chromium: Any, own_store: Store):
    own_store.traces.put([made_trace(k, "0", at=NOON - k) for k in range(3)])
    with live(own_store) as address:
        page = chromium.new_page(base_url=address)
        page.goto("/traces?experiment=0")
        page.route("**/traces?*", lambda route: route.fulfill(status=503, body="busy"))
        page.get_by_role("button", name="Live").click()
        page.wait_for_selector("live-tail .err:has-text('Stopped: the server answered 503.')")
        assert page.locator("live-tail.on").count() == 0
        assert page.locator("tbody[data-rows] tr").count() == 3
        page.unroute("**/traces?*")
        page.get_by_role("button", name="Live").click()
        page.wait_for_selector("live-tail.on .says:has-text('Live')")
        page.close()


def test_a_view_is_saved_opened_and_removed(chromium: Any, own_store: Store):
    fill(own_store, "0", 60)
    with live(own_store) as address, quiet(chromium, address) as opened:
        page = opened("/traces?experiment=0&where=status+%3D+%27ERROR%27&order_by=cost+DESC")
        page.locator("summary", has_text="Views").click()
        page.fill("#view-name", "Dear failures")
        page.get_by_role("button", name="Save view").click()
        page.wait_for_selector("summary:has-text('Views 1')")
        assert "order_by=cost" in page.url
        page.goto("/traces?experiment=0")
        page.locator("summary", has_text="Views").click()
        page.get_by_role("link", name="Dear failures").click()
        page.wait_for_selector("th[aria-sort=descending]:has-text('Cost')")
        page.locator("summary", has_text="Views").click()
        page.get_by_role("button", name="Remove the view Dear failures").click()
        page.wait_for_selector("summary:not(:has-text('Views 1')):has-text('Views')")


def test_a_conversation_is_walked_with_keys_and_its_later_turns_come_as_they_are_seen(chromium: Any, own_store: Store):
    own_store.traces.put(
        [made_trace(k, "0", at=NOON + k * MINUTE, question=f"question {k}", session="long") for k in range(45)]
    )
    with live(own_store) as address, quiet(chromium, address) as opened:
        page = opened("/session?experiment=0&id=long")
        assert page.locator(".turn").count() == 20
        page.keyboard.press("j")
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Turn 2"
        page.keyboard.press("k")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Turn 1"
        page.locator(".more").scroll_into_view_if_needed()
        page.wait_for_function("() => document.querySelectorAll('.turn').length >= 40")
        page.locator(".turn").last.scroll_into_view_if_needed()
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_function("() => document.querySelectorAll('.turn').length === 45")
        labels = page.locator(".turn").evaluate_all("all => all.map(turn => turn.getAttribute('aria-label'))")
        assert labels == [f"Turn {k}" for k in range(1, 46)]
        page.locator(".turn").nth(4).focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/traces/tr-*")


def test_every_word_on_a_list_stands_out_enough_from_its_ground(open_page: Opened, place: Place):
    from .contrast import faint

    for scheme in ("light", "dark"):
        page = open_page(paths(place)["traces"], width=1440, scheme=scheme)
        page.wait_for_selector("#facets-inner")
        page.wait_for_selector("#timeline-inner")
        page.locator("tbody[data-rows] input").nth(1).check()
        assert faint(page) == []
        assert faint(open_page(paths(place)["session"], scheme=scheme)) == []
