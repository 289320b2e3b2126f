"""``genai.evaluate()``: the road from rows to a run for applications, one step a line."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from steelyard.engine import Progress, Work, run_work
from steelyard.errors import StoreError
from steelyard.evaluation.arguments import check_name, check_numbers
from steelyard.evaluation.genai.aggregation import Aggregated, Aggregator
from steelyard.evaluation.genai.criteria import parse_criteria
from steelyard.evaluation.genai.facts import facts_of
from steelyard.evaluation.genai.forecast import forecast
from steelyard.evaluation.genai.lines import lines
from steelyard.evaluation.genai.owner import this_process
from steelyard.evaluation.genai.recording import record
from steelyard.evaluation.genai.request import (
    Request,
    check_request,
    default_concurrency,
    not_negative,
    positive,
    read_budget,
    read_scorers,
)
from steelyard.evaluation.genai.result import ApplicationResult
from steelyard.evaluation.genai.rows.reading import read_rows
from steelyard.evaluation.genai.simulation import hold_conversations
from steelyard.evaluation.genai.stored_traces import find_stored_traces, find_traces
from steelyard.evaluation.genai.taking_up import Opened, opened
from steelyard.evaluation.genai.terminal import Terminal
from steelyard.judges import ConversationSimulator
from steelyard.llm import Calling, Limits, Prices
from steelyard.records import LedgerPlan, LedgerState, PlannedScorer, Rows
from steelyard.tracing.autologged import autologged

_OVER_BUDGET = frozenset(("over_budget",))
_ERRORS = frozenset(("scorer_error", "parse_error", "refused", "predict_failed"))
_MODEL_KEY = "mlflow.modelId"


def evaluate(
    data: Any,
    scorers: Sequence[Any] | None = None,
    predict_fn: Callable[..., Any] | None = None,
    model_id: str | None = None,
    quality_criteria: str | None = None,
    *,
    repeats: int = 1,
    resume: str | None = None,
    retry_errors: bool = False,
    slices: Sequence[Any] | None = None,
    session: str | None = None,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    max_seconds: float | None = None,
    prices: Mapping[str, Any] | None = None,
    concurrency: int | None = None,
    predict_timeout: float | None = None,
    predict_retries: int = 0,
    cache: bool = True,
    name: str | None = None,
    run_name: str | None = None,
    confidence: float = 0.95,
    replicates: int = 200,
    seed: int = 0,
    progress: bool | Callable[[Progress], None] = True,
) -> ApplicationResult:
    """Evaluate an application: call it on every row, let scorers judge each output, and keep everything in a run.

    Every prediction and every verdict is committed as it happens. Called again after a crash with the same rows,
    function and scorers, it goes on where it stopped; ``resume`` does so for a run that was stopped on purpose.

    Args:
        data: rows of ``inputs``, ``outputs``, ``expectations``, ``tags`` or ``trace``: a list of dicts, a frame,
            traces, a path of JSONL, CSV or Parquet, an ``EvaluationDataset`` (the run records its exact version), the
            rows of another framework in their own shape, or a ``ConversationSimulator``, whose users then talk to
            ``predict_fn``.
        scorers: what judges: built-ins, functions made with ``@scorer``, judges, or scorers of another framework.
        predict_fn: called once for each row and repeat with the row's inputs by name, sync or async; leave it out if
            the rows have outputs or traces.
        model_id: a model that the traces are linked to.
        quality_criteria: such as ``"correctness/mean >= 0.9 AND latency/p90 <= 2"``; see ``result.passed``.
        repeats: how often each row is predicted and judged; adds pass@k and pass^k.
        resume: the id of a run to go on with: what it has committed is not done again.
        retry_errors: when going on, do again what failed; what was over budget is always done again.
        slices: tags or fields of the inputs, such as ``["topic", ["topic", "lang"]]``, each a slice with its own
            estimates.
        session: the field, such as ``"document"``, whose rows belong together: intervals are clustered by it. Rows that
            have a ``session`` of their own need none.
        max_cost: US dollars that may be spent. Reserved before each call, so never exceeded by more than what is in
            flight; what does not fit ends as ``over_budget``.
        max_tokens: input and output tokens that may be used.
        max_seconds: how long calls may be begun.
        prices: US dollars for a million tokens by model, ``{"openai:/my-model": (0.5, 1.5)}``, where no public price is
            known.
        concurrency: calls of ``predict_fn`` at a time; ``MLFLOW_GENAI_EVAL_MAX_WORKERS``, else 10. Each model that a
            judge asks has a limit of its own, which begins there and rises slowly. A limit falls when its provider says
            that there are too many requests.
        predict_timeout: seconds after which a call of ``predict_fn`` has failed; None waits.
        predict_retries: how often a call of ``predict_fn`` that failed for too many requests is made again.
        cache: whether a judge's answer to a question that was asked before is taken from the store.
        name: the dataset's name.
        run_name: the name of the run, if one is started.
        confidence: nominal coverage of the intervals.
        replicates: number of bootstrap replicates, 20 to 10,000.
        seed: the key of the replicates; runs are paired only if it is the same.
        progress: whether to tell on the terminal, or a function that is called after each commit.

    Returns:
        The result: ``.metrics``, ``.estimates``, ``.result_df``, ``.outcomes``, ``.application``, ``.passed``,
        ``.run_id``.

    Raises:
        InvalidArgument: an argument cannot be used.
        DataError: rows cannot be read, or a scorer cannot be called with them; the message names them.
        KeyboardInterrupt: it was stopped; what is committed stays, and the message says how to go on.
        StoreError: the store refused; what is committed stays.

    Examples:
        >>> import steelyard
        >>> steelyard.set_tracking_uri(tmp_folder)
        >>> from steelyard.genai import evaluate, scorer
        >>> @scorer
        ... def exact(outputs, expectations):
        ...     return outputs == expectations["expected_response"]
        >>> rows = [{"inputs": {"n": n}, "expectations": {"expected_response": str(n * n)}} for n in range(20)]
        >>> result = evaluate(rows, [exact], lambda n: str(n**2) if n % 5 else "?", progress=False)
        >>> print(result.estimates["exact/mean"])
        0.8 [0.584, 0.9193] (n=20)
    """
    check_numbers(replicates=replicates, confidence=confidence, seed=seed)
    check_name("run_name", run_name, "what to call the run")
    concurrency = positive("concurrency", concurrency, whole=True) or default_concurrency()
    budget = read_budget(max_cost=max_cost, max_tokens=max_tokens, max_seconds=max_seconds)
    if isinstance(data, ConversationSimulator):
        around = Calling(budget=budget, prices=Prices(prices or {}))
        data, predict_fn = hold_conversations(data, predict_fn, concurrency=concurrency, around=around), None
    rows = read_rows(data, name=name, session=session, find_traces=find_stored_traces)
    request = Request(
        rows=rows,
        scorers=read_scorers(scorers),
        predict=predict_fn,
        repeats=positive("repeats", repeats, whole=True) or 1,
        concurrency=concurrency,
        budget=budget,
        prices=Prices(prices or {}),
        criteria=() if quality_criteria is None else parse_criteria(quality_criteria),
        redo=_OVER_BUDGET | _ERRORS if retry_errors else _OVER_BUDGET,
        slices=tuple(slices or ()),
        confidence=confidence,
        replicates=replicates,
        seed=seed,
        model_id=model_id,
        cache=cache,
        predict_timeout=positive("predict_timeout", predict_timeout),
        predict_retries=not_negative("predict_retries", predict_retries),
    )
    check_request(request)
    terminal = Terminal(quiet=progress is False, also=progress if callable(progress) else None)
    with opened(plan_of(request), resume=resume, run_name=run_name, redo=request.redo) as place:
        result = weigh(request, place, terminal)
    terminal.say(_closing(result))
    return result


def weigh(request: Request, place: Opened, terminal: Terminal) -> ApplicationResult:
    """Do what a ledger has not got yet, and put the results into its run."""
    begun = time.monotonic()
    told = _told(request, place)
    terminal.say(_opening(place, told))
    try:
        with autologged() if request.predict is not None else nullcontext():
            run_work(_work(request, place, terminal), place.state)
    except (KeyboardInterrupt, StoreError) as stopped:
        terminal.close()
        terminal.say(_how_to_go_on(place))
        if terminal.quiet:
            stopped.add_note(_how_to_go_on(place))
        raise
    terminal.close()
    found = _aggregate(request, place)
    result = record(request, place, found, seconds=time.monotonic() - begun, forecast=told)
    place.store.ledgers.finish(place.run.info.run_id)
    return result


def plan_of(request: Request) -> LedgerPlan:
    """Return what the ledger of a request will hold."""
    sessions = _count_sessions(request.rows) if request.has_sessions else 0
    return LedgerPlan(
        data_digest=request.rows.digest,
        predict_digest=request.predict_digest,
        rows=len(request.rows),
        repeats=request.repeats,
        scorers=tuple(
            PlannedScorer(
                name=scorer.name,
                planned=(sessions if scorer.is_session_level_scorer else len(request.rows)) * request.repeats,
                digest=scorer.digest,
            )
            for scorer in request.scorers
        ),
        owner=this_process(),
    )


def _count_sessions(rows: Rows) -> int:
    alone, named = 0, set()
    for row in rows:
        if row.session is None:
            alone += 1
        else:
            named.add(hashlib.blake2b(row.session.encode(), digest_size=8).digest())
    return alone + len(named)


def _work(request: Request, place: Opened, terminal: Terminal) -> Work:
    request.budget.restore(place.state.usage)
    concurrency = request.concurrency
    return Work(
        run_id=place.run.info.run_id,
        experiment_id=place.run.info.experiment_id,
        rows=request.rows,
        scorers=request.scorers,
        ledger=place.store.ledgers,
        find_traces=lambda ids: find_traces(place.store, ids),
        limits=Limits(bounds={"predict": (concurrency, concurrency)}, start=concurrency, maximum=max(64, concurrency)),
        budget=request.budget,
        prices=request.prices,
        predict=request.predict,
        predict_name=request.predict_name,
        repeats=request.repeats,
        concurrency=concurrency,
        predict_timeout=request.predict_timeout,
        predict_retries=request.predict_retries,
        cache=place.store.answers if request.cache else None,
        redo=request.redo,
        trace_metadata={} if request.model_id is None else {_MODEL_KEY: request.model_id},
        progress=terminal,
    )


def _aggregate(request: Request, place: Opened) -> Aggregated:
    plan = place.state.plan
    aggregator = Aggregator(
        scorers=[
            facts_of(scorer, planned=planned.planned)
            for scorer, planned in zip(request.scorers, plan.scorers, strict=True)
        ],
        rows=plan.rows,
        repeats=plan.repeats,
        confidence=request.confidence,
        replicates=request.replicates,
        seed=request.seed,
        slices=request.slices,
    )
    for line in lines(request.rows, request.repeats, place.store.ledgers, place.run.info.run_id):
        aggregator.add(line)
    return aggregator.finish()


def _told(request: Request, place: Opened) -> str:
    """Return what is left to do and what it may cost, in words."""
    state, redo = place.state, request.redo
    committed = sum(n for outcome, n in state.predictions.items() if outcome not in redo)
    predictions = 0 if request.predict is None else state.plan.rows * state.plan.repeats - committed
    left = [t.planned - sum(n for o, n in t.outcomes.items() if o not in redo) for t in state.scorers]
    return str(forecast(request.rows, request.scorers, predictions=predictions, verdicts=left, prices=request.prices))


def _opening(place: Opened, told: str) -> str:
    run = place.run.info
    if not place.went_on:
        return f"Run {run.run_name} ({run.run_id}): {told}, {_limits(place.state)}."
    done = sum(place.state.predictions.values())
    return f"Going on with run {run.run_name} ({run.run_id}): {done:,} predictions are committed; left: {told}."


def _limits(state: LedgerState) -> str:
    repeats = f", {state.plan.repeats} times each" if state.plan.repeats > 1 else ""
    return f"{state.plan.rows:,} rows{repeats}"


def _how_to_go_on(place: Opened) -> str:
    run_id = place.run.info.run_id
    try:
        state = place.store.ledgers.state(run_id) or place.state
    except StoreError:  # the very thing that stopped it
        state = place.state
    done = sum(state.predictions.values())
    return (
        f"Stopped after {done:,} of {state.plan.rows * state.plan.repeats:,} predictions; all of them are kept. Go on "
        f"with the same call, adding resume={run_id!r}."
    )


def _closing(result: ApplicationResult) -> str:
    shown = [m for m in result.summary.metrics if m.headline] or list(result.summary.metrics)
    told = [f"  {m.title}: {result.estimates[m.name]}" for m in shown if m.name in result.estimates]
    return "\n".join([f"Run {result.run_id}: {result.application.rows:,} rows", *told, *result.not_scored])
