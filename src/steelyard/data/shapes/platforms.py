"""Rows of the platforms: LangSmith, Braintrust, Langfuse, Phoenix and Opik."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steelyard.data.json_values import evident
from steelyard.data.shapes.parts import (
    EXPECTATION_NAMES,
    Parts,
    Raw,
    Shape,
    arguments,
    expected,
    first,
    rest,
)
from steelyard.errors import DataError


def _is_mapping(value: Any) -> bool:
    return isinstance(evident(value), Mapping) if value is not None else False


# --- LangSmith: examples, whose outputs are the reference, and runs, whose outputs are what happened ------------------


def _langsmith_example(keys: Raw) -> bool:
    if "inputs" not in keys or not (keys.get("outputs") is None or _is_mapping(keys["outputs"])):
        return False
    marked = any(key in keys for key in ("dataset_id", "split", "source_run_id", "reference_outputs"))
    return marked or ("id" in keys and "metadata" in keys and _is_mapping(keys.get("outputs")))


def _read_example(raw: Raw) -> Parts:
    reference = first(raw, "reference_outputs", "outputs")
    named = {} if reference is None else {"reference_outputs": reference}
    return Parts(
        inputs=arguments(raw["inputs"], "inputs"),
        expectations=expected(reference),
        tags=raw.get("tags"),
        metadata=rest(raw, ("inputs", "outputs", "tags")) | named,
    )


def _read_run(raw: Raw) -> Parts:
    if raw.get("error") and raw.get("outputs") is None:
        message = (
            f"error is {str(raw['error'])[:200]!r} and there are no outputs: leave failed runs out, or predict anew."
        )
        raise DataError(message)
    outputs = raw.get("outputs")
    metadata = rest(raw, ("inputs", "outputs", "tags", "extra"))
    extra = evident(raw.get("extra")) if raw.get("extra") is not None else {}
    if isinstance(extra, Mapping):
        own = extra.get("metadata")
        metadata |= dict(own) if isinstance(own, Mapping) else {}
    return Parts(
        inputs=arguments(raw["inputs"], "inputs"),
        outputs=_only_value(outputs),
        given=outputs is not None,
        tags=raw.get("tags"),
        metadata=metadata,
    )


def _only_value(outputs: Any) -> Any:
    """Return the answer itself where a run wraps it as ``{"output": …}``."""
    plain = evident(outputs) if outputs is not None else None
    if isinstance(plain, Mapping) and len(plain) == 1:
        return next(iter(plain.values()))
    return outputs


LANGSMITH_EXAMPLE = Shape(name="LangSmith's examples", needs=("inputs",), fits=_langsmith_example, read=_read_example)
LANGSMITH_RUN = Shape(
    name="LangSmith's runs",
    needs=("inputs", "run_type"),
    fits=lambda keys: "inputs" in keys and "run_type" in keys,
    read=_read_run,
    ids=("reference_example_id", "id"),
    session=("thread_id", "conversation_id"),  # its session_id is the project
)


# --- Braintrust and Langfuse: input, and expected or expected_output --------------------------------------------------


def _read_braintrust(raw: Raw) -> Parts:
    output = raw.get("output")
    return Parts(
        inputs=arguments(raw["input"], "input"),
        outputs=output,
        given=output is not None,
        expectations=expected(raw.get("expected")),
        tags=raw.get("tags"),
        metadata=rest(raw, ("input", "output", "expected", "tags"), kept=("expected",)),
    )


def _read_langfuse(raw: Raw) -> Parts:
    output = first(raw, "output", "actual_output")
    reference = first(raw, "expected_output", "expectedOutput")
    metadata = rest(raw, ("input", "output", "expected_output", "expectedOutput", "tags"))
    if reference is not None:
        metadata["expected_output"] = reference
    return Parts(
        inputs=arguments(raw["input"], "input"),
        outputs=output,
        given=output is not None,
        expectations=expected(reference),
        tags=raw.get("tags"),
        metadata=metadata,
    )


def _braintrust(keys: Raw) -> bool:
    return "input" in keys and not {"outputs", "expectations"} & set(keys)  # these are MLflow's, and "inputs" mistyped


BRAINTRUST = Shape(name="Braintrust", needs=("input",), fits=_braintrust, read=_read_braintrust)
LANGFUSE = Shape(
    name="Langfuse",
    needs=("input",),
    fits=lambda keys: "input" in keys and ("expected_output" in keys or "expectedOutput" in keys),
    read=_read_langfuse,
)


# --- Phoenix: input and output are mappings, and the output is the reference ------------------------------------------


def _phoenix(keys: Raw) -> bool:
    return (
        "metadata" in keys
        and _is_mapping(keys.get("input"))
        and _is_mapping(keys.get("output"))
        and (not {"expected", "scores", "tags"} & set(keys))
    )


def _read_phoenix(raw: Raw) -> Parts:
    output = raw.get("output")
    metadata = rest(raw, ("input", "output", "tags"))
    if output is not None:
        metadata |= {"expected": output, "reference": output}
    return Parts(inputs=arguments(raw["input"], "input"), expectations=expected(output), metadata=metadata)


PHOENIX = Shape(
    name="Phoenix", needs=("input", "output"), fits=_phoenix, read=_read_phoenix, ids=("external_id", "id", "node_id")
)


# --- Opik: free keys, all of which its tasks are given ----------------------------------------------------------------

_OPIK_OWN = ("id", "source", "trace_id", "span_id", "evaluators", "execution_policy", "metadata", "tags", "description")
_OPIK_EXPECTED = ("expected_output", "expected", "reference", "ground_truth", *EXPECTATION_NAMES)


def _opik(keys: Raw) -> bool:
    return "execution_policy" in keys or ("source" in keys and ("trace_id" in keys or "evaluators" in keys))


def _read_opik(raw: Raw) -> Parts:
    inputs = {k: v for k, v in raw.items() if k not in _OPIK_OWN and k not in _OPIK_EXPECTED and v is not None}
    if not inputs:
        raise DataError("The item has no fields of its own beside Opik's, so there is nothing to call a function with.")
    expectations = {name: raw[name] for name in EXPECTATION_NAMES if raw.get(name) is not None}
    reference = first(raw, "expected_output", "expected", "reference", "ground_truth")
    return Parts(
        inputs=inputs,
        expectations=expected(reference) | expectations,
        tags=raw.get("tags"),
        metadata=rest(raw, (*inputs, "tags"), kept=_OPIK_EXPECTED),
    )


OPIK = Shape(name="Opik", needs=(), fits=_opik, read=_read_opik)
