"""What a call of ``genai.evaluate()`` asks for, checked before anything is paid for."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from steelyard.errors import InvalidArgument, LLMUnavailable
from steelyard.evaluation.genai.aggregation import check_slices
from steelyard.evaluation.genai.criteria import Rule
from steelyard.judges import Judge
from steelyard.llm import Budget, Prices, parse_model
from steelyard.records import Case, Row, Rows
from steelyard.scorers import Scorer, as_scorer, check, fingerprint

_KEYS = {
    "openai": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
}
_JUDGE_PLACES = ("STEELYARD_JUDGE_BASE_URL", "MLFLOW_GENAI_JUDGE_BASE_URL")
_LOOKED_AT = 20  # rows that scorers are checked against before the first call


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A checked call."""

    rows: Rows
    scorers: tuple[Scorer, ...]
    predict: Callable[..., Any] | None
    repeats: int
    concurrency: int
    budget: Budget
    prices: Prices
    criteria: tuple[Rule, ...]
    redo: frozenset[str]
    slices: tuple[Any, ...]
    confidence: float
    replicates: int
    seed: int
    model_id: str | None
    cache: bool
    predict_timeout: float | None
    predict_retries: int

    @property
    def predict_name(self) -> str:
        return name_of(self.predict) if self.predict is not None else "given outputs"

    @property
    def predict_digest(self) -> str:
        return "" if self.predict is None else fingerprint(self.predict)

    @property
    def has_sessions(self) -> bool:
        return any(scorer.is_session_level_scorer for scorer in self.scorers)


