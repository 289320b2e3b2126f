"""Windows by a tag or a model, of traces chosen by tags or spans: one does not get in the other's way."""

from __future__ import annotations

import pytest
from windows_made import Fact, keep

from steelyard.records import Store

WHOLE = 2**50 // 1000 * 1000
FACTS = [
    Fact(1, tags={"team": "red", "lang": "de"}, models=("small",)),
    Fact(2, tags={"team": "red", "lang": "en"}, models=("small", "large")),
    Fact(3, tags={"team": "blue", "lang": "en"}),
    Fact(4, tags={"lang": "fr"}, models=("large",)),
]


@pytest.mark.parametrize(
    ("by", "filter_string", "counted"),
    [
        ("tag.lang", "tag.team = 'red'", {"de": 1, "en": 1}),
        ("tag.lang", "tag.team = 'red' OR tag.lang = 'fr'", {"de": 1, "en": 1, "fr": 1}),
        ("tag.lang", "tag.lang != 'en' OR timestamp_ms < 0", {"de": 1, "fr": 1}),
        ("tag.lang", "NOT (tag.team = 'blue') OR timestamp_ms < 0", {"de": 1, "en": 1, "fr": 1}),
        ("model", "span.model = 'small' OR timestamp_ms < 0", {"small": 2, "large": 1}),
        ("model", "tag.lang = 'fr' OR span.model = 'nobody'", {"large": 1}),
    ],
    ids=["another tag", "either tag", "the same tag", "no tag", "model", "tag or model"],
)
def test_values_are_counted_of_the_traces_that_match(
    store: Store, by: str, filter_string: str, counted: dict[str, int]
) -> None:
    keep(store, FACTS)
    found = store.overview.windows(["0"], filter_string, start_ms=0, end_ms=WHOLE, step_ms=WHOLE, by=by)
    assert {one.group: one.n for one in found} == counted
