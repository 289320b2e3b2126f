"""What finds better instructions for a judge: MLflow's interface, and GEPA behind it.

An optimizer is given labelled traces and returns a judge. It is never given the held-out part, and what it claims is
not believed: :meth:`Judge.align` measures.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from steelyard.errors import AnswerRefused, AnswerUnreadable, InvalidArgument, MissingDependency
from steelyard.judges.asking import answer_to, settle_now
from steelyard.judges.blocks import DATA_RULES, Block, block, fenced
from steelyard.judges.labelled import Example, examples
from steelyard.judges.revising import agrees, instructions_of, revised, verdicts
from steelyard.judges.ruling import Bench
from steelyard.llm import Answer, MemoryCache, Message, calling, current_calling
from steelyard.records.assessment import Feedback
from steelyard.records.trace import Trace

if TYPE_CHECKING:
    from steelyard.judges.judge import Judge

_log = logging.getLogger("steelyard.judges")
_COMPONENT = "instructions"
_LONGEST = 4_000

TEMPLATE = """\
A judge decides about answers of an application, and people have decided about the same answers. Its instructions are:
```
<curr_param>
```

Here are cases, each with what the judge said and what people said:

<side_info>

Write better instructions, by which the judge would have said what people said, here and in cases like these: state \
the criteria that people seem to use, in general words. Do not list the cases, and do not quote them.
Where the instructions have variables in double braces, such as {{ outputs }}, keep every one of them, and add none.
Write the new instructions, and nothing else, between ``` and ```."""


class AlignmentOptimizer(ABC):
    """Finds better instructions for a judge from what people said. Subclass it with ``align``."""

    @property
    def name(self) -> str:
        """What it is called in results."""
        return type(self).__name__

    @abstractmethod
    def align(self, judge: Judge, traces: Sequence[Trace]) -> Judge:
        """Return a judge with better instructions.

        Args:
            judge: the judge as it is.
            traces: each with one feedback of a person under the judge's name.

        Returns:
            The judge itself if nothing better was found. Only its instructions are taken over.
        """


class GEPAAlignmentOptimizer(AlignmentOptimizer):
    """Rewrites instructions by reflection on mistakes, and keeps what agrees with people more often.

    Source: Agrawal et al. 2025, "GEPA: Reflective Prompt Evolution Can Outperform Reinforcement Learning"; the library
    ``gepa`` searches (extra ``align``), and every question goes through :mod:`steelyard.llm` with its limits, cache,
    budget and prices.

    Args:
        model: the URI of the model that writes instructions; the judge's own unless told.
        max_metric_calls: how many judgements it may ask for; ten for each trace unless told, at most 500.
        minibatch: how many cases it reflects on at a time.
        inference_params: ``temperature`` … of the model that writes.
        key: of its random choices.
    """

    def __init__(
        self,
        model: str | None = None,
        max_metric_calls: int | None = None,
        *,
        minibatch: int = 4,
        inference_params: Mapping[str, Any] | None = None,
        key: int = 0,
    ) -> None:
        if max_metric_calls is not None and max_metric_calls < 1:
            raise InvalidArgument(f"max_metric_calls={max_metric_calls} must be at least 1.")
        if minibatch < 1:
            raise InvalidArgument(f"minibatch={minibatch} must be at least 1.")
        self.model = model
        self.max_metric_calls = max_metric_calls
        self.minibatch = minibatch
        self.inference_params = dict(inference_params or {})
        self.key = key
        Bench(model=model)  # refuses what is no model

    def align(self, judge: Judge, traces: Sequence[Trace]) -> Judge:
        """See :meth:`AlignmentOptimizer.align`.

        Raises:
            MissingDependency: the library is not installed.
        """
        optimize = _library()
        labelled, _ = examples(traces, judge.name, name=judge.name)
        course = _Course(judge, self._bench(judge))
        around = current_calling()
        if around.cache is None:
            around = around.inner(cache=MemoryCache())  # the search asks for the same judgements again and again
        with calling(around):
            result = optimize(
                seed_candidate={_COMPONENT: instructions_of(judge)},
                trainset=labelled,
                adapter=course,
                reflection_lm=course.reflect,
                reflection_prompt_template=TEMPLATE,
                reflection_minibatch_size=min(self.minibatch, len(labelled)),
                max_metric_calls=self.max_metric_calls or min(10 * len(labelled), 500),
                stop_callbacks=[course.is_over],
                logger=_Quiet(),
                seed=self.key,
                track_best_outputs=False,
            )
        if course.fatal is not None:
            raise course.fatal
        best = result.best_candidate
        return revised(judge, best[_COMPONENT] if isinstance(best, Mapping) else str(best))

    def _bench(self, judge: Judge) -> Bench:
        own = judge.bench
        if self.model is None:
            return Bench(
                model=own.model, params=self.inference_params, base_url=own.base_url, extra_headers=own.extra_headers
            )
        return Bench(model=self.model, params=self.inference_params)


class _Course:
    """One search: judges examples with proposed instructions, shows the mistakes, and asks for new instructions.

    The library logs and goes on when a reflection raises, so whatever ends the work for good is kept here, stops the
    search, and is raised behind it.
    """

    propose_new_texts = None  # the library's own way

    def __init__(self, judge: Judge, writer: Bench) -> None:
        self._judge = judge
        self._writer = writer
        self.fatal: Exception | None = None

    def is_over(self, state: Any) -> bool:
        del state
        return self.fatal is not None

    def reflect(self, prompt: Any) -> str:
        """Ask for new instructions."""
        system = f"You improve the instructions of a judge.\n\n# The cases\n{DATA_RULES}"
        question = self._writer.question(
            (Message("system", system), Message("user", str(prompt))), schema=None, purpose="align"
        )
        try:
            answer: Answer = settle_now(answer_to(question))
        except (AnswerRefused, AnswerUnreadable):
            raise  # this once; the next cases may do
        except Exception as error:
            self.fatal = error
            raise
        return answer.text

    def evaluate(self, batch: list[Example], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        """Return how often the judge with these instructions says what people said: 1 or 0 a case."""
        from gepa.core.adapter import EvaluationBatch

        said: tuple[Feedback | Exception, ...]
        try:
            judge = revised(self._judge, candidate[_COMPONENT])
        except InvalidArgument as error:  # a variable was lost
            said = (error,) * len(batch)
        else:
            said = verdicts(judge, [example.case for example in batch])
        scores = [float(agrees(each, example.value)) for each, example in zip(said, batch, strict=True)]
        trajectories = list(zip(batch, said, strict=True)) if capture_traces else None
        return EvaluationBatch(outputs=list(said), scores=scores, trajectories=trajectories)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Return the cases as the writer of instructions reads them: as data between fences."""
        del candidate
        shown = [{"Material": fenced(_shown(*each))} for each in eval_batch.trajectories]
        return dict.fromkeys(components_to_update, shown)


def _shown(example: Example, said: Feedback | Exception) -> list[Block]:
    case = example.case
    trace = example.trace
    blocks = [block("inputs", _clipped(trace.inputs)), block("outputs", _clipped(trace.outputs))]
    expected = (
        {found.name: found.value for found in case.trace.search_assessments(type="expectation")} if case.trace else {}
    )
    if expected:
        blocks.append(block("expectations", _clipped(expected)))
    if isinstance(said, Feedback):
        blocks += [block("judge_said", said.value), block("judge_reasons", _clipped(said.rationale or ""))]
    else:
        blocks.append(block("judge_failed", str(said)))
    blocks.append(block("people_said", example.value))
    if example.rationale:
        blocks.append(block("people_reasons", _clipped(example.rationale)))
    return blocks


def _clipped(value: Any) -> Any:
    """Shorten what would fill the prompt."""
    text = block("text", value).text
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} […] {text[-_LONGEST // 2 :]}"


class _Quiet:
    def log(self, message: str) -> None:
        _log.debug("%s", message)


def _library() -> Any:
    try:
        from gepa.api import optimize
    except ImportError as error:
        raise MissingDependency("gepa", extra="align", purpose="align a judge with GEPA") from error
    return optimize
