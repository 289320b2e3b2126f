"""Whether a scorer can score live traffic, as far as that is known before any has come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.records.monitor import ScorerSamplingConfig
from steelyard.scorers import Scorer
from steelyard.scorers.meanings import EXPECTED_NAMES

_EXPECTATIONS = frozenset({"expectations", "reference_outputs", *EXPECTED_NAMES}) - {"answer"}  # an output's name too


def check_watchable(scorer: Any, config: ScorerSamplingConfig | None = None) -> None:
    """Raise if a scorer can never score live traffic.

    Raises:
        InvalidArgument: it compares two answers, needs expectations, or its cost cannot be limited as asked.
    """
    if not isinstance(scorer, Scorer):
        raise InvalidArgument(
            f"{scorer.name!r} is a {type(scorer).__name__}, which compares two answers; live traffic has one each. "
            "Watch with a judge (make_judge), a scorer, a jury or an ensemble."
        )
    for member in _parts(scorer):
        lacking = _expected_by(member)
        if lacking:
            raise InvalidArgument(
                f"Scorer {member.name!r} needs expectations ({', '.join(lacking)}), and live traffic has none. Watch "
                "with a scorer that judges without them, or evaluate a dataset that has them."
            )
    if getattr(config, "max_cost_per_day", None) is not None:  # MLflow's own has none
        _check_prices(scorer)


def _parts(scorer: Scorer) -> Iterator[Scorer]:
    """Yield a scorer's members, and theirs; itself if it has none."""
    members = scorer.members or tuple(getattr(scorer, "judges", ()))
    if not members:
        yield scorer
    for member in members:
        yield from _parts(member)


def _expected_by(scorer: Scorer) -> list[str]:
    from steelyard.judges import Judge

    if isinstance(scorer, Judge):
        return list(scorer.expects or (name for name in scorer.demands() if "expect" in name))
    return [each.name for each in scorer.binding.parameters if each.required and each.name in _EXPECTATIONS]


def _check_prices(scorer: Scorer) -> None:
    """Raise if a model has no price: its cost cannot be kept within a limit."""
    from steelyard.judges import Judge
    from steelyard.llm import Prices

    models = {model for part in _parts(scorer) if isinstance(part, Judge) for model in part.models}
    unknown = sorted(model for model in models if not Prices().known(model))
    if unknown:
        raise InvalidArgument(
            f"max_cost_per_day cannot be kept: no price is known for {unknown[0]}. Give max_scorings_per_day instead."
        )
