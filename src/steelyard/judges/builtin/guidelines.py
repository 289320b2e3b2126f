"""Judges by guidelines: the developer's own, or those of each row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import field_validator

from steelyard.errors import DataError, InvalidArgument
from steelyard.judges.blocks import Block, block
from steelyard.judges.builtin.answers import request_block, response_block
from steelyard.judges.builtin.standing import StandingJudge
from steelyard.judges.making import check_model_api
from steelyard.judges.prompts import answers as prompts
from steelyard.judges.prompts.rubric import Rubric
from steelyard.judges.reading import expected
from steelyard.records.case import Case


def guidelines_rubric(standing: Rubric, guidelines: str | Sequence[str]) -> Rubric:
    """Return the rubric with the developer's guidelines, numbered.

    Raises:
        InvalidArgument: there are none.
    """
    listed = [guidelines] if isinstance(guidelines, str) else list(guidelines)
    if not listed or not all(isinstance(each, str) and each.strip() for each in listed):
        raise InvalidArgument("guidelines must be a text, or a list of texts; none may be empty.")
    text = "\n".join(f"{number}. {each.strip()}" for number, each in enumerate(listed, start=1))
    return Rubric(standing.name, standing.version, standing.text + text, standing.value)


class Guidelines(StandingJudge):
    """Whether the answer meets one guideline or several; yes or no.

    Args:
        guidelines: a text or a list of texts. They are instructions: yours, never the row's.
        model_api: ``default`` or ``chat_completions``.

    >>> Guidelines(name="is_english", guidelines="The answer must be in English").guidelines
    'The answer must be in English'
    """

    name: str = "guidelines"
    description: str | None = "Whether the answer meets the guidelines."
    guidelines: str | list[str]
    model_api: str = "default"
    standing: ClassVar[Rubric] = prompts.GUIDELINES
    reads: ClassVar[tuple[str, ...]] = ("inputs", "outputs", "trace")

    @field_validator("guidelines")
    @classmethod
    def _are_some(cls, guidelines: str | list[str]) -> str | list[str]:
        guidelines_rubric(cls.standing, guidelines)
        return guidelines

    @field_validator("model_api")
    @classmethod
    def _is_an_api(cls, model_api: str) -> str:
        return check_model_api(model_api)

    @property
    def rubric(self) -> Rubric:
        return guidelines_rubric(self.standing, self.guidelines)

    def blocks(self, case: Case) -> tuple[Block, ...]:
        return (request_block(case, "Guidelines"), response_block(case, "Guidelines"))


class ExpectationsGuidelines(StandingJudge):
    """Whether the answer meets the row's own ``guidelines`` (an expectation: a text or a list of texts); yes or no."""

    name: str = "expectations_guidelines"
    description: str | None = "Whether the answer meets the guidelines that the row expects."
    standing: ClassVar[Rubric] = prompts.EXPECTATIONS_GUIDELINES
    reads: ClassVar[tuple[str, ...]] = ("inputs", "outputs", "expectations", "trace")
    expects: ClassVar[tuple[str, ...]] = ("guidelines",)

    def blocks(self, case: Case) -> tuple[Block, ...]:
        judge = "ExpectationsGuidelines"
        found = expected(case, self.expects, judge)["guidelines"]
        listed = [found] if isinstance(found, str) else found
        if not isinstance(listed, Sequence) or not listed or not all(isinstance(each, str) for each in listed):
            raise DataError(
                f"{judge}: the expectation guidelines must be a text or a list of texts, not {found!r:.200}."
            )
        return (request_block(case, judge), response_block(case, judge), block("guidelines", list(listed)))
