"""What a call of a model costs, by the price list in the installed package genai-prices: nothing is fetched."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

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
    if cost is None:
        return usage
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cost=cost,
    )


def price(usage: Usage, *, model: str, provider: str | None = None, time_ns: int | None = None) -> float | None:
    """Return what tokens cost in US dollars, or None if the price is not known."""
    if not model or len(model) > _LONGEST_NAME:
        return None
    read, written = usage.cache_read_tokens, usage.cache_write_tokens
    cached = read + written
    asked = usage.input_tokens
    if asked < cached:  # OpenTelemetry counts them in; this client does not
        asked += cached
    tariff = _tariff(model, provider)
    if isinstance(tariff, _Changing):
        tariff = _tariff_at(model, provider, (time.time_ns() if time_ns is None else time_ns) // _MINUTE_NS)
    if isinstance(tariff, _Stepped) and asked < tariff.first:
        tariff = tariff.below
    if isinstance(tariff, _Stepped):
        found = _looked_up(model, provider, tariff.minute, asked, usage.output_tokens, read, written)
        return None if found is None else float(found.total_price)
    if tariff is None:
        return None
    cost = tariff.call + tariff.input * (asked - cached) + tariff.output * usage.output_tokens
    if cached:
        cost += tariff.cache_read * read + tariff.cache_write * written
    return float(cost)


class _Tariff(NamedTuple):
    """US dollars: of a call as such, and of each token."""

    call: Decimal
    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal


class _Stepped(NamedTuple):
    """The price of a token depends on how many are asked: ``below`` the ``first`` step it does not."""

    minute: int | None
    first: int = 0
    below: _Tariff | None = None


class _Changing(NamedTuple):
    """The price depends on the time of the call."""


_PROBE = 1_000_000
_MINUTE_NS = 60 * 10**9
_LONGEST_NAME = 200


@lru_cache(maxsize=4096)
def _tariff(model: str, provider: str | None) -> _Tariff | _Stepped | _Changing | None:
    """Return a model's prices, found once: searching the list takes longer than everything else about a span."""
    found = _looked_up(model, provider, None, _PROBE, 0, 0, 0)
    if found is None:
        return None
    return _Changing() if isinstance(found.model.prices, list) else _told(found, model, provider, None)


@lru_cache(maxsize=4096)
def _tariff_at(model: str, provider: str | None, minute: int) -> _Tariff | _Stepped | None:
    found = _looked_up(model, provider, minute, _PROBE, 0, 0, 0)
    return None if found is None else _told(found, model, provider, minute)


def _told(found: Any, model: str, provider: str | None, minute: int | None) -> _Tariff | _Stepped | None:
    steps = [tier.start for each in vars(found.model_price).values() for tier in getattr(each, "tiers", ())]
    if not steps:
        return _told_alike(model, provider, minute, _PROBE) or _Stepped(minute)
    first = min(steps)
    # A power of ten, so that what is found of many tokens divides exactly.
    below = _told_alike(model, provider, minute, 10 ** (len(str(first - 1)) - 1)) if first > 1 else None
    return _Stepped(minute) if below is None else _Stepped(minute, first, below)


def _told_alike(model: str, provider: str | None, minute: int | None, most: int) -> _Tariff | None:
    """Return prices that are the same for each token, up to so many of them."""
    told = [
        _looked_up(model, provider, minute, *counts)
        for counts in (
            (0, 0, 0, 0),
            (most, 0, 0, 0),
            (0, most, 0, 0),
            (most, 0, most, 0),
            (most, 0, 0, most),
        )
    ]
    if any(each is None for each in told):
        return None
    call, *rates = (each.total_price for each in told)
    return _Tariff(call, *((rate - call) / most for rate in rates))


def _looked_up(
    model: str, provider: str | None, minute: int | None, asked: int, answered: int, read: int, written: int
) -> Any:
    """Return what the price list calculates, or None if it does not know the price."""
    list_of_prices = _genai_prices()
    if list_of_prices is None:
        return None
    counts: dict[str, int] = {"input_tokens": asked, "output_tokens": answered}
    if read:
        counts["cache_read_tokens"] = read
    if written:
        counts["cache_write_tokens"] = written
    try:
        return list_of_prices.calc_price(
            list_of_prices.Usage(**counts),
            model,
            provider_id=_PROVIDERS.get(provider, provider) if provider else None,
            genai_request_timestamp=None if minute is None else datetime.fromtimestamp(minute * 60, UTC),
        )
    except (LookupError, ValueError):  # another provider's price of the same model would be a guess
        return None


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
