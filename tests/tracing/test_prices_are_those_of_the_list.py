"""Prices that are remembered are those that the list calculates, to the last digit."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import genai_prices
from genai_prices import data_snapshot

from steelyard.records import Usage
from steelyard.tracing import price


def _calculated(usage: Usage, model: str, provider: str, moment: datetime) -> float | None:
    cached = {"cache_read_tokens": usage.cache_read_tokens, "cache_write_tokens": usage.cache_write_tokens}
    counts = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    counts |= {name: count for name, count in cached.items() if count}
    try:
        found = genai_prices.calc_price(
            genai_prices.Usage(**counts), model, provider_id=provider, genai_request_timestamp=moment
        )
    except (LookupError, ValueError):
        return None
    return float(found.total_price)


def test_every_seventh_model_costs_what_the_list_says() -> None:
    draw = random.Random(7)
    models = [
        (model.id, provider.id) for provider in data_snapshot.get_snapshot().providers for model in provider.models
    ]
    for model, provider in models[::7]:
        asked = draw.choice([10, 3_000, 300_000])
        usage = Usage(
            input_tokens=asked,
            output_tokens=draw.randrange(5_000),
            cache_read_tokens=draw.choice([0, asked // 3]),
            cache_write_tokens=draw.choice([0, asked // 4]),
        )
        minute = draw.randrange(1_700_000_000, 1_790_000_000) // 60 * 60
        moment = datetime.fromtimestamp(minute, UTC)
        expected = _calculated(usage, model, provider, moment)
        assert price(usage, model=model, provider=provider, time_ns=minute * 10**9) == expected, (provider, model)


def test_a_model_with_an_endless_name_has_no_price() -> None:
    assert price(Usage(input_tokens=1), model="gpt-4o" * 1000) is None
