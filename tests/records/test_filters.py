"""Filters that are written for people mean what they said, whatever they typed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.records.filters import condition, like_escaped, words_filter
from steelyard.store.sql.filter import parse_filter
from steelyard.store.sql.filter.terms import Both, Comparison
from steelyard.store.sql.trace_filter import TRACES

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=40)
KEYS = {"tag.": "tags", "metadata.": "metadata", "feedback.": "feedback", "span.attributes.": "span"}


@settings(max_examples=300)
@given(st.sampled_from(sorted(KEYS)), TEXT.filter(bool), TEXT)
def test_any_name_and_any_text_come_through(prefix: str, name: str, value: str) -> None:
    parsed = parse_filter(condition(prefix + name, "=", value), TRACES)
    assert isinstance(parsed, Comparison)
    wanted = f"attributes.{name}" if prefix.startswith("span") else name
    assert (parsed.key.kind, parsed.key.name, parsed.operator, parsed.value) == (KEYS[prefix], wanted, "=", value)


@given(st.floats(allow_nan=False) | st.integers(-(2**70), 2**70) | st.booleans())
def test_any_number_comes_through(value: float) -> None:
    parsed = parse_filter(condition("feedback.x", ">=", value), TRACES)
    assert isinstance(parsed, Comparison)
    assert parsed.value == float(value)


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_lists_come_through(values: list[str]) -> None:
    parsed = parse_filter(condition("name", "NOT IN", values), TRACES)
    assert isinstance(parsed, Comparison)
    assert (parsed.operator, parsed.value) == ("NOT IN", tuple(values))


def test_conditions_without_a_value_have_none() -> None:
    parsed = parse_filter(condition("tag.a b", "IS NOT NULL"), TRACES)
    assert isinstance(parsed, Comparison)
    assert (parsed.key.name, parsed.operator, parsed.value) == ("a b", "IS NOT NULL", None)


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=60))
def test_what_is_typed_in_a_search_box_always_parses_and_asks_for_every_word(typed: str) -> None:
    parsed = parse_filter(words_filter(typed), TRACES)
    parts = parsed.conditions if isinstance(parsed, Both) else [parsed] if parsed else []
    assert all(isinstance(part, Comparison) and part.operator == "ILIKE" for part in parts)
    asked = {part.value for part in parts if isinstance(part, Comparison)}
    if '"' not in typed:
        assert asked == {f"%{like_escaped(word)}%" for word in typed.split()}


def test_phrases_stay_together_and_a_lonely_quote_is_a_character() -> None:
    parsed = parse_filter(words_filter('a "b  c" d a "'), TRACES)
    assert isinstance(parsed, Both)
    assert [part.value for part in parsed.conditions if isinstance(part, Comparison)] == ["%a%", "%b  c%", "%d%", '%"%']
