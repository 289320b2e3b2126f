"""What models cost: prices that the caller gives, else those of the genai-prices package, which needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from steelyard.errors import InvalidArgument
from steelyard.llm.models import parse_model
from steelyard.records.trace import Usage

_MILLION = 1_000_000
_NAMES_THERE = {"google-cloud": "google", "openai-responses": "openai", "bedrock": "aws"}


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens. ``cache_read`` is the price of input that the provider had cached."""

    input: float
    output: float
    cache_read: float | None = None

    def __post_init__(self) -> None:
        if min(self.input, self.output, self.cache_read or 0) < 0:
            message = f"A price is 0 or more, not {self}."
            raise InvalidArgument(message)

    def of(self, usage: Usage) -> float:
        cached = min(usage.cache_read_tokens, usage.input_tokens) if self.cache_read is not None else 0
        fresh = usage.input_tokens - cached
        return (fresh * self.input + cached * (self.cache_read or 0) + usage.output_tokens * self.output) / _MILLION


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of models.

    Args:
        given: prices by model URI, for models that have no public price or another one; 0 for a model of one's own.

    >>> prices = Prices({"ollama:/llama3": Price(0, 0)})
    >>> prices.cost("ollama:/llama3", Usage(input_tokens=100, output_tokens=20))
    0.0
    >>> prices.cost("ollama:/other", Usage(input_tokens=100)) is None
    True
    """

    given: Mapping[str, Price] = field(default_factory=dict)

    def __post_init__(self) -> None:
        read = {
            parse_model(model).uri: price if isinstance(price, Price) else Price(*price)
            for model, price in self.given.items()
        }
        object.__setattr__(self, "given", read)

    def cost(self, model: str, usage: Usage) -> float | None:
        """Return what a call costs in US dollars, or None where no price is known."""
        name = parse_model(model)
        if name.uri in self.given:
            return self.given[name.uri].of(usage)
        return _public(name.provider, name.name, usage)

    def known(self, model: str) -> bool:
        """Whether a model has a price."""
        return self.cost(model, Usage(input_tokens=1, output_tokens=1)) is not None

    def priced(self, model: str, usage: Usage) -> Usage:
        """Return a usage with its cost."""
        return replace(usage, cost=self.cost(model, usage))


def _public(provider: str, name: str, usage: Usage) -> float | None:
    try:
        from genai_prices import Usage as Counts
        from genai_prices import calc_price
    except ImportError:
        return None
    counts = Counts(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=min(usage.cache_read_tokens, usage.input_tokens),
        cache_write_tokens=min(usage.cache_write_tokens, usage.input_tokens - usage.cache_read_tokens)
        if usage.input_tokens > usage.cache_read_tokens
        else 0,
    )
    try:
        return float(calc_price(counts, name, provider_id=_NAMES_THERE.get(provider, provider)).total_price)
    except (LookupError, ValueError):
        return None
