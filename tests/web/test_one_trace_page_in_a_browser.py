"""The page of one trace in Chromium: with the keyboard alone, searched, judged, and at 30,000 spans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from steelyard.records import AssessmentSource, Feedback, Store
from steelyard.store import open_store

from . import trace_shapes as shapes
from .conftest import live, quiet

pytestmark = pytest.mark.browser

MANY = 30_000
Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(tmp_path_factory.mktemp("one-trace"))
    shapes.agent(store)
    shapes.odd(store)
    shapes.many(store, MANY)
    yield store
    store.close()


@pytest.fixture(scope="module")
def served(stored: Store) -> Iterator[str]:
    with live(stored) as found:
        yield found


@pytest.fixture
def opened(chromium: Any, served: str) -> Iterator[Opened]:
    with quiet(chromium, served) as found:
        yield found


def chosen(page: Any, name: str) -> None:
    page.wait_for_selector(f"#h-span:has-text('{name}')")


@pytest.mark.parametrize("shape", ["a", "b"], ids=["agent", "odd"])
@pytest.mark.parametrize("view", ["tree", "timeline", "chat"])
def test_every_view_is_quiet_and_fits_a_phone_in_the_dark(opened: Opened, shape: str, view: str):
    page = opened(f"/traces/{shapes.trace_id(shape)}?view={view}", width=390, scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.locator("main h1").count() == 1


def test_the_tree_is_walked_with_the_keyboard_alone(opened: Opened):
    page = opened(f"/traces/{shapes.trace_id('a')}?span={shapes.span_id(1)}", width=1440)
    page.keyboard.press("j")
    chosen(page, "plan")
    page.keyboard.press("j")
    chosen(page, "openai.chat")
    page.keyboard.press("k")
    chosen(page, "plan")
    page.keyboard.press("ArrowLeft")
    page.wait_for_selector("tr[aria-expanded=false]:has-text('plan')")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("tr:has-text('openai.chat')")
    page.keyboard.press("e")
    chosen(page, "get_invoice")
    assert page.evaluate("document.activeElement.closest('tr').getAttribute('aria-selected')") == "true"
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'span'")
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.closest('tr')")
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.keyboard.press("?")
    page.wait_for_function("!document.querySelector('#keys').open && document.activeElement.closest('tr')")
    assert page.locator("[data-lines] a[tabindex='0']").count() == 1


def test_matches_are_counted_marked_and_stepped_through(opened: Opened):
    page = opened(f"/traces/{shapes.trace_id('a')}", width=1440)
    page.keyboard.press("/")
    page.keyboard.type("INV-20418")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-place]:has-text('1 of 4')")
    chosen(page, "plan")
    page.keyboard.press("Enter")  # once more in the field: the next
    page.wait_for_selector("[data-place]:has-text('2 of 4')")
    page.keyboard.press("Escape")
    for _ in range(2):
        page.keyboard.press("n")
    page.wait_for_selector("[data-place]:has-text('4 of 4')")
    page.keyboard.press("n")
    page.wait_for_selector("[data-place]:has-text('1 of 4')")
    page.keyboard.press("Shift+N")
    page.wait_for_selector("[data-place]:has-text('4 of 4')")
    page.wait_for_function("CSS.highlights.get('found')?.size > 0")
    page.click("text=All spans, matches marked")
    page.wait_for_selector("tr:has-text('search_policy'):not(.hit)")
    assert page.locator("tr.hit").count() == 4


def test_json_folds_and_long_attributes_are_filtered(opened: Opened):
    page = opened(f"/traces/{shapes.trace_id('a')}?span={shapes.span_id(7)}", width=1440)
    page.click("#span summary:has-text('Attributes')")
    page.fill("fact-filter input", "fact.11")
    assert page.locator("fact-filter dt:visible").all_inner_texts() == ["fact.11"]
    page.locator("tr", has_text="search_policy").locator("a").click()
    chosen(page, "search_policy")
    assert page.locator(".documents > li").count() == 2


def test_feedback_is_given_corrected_deleted_and_brought_back(chromium: Any, own_store: Store):
    shapes.agent(own_store)
    judge = AssessmentSource("LLM_JUDGE", "openai:/gpt-4.1")
    trace_id = shapes.trace_id("a")
    own_store.assessments.add([Feedback(name="correct", value=True, source=judge, trace_id=trace_id)])
    with live(own_store) as address, quiet(chromium, address) as opened:
        page = opened(f"/traces/{trace_id}", width=1440)
        page.fill("#reviewer", "Grace")
        page.locator("h1").click()
        page.keyboard.press("f")
        page.wait_for_selector(".adding[open]")
        page.locator("tr", has_text="decide").locator("a").click()
        chosen(page, "decide")
        page.check("[data-this-span]")
        page.fill(".adding input[name=name]", "grounded")
        page.check(".adding input[name=truth][value=yes]")
        page.click(".adding button:has-text('Save')")
        page.wait_for_selector(".judged:has-text('grounded')")
        assert "of the span decide" in page.locator(".judged", has_text="grounded").inner_text().lower()
        mine = page.locator(".judged", has_text="grounded")
        mine.locator("[data-edit]").click()
        mine.locator("input[name=value][value=no]").check()
        mine.get_by_role("button", name="Save change").click()
        page.wait_for_selector(".judged:has-text('grounded') .v.worse")
        page.locator(".judged", has_text="grounded").locator("summary:has-text('History')").click()
        told = page.locator(".judged", has_text="grounded").locator("details[open] tr").all_inner_texts()
        assert ["created" in told[0], "updated" in told[1]] == [True, True]
        page.locator(".judged", has_text="grounded").get_by_role("button", name="Delete").click()
        page.wait_for_selector(".undo:has-text('Deleted grounded')")
        assert page.locator(".judged", has_text="grounded").count() == 0
        page.click(".undo button")
        page.wait_for_selector(".judged:has-text('grounded')")
        (one,) = [a for a in own_store.assessments.list([trace_id])[trace_id] if a.name == "grounded"]
        assert (one.value, one.span_id, one.source.source_id) == (False, shapes.span_id(7), "Grace")


def test_the_second_of_two_editors_sees_both_values(chromium: Any, own_store: Store):
    shapes.agent(own_store)
    trace_id = shapes.trace_id("a")
    person = AssessmentSource("HUMAN")
    own_store.assessments.add([Feedback(name="tone", value="curt", source=person, trace_id=trace_id)])
    with live(own_store) as address:
        pages = [chromium.new_page(base_url=address) for _ in range(2)]
        for page in pages:
            page.goto(f"/traces/{trace_id}")
            page.locator("[data-edit]").click()
        for page, value in zip(pages, ("polite", "rude"), strict=True):
            page.fill(".judged textarea[name=value]", value)
            page.get_by_role("button", name="Save change").click()
            page.wait_for_selector(".v:has-text('polite'), #judged-problem .note")
        note = pages[1].locator("#judged-problem .note").inner_text()
        assert "polite" in note
        assert "rude" in note
        pages[1].get_by_role("button", name="Write mine all the same").click()
        pages[1].wait_for_selector(".v:has-text('rude')")
        for page in pages:
            page.close()


def test_tags_are_added_and_removed(chromium: Any, own_store: Store):
    shapes.agent(own_store)
    with live(own_store) as address, quiet(chromium, address) as opened:
        page = opened(f"/traces/{shapes.trace_id('a')}")
        page.click("#tags summary")
        page.fill("#tags input[name=key]", "reviewed")
        page.fill("#tags input[name=value]", "by me")
        page.press("#tags input[name=value]", "Enter")
        page.wait_for_selector("#tags .chip:has-text('reviewed')")
        page.get_by_role("button", name="Remove the tag reviewed").click()
        page.wait_for_selector("#tags:not(:has-text('reviewed'))")


def test_30_000_spans_scroll_while_the_page_stays_small(opened: Opened):
    page = opened(f"/traces/{shapes.trace_id('c')}", width=1440)
    page.wait_for_selector(".spacer", state="attached")
    most = 0
    for place in range(1, 5):
        page.evaluate(
            "share => { const p = document.querySelector('.spans'); p.scrollTop = share * p.scrollHeight }", place / 4
        )
        page.wait_for_function(
            """() => { const p = document.querySelector('.spans'), box = p.getBoundingClientRect();
            return [...document.querySelectorAll('tr[data-index]')].some(r => { const b = r.getBoundingClientRect();
            return b.top < box.bottom && b.bottom > box.top + 40; }) }"""
        )
        most = max(most, page.evaluate("document.querySelectorAll('*').length"))
    assert page.locator(f"tr[data-at='{MANY - 1}']").count() == 1
    assert most < 8_000
    page.locator(f"tr[data-at='{MANY - 1}'] a").click()
    page.keyboard.press("Home")
    page.wait_for_selector("tr[data-at='0'] a:focus")
    page.keyboard.press("e")
    page.wait_for_selector("tr.on .st.bad")
    page.keyboard.press("/")
    page.wait_for_selector("#find-span:focus")
    page.keyboard.type("needle 29007")
    page.keyboard.press("Enter")
    chosen(page, "step 29007")


def test_a_running_trace_grows_by_itself(chromium: Any, own_store: Store):
    t = shapes.trace_id("e")
    first = shapes.step(t, 2, 1, "first step", "LLM", 0, 900)
    shapes.put(own_store, (first,), name="running", state="IN_PROGRESS")
    with live(own_store) as address, quiet(chromium, address) as opened:
        page = opened(f"/traces/{t}")
        page.wait_for_selector("#standing:has-text('Running')")
        root = shapes.step(t, 1, None, "root step", "AGENT", 0, 2000)
        shapes.put(own_store, (root, first), name="running")
        page.wait_for_selector("#standing:has-text('Finished')")
        page.wait_for_selector("tr:has-text('root step')")


def test_without_a_script_everything_can_be_read_and_judged(opened: Opened, stored: Store):
    del stored
    page = opened(f"/traces/{shapes.trace_id('a')}?span={shapes.span_id(7)}&find=invoice", script=False)
    assert page.locator("#h-span").inner_text() == "decide"
    assert page.locator("tr.hit").count() > 0
    page.locator("details.adding summary").click()
    assert page.locator(".adding input[name=name]").is_visible()