def read_scorers(scorers: Any) -> tuple[Scorer, ...]:
    """Return scorers of any framework as ours.

    Raises:
        InvalidArgument: it is no list, one of them is no scorer, or two have one name.
    """
    if scorers is None:
        return ()
    if isinstance(scorers, (str, bytes, Mapping)) or not isinstance(scorers, Sequence):
        raise InvalidArgument(f"scorers must be a list of scorers, not {type(scorers).__name__}.")
    found = tuple(as_scorer(each) for each in scorers)
    names = [scorer.name for scorer in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidArgument(
            f"Two scorers are named {twice!r}, so their results could not be told apart. Give one another name, such "
            f"as name={twice + '_2'!r}."
        )
    return found


def read_budget(*, max_cost: Any, max_tokens: Any, max_seconds: Any) -> Budget:
    """Return what may be spent; its time begins now.

    Raises:
        InvalidArgument: a limit is no number above 0.
    """
    return Budget(
        max_cost=positive("max_cost", max_cost),
        max_tokens=positive("max_tokens", max_tokens, whole=True),
        max_seconds=positive("max_seconds", max_seconds),
    )


def check_request(request: Request) -> None:
    """Raise what would go wrong on every row, before anything is paid for.

    Raises:
        InvalidArgument, DataError: says what is wrong with the function, a slice or a scorer.
    """
    check_predict(request.predict, request.rows)
    check_slices(request.slices, request.rows)
    check_scorers(request.scorers, request.rows, predicts=request.predict is not None)
    check_keys(request.scorers)


def check_keys(scorers: Sequence[Scorer]) -> None:
    """Raise if a judge's model cannot be asked for want of a key, before the first prediction is paid for.

    Raises:
        LLMUnavailable: names the judge and the variable.
    """
    for scorer in scorers:
        if (
            not isinstance(scorer, Judge)
            or scorer.base_url
            or scorer.extra_headers
            or any(map(os.environ.get, _JUDGE_PLACES))
        ):
            continue
        for model in scorer.models:
            key, address = _KEYS.get(parse_model(model).provider, ("", ""))
            if key and not os.environ.get(key) and not os.environ.get(address):
                raise LLMUnavailable(
                    f"The judge {scorer.name!r} asks {model}, and {key} is not set. Set it; or set {address} for a "
                    "server of your own; or give the judge another model=…."
                )


def check_predict(predict: Any, rows: Rows) -> None:
    """Raise unless there is exactly one source of outputs, and the function takes the first row's inputs.

    Raises:
        InvalidArgument: says what is wrong.
    """
    if predict is None:
        if not rows.has_outputs and not rows.has_traces:
            raise InvalidArgument(
                "There is nothing to score: the rows have neither 'outputs' nor 'trace'. Give predict_fn, a function "
                "of the inputs, or rows with outputs."
            )
        return
    if not callable(predict):
        raise InvalidArgument(f"predict_fn must be a function, not {type(predict).__name__}.")
    if rows.has_outputs or rows.has_traces:
        what = "a trace" if rows.has_traces else "outputs"
        raise InvalidArgument(
            f"predict_fn was given, and the rows have {what} already. Leave out predict_fn to score what is there, or "
            "take it out of the rows to predict again."
        )
    _check_signature(predict, next(iter(rows)))


def _check_signature(predict: Callable[..., Any], row: Row) -> None:
    if not isinstance(row.inputs, Mapping):
        raise InvalidArgument(
            f"predict_fn is called with the inputs by name, so they must be a mapping; row {row.index} has "
            f"{type(row.inputs).__name__}."
        )
    try:
        signature = inspect.signature(predict)
    except (TypeError, ValueError):
        return  # written in another language: only calling tells
    try:
        signature.bind(**row.inputs)
    except TypeError as error:
        raise InvalidArgument(
            f"predict_fn {name_of(predict)}{signature} cannot be called with the inputs of the first row, "
            f"{sorted(row.inputs)}: {error}. Its parameters must be named like the inputs, or be **kwargs."
        ) from error


def check_scorers(scorers: Sequence[Scorer], rows: Rows, *, predicts: bool) -> None:
    """Raise if a scorer could not be called on any of the first rows.

    Raises:
        DataError: a parameter that nothing fills.
        InvalidArgument: a scorer of sessions, and no sessions.
    """
    sample = list(islice(iter(rows), _LOOKED_AT))
    cases = [
        Case(
            inputs=row.inputs, outputs=row.outputs, expectations=row.expectations, tags=row.tags,
            metadata=row.metadata, trace=row.trace, row_id=row.row_id, row=row.index,
        )
        for row in sample
    ]  # fmt: skip
    for scorer in scorers:
        if not scorer.is_session_level_scorer:
            check(scorer, cases)
        elif predicts and not any(row.session is not None for row in sample):
            raise InvalidArgument(
                f"The scorer {scorer.name!r} looks at whole conversations, and the rows belong to none. Give each row "
                "a 'session' (or name the field with session=…), evaluate traces that have sessions, or simulate "
                "conversations with ConversationSimulator."
            )


def positive(name: str, value: Any, *, whole: bool = False) -> Any:
    """Return a positive number, or None for None.

    Raises:
        InvalidArgument: it is something else.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not value > 0:
        kind = "a whole number above 0" if whole else "a number above 0"
        raise InvalidArgument(f"{name} must be {kind} or None, not {value!r}.")
    return value


def not_negative(name: str, value: Any) -> int:
    """Return a whole number from 0 on.

    Raises:
        InvalidArgument: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidArgument(f"{name} must be a whole number from 0 on, not {value!r}.")
    return value


def default_concurrency() -> int:
    """Return how many rows are in flight unless told: MLflow's variable, else 10.

    Raises:
        InvalidArgument: the variable is no number.
    """
    text = os.environ.get("STEELYARD_MAX_WORKERS") or os.environ.get("MLFLOW_GENAI_EVAL_MAX_WORKERS") or "10"
    if not text.isdigit() or int(text) < 1:
        raise InvalidArgument(f"MLFLOW_GENAI_EVAL_MAX_WORKERS must be a whole number above 0, not {text!r}.")
    return int(text)


def name_of(function: Any) -> str:
    """Return what a function is called, for people."""
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__name__", None) or type(function).__name__
