"""The pages of evaluated applications in Chromium: quiet, whatever is stored, and as quick with the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from steelyard.records import Span, Store, Trace, TraceData, TraceInfo
from steelyard.store import open_store

from .conftest import Shown, live, quiet
from .sample_applications import plan_of, simulate
from .sample_results import record

pytestmark = pytest.mark.browser

Opened = Callable[..., Any]
MANY = 3_000
WIDE = "tr-" + "7" * 32


@pytest.fixture(scope="module")
def place(shown: Shown) -> Iterator[str]:
    with live(shown.store) as found:
        yield found


@pytest.fixture
def open_page(chromium: Any, place: str) -> Iterator[Opened]:
    with quiet(chromium, place) as opened:
        yield opened


def paths(shown: Shown) -> dict[str, str]:
    hostile = shown.ids.hostile
    trace = shown.store.traces.search([shown.store.runs.get(hostile).info.experiment_id], run_id=hostile).items[0]
    return {
        "run": f"/runs/{shown.ids.candidate}",
        "running": f"/runs/{shown.ids.running}",
        "stopped": f"/runs/{shown.ids.stopped}",
        "rows": f"/runs/{shown.ids.candidate}/rows?outcome=unscored",
        "groups": f"/runs/{shown.ids.candidate}/rows?group=channel",
        "row": f"/runs/{shown.ids.candidate}/rows/3",
        "traces": f"/traces?experiment={shown.ids.experiment}",
        "compare": f"/compare?runs={shown.ids.candidate},{shown.ids.baseline}",
        "renamed run": f"/runs/{shown.ids.renamed}",
        "renamed rows": f"/runs/{shown.ids.renamed}/rows?group=%3Cscript%3Ewindow.__pwned%3D1%3C/script%3E",
        "renamed row": f"/runs/{shown.ids.renamed}/rows/4",
        "renamed compare": f"/compare?runs={shown.ids.renamed},{hostile}",
        "worst trace": f"/traces/{shown.ids.hostile_trace}",
        "hostile run": f"/runs/{hostile}",
        "hostile rows": f"/runs/{hostile}/rows",
        "hostile groups": f"/runs/{hostile}/rows?group=channel",
        "hostile row": f"/runs/{hostile}/rows/4",
        "hostile traces": f"/traces?run={hostile}",
        "hostile trace": f"/traces/{trace.trace_id}",
        "hostile span": f"/traces/{trace.trace_id}/spans/{5:016x}",
        "hostile compare": f"/compare?runs={hostile},{shown.ids.candidate}&rows=same",
    }


NAMES = (
    "run",
    "running",
    "stopped",
    "rows",
    "groups",
    "row",
    "traces",
    "compare",
    "renamed run",
    "renamed rows",
    "renamed row",
    "renamed compare",
    "worst trace",
    "hostile run",
    "hostile rows",
    "hostile groups",
    "hostile row",
    "hostile traces",
    "hostile trace",
    "hostile span",
    "hostile compare",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_quiet_and_fits_a_phone_in_the_dark(open_page: Opened, shown: Shown, name: str):
    page = open_page(paths(shown)[name], width=390, scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.locator("main h1").count() == 1
    assert page.locator("[role=alert]").count() == 0
    assert page.locator("main script, main style, main iframe, main img").count() == 0


@pytest.mark.parametrize("name", ["run", "rows", "row", "traces", "hostile trace", "compare"])
def test_a_page_can_be_read_and_answered_without_a_script(open_page: Opened, shown: Shown, name: str):
    page = open_page(paths(shown)[name], script=False)
    assert page.locator("main h1").is_visible()
    if name == "row":
        page.locator(".tree a", has_text="write_reply").click()
        assert page.locator("#h-span").inner_text() == "write_reply"
        assert page.locator("#span .msg").count() == 5


def test_rows_are_filtered_and_opened_and_the_next_one_follows_with_a_key(open_page: Opened, shown: Shown):
    page = open_page(f"/runs/{shown.ids.candidate}/rows")
    page.select_option("select[name=scorer]", "correctness")
    page.fill("input[name=score]", "no")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_selector(".chip:has-text('correctness no')")
    page.locator("tbody th a").first.click()
    page.wait_for_selector("#judged")
    assert page.locator(".actions .dim").inner_text().startswith("1 of ")
    page.keyboard.press("j")
    page.wait_for_selector(".actions .dim:has-text('2 of ')")
    assert "score=no" in page.url
    page.keyboard.press("k")
    page.wait_for_selector(".actions .dim:has-text('1 of ')")


def test_a_verdict_is_agreed_with_and_then_corrected_with_the_keyboard_alone(open_page: Opened, shown: Shown):
    page = open_page(f"/runs/{shown.ids.candidate}/rows/8")
    page.fill("#reviewer", "Grace")
    page.locator("h1").click()
    page.keyboard.press("a")
    page.wait_for_selector("#judged .badge:has-text('a person')")
    first = page.locator("[data-judged]").first
    assert "person Grace" in first.inner_text()
    assert first.locator("[data-agree]").count() == 0
    first.locator("[data-correct]").focus()
    page.keyboard.press("c")
    assert page.evaluate("document.activeElement.name") == "value"
    said = first.locator(".v").first.inner_text()
    page.keyboard.press("Space" if said == "no" else "ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.type("It is the clause that counts.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#judged .badge:has-text('correction')")
    first = page.locator("[data-judged]").first
    assert first.locator(".v").first.inner_text() != said
    assert "It is the clause that counts." in first.inner_text()
    assert first.locator(".replaced").count() == 1
    assert page.input_value("#reviewer") == "Grace"


def test_a_value_that_does_not_fit_is_told_beside_the_form_and_kept(chromium: Any, place: str, shown: Shown):
    page = chromium.new_page(base_url=place)
    page.goto(f"/runs/{shown.ids.candidate}/rows/9")
    brevity = page.locator("[data-judged]", has_text="brevity")
    brevity.locator("[data-correct]").click()
    brevity.locator("input[name=value]").fill("short")
    brevity.get_by_role("button", name="Save correction").click()
    page.wait_for_selector("#judged-problem .note:has-text('must be a number')")
    assert brevity.locator("input[name=value]").input_value() == "short"
    page.close()


def test_a_span_is_chosen_with_arrows_and_shown_with_its_messages(open_page: Opened, shown: Shown):
    page = open_page(f"/runs/{shown.ids.candidate}/rows/3")
    page.locator(".tree tr.on a").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#h-span:has-text('write_reply')")
    assert page.locator("#span .msg header b").all_inner_texts() == ["System", "User", "Assistant", "Tool", "Assistant"]
    assert page.locator("#span .call b").inner_text() == "get_invoice"
    assert "span=" in page.url
    page.keyboard.press("Home")
    page.wait_for_selector("#h-span:has-text('support_agent')")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("tr[aria-expanded=false]")
    assert page.locator(".tree tr[data-index]").count() == 1
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("tr[data-at='6']")


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a store with a trace of many spans."""
    store = open_store(tmp_path_factory.mktemp("far"))
    spans = tuple(
        Span(
            trace_id=WIDE,
            span_id=f"{i:016x}",
            parent_id=f"{(i - 1) // 5:016x}" if i else None,
            name=f"step {i}",
            start_time_ns=10**9 + i * 10**6,
            end_time_ns=10**9 + (i + 3) * 10**6,
        )
        for i in range(MANY)
    )
    info = TraceInfo(trace_id=WIDE, request_time=1, execution_duration=3.0, state="OK", n_spans=MANY)
    store.traces.put([Trace(info, TraceData(spans))])
    with live(store) as found:
        yield found
    store.close()


