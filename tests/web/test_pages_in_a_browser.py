"""Each page in Chromium: nothing on the console, no violation of the policy, no request to another host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .conftest import quiet
from .sample_runs import Sample

pytestmark = pytest.mark.browser

Opened = Callable[..., Any]


@pytest.fixture
def open_page(chromium: Any, address: str) -> Iterator[Opened]:
    with quiet(chromium, address) as opened:
        yield opened


def paths(sample: Sample) -> dict[str, str]:
    return {
        "experiments": "/",
        "runs": f"/experiments/{sample.experiment}/runs",
        "no runs": f"/experiments/{sample.empty}/runs",
        "run": f"/runs/{sample.candidate}",
        "text run": f"/runs/{sample.text}",
        "regression": f"/runs/{sample.regression}",
        "plain": f"/runs/{sample.plain}",
        "running": f"/runs/{sample.running}",
        "hostile": f"/runs/{sample.hostile}",
        "rows": f"/runs/{sample.candidate}/rows",
        "row": f"/runs/{sample.text}/rows/3",
        "compare": f"/compare?runs={sample.candidate},{sample.baseline}",
        "artifacts": f"/runs/{sample.hostile}/artifacts",
        "preview": f"/runs/{sample.hostile}/artifacts/table.csv",
        "evil chart": f"/runs/{sample.hostile}/artifacts/evil.vl.json",
    }


NAMES = (
    "experiments",
    "runs",
    "no runs",
    "run",
    "text run",
    "regression",
    "plain",
    "running",
    "hostile",
    "rows",
    "row",
    "compare",
    "artifacts",
    "preview",
    "evil chart",
)


@contextmanager
def scrolled(page: Any) -> Iterator[Any]:
    page.evaluate("document.documentElement.scrollHeight")
    for place in range(0, page.evaluate("document.documentElement.scrollHeight"), 700):
        page.evaluate(f"scrollTo(0, {place})")
    yield page


@pytest.mark.parametrize("name", NAMES)
def test_a_page_fits_a_phone_in_the_dark(open_page: Opened, sample: Sample, name: str):
    page = open_page(paths(sample)[name], width=390, scheme="dark")
    with scrolled(page):
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 28)"
    assert page.locator("main h1").count() == 1


@pytest.mark.parametrize("name", ["runs", "run", "rows", "compare"])
def test_a_page_can_be_read_without_a_script(open_page: Opened, sample: Sample, name: str):
    page = open_page(paths(sample)[name], script=False)
    assert page.locator("main h1").is_visible()
    assert page.locator("main table").first.is_visible()


def test_filtering_runs_swaps_the_list_keeps_the_focus_and_tells_the_address(open_page: Opened, sample: Sample):
    page = open_page(paths(sample)["runs"])
    page.fill("#filter", "attributes.status = 'FAILED'")
    page.press("#filter", "Enter")
    page.wait_for_url("**filter=attributes.status*")
    page.wait_for_function("document.querySelectorAll('tbody tr').length === 1")
    assert page.locator("tbody th").inner_text().startswith("gbm-depth9")
    assert page.evaluate("document.activeElement.id") == "filter"
    page.wait_for_function("document.getElementById('announce').textContent.includes('1 of 1')")
    page.click("a[aria-label^='Remove filter']")
    page.wait_for_function("document.querySelectorAll('tbody tr').length === 6")


def test_sorting_by_a_column_says_so_to_everyone(open_page: Opened, sample: Sample):
    page = open_page(paths(sample)["runs"])
    page.click("th a:has-text('accuracy_score')")
    page.wait_for_selector("th[aria-sort='descending']:has-text('accuracy_score')")
    first = page.locator("tbody tr").first.locator("th a").inner_text()
    page.click("th a:has-text('accuracy_score')")
    page.wait_for_selector("th[aria-sort='ascending']:has-text('accuracy_score')")
    assert page.locator("tbody tr").first.locator("th a").inner_text() == "majority class"
    assert first == "gbm-depth3"


def test_two_runs_are_chosen_and_compared_with_the_keyboard_alone(open_page: Opened, sample: Sample):
    page = open_page(paths(sample)["runs"])
    button = page.locator("[data-bar] .primary")
    assert button.is_disabled()
    for name in ("gbm-depth3", "logreg-C1"):
        page.get_by_label(f"Select {name}", exact=True).focus()
        page.keyboard.press("Space")
    assert page.locator("[data-count]").inner_text() == "2 selected"
    assert "every difference is paired" in page.locator("[data-says]").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare?**")
    assert page.locator("h1").inner_text() == "gbm-depth3 against logreg-C1"


def test_columns_are_found_chosen_and_kept_in_the_address(open_page: Opened, sample: Sample):
    page = open_page(f"/experiments/{sample.crowd}/runs")
    page.click("column-picker summary")
    page.get_by_label("Find a column").or_(page.locator("column-picker li").first).first.wait_for()
    page.locator("column-picker li", has_text="depth").locator("input").check()
    page.get_by_role("button", name="Show these columns").click()
    page.wait_for_selector("thead th:has-text('depth')")
    assert "cols=params.depth" in page.url
    page.click("column-picker summary")
    page.keyboard.press("Escape")
    assert page.locator("column-picker details[open]").count() == 0


def test_charts_are_drawn_when_they_come_near_and_again_in_the_other_theme(open_page: Opened, sample: Sample):
    page = open_page(paths(sample)["run"])
    chart = page.locator("vega-chart")
    chart.scroll_into_view_if_needed()
    page.wait_for_selector("vega-chart[data-state='drawn'] svg")
    before = page.locator("vega-chart svg").first.inner_html()
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    page.wait_for_function("before => document.querySelector('vega-chart svg').innerHTML !== before", arg=before)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_chart_that_would_load_something_is_refused(open_page: Opened, sample: Sample, address: str):
    page = open_page(paths(sample)["evil chart"])
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.wait_for_selector("vega-chart[data-state]")
    assert not [url for url in asked if url.endswith("/version")]


def test_the_slices_change_their_metric_in_place(open_page: Opened, sample: Sample):
    page = open_page(paths(sample)["run"])
    page.select_option("#metric", "log_loss")
    page.wait_for_selector("#h-slices:has-text('Log loss by slice')")
    assert "metric=log_loss" in page.url
    assert page.locator("#slices tbody tr").count() == 9


def test_rows_are_filtered_sorted_and_opened(open_page: Opened, sample: Sample):
    page = open_page(paths(sample)["rows"])
    page.select_option("select[name=correct]", "no")
    page.fill("input[name=where]", "age >= 60")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.wait_for_selector(".chip:has-text('age >= 60')")
    assert "outcome=" not in page.url
    page.click("th a:has-text('loss')")
    page.wait_for_selector("th[aria-sort='descending']")
    page.locator("tbody th a").first.click()
    page.wait_for_selector("h1:has-text('Row ')")
    assert page.locator(".st.bad").inner_text() == "wrong"


def test_a_mistyped_condition_is_told_beside_its_field(chromium: Any, address: str, sample: Sample):
    page = chromium.new_page(base_url=address)
    page.goto(paths(sample)["rows"])
    page.fill("input[name=where]", "agee >= 60")
    page.press("input[name=where]", "Enter")
    page.wait_for_selector("#where-problem")
    assert page.input_value("input[name=where]") == "agee >= 60"
    assert "Did you mean 'age'" in page.locator("#where-problem").inner_text()
    page.close()


def test_tabs_of_a_comparison_swap_the_rows(open_page: Opened, sample: Sample):
    page = open_page(paths(sample)["compare"])
    page.click(".tabs a:has-text('Fixed')")
    page.wait_for_selector(".tabs a[aria-current]:has-text('Fixed')")
    assert "rows=fixed" in page.url
    count = int(page.locator(".tabs a[aria-current] .n").inner_text())
    assert f"of {count} rows" in page.locator("#rows [data-announce]").inner_text()


def test_the_baseline_is_set_from_the_run(open_page: Opened, sample: Sample, store: Any):
    page = open_page(f"/runs/{sample.text}")
    page.get_by_role("button", name="Set as baseline").click()
    page.wait_for_selector(".badge:has-text('baseline')")
    page.get_by_role("button", name="Unset baseline").click()
    page.wait_for_selector("h1:has-text('support-sentiment')")
