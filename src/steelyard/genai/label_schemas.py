"""The names of ``mlflow.genai.label_schemas``: questions to people."""

from __future__ import annotations

from steelyard.records import InputCategorical, InputNumeric, InputPassFail, InputText, LabelSchema
from steelyard.tracking.label_schemas import (
    EXPECTED_FACTS,
    EXPECTED_RESPONSE,
    GUIDELINES,
    LabelSchemaType,
    create_label_schema,
    delete_label_schema,
    get_label_schema,
    list_label_schemas,
    update_label_schema,
)

__all__ = [
    "EXPECTED_FACTS",
    "EXPECTED_RESPONSE",
    "GUIDELINES",
    "InputCategorical",
    "InputNumeric",
    "InputPassFail",
    "InputText",
    "LabelSchema",
    "LabelSchemaType",
    "create_label_schema",
    "delete_label_schema",
    "get_label_schema",
    "list_label_schemas",
    "update_label_schema",
]