def test_a_long_tree_holds_only_what_is_near_and_loads_the_rest_as_it_is_scrolled(chromium: Any, far: str):
    with quiet(chromium, far) as opened:
        page = opened(f"/traces/{WIDE}", width=1440)
        page.wait_for_selector(".spacer", state="attached")
        assert page.locator("tr[data-index]").count() == 200
        height = page.evaluate("document.querySelector('.spans table').getBoundingClientRect().height")
        assert height > MANY * 25
        page.evaluate("document.querySelector('.spans').scrollTop = 1e9")
        page.wait_for_selector(f"tr[data-at='{MANY - 1}']")
        assert page.locator("tr[data-index]").count() <= 400
        page.locator(f"tr[data-at='{MANY - 1}'] a").click()
        page.wait_for_selector("tr.on")
        page.keyboard.press("Home")
        page.wait_for_selector("tr[data-at='0'] a:focus")
        page.keyboard.press("End")
        page.wait_for_selector(f"tr[data-at='{MANY - 1}'] a:focus")
        page.fill("#find-span", "step 2777")
        page.press("#find-span", "Enter")
        page.wait_for_selector("tr.hit:has-text('step 2777'), tr.on:has-text('step 2777')")
        assert "find=step+2777" in page.url.replace("%20", "+")
        assert page.locator("tr[data-index]").count() < 10


def test_what_differs_between_two_outputs_is_marked(open_page: Opened, shown: Shown):
    page = open_page(paths(shown)["compare"])
    page.wait_for_selector("text-diff[data-state=marked]")
    first = page.locator("text-diff").first
    assert "one" in first.locator("del").first.inner_text()
    assert "both" in first.locator("ins").first.inner_text()
    page.select_option("#scorer", "tone")
    page.wait_for_selector("#h-flips:has-text('Rows by tone')")
    page.click(".tabs a:has-text('Changed')")
    page.wait_for_selector(".tabs a[aria-current]:has-text('Changed')")
    assert "rows=other" in page.url


def test_progress_moves_by_itself_and_gives_way_to_the_results(chromium: Any, own_store: Store):
    run = own_store.runs.create("0", run_name="live")
    run_id = run.info.run_id
    rows = simulate(run_id, "0", skill=0.8, seed=4, start=run.info.start_time)
    own_store.ledgers.open(run_id, plan_of("live"))
    own_store.ledgers.commit(run_id, [row.entry for row in rows[:30]])
    with live(own_store) as address, quiet(chromium, address) as opened:
        page = opened(f"/runs/{run_id}")
        page.wait_for_selector("#progress:has-text('30 of 120')")
        own_store.ledgers.commit(run_id, [row.entry for row in rows[30:]])
        page.wait_for_selector("#progress:has-text('120 of 120')")
        own_store.ledgers.finish(run_id)
        record(own_store, run_id, "live", rows, run.info.start_time)
        own_store.runs.update(run_id, status="FINISHED")
        page.wait_for_selector("#scorers")
        assert page.locator("#progress").count() == 0
