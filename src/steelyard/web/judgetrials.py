"""Trying registered versions of a judge on a few traces, here and now: what each says, beside what people say."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from steelyard.errors import Conflict, InvalidArgument, SteelyardError
from steelyard.feedback import disagreements
from steelyard.feedback.judging_data import Gathered, JudgedTrace
from steelyard.feedback.judging_estimates import share
from steelyard.feedback.judging_reading import gather
from steelyard.feedback.judging_traces import TraceChoice, choose
from steelyard.feedback.judging_values import Reading, shown
from steelyard.records import Case, Expectation, Feedback, RegisteredScorer, Store, Trace
from steelyard.web.contexts.judges import Scope, Trial, TrialForm, TrialVersion, Tried, Voice
from steelyard.web.judgedefinitions import model_of_definition
from steelyard.web.judgelabels import threshold_of
from steelyard.web.judgelist import newest
from steelyard.web.judgereport import voice_of_judge, voices_of_people
from steelyard.web.judging import mark_of, word_of

if TYPE_CHECKING:
    from steelyard.llm import Calling
    from steelyard.scorers import Scorer

MOST = 20
"""How many traces one trial takes."""

MOST_VERSIONS = 2
SECONDS = 100.0
"""After so long a trial shows what it has: whoever waits has not closed the page yet."""

_AT_ONCE = 8
_OFFERED = 30
_LONGEST = 4_000
_VERSION = "steelyard.scorer.version"
_ID = re.compile(r"[\w.:-]{1,200}")
_busy = threading.Lock()


def offered(versions: Sequence[RegisteredScorer], chosen: Sequence[int] = ()) -> tuple[TrialVersion, ...]:
    """Return the versions that may be tried, the newest chosen unless others are."""
    first = [chosen[0]] if chosen else [one.version for one in versions[:1]]
    ticked = {*first, *chosen}
    return tuple(
        TrialVersion(
            version=one.version,
            model=model_of_definition(one.definition),
            why_not=why_not(one),
            chosen=one.version in ticked,
        )
        for one in versions[:_OFFERED]
    )


def why_not(registered: RegisteredScorer) -> str:
    """Return why a version cannot be tried by this server; empty if it can."""
    try:
        _made(registered)
    except SteelyardError as error:
        return str(error)
    return ""


def _made(registered: RegisteredScorer) -> Scorer:
    """Return the scorer of a version.

    Raises:
        SteelyardError: it cannot be made here, its model cannot be asked, or nobody knows how long it would take.
    """
    import warnings

    from steelyard.evaluation.genai.request import check_keys
    from steelyard.judges.registering import scorer_of
    from steelyard.scorers import RegexMatch, Scorer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it may judge otherwise today is no harm in a trial
        made = scorer_of(registered)
    if not isinstance(made, Scorer):
        raise InvalidArgument("A judge of pairs is tried on pairs of traces, which this page has not.")
    if made.is_session_level_scorer:
        raise InvalidArgument("It judges whole sessions, and a trial has single traces.")
    everyone = tuple(_all(made))
    if any(isinstance(one, RegexMatch) for one in everyone):
        raise InvalidArgument("Patterns are not run by the server: one that backtracks without end would hold it up.")
    check_keys(everyone)
    return made


def _all(scorer: Scorer) -> Iterator[Scorer]:
    yield scorer
    for one in scorer.members:
        yield from _all(one)


def chosen_traces(store: Store, name: str, scope: Scope, form: TrialForm) -> tuple[str, ...]:
    """Return the ids of the traces that a form means.

    Raises:
        InvalidArgument: there are none, or what is typed means none.
    """
    most = _number(form.most)
    if form.traces == "ids":
        ids = tuple(dict.fromkeys(re.split(r"[\s,]+", form.ids.strip()))) if form.ids.strip() else ()
        if not ids or not all(_ID.fullmatch(one) for one in ids):
            raise InvalidArgument("Paste ids of traces, one a line or with commas, such as tr-0123….")
        if len(ids) > MOST:
            raise InvalidArgument(f"A trial takes {MOST} traces; these are {len(ids)}.")
        return ids
    if form.traces == "disagreements":
        found = gather(
            store, choice_of(store, scope), name, human_name=scope.labels or name,
            judge_source=scope.source or None, threshold=threshold_of(scope.threshold), details=False,
        )  # fmt: skip
        ids = tuple(one.trace.trace_id for one in disagreements(found.pairs)[:most])
        told = "The judge and people differ on no trace. Choose the newest traces instead."
    else:
        kept = form.filter if form.traces == "filter" else scope.filter
        ids = tuple(info.trace_id for info in newest(store, scope.experiment_id, most, kept, scope.run_id))
        told = "No trace matches. Change the filter."
    if not ids:
        raise InvalidArgument(told)
    return ids


def choice_of(store: Store, scope: Scope) -> TraceChoice:
    """Return the traces that a page is about: all of them, or the newest if there are more than it reads."""
    if scope.read < scope.traces:
        found = newest(store, scope.experiment_id, scope.read, scope.filter, scope.run_id)
        return TraceChoice(trace_ids=tuple(info.trace_id for info in found))
    return choose(
        None,
        run_id=scope.run_id or None,
        experiment_ids=() if scope.run_id else (scope.experiment_id,),
        filter_string=scope.filter,
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST):
        raise InvalidArgument(f"{text!r} is no number of traces from 1 to {MOST}.")
    return int(text)


def tried(
    store: Store, name: str, scope: Scope, versions: Sequence[int], trace_ids: Sequence[str], *, keep: bool
) -> Trial:
    """Ask versions of a judge about traces, and return what each said.

    Args:
        store: where.
        name: of the judge.
        scope: what its page is about.
        versions: one or two.
        trace_ids: at most 20.
        keep: whether the verdicts become feedback on the traces.

    Raises:
        InvalidArgument: no version or too many, or no trace is there.
        Conflict: another trial is on its way.
    """
    from steelyard.evaluation.genai.stored_traces import find_traces

    wanted = tuple(dict.fromkeys(versions))
    if not 1 <= len(wanted) <= MOST_VERSIONS:
        raise InvalidArgument("Tick one version, or two to see them side by side.")
    known = {one.version: one for one in store.scorers.versions(scope.experiment_id, name)}
    scorers = [_made(known[n]) if n in known else _gone(n) for n in wanted]
    traces = find_traces(store, trace_ids[:MOST])
    inside = [traces[one] for one in trace_ids if one in traces and _is_of(traces[one], scope)]
    if not inside:
        raise InvalidArgument("None of these traces is in this experiment.")
    before = gather(
        store, TraceChoice(trace_ids=tuple(trace.info.trace_id for trace in inside)), name,
        human_name=scope.labels or name, threshold=threshold_of(scope.threshold), details=False,
    )  # fmt: skip
    if not _busy.acquire(blocking=False):
        raise Conflict("Somebody is trying a judge on this server already. Try again when that is done.")
    try:
        said, calls = _asked(scorers, inside, store)
    finally:
        _busy.release()
    kept = _keep(store, known, wanted, inside, said) if keep else 0
    return _told(before, wanted, inside, said, calls=calls, kept=kept, missing=len(trace_ids) - len(inside))


def _gone(version: int) -> Any:
    raise InvalidArgument(f"There is no version {version} any more. Load the page again.")


def _is_of(trace: Trace, scope: Scope) -> bool:
    return trace.info.experiment_id == scope.experiment_id


_Said = Mapping[tuple[int, int], "tuple[Feedback, ...] | str"]
"""What was said, or why nothing was, by the place of the scorer and of the trace."""


def _asked(scorers: Sequence[Scorer], traces: Sequence[Trace], store: Store) -> tuple[_Said, Calling]:
    from steelyard.llm import Budget, Calling

    shared = Calling(cache=store.answers, budget=Budget(max_seconds=SECONDS))
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="judge-trial")
    until = time.monotonic() + SECONDS
    waiting: dict[tuple[int, int], Future[tuple[Feedback, ...]]] = {
        (at, place): pool.submit(_ask, scorer, trace, shared)
        for place, trace in enumerate(traces)
        for at, scorer in enumerate(scorers)
    }
    said: dict[tuple[int, int], tuple[Feedback, ...] | str] = {}
    for key, future in waiting.items():
        try:
            said[key] = future.result(max(0.0, until - time.monotonic()))
        except NotInTime:
            said[key] = f"No verdict within {SECONDS:g} seconds."
        except SteelyardError as error:
            said[key] = str(error)
        except Exception as error:  # whatever a scorer's own code raises is its verdict on this trace
            said[key] = f"{type(error).__name__}: {error}"[:_LONGEST]
    pool.shutdown(wait=False, cancel_futures=True)
    return said, shared


def _ask(scorer: Scorer, trace: Trace, shared: Calling) -> tuple[Feedback, ...]:
    from steelyard.judges import Judge
    from steelyard.llm import calling
    from steelyard.scorers import assess
    from steelyard.tracing import context

    case = case_of(trace)
    with calling(shared), context(enabled=False):
        return scorer.settled(case) if isinstance(scorer, Judge) else assess(scorer, case)


def case_of(trace: Trace) -> Case:
    """Return what a judge is shown of a trace: all but what was said of it."""
    expected = tuple(one for one in trace.info.assessments if isinstance(one, Expectation) and one.valid)
    return Case(
        inputs=trace.inputs,
        outputs=trace.outputs,
        expectations={one.name: one.value for one in expected},
        trace=replace(trace, info=replace(trace.info, assessments=expected)),
    )


def _keep(
    store: Store,
    known: Mapping[int, RegisteredScorer],
    versions: Sequence[int],
    traces: Sequence[Trace],
    said: _Said,
) -> int:
    kept = [
        replace(
            one, trace_id=trace.info.trace_id, metadata={**one.metadata, _VERSION: str(known[versions[at]].version)}
        )
        for place, trace in enumerate(traces)
        for at in range(len(versions))
        if not isinstance(answer := said[at, place], str)
        for one in answer
        if one.error is None
    ]
    store.assessments.add(kept)
    return len(kept)


@dataclass(frozen=True, slots=True)
class _Row:
    """A trace with each version's value, as it compares."""

    view: Tried
    values: tuple[Any, ...]
    gold: Any


