"""Instructions of a judge name what is judged by five variables and no others."""

from __future__ import annotations

import pytest
from tests.judges.given import data_of, questions_of, system_of

from steelyard.errors import InvalidArgument
from steelyard.judges import make_judge
from steelyard.judges.templates import template_variables, with_references
from steelyard.records.case import Case


@pytest.mark.parametrize("written", ["{{ outputs }}", "{{outputs}}", "{{  outputs}}", "{{\toutputs\n}}"])
def test_spaces_within_braces_do_not_matter(written: str) -> None:
    assert template_variables(f"Judge {written}.") == ("outputs",)
    assert with_references(f"Judge {written}.") == 'Judge the data block "outputs".'


@pytest.mark.parametrize(
    ("instructions", "advice"),
    [
        ("Is {{ question }} good?", "inputs, outputs or expectations"),
        ("Is {{ output }} good?", "Did you mean {{ outputs }}?"),
        ("Is {{ inputs.question }} good?", "more than a variable's name"),
        ("Is {{ outputs['answer'] }} good?", "more than a variable's name"),
        ("Is {{ outputs | upper }} good?", "more than a variable's name"),
        ("Is the answer good?", "at least one of"),
        ("Judge {{ conversation }} and {{ outputs }}", "goes only with"),
        ("Judge {{ conversation }} and {{ trace }}", "goes only with"),
    ],
)
def test_other_variables_are_refused_with_advice(instructions: str, advice: str) -> None:
    with pytest.raises(InvalidArgument, match=advice.replace("{", r"\{").replace("?", r"\?")):
        make_judge("quality", instructions)


def test_braces_of_json_examples_are_no_variables() -> None:
    judge = make_judge("shape", 'Is {{ outputs }} like {"a": {"b": 1}} or {{"a": 1}}?')
    assert judge.template_variables == ("outputs",)
    assert '{{"a": 1}}' in system_of(questions_of(judge.judging(Case(outputs="x")))[0])


def test_each_variable_named_becomes_a_block_in_their_order() -> None:
    judge = make_judge("fit", "By {{ expectations }}, does {{ outputs }} fit {{ inputs }}? See {{ outputs }}.")
    case = Case(inputs={"q": 1}, outputs=[1, "é"], expectations={"max": 3})
    (question,) = questions_of(judge.judging(case))
    assert data_of(question) == {"inputs": '{"q": 1}', "outputs": '[1, "é"]', "expectations": '{"max": 3}'}
    assert list(data_of(question)) == ["inputs", "outputs", "expectations"]
    assert 'By the data block "expectations", does the data block "outputs" fit' in system_of(question)


def test_a_block_that_is_not_named_is_not_sent() -> None:
    judge = make_judge("polite", "Is {{ outputs }} polite?")
    (question,) = questions_of(judge.judging(Case(inputs={"secret": "x"}, outputs="Please.", expectations={"y": 1})))
    assert data_of(question) == {"outputs": "Please."}
