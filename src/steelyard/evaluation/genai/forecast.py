"""What an evaluation will take, said before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from steelyard.judges import Judge
from steelyard.llm import Prices
from steelyard.records import Row, Rows, Usage
from steelyard.scorers import Scorer

_LETTERS_A_TOKEN = 4
_ASKED_AROUND = 100  # tokens of what every question says besides the judge's own words and the row
_OUTPUT = 250  # tokens of an output that is not there yet
_VERDICT = 120  # tokens of a verdict with its reasons
_SAMPLE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """How many calls there will be, and what the judges' may cost.

    Args:
        predictions: calls of the function.
        judge_calls: calls of models by judges, at least one a verdict.
        tokens: of the judges, estimated from the lengths of the first rows.
        cost: US dollars of the judges; None where a model's price is not known.
        models: the judges' models.
    """

    predictions: int
    code_verdicts: int
    judge_calls: int
    tokens: int
    cost: float | None
    models: tuple[str, ...]

    def __str__(self) -> str:
        parts = []
        if self.predictions:
            parts.append(f"{self.predictions:,} predictions")
        if self.code_verdicts:
            parts.append(f"{self.code_verdicts:,} verdicts by code")
        if self.judge_calls:
            money = "at a price that is not known" if self.cost is None else f"about ${self.cost:.2f}"
            calls = f"at least {self.judge_calls:,} judge calls ({', '.join(self.models)})"
            parts.append(f"{calls}, about {_round(self.tokens)} tokens, {money}")
        return "; ".join(parts) or "nothing to do"


def forecast(
    rows: Rows, scorers: Sequence[Scorer], *, predictions: int, verdicts: Sequence[int], prices: Prices
) -> Forecast:
    """Estimate what is left to do.

    Args:
        rows: the test data; the first fifty are measured.
        scorers: what judges.
        predictions: calls of the function that are left.
        verdicts: verdicts that are left, a scorer each.
        prices: of models.
    """
    sample = list(islice(iter(rows), _SAMPLE))
    read = sum(_letters(row) for row in sample) / max(1, len(sample)) / _LETTERS_A_TOKEN
    left = list(zip(scorers, verdicts, strict=True))
    judges = [(scorer, n, models_of(scorer)) for scorer, n in left if n and models_of(scorer)]
    tokens, cost = 0, 0.0
    known = True
    for judge, n, models in judges:
        words = sum(map(len, judge.words())) if isinstance(judge, Judge) else 0
        usage = Usage(
            input_tokens=round(n * (read + words / _LETTERS_A_TOKEN + _ASKED_AROUND)), output_tokens=n * _VERDICT
        )
        for model in models:
            price = prices.cost(model, usage)
            known = known and price is not None
            tokens += usage.total_tokens
            cost += price or 0.0
    return Forecast(
        predictions=predictions,
        code_verdicts=sum(n for scorer, n in left if not models_of(scorer)),
        judge_calls=sum(n * len(models) for _, n, models in judges),
        tokens=tokens,
        cost=cost if known else None,
        models=tuple(dict.fromkeys(model for _, _, models in judges for model in models)),
    )


def judged_by(scorer: Scorer) -> str:
    """Return the models that a scorer asks, in one text; empty for code."""
    return ", ".join(models_of(scorer))


def models_of(scorer: Scorer) -> tuple[str, ...]:
    """Return the models that a scorer asks; none for code."""
    if isinstance(scorer, Judge):
        return tuple(dict.fromkeys(scorer.models))
    members = getattr(scorer, "members", ())
    return tuple(dict.fromkeys(model for member in members for model in models_of(member)))


def _letters(row: Row) -> int:
    output = len(str(row.outputs)) if row.has_outputs else _OUTPUT * _LETTERS_A_TOKEN
    return len(str(row.inputs)) + output + len(str(dict(row.expectations)))


def _round(tokens: int) -> str:
    if tokens >= 1_000_000:
        return f"{tokens / 1_000_000:.1f} M"
    return f"{max(1, round(tokens / 1000)):,} k" if tokens >= 1000 else f"{tokens}"
