"""Rows of the libraries: DeepEval, Ragas, pydantic-evals, Inspect, OpenAI evals and lm-eval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from steelyard.data.json_values import evident
from steelyard.data.shapes.parts import (
    Parts,
    Raw,
    Shape,
    arguments,
    expected,
    first,
    is_messages,
    messages,
    rest,
)
from steelyard.errors import DataError

# --- DeepEval: goldens and test cases, of one turn or of a conversation -----------------------------------------------

_DEEPEVAL_MARKS = ("actual_output", "retrieval_context", "expected_tools", "tools_called", "additional_metadata")
_DEEPEVAL_USED = ("input", "actual_output", "expected_output", "tags", "expected_tools", "context")


def _deepeval(keys: Raw) -> bool:
    if "input" in keys:
        return any(k in keys for k in _DEEPEVAL_MARKS) or ("context" in keys and "expected_output" in keys)
    return "scenario" in keys or ("turns" in keys and "expected_outcome" in keys)


def _read_deepeval(raw: Raw) -> Parts:
    if "input" not in raw:
        return _read_conversation(raw)
    expectations = expected(raw.get("expected_output"))
    _documents(expectations, raw.get("context"))
    _tools(expectations, raw.get("expected_tools"), "input_parameters")
    output = raw.get("actual_output")
    return Parts(
        inputs=arguments(raw["input"], "input"),
        outputs=output,
        given=output is not None,
        expectations=expectations,
        tags=raw.get("tags"),
        metadata=rest(raw, _DEEPEVAL_USED, kept=_DEEPEVAL_USED[2:], inner=("additional_metadata", "metadata")),
    )


def _read_conversation(raw: Raw) -> Parts:
    turns, outcome = raw.get("turns"), raw.get("expected_outcome")
    inputs = {"messages": messages(turns)} if turns else {"scenario": raw.get("scenario")}
    metadata = rest(raw, ("turns", "tags"), inner=("additional_metadata", "metadata"))
    return Parts(
        inputs=inputs,
        expectations={} if outcome is None else {"expected_outcome": outcome},
        tags=raw.get("tags"),
        metadata=metadata,
    )


DEEPEVAL = Shape(name="DeepEval", needs=(("input", "scenario", "turns"),), fits=_deepeval, read=_read_deepeval,
                 ids=("id", "identifier", "name"))  # fmt: skip


# --- Ragas: user_input; before 0.2 question, contexts and ground_truth ------------------------------------------------

_RAGAS_USED = ("user_input", "response", "reference", "reference_tool_calls")
_OLD_RAGAS_USED = ("question", "answer", "ground_truth", "ground_truths")


def _read_ragas(raw: Raw) -> Parts:
    asked = raw["user_input"]
    expectations = expected(raw.get("reference"))
    _tools(expectations, raw.get("reference_tool_calls"), "args")
    _documents(expectations, first(raw, "reference_context_ids", "reference_contexts"))
    if raw.get("reference_topics") is not None:
        expectations["reference_topics"] = raw["reference_topics"]
    response = raw.get("response")
    return Parts(
        inputs={"user_input": messages(asked) if is_messages(asked) else asked},
        outputs=response,
        given=response is not None,
        expectations=expectations,
        tags=raw.get("tags"),
        metadata=rest(raw, (*_RAGAS_USED, "tags"), kept=_RAGAS_USED[2:]),
    )


def _read_old_ragas(raw: Raw) -> Parts:
    answer = raw.get("answer")
    return Parts(
        inputs={"question": raw["question"]},
        outputs=answer,
        given=answer is not None,
        expectations=expected(first(raw, "ground_truth", "ground_truths")),
        tags=raw.get("tags"),
        metadata=rest(raw, (*_OLD_RAGAS_USED, "tags"), kept=_OLD_RAGAS_USED[2:]),
    )


RAGAS = Shape(name="Ragas", needs=("user_input",), fits=lambda keys: "user_input" in keys, read=_read_ragas)
RAGAS_BEFORE_0_2 = Shape(
    name="Ragas (before 0.2)",
    needs=("question",),
    fits=lambda keys: "question" in keys and any(k in keys for k in ("contexts", "ground_truth", "ground_truths")),
    read=_read_old_ragas,
)


# --- pydantic-evals: cases --------------------------------------------------------------------------------------------


def _pydantic_evals(keys: Raw) -> bool:
    return "inputs" in keys and ("expected_output" in keys or "evaluators" in keys)


def _read_case(raw: Raw) -> Parts:
    return Parts(
        inputs=arguments(raw["inputs"], "inputs"),
        expectations=expected(raw.get("expected_output")),
        tags=raw.get("tags"),
        metadata=rest(raw, ("inputs", "tags")),
    )


PYDANTIC_EVALS = Shape(
    name="pydantic-evals", needs=("inputs",), fits=_pydantic_evals, read=_read_case, ids=("id", "name")
)  # fmt: skip


# --- Inspect: samples, also those of a log ----------------------------------------------------------------------------


def _read_inspect(raw: Raw) -> Parts:
    inputs = arguments(raw["input"], "input")
    if raw.get("choices"):
        inputs = {**inputs, "choices": raw["choices"]}
    target = raw.get("target")
    if target in ("", []):  # its way of saying that there is none
        target = None
    output = _completion(raw.get("output"))
    return Parts(
        inputs=inputs,
        outputs=output,
        given=output is not None,
        expectations=expected(target),
        tags=raw.get("tags"),
        metadata=rest(raw, ("input", "choices", "target", "output", "tags"), kept=("choices", "target")),
    )


def _completion(output: Any) -> Any:
    plain = evident(output) if output is not None else None
    if not isinstance(plain, Mapping):
        return output
    if plain.get("completion"):
        return plain["completion"]
    choices = plain.get("choices") or ()
    message = evident(evident(choices[0]).get("message")) if choices else None
    return message.get("content") if isinstance(message, Mapping) else None


INSPECT = Shape(
    name="Inspect", needs=("input",), fits=lambda keys: "input" in keys and "target" in keys, read=_read_inspect
)


# --- OpenAI evals -----------------------------------------------------------------------------------------------------


def _read_openai(raw: Raw) -> Parts:
    return Parts(
        inputs=arguments(raw["input"], "input"),
        expectations=expected(raw.get("ideal")),
        tags=raw.get("tags"),
        metadata=rest(raw, ("input", "tags")),
    )


def _refuse_log(raw: Raw) -> Parts:
    raise DataError(
        "This is the log of an OpenAI evals run, not its samples: give the JSONL file with 'input' and 'ideal'."
    )


OPENAI_EVALS = Shape(
    name="OpenAI evals", needs=("input",), fits=lambda keys: "input" in keys and "ideal" in keys, read=_read_openai
)
OPENAI_EVALS_LOG = Shape(
    name="OpenAI evals' logs",
    needs=(),
    fits=lambda keys: "spec" in keys or {"run_id", "event_id", "type", "data"} <= set(keys),
    read=_refuse_log,
)


# --- lm-eval: logged samples ------------------------------------------------------------------------------------------


def _lm_eval(keys: Raw) -> bool:
    return "doc" in keys and ("doc_id" in keys or "target" in keys)


def _read_lm_eval(raw: Raw) -> Parts:
    prompt = _prompt(raw.get("arguments"))
    doc = evident(raw["doc"]) if raw["doc"] is not None else {}
    output = first(raw, "filtered_resps", "resps")
    while isinstance(output, (list, tuple)) and len(output) == 1:
        output = output[0]
    return Parts(
        inputs={"prompt": prompt} if prompt is not None else doc,
        outputs=output,
        given=output is not None,
        expectations=expected(raw.get("target")),
        metadata=rest(raw, ()),
    )


def _prompt(calls: Any) -> str | None:
    """Return the text of the first call, in either way that lm-eval writes them."""
    if isinstance(calls, Mapping):
        calls = list(calls.values())
    call = calls[0] if isinstance(calls, Sequence) and calls else None
    if isinstance(call, Mapping):
        call = list(call.values())
    if isinstance(call, Sequence) and not isinstance(call, str) and call:
        call = call[0]
    return call if isinstance(call, str) else None


LM_EVAL = Shape(
    name="lm-eval's samples", needs=("doc",), fits=_lm_eval, read=_read_lm_eval, ids=("id", "doc_id", "doc_hash")
)


# --- What several of them share ---------------------------------------------------------------------------------------


def _tools(expectations: dict[str, Any], calls: Any, arguments_key: str) -> None:
    """Put expected tool calls in MLflow's form: a name, and arguments where they are told."""
    if not calls:
        return
    told = [{"name": call} if isinstance(call, str) else dict(evident(call)) for call in calls]
    expectations["expected_tool_calls"] = [
        {"name": call.get("name")}
        | ({"arguments": found} if (found := first(call, "arguments", arguments_key)) is not None else {})
        for call in told
    ]


def _documents(expectations: dict[str, Any], documents: Any) -> None:
    if documents:
        expectations["expected_documents"] = list(documents) if isinstance(documents, (list, tuple)) else [documents]
