"""Pages of alarms in a browser: readable at any width and in both themes, with a keyboard, and without a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from steelyard.records import Store
from steelyard.store import open_store

from . import sample_alarms
from .conftest import live, quiet
from .contrast import faint
from .sample_runs import HOSTILE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(tmp_path_factory.mktemp("alarms"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def rung(desk: Store) -> sample_alarms.Rung:
    return sample_alarms.ring(desk, name=f"quality {''.join(HOSTILE)}"[:190].strip(), group="".join(HOSTILE)[:200])


@pytest.fixture
def open_page(chromium: Any, desk: Store, rung: sample_alarms.Rung) -> Iterator[Callable[..., Any]]:
    with live(desk) as address, quiet(chromium, address) as opened:
        yield opened


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_no_page_is_wider_than_its_window_and_all_words_can_be_read(
    open_page: Callable[..., Any], rung: sample_alarms.Rung, width: int, scheme: str
) -> None:
    here = f"/experiments/{rung.experiment_id}/alarms"
    (rule,) = rung.rules.values()
    tab = open_page(here, width=width, scheme=scheme)
    for address in (here, f"/alarms/{rung.alarm.alarm_id}", f"{here}/rules", f"{here}/rules/{rule.rule_id}"):
        tab.goto(address)
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
        assert faint(tab) == [], address


def test_an_alarm_is_taken_in_hand_with_the_keyboard_alone(
    open_page: Callable[..., Any], desk: Store, rung: sample_alarms.Rung
) -> None:
    own = sample_alarms.ring(desk)
    tab = open_page(f"/alarms/{own.alarm.alarm_id}")
    tab.locator(".acts summary").first.focus()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    tab.keyboard.type("Grace")
    tab.keyboard.press("Enter")
    tab.get_by_text("It is in your hand.").wait_for()
    assert desk.alarms.alarm(own.alarm.alarm_id).acknowledged_by == "Grace"


def test_a_rule_is_written_without_a_script_and_the_form_shows_what_its_method_needs(
    open_page: Callable[..., Any], desk: Store, rung: sample_alarms.Rung
) -> None:
    place = desk.experiments.create("a desk without a script").experiment_id
    tab = open_page(f"/experiments/{place}/alarms", script=False)
    tab.get_by_role("link", name="error rate").click()
    tab.get_by_label("Name of the rule").fill("errors")
    assert not tab.locator("#f-baseline").is_visible()
    tab.get_by_role("radio", name="Change").check()
    assert tab.locator("#f-baseline").is_visible()
    assert not tab.locator("#f-value").is_visible()
    tab.locator("#f-margin").fill("1%")
    tab.get_by_role("button", name="Keep the rule").click()
    tab.get_by_text("Kept. It is looked at in the next seconds.").wait_for()
    (rule,) = desk.alarms.rules([place])
    assert (rule.draft.condition.method, rule.draft.condition.margin) == ("change", 0.01)
    assert (rule.draft.condition.direction, rule.draft.series.what) == ("above", "error_rate")
