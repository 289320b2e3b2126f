"""What the names of the whole field mean, each found in one case.

Reserved words come first and always mean the same. Where a framework knows a name, it gets what that framework would
have given for its own rows:

    inputs, outputs, expectations, tags, trace, spans, session    the case's own, as MLflow has them
    input, user_input        ``inputs["input"]`` if there is one, the only value if there is one, else the mapping
    output                   the whole output
    response, answer, prediction, actual_output, completion
                             that key of an output that is a mapping, else the whole output
    expected, expected_output, expected_response, target, reference, ideal, ground_truth
                             the expectation of that name, else the first of its synonyms, else a field of the row of
                             that name, else the only expectation, else all of them as a mapping
    reference_outputs        all expectations where the output is a mapping too (LangSmith's rows), else as ``expected``
    context, contexts, retrieved_contexts, retrieval_context
                             that field of the row or of the output, else the texts that the trace's retrievers found
    conversation             the chat messages of the session, else of the trace
    metadata                 the row's further fields
    case, item, row, run, ctx, test_case, sample …   the case, read by any of these names (see ``views``)
    example                  the same, whose ``output(s)`` are the expected ones, as LangSmith and Phoenix have it

``input`` and the expected ones stay whole where they are annotated as ``dict`` or ``Mapping``. Any other name is a key
of inputs, expectations or metadata, in this order. ``**kwargs`` gets everything that has a name. Positional-only
parameters of other names (``operator.eq``, ``len``) get the output, the expected and the input, in this order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from steelyard.records.case import Case

Find = Callable[[Case], Any]


class Missing:
    """The type of :data:`MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()
"""What a search gives that finds nothing; None is a value."""

EXPECTED_NAMES = (
    "expected_response",
    "expected_output",
    "expected",
    "ground_truth",
    "reference",
    "target",
    "ideal",
    "answer",
)
CONTEXT_NAMES = ("retrieved_contexts", "retrieval_context", "contexts", "context")
SESSION_NAMES = frozenset({"session", "conversation"})
_OUTPUT_NAMES = ("response", "answer", "prediction", "actual_output", "completion")


def inputs_of(case: Case) -> Any:
    """Return what the application was given, from the trace if the case does not say."""
    if case.inputs is None and case.trace is not None:
        return case.trace.inputs
    return case.inputs


def outputs_of(case: Case) -> Any:
    """Return what it gave back, from the trace if the case does not say."""
    if case.outputs is None and case.trace is not None:
        return case.trace.outputs
    return case.outputs


def input_of(case: Case) -> Any:
    """Return the one input, as frameworks see it whose rows have one.

    >>> input_of(Case(inputs={"question": "Why?"}))
    'Why?'
    """
    inputs = inputs_of(case)
    if not isinstance(inputs, Mapping):
        return inputs
    if "input" in inputs:
        return inputs["input"]
    return next(iter(inputs.values())) if len(inputs) == 1 else inputs


def expected_of(case: Case, name: str = "expected") -> Any:
    """Return the one thing that was expected, or :data:`MISSING`.

    >>> expected_of(Case(expectations={"expected_response": "Yes", "guidelines": "Be brief."}))
    'Yes'
    """
    expectations = case.expectations
    given = [expectations[known] for known in (name, *EXPECTED_NAMES) if known in expectations]
    if given:
        return next((value for value in given if value is not None), None)
    own = field_of(case, name)
    if own is not MISSING:
        return own
    if len(expectations) == 1:
        return next(iter(expectations.values()))
    return expectations or MISSING


def contexts_of(case: Case, name: str = "contexts") -> Any:
    """Return the texts that the answer had to rest on, or :data:`MISSING` if nothing was retrieved."""
    outputs = outputs_of(case)
    places: list[Mapping[Any, Any]] = [case.metadata, case.expectations]
    places += [place for place in (outputs, inputs_of(case)) if isinstance(place, Mapping)]
    for known in (name, *CONTEXT_NAMES):
        for place in places:
            if known in place:
                return place[known]
    if case.trace is None:
        return MISSING
    from steelyard.scorers.documents import retrieved_documents, retriever_spans

    if not retriever_spans(case.trace):
        return MISSING
    return [document.content for document in retrieved_documents(case.trace)]


def field_of(case: Case, name: str) -> Any:
    """Return a field of the row by its own name."""
    inputs = inputs_of(case)
    for place in (inputs, case.expectations, case.metadata):
        if isinstance(place, Mapping) and name in place:
            return place[name]
    return MISSING


def _output_under(case: Case, name: str) -> Any:
    outputs = outputs_of(case)
    if isinstance(outputs, Mapping) and name in outputs:
        return outputs[name]
    return _or_else(field_of(case, name), None) if outputs is None else outputs


def _reference_outputs(case: Case) -> Any:
    if "reference_outputs" in case.expectations:
        return case.expectations["reference_outputs"]
    if isinstance(outputs_of(case), Mapping):
        return case.expectations or MISSING
    return expected_of(case, "reference_outputs")


def _metadata(case: Case) -> Any:
    own = case.metadata.get("metadata")
    return own if isinstance(own, Mapping) else case.metadata


def _spans(case: Case) -> Any:
    return MISSING if case.trace is None else list(case.trace.data.spans)


def _session(case: Case) -> Any:
    return MISSING if case.session is None else list(case.session)


def _conversation(case: Case) -> Any:
    traces = case.session or ((case.trace,) if case.trace is not None else ())
    if not traces:
        return MISSING
    from steelyard.scorers.chat import conversation

    return conversation(traces)


def _or_else(value: Any, default: Any) -> Any:
    return default if value is MISSING else value


def named(find: Callable[[Case, str], Any], name: str) -> Find:
    """Return the search for one name."""
    return lambda case: find(case, name)


FINDERS: dict[str, Find] = {
    "inputs": inputs_of,
    "outputs": outputs_of,
    "output": outputs_of,
    "input": input_of,
    "user_input": lambda case: _or_else(field_of(case, "user_input"), input_of(case)),
    "expectations": lambda case: case.expectations,
    "reference_outputs": _reference_outputs,
    "metadata": _metadata,
    "tags": lambda case: case.tags,
    "trace": lambda case: MISSING if case.trace is None else case.trace,
    "spans": _spans,
    "session": _session,
    "conversation": _conversation,
    **{name: named(_output_under, name) for name in _OUTPUT_NAMES},
    **{name: named(expected_of, name) for name in EXPECTED_NAMES if name != "answer"},
    **{name: named(contexts_of, name) for name in CONTEXT_NAMES},
}
WHOLE: dict[str, Find] = {
    "input": inputs_of,
    **{name: lambda case: case.expectations or MISSING for name in (*EXPECTED_NAMES, "reference_outputs")},
}


def look_up(case: Case, name: str) -> Any:
    """Return what a parameter of this name gets, or :data:`MISSING`."""
    find = FINDERS.get(name)
    return field_of(case, name) if find is None else find(case)


def is_reserved(name: str) -> bool:
    """Return whether a name has a meaning of its own, whatever the row's keys."""
    return name in FINDERS
