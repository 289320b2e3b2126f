"""The judge: a scorer whose verdict comes from a language model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any, ClassVar, cast

from pydantic import Field, PrivateAttr, ValidationError, field_validator

from steelyard.errors import DataError, InvalidArgument
from steelyard.judges.alignment import Alignment
from steelyard.judges.asking import Asking, settle, settle_now
from steelyard.judges.reading import expected
from steelyard.judges.ruling import Bench
from steelyard.llm import parse_model
from steelyard.records.assessment import Feedback
from steelyard.records.case import Case
from steelyard.records.trace import Trace
from steelyard.scorers import Scorer, fingerprint
from steelyard.scorers.binding import Binding, Find, Parameter

_ALIGNING = "steelyard.judges.aligning"  # a name and no import: what aligns judges knows all kinds of them
_NOT_SAID = ("aggregations", "pass_if", "timeout", "extra_headers", "description", "model", "revised_instructions")


@dataclass(frozen=True, slots=True)
class CaseBinding(Binding):
    """How a judge is called: with the whole case. Its further parameters are what the case must hold."""

    def fill(self, case: Case, *, scorer: str) -> tuple[list[Any], dict[str, Any]]:
        del scorer
        return [], {"case": case}

    def unfilled(self, case: Case) -> tuple[str, ...]:
        return tuple(each.name for each in self.parameters if not _is_there(each, case))


def _is_there(parameter: Parameter, case: Case) -> bool:
    try:
        parameter.find(case)
    except DataError:
        return False
    return True


class CategoricalRating(StrEnum):
    """MLflow's words for a verdict; each is equal to its text."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Judge(Scorer):
    """A scorer whose verdict comes from a language model.

    A call gives the feedback at once: ``judge(inputs=…, outputs=…)``. An evaluation gives it whole cases and awaits it.

    Args:
        name: names its feedback.
        model: the judging model's URI, such as ``openai:/gpt-4o-mini``; None for the default judge.
        inference_params: ``temperature``, ``max_tokens`` … for the model.
        base_url: where the model is served, if not where its provider is.
        extra_headers: sent with every question.
    """

    model: str | None = None
    inference_params: dict[str, Any] | None = None
    base_url: str | None = None
    extra_headers: dict[str, str] | None = Field(default=None, repr=False)

    _alignment: Alignment | None = PrivateAttr(default=None)

    reads: ClassVar[tuple[str, ...]] = ()
    """Which of inputs, outputs, expectations, trace and session it reads."""
    expects: ClassVar[tuple[str, ...]] = ()
    """Expectations of which a row must have one."""

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise InvalidArgument(f"{type(self).__name__} cannot be made: {wrong}") from error

    @field_validator("model")
    @classmethod
    def _is_a_model(cls, model: str | None) -> str | None:
        if model is not None:
            parse_model(model)
        return model

    @abstractmethod
    def judging(self, case: Case) -> Asking[tuple[Feedback, ...]]:
        """Yield what must be asked, and return the feedback (see :mod:`steelyard.judges.asking`)."""

    def __call__(
        self,
        *,
        inputs: Any = None,
        outputs: Any = None,
        expectations: Mapping[str, Any] | None = None,
        trace: Trace | None = None,
        session: Sequence[Trace] | None = None,
        case: Case | None = None,
    ) -> Any:
        """Judge.

        Args:
            inputs, outputs, expectations, trace, session: what is judged; each judge says which of them it reads.
            case: all of them at once. Then the result must be awaited.

        Returns:
            The feedback; a list if there are several.

        Raises:
            DataError: something that it reads is missing.
            AnswerUnreadable: the model's answer is not of the form that was asked for.
            AnswerRefused: the model declined.
        """
        if case is not None:
            return self._awaited(case)
        given = Case(
            inputs=inputs,
            outputs=outputs,
            expectations=dict(expectations or {}),
            trace=trace,
            session=None if session is None else tuple(session),
        )
        return _one_or_all(settle_now(self.judging(given)))

    def run(self, **given: Any) -> Any:
        """Judge what it reads of the given; the rest is left out."""
        return self(**{name: value for name, value in given.items() if name in _GIVEN})

    def align(
        self,
        traces: Sequence[Trace],
        optimizer: Any = None,
        *,
        label: str | None = None,
        held_out: float = 0.5,
        key: int = 0,
        confidence: float = 0.95,
    ) -> Any:
        """Return a judge like this one with better instructions, learnt from what people said; and how much better.

        Traces that have a person's feedback of the judge's name are split in two. The optimizer sees one part only;
        on the other, before and after are compared on the same rows. The result is in ``alignment`` of what is
        returned, which is the aligned judge even if it is no better: ``alignment.recommended`` and
        ``alignment.warning`` say whether to use it. Notes of a registered version have it too.

        Args:
            traces: traces with people's feedback; others are left out.
            optimizer: an ``AlignmentOptimizer``; None for ``GEPAAlignmentOptimizer()``, which needs the extra
                ``align``.
            label: the name of the feedback; the judge's own unless told.
            held_out: the share that the optimizer does not see, 0 to 1. The side of a trace is decided by a hash of
                its inputs: it stays when others come, and the same inputs are on the same side.
            key: another number is another split, and other random choices of the optimizer.
            confidence: nominal coverage of the intervals.

        Raises:
            DataError: there are too few labels.
            InvalidArgument: this kind of judge cannot be aligned.
        """
        return import_module(_ALIGNING).align(
            self, traces, optimizer=optimizer, label=label, held_out=held_out, key=key, confidence=confidence
        )

    @property
    def alignment(self) -> Alignment | None:
        """How it was aligned; None if it was not."""
        return self._alignment

    @property
    def registered_notes(self) -> dict[str, Any]:
        """What is kept beside it when it is registered."""
        return {} if self._alignment is None else {"align": self._alignment.as_notes()}

    @property
    def bench(self) -> Bench:
        """The model that judges, and how it is reached."""
        return Bench(
            model=self.model,
            params=self.inference_params or {},
            base_url=self.base_url,
            extra_headers=self.extra_headers or {},
        )

    @property
    def models(self) -> tuple[str, ...]:
        """The URIs of the models that it asks; none if it does without."""
        return (self.bench.judge,)

    @property
    def binding(self) -> Binding:
        """It takes the whole case, and finds for itself what it reads; what it demands is known before it is asked."""
        demanded = [Parameter(name, find, required=True, by_position=False) for name, find in self.demands().items()]
        return CaseBinding((Parameter("case", _whole, required=True, by_position=False), *demanded))

    def demands(self) -> Mapping[str, Find]:
        """What a row must have, by name, and the function of a case that raises if it is not there."""
        if not self.expects:
            return {}
        return {" or ".join(self.expects): lambda case: expected(case, self.expects, type(self).__name__)}

    @property
    def needs(self) -> tuple[str, ...]:
        return self.reads

    @property
    def is_async(self) -> bool:
        return True

    @property
    def is_session_level_scorer(self) -> bool:
        return bool(self.session_level) if self.session_level is not None else "session" in self.reads

    @property
    def digest(self) -> str:
        """What it would say: its class, its fields, its words and the model that is asked."""
        fields = {name: getattr(self, name) for name in type(self).model_fields if name not in _NOT_SAID}
        return fingerprint(type(self).__qualname__, fields, self.bench.judge, *self.words())

    def words(self) -> tuple[str, ...]:
        """The texts that it sends to the model whatever the row is, with their versions."""
        return ()

    def settled(self, case: Case) -> tuple[Feedback, ...]:
        """Judge a whole case, waiting for the answers in this thread."""
        self.binding.fill(case, scorer=self.name)
        return settle_now(self.judging(case))

    async def _awaited(self, case: Case) -> Any:
        return _one_or_all(await settle(self.judging(case)))


_GIVEN = ("inputs", "outputs", "expectations", "trace", "session")


def _whole(case: Case) -> Any:
    return case


def _one_or_all(feedbacks: tuple[Feedback, ...]) -> Feedback | list[Feedback]:
    return feedbacks[0] if len(feedbacks) == 1 else list(feedbacks)


def as_judge(judge: Any, *, argument: str) -> Judge:
    """Return the judge, if it is one.

    Raises:
        InvalidArgument: it is not.
    """
    if not isinstance(judge, Judge):
        raise InvalidArgument(f"{argument} must be a judge (make_judge or a built-in), not {type(judge).__name__}.")
    return cast("Judge", judge)