def _told(
    before: Gathered, versions: Sequence[int], traces: Sequence[Trace], said: _Said, *, calls: Calling, kept: int,
    missing: int,
) -> Trial:  # fmt: skip
    by_id = {one.trace_id: one for one in before.traces}
    rows = [
        _row(trace, by_id.get(trace.info.trace_id), before.reading, [said[at, place] for at in range(len(versions))])
        for place, trace in enumerate(traces)
    ]
    labelled = [row for row in rows if row.gold is not None]
    count = calls.count
    return Trial(
        versions=tuple(versions),
        rows=tuple(row.view for row in sorted(rows, key=lambda row: not row.view.differs)),
        agreement=tuple(
            share(sum(row.values[at] == row.gold for row in labelled), len(labelled), why="people have labelled none")
            for at in range(len(versions))
        ),
        kept=kept,
        calls=count.calls,
        tokens=count.usage.total_tokens,
        cost=count.usage.cost,
        missing=missing,
    )


def _row(
    trace: Trace, judged: JudgedTrace | None, reading: Reading, answers: Sequence[tuple[Feedback, ...] | str]
) -> _Row:
    values = tuple(_value(answer, reading) for answer in answers)
    gold = None if judged is None else judged.gold
    view = Tried(
        trace_id=trace.info.trace_id,
        request=trace.info.request_preview or "",
        response=trace.info.response_preview or "",
        now=tuple(_voice(answer) for answer in answers),
        before=voice_of_judge(judged.verdict) if judged is not None and judged.verdict is not None else None,
        people=voices_of_people(judged) if judged is not None else (),
        gold="" if gold is None else shown(gold),
        differs=len(set(values)) > 1 or (gold is not None and any(value != gold for value in values)),
    )
    return _Row(view, values, gold)


def _value(answer: tuple[Feedback, ...] | str, reading: Reading) -> Any:
    if isinstance(answer, str) or not answer or answer[0].error is not None:
        return None
    return reading.read(answer[0].value)


def _voice(answer: tuple[Feedback, ...] | str) -> Voice:
    if isinstance(answer, str):
        return Voice(who="", value="", error=answer[:_LONGEST])
    if not answer:
        return Voice(who="", value="", error="It said nothing.")
    one = answer[0]
    if one.error is not None:
        return Voice(who="", value="", error=(one.error.error_message or one.error.error_code)[:_LONGEST])
    return Voice(
        who=one.source.source_id,
        value=word_of(one.value)[:_LONGEST],
        mark=mark_of(one.value),
        why=(one.rationale or "")[:_LONGEST],
    )
