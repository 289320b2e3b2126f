"""Every framework's parameter names are filled as that framework would fill them for its own rows."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import DataError
from steelyard.records import Case
from steelyard.scorers import as_scorer, assess, check
from steelyard.scorers.binding import binding_of
from steelyard.scorers.meanings import FINDERS

CASE = Case(
    inputs={"question": "2+2?"},
    outputs="4",
    expectations={"expected_response": "four", "guidelines": ["Be brief."]},
    tags={"kind": "sums"},
    metadata={"source": "school"},
)


def given_to(function: Callable[..., Any], case: Case = CASE) -> Any:
    """Call a function that returns what it was given."""
    args, named = binding_of(function, scorer="probe").fill(case, scorer="probe")
    return function(*args, **named)


@pytest.mark.parametrize(
    ("function", "seen"),
    [
        (
            lambda inputs, outputs, expectations: (inputs, outputs, expectations["guidelines"]),
            ({"question": "2+2?"}, "4", ["Be brief."]),
        ),
        (
            lambda input, output, expected, metadata: (input, output, expected, metadata),  # noqa: A006 - a name under test
            ("2+2?", "4", "four", {"source": "school"}),
        ),
        (
            lambda *, input, output, expected_output, metadata, **kwargs: (input, output, expected_output),  # noqa: A006
            ("2+2?", "4", "four"),
        ),
        (lambda output, reference, **ignored: (output, reference), ("4", "four")),
        (lambda response, ground_truth: (response, ground_truth), ("4", "four")),
        (lambda user_input, response, reference: (user_input, response, reference), ("2+2?", "4", "four")),
        (lambda prediction, target, ideal: (prediction, target, ideal), ("4", "four", "four")),
        (lambda actual_output, expected_output, tags: (actual_output, tags), ("4", {"kind": "sums"})),
        (lambda question, guidelines, source: (question, guidelines, source), ("2+2?", ["Be brief."], "school")),
        (lambda outputs, missing=7: (outputs, missing), ("4", 7)),
    ],
    ids=["mlflow", "braintrust", "langfuse", "opik", "plain", "ragas", "evals", "deepeval", "own keys", "default"],
)
def test_each_frameworks_names_are_filled(function: Callable[..., Any], seen: Any) -> None:
    assert given_to(function) == seen


def test_langsmiths_reference_outputs_are_a_mapping_where_outputs_are() -> None:
    case = Case(inputs={"q": 1}, outputs={"answer": "4"}, expectations={"answer": "four"})
    assert given_to(lambda outputs, reference_outputs: (outputs["answer"], reference_outputs["answer"]), case) == (
        "4",
        "four",
    )
    plain = Case(inputs={"q": 1}, outputs="4", expectations={"answer": "four"})
    assert given_to(lambda reference_outputs: reference_outputs, plain) == "four"


def test_a_parameter_annotated_as_a_mapping_gets_the_whole_mapping() -> None:
    def phoenix(input: dict[str, Any], expected: Mapping[str, Any]) -> Any:  # noqa: A002 - the name under test
        return input["question"], expected["expected_response"]

    def evaluated(reference_outputs):  # type: ignore[no-untyped-def]
        return reference_outputs["expected_response"]

    evaluated.__annotations__["reference_outputs"] = dict
    assert given_to(phoenix) == ("2+2?", "four")
    assert given_to(evaluated) == "four"


@pytest.mark.parametrize(
    ("expectations", "seen"),
    [
        ({"expected": 1, "expected_response": 2}, 1),
        ({"ideal": 3, "note": 4}, 3),
        ({"expected_response": None, "ground_truth": "truth"}, "truth"),
        ({"expected_response": None, "note": "n"}, None),
        ({"expected_facts": ["a", "b"]}, ["a", "b"]),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}),
    ],
    ids=["own name first", "a synonym", "one that is known", "known to be none", "the only one", "all of them"],
)
def test_expected_is_the_most_telling_expectation(expectations: dict[str, Any], seen: Any) -> None:
    assert given_to(lambda expected: expected, Case(expectations=expectations)) == seen


def test_a_row_without_ground_truth_cannot_be_held_against_it() -> None:
    with pytest.raises(DataError, match="'expected' that nothing in this row fills"):
        assess(as_scorer(lambda output, expected: output == expected), Case(inputs={"q": "?"}, outputs="x"))


@pytest.mark.parametrize(
    ("inputs", "seen"),
    [({"input": "a", "history": []}, "a"), ({"q": "a"}, "a"), ({"a": 1, "b": 2}, {"a": 1, "b": 2}), ("bare", "bare")],
    ids=["own key", "only key", "several keys", "no mapping"],
)
def test_input_is_the_one_input(inputs: Any, seen: Any) -> None:
    assert given_to(lambda input: input, Case(inputs=inputs)) == seen  # noqa: A006


def test_the_parts_of_an_output_are_found_by_their_names() -> None:
    case = Case(outputs={"answer": "a", "contexts": ["c"]})
    assert given_to(lambda answer, contexts, output: (answer, contexts, output), case) == ("a", ["c"], case.outputs)


def test_contexts_are_what_the_retriever_found_unless_the_row_says(make: Any) -> None:
    trace = make.retrieval([{"page_content": "found"}])
    assert given_to(lambda contexts: contexts, Case(trace=trace)) == ["found"]
    assert given_to(lambda retrieval_context: retrieval_context, Case(trace=trace, metadata={"context": ["own"]})) == [
        "own"
    ]
    with pytest.raises(DataError, match="'context'"):
        given_to(lambda context: context, Case(trace=make.trace(make.span("root"))))
    assert given_to(lambda context: context, Case(trace=make.retrieval([]))) == []


def test_what_the_case_does_not_say_is_read_from_the_trace(make: Any) -> None:
    trace = make.trace(make.span("root", inputs={"question": "?"}, outputs="!"))
    assert given_to(
        lambda inputs, output, question, spans: (inputs, output, question, len(spans)), Case(trace=trace)
    ) == (
        {"question": "?"},
        "!",
        "?",
        1,
    )


def test_everything_that_has_a_name_goes_into_the_rest() -> None:
    rest = given_to(lambda output, **rest: rest)
    assert rest["question"] == "2+2?"
    assert (rest["input"], rest["expected"], rest["source"]) == ("2+2?", "four", "school")
    assert "output" not in rest


def test_positional_only_parameters_are_filled_by_their_places() -> None:
    assert given_to(operator.eq, Case(outputs=1, expectations={"expected": 1})) is True
    assert given_to(len) == 1


def test_a_missing_parameter_names_itself_the_scorer_and_what_there_is() -> None:
    def strict(outputs: str, qestion: str) -> bool:
        return True

    with pytest.raises(DataError) as raised:
        check(as_scorer(strict), CASE)
    told = str(raised.value)
    for part in ("'strict'", "'qestion'", "Did you mean 'question'?", "'expected_response'", "'source'", "default"):
        assert part in told


def test_a_check_before_predicting_lets_pass_what_the_prediction_may_fill() -> None:
    row = Case(inputs={"q": 1})
    check(as_scorer(lambda outputs, trace, contexts, response: 1), row)
    check(as_scorer(lambda outputs, expected: 1), [row, Case(inputs={"q": 2}, expectations={"expected": 3})])
    check(as_scorer(lambda outputs, nothing: 1), [])
    with pytest.raises(DataError, match="'expected'"):
        check(as_scorer(lambda outputs, expected: 1), [row, row])


NAMES = st.one_of(
    st.sampled_from([*sorted(FINDERS), "case", "row", "example"]), st.text("abc_", min_size=1, max_size=3)
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
CASES = st.builds(
    Case,
    inputs=VALUES,
    outputs=VALUES,
    expectations=st.dictionaries(NAMES, VALUES, max_size=3),
    metadata=st.dictionaries(NAMES, VALUES, max_size=3),
    tags=st.dictionaries(NAMES, st.text(max_size=2), max_size=2),
)


@given(case=CASES, names=st.lists(NAMES.filter(str.isidentifier), unique=True, max_size=4))
def test_binding_fills_all_or_says_what_is_missing(case: Case, names: list[str]) -> None:
    scope: dict[str, Any] = {}
    exec(f"def probe({', '.join(names)}): return [{', '.join(names)}]", scope)  # the names are drawn above
    binding = binding_of(scope["probe"], scorer="probe")
    missing = binding.unfilled(case)
    if missing:
        with pytest.raises(DataError, match=repr(missing[0])):
            binding.fill(case, scorer="probe")
    else:
        args, named = binding.fill(case, scorer="probe")
        assert (args, set(named)) == ([], set(names))


@given(case=CASES)
def test_reserved_words_always_mean_the_cases_own(case: Case) -> None:
    seen = given_to(lambda inputs, outputs, expectations, tags: (inputs, outputs, expectations, tags), case)
    assert seen == (case.inputs, case.outputs, case.expectations, case.tags)
