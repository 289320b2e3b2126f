"""A judge of a prompt with choices, under MLflow's name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from steelyard.errors import DataError, InvalidArgument
from steelyard.judges.asking import settle_now
from steelyard.judges.blocks import block
from steelyard.judges.prompts.rubric import Rubric
from steelyard.judges.ruling import Bench, rule
from steelyard.judges.values import ValueType
from steelyard.records.assessment import Feedback

_CHOICE = re.compile(r"\[\[([\w ]+)\]\]")
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}", re.ASCII)


def custom_prompt_judge(
    *,
    name: str,
    prompt_template: str,
    numeric_values: Mapping[str, float] | None = None,
    model: str | None = None,
) -> Callable[..., Feedback]:
    """Make a judge of a prompt that names variables in ``{{ }}`` and choices in ``[[ ]]``.

    Args:
        name: of the feedback.
        prompt_template: what to judge. A variable becomes a reference to a block of data.
        numeric_values: the number that each choice stands for; the feedback then has the number as its value and the
            choice as ``string_value`` in its metadata.
        model: its URI; None for the default judge.

    Returns:
        A function of the variables, by name, that gives the feedback.

    Raises:
        InvalidArgument: there are no choices, or the numbers are not exactly theirs.

    Examples:
        >>> formal = custom_prompt_judge(
        ...     name="formality",
        ...     prompt_template="How formal is {{ response }}? [[formal]]: very. [[casual]]: not at all.",
        ...     numeric_values={"formal": 1, "casual": 0},
        ... )
    """
    choices = tuple(dict.fromkeys(_CHOICE.findall(prompt_template)))
    if not choices:
        raise InvalidArgument("The prompt of a judge with choices must name them in double brackets, such as [[good]].")
    _check_numbers(choices, numeric_values)
    variables = tuple(dict.fromkeys(_VARIABLE.findall(prompt_template)))
    rubric = _rubric(name, prompt_template, choices)
    bench = Bench(model=model)

    def judge(**values: Any) -> Feedback:
        missing = [variable for variable in variables if variable not in values]
        if missing:
            raise DataError(
                f"Judge {name!r} needs {', '.join(missing)}; the variables of its prompt are given by name."
            )
        unknown = sorted(set(values).difference(variables))
        if unknown:
            raise InvalidArgument(f"The prompt of judge {name!r} has no variable {', '.join(unknown)}.")
        blocks = [block(variable, values[variable]) for variable in variables]
        said = settle_now(rule(bench, rubric, blocks)).feedback(name)
        if numeric_values is None:
            return said
        return Feedback(
            name=name,
            value=numeric_values[said.value],
            rationale=said.rationale,
            source=said.source,
            metadata={**said.metadata, "string_value": said.value},
        )

    judge.__name__ = name if name.isidentifier() else "judge"
    return judge


def _rubric(name: str, template: str, choices: tuple[str, ...]) -> Rubric:
    text = _VARIABLE.sub(lambda match: f'the data block "{match.group(1)}"', template)
    text = _CHOICE.sub(lambda match: match.group(1), text)
    version = int(hashlib.sha256(template.encode()).hexdigest()[:8], 16)
    return Rubric(name, version, text, ValueType(_one_of(choices)))


def _one_of(choices: tuple[str, ...]) -> Any:
    literal: Any = Literal
    return literal[choices]


def _check_numbers(choices: tuple[str, ...], numbers: Mapping[str, float] | None) -> None:
    if numbers is None:
        return
    if set(numbers) != set(choices):
        raise InvalidArgument(
            f"numeric_values must have exactly the choices of the prompt: {', '.join(choices)}; "
            f"it has {', '.join(map(str, numbers))}."
        )
    wrong = [choice for choice, number in numbers.items() if type(number) not in (int, float)]
    if wrong:
        raise InvalidArgument(f"numeric_values[{wrong[0]!r}] must be a number.")
