"""Tokens and money of a trace: each call of a model once, however many layers tell of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.records import Span, Usage
from steelyard.tracing import price, priced, trace_usage


def _span(span_id: str, parent: str | None, tokens: int | None, cost: float | None = None) -> Span:
    usage = None if tokens is None else Usage(input_tokens=tokens, output_tokens=1, cost=cost)
    return Span(trace_id="tr-1", span_id=span_id, parent_id=parent, name=span_id, start_time_ns=0, usage=usage)


def test_calls_beside_each_other_add_up() -> None:
    spans = [_span("root", None, None), _span("a", "root", 10, 0.5), _span("b", "root", 20, 0.25)]
    assert trace_usage(spans) == Usage(input_tokens=30, output_tokens=2, cost=0.75)


def test_a_call_told_by_two_layers_counts_once() -> None:
    spans = [_span("root", None, None), _span("framework", "root", 10), _span("client", "framework", 10, 0.5)]
    assert trace_usage(spans) == Usage(input_tokens=10, output_tokens=1, cost=0.5)


def test_an_agent_that_adds_up_its_calls_counts_once() -> None:
    spans = [_span("agent", None, 30), _span("tool", "agent", None), _span("a", "agent", 10), _span("b", "tool", 20)]
    usage = trace_usage(spans)
    assert usage is not None
    assert usage.input_tokens == 30


def test_retries_under_one_call_are_all_paid_for() -> None:
    spans = [_span("framework", None, 10), _span("first", "framework", 10), _span("second", "framework", 10)]
    usage = trace_usage(spans)
    assert usage is not None
    assert usage.input_tokens == 20


def test_a_trace_without_models_has_no_usage() -> None:
    assert trace_usage([_span("root", None, None)]) is None


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 100)), min_size=1, max_size=8))
def test_a_parent_never_counts_less_than_its_children_nor_more_than_all_spans(shape: list[tuple[int, int]]) -> None:
    spans = [_span("0", None, shape[0][1])]
    spans += [_span(str(n), str(above % n), tokens) for n, (above, tokens) in enumerate(shape[1:], 1)]
    usage = trace_usage(spans)
    assert usage is not None
    told = [span.usage.total_tokens for span in spans if span.usage is not None]
    assert max(told) <= usage.total_tokens <= sum(told)


def test_prices_are_the_providers() -> None:
    # OpenAI's list of 2024-07-18: 0.15 dollars for a million input tokens, 0.075 from the cache, 0.60 output.
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000, cache_read_tokens=500_000)
    assert price(usage, model="gpt-4o-mini", provider="openai") == pytest.approx(0.075 + 0.0375 + 0.60)
    assert price(usage, model="gpt-4o-mini-2024-07-18") == pytest.approx(0.7125)


def test_a_client_that_leaves_cached_tokens_out_of_the_input_is_understood() -> None:
    apart = Usage(input_tokens=10, output_tokens=0, cache_read_tokens=90)
    together = Usage(input_tokens=100, output_tokens=0, cache_read_tokens=90)
    assert price(apart, model="gpt-4o-mini", provider="openai") == price(
        together, model="gpt-4o-mini", provider="openai"
    )


@pytest.mark.parametrize(
    ("model", "provider"), [("nothing-like-it", None), ("gpt-4o-mini", "my-own-server"), ("", "openai")]
)
def test_a_price_that_is_not_known_is_none(model: str, provider: str | None) -> None:
    usage = Usage(input_tokens=1, output_tokens=1)
    assert price(usage, model=model, provider=provider) is None
    assert priced(usage, model=model, provider=provider) == usage


def test_a_cost_that_the_span_tells_stays() -> None:
    usage = Usage(input_tokens=1, cost=3.0)
    assert priced(usage, model="gpt-4o-mini", provider="openai") == usage
