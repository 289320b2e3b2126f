"""All shapes, in the order in which they are tried, and the choice among them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from steelyard.data.shapes.chat import CHAT, PREFERENCE, PROMPT, QUESTION
from steelyard.data.shapes.frameworks import (
    DEEPEVAL,
    INSPECT,
    LM_EVAL,
    OPENAI_EVALS,
    OPENAI_EVALS_LOG,
    PYDANTIC_EVALS,
    RAGAS,
    RAGAS_BEFORE_0_2,
)
from steelyard.data.shapes.mlflow import MLFLOW, MLFLOW_WITH_MORE, refuse_near_miss
from steelyard.data.shapes.parts import Raw, Shape, listed
from steelyard.data.shapes.platforms import (
    BRAINTRUST,
    LANGFUSE,
    LANGSMITH_EXAMPLE,
    LANGSMITH_RUN,
    OPIK,
    PHOENIX,
)
from steelyard.data.shapes.promptfoo import PROMPTFOO
from steelyard.errors import DataError

SHAPES: tuple[Shape, ...] = (
    MLFLOW,
    LANGSMITH_RUN,
    PYDANTIC_EVALS,
    LANGSMITH_EXAMPLE,
    MLFLOW_WITH_MORE,
    OPENAI_EVALS_LOG,
    PROMPTFOO,
    LM_EVAL,
    RAGAS,
    RAGAS_BEFORE_0_2,
    OPIK,
    OPENAI_EVALS,
    INSPECT,
    DEEPEVAL,
    LANGFUSE,
    PHOENIX,
    BRAINTRUST,
    PREFERENCE,
    CHAT,
    QUESTION,
    PROMPT,
)


def shape_of(rows: Iterable[Raw]) -> Shape:
    """Return the shape of rows, by the keys of the first of them.

    Raises:
        DataError: they have none that is known.

    Examples:
        >>> shape_of([{"input": "2+2", "expected": "4"}]).name
        'Braintrust'
        >>> shape_of([{"inputs": {"q": "2+2"}, "expectations": {"expected_response": "4"}}]).name
        'MLflow'
    """
    keys: dict[str, Any] = {}
    for raw in rows:
        for key, value in raw.items():
            if keys.get(key) is None:
                keys[key] = value
    shape = next((shape for shape in SHAPES if shape.fits(keys)), None)
    if shape is not None:
        return shape
    for key in keys:
        refuse_near_miss(key, keys)
    message = (
        f"The rows have the keys {listed(keys)}, which no known shape of rows has. Give each row 'inputs', a dict of "
        "predict_fn's arguments, and 'expectations', a dict such as {'expected_response': …}."
    )
    raise DataError(message)
