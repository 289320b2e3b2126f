"""What a call of a model costs, by the price list in the installed package genai-prices: nothing is fetched."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from steelyard.records import Usage


def priced(usage: Usage | None, *, model: str, provider: str | None = None, time_ns: int | None = None) -> Usage | None:
    """Return a usage with its cost in US dollars, if it has none yet and a price is known.

    Args:
        usage: tokens; None gives None.
        model: the model as the provider calls it.
        provider: the provider, in OpenTelemetry's words; found by the model's name if it is unknown.
        time_ns: when the call was made, for prices that have changed since; now unless told.
    """
    if usage is None or usage.cost is not None or not model:
        return usage
    cost = price(usage, model=model, provider=provider, time_ns=time_ns)
    return usage if cost is None else replace(usage, cost=cost)


def price(usage: Usage, *, model: str, provider: str | None = None, time_ns: int | None = None) -> float | None:
    """Return what tokens cost in US dollars, or None if the price is not known."""
    list_of_prices = _genai_prices()
    if list_of_prices is None or not model:
        return None
    counts: dict[str, int] = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    if usage.cache_read_tokens:
        counts["cache_read_tokens"] = usage.cache_read_tokens
    if usage.cache_write_tokens:
        counts["cache_write_tokens"] = usage.cache_write_tokens
    cached = usage.cache_read_tokens + usage.cache_write_tokens
    if counts["input_tokens"] < cached:  # OpenTelemetry counts them in; this client does not
        counts["input_tokens"] += cached
    try:
        found = list_of_prices.calc_price(
            list_of_prices.Usage(**counts),
            model,
            provider_id=_PROVIDERS.get(provider, provider) if provider else None,
            genai_request_timestamp=_moment(time_ns),
        )
    except (LookupError, ValueError):  # another provider's price of the same model would be a guess
        return None
    return float(found.total_price)


# OpenTelemetry's words for providers, where the price list has another.
_PROVIDERS: dict[str | None, str] = {
    "aws.bedrock": "aws",
    "aws_bedrock": "aws",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "az.ai.openai": "azure",
    "az.ai.inference": "azure",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "vertex_ai": "google",
    "gemini": "google",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "x_ai": "x-ai",
    "xai": "x-ai",
}


@lru_cache(maxsize=1)
def _genai_prices() -> Any:
    try:
        import genai_prices
    except ImportError:
        return None
    return genai_prices


def _moment(time_ns: int | None) -> Any:
    from datetime import UTC, datetime

    return None if time_ns is None else datetime.fromtimestamp(time_ns / 1e9, UTC)
