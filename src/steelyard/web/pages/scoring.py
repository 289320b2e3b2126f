"""``/traces/score`` and ``/runs/{id}/scoring``: traces of a list are scored on the spot, as a run of the experiment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument, SteelyardError, StoreError
from steelyard.records import Run, Store
from steelyard.web import links
from steelyard.web.contexts.runs import Problem
from steelyard.web.contexts.scoring import ScoringForm, ScoringPage, Stage
from steelyard.web.faces import Crumb, Shell, respond, wants_fragment
from steelyard.web.pages import store_of
from steelyard.web.pages.progress import live_progress
from steelyard.web.pages.traces import Place, now_ms, place_of, shell_of
from steelyard.web.scorerchoices import CODE, JUDGES, KNOWN, arguments_of, as_typed, judge_model, why_no_judges
from steelyard.web.tracepicking import Picked, picked_traces

MOST = 1_000
"""How many traces one scoring takes."""

_LONGEST_NAME = 200
_STEP = 500


class Scoring(Protocol):
    """Who works on orders: a thread of the server."""

    def check_room(self) -> None: ...
    def submit(self, run_id: str) -> None: ...
    def place_of(self, run_id: str) -> int | None: ...


def scoring_of(request: Request) -> Scoring:
    """Return who works on orders.

    Raises:
        InvalidArgument: this server takes none.
    """
    found: Scoring | None = getattr(request.app.state, "scoring", None)
    if found is None:
        raise InvalidArgument("This server does not score traces.")
    return found


def choose(request: Request, form: FormData) -> Response:
    """Ask what the traces that were picked are scored by; with ``start`` = ``yes``, begin."""
    store = store_of(request)
    place = place_of(store, QueryParams(str(form.get("view", ""))))
    picked = picked_traces(store, form, place.experiment_ids, now_ms=now_ms())
    if form.get("start") != "yes":
        return _form(request, place, picked, form)
    try:
        run_id = _begin(request, place, picked, form)
    except StoreError:
        raise
    except SteelyardError as error:
        return _form(request, place, picked, form, Problem(field="scorers", message=str(error)))
    return RedirectResponse(links.scoring(run_id), 303)


def _begin(request: Request, place: Place, picked: Picked, form: FormData) -> str:
    from steelyard.evaluation.genai.stored_scoring import ScorerOrder, ScoringOrder, check_order, place_order

    store, scoring = store_of(request), scoring_of(request)
    names = list(dict.fromkeys(str(one) for one in form.getlist("scorers")))
    if not names:
        raise InvalidArgument("Tick at least one scorer.")
    unknown = next((name for name in names if name not in KNOWN), None)
    if unknown is not None:
        raise InvalidArgument(f"There is no scorer {unknown!r} to choose here.")
    chosen = as_typed(tuple(KNOWN[name] for name in names), form)
    order = ScoringOrder(
        trace_ids=picked.trace_ids[:MOST],
        scorers=tuple(ScorerOrder(scorer=one.name, arguments=arguments_of(one)) for one in chosen),
        max_cost=_dollars(str(form.get("max_cost", "")).strip()),
    )
    check_order(store, order)
    scoring.check_room()
    name = str(form.get("run_name", "")).strip()[:_LONGEST_NAME] or _run_name(len(order.trace_ids))
    run_id = place_order(store, _experiment_of(store, place, order.trace_ids), order, run_name=name)
    scoring.submit(run_id)
    return run_id


def _experiment_of(store: Store, place: Place, trace_ids: tuple[str, ...]) -> str:
    """Return where the run goes: the list's experiment, or that of the first trace that is there."""
    if place.experiment_id:
        return place.experiment_id
    found = store.traces.infos(trace_ids[:20])
    return next(info.experiment_id for info in found.values())


def _form(request: Request, place: Place, picked: Picked, form: FormData, problem: Problem | None = None) -> Response:
    more = len(picked.trace_ids) > MOST or picked.more
    context = ScoringForm(
        experiment_id=place.experiment_id,
        experiment_name=place.experiment_name,
        trace_ids=picked.trace_ids[:MOST],
        failed=_failed(store_of(request), picked.trace_ids[:MOST]),
        more=more or form.get("more") == "yes",
        most=MOST,
        view=str(form.get("view", "")),
        code=as_typed(CODE, form),
        judges=as_typed(JUDGES, form),
        judge_model=judge_model(),
        no_judges=why_no_judges(),
        max_cost=str(form.get("max_cost", "")),
        run_name=str(form.get("run_name", "")),
        problem=problem,
    )
    shell = shell_of(place, "Score traces", last="Score traces")
    return respond(request, "scoring.html", context, shell, status=400 if problem else 200)


def _failed(store: Store, trace_ids: Sequence[str]) -> int:
    steps = (trace_ids[at : at + _STEP] for at in range(0, len(trace_ids), _STEP))
    return sum(info.state == "ERROR" for step in steps for info in store.traces.infos(step).values())


def show(request: Request) -> Response:
    """Show how far a scoring is; once it is done, htmx is led to its run."""
    store = store_of(request)
    run = store.runs.get(request.path_params["run_id"])
    context = _page(request, store, run)
    shell = Shell(
        title=context.run_name,
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            Crumb(label=context.experiment_name, href=links.runs(context.experiment_id)),
            Crumb(label=context.run_name, href=links.run(context.run_id)),
            Crumb(label="Scoring"),
        ),
        section="runs",
        experiment_id=context.experiment_id,
        experiment_name=context.experiment_name,
    )
    response = respond(request, "scoringrun.html", context, shell)
    if wants_fragment(request) and context.stage == "finished":
        response.headers["HX-Redirect"] = links.run(context.run_id)
    return response


def go_on(request: Request, form: FormData) -> Response:
    """Go on with a scoring that stopped or failed: what is committed is not done again."""
    del form
    from steelyard.evaluation.genai.stored_scoring import order_of

    store = store_of(request)
    run = store.runs.get(request.path_params["run_id"])
    order_of(store, run.info.run_id)
    if run.info.status == "FINISHED":
        raise InvalidArgument("This scoring is done. There is nothing to go on with.")
    if run.info.lifecycle_stage == "deleted":
        raise InvalidArgument("This run is deleted. Restore it first.")
    scoring_of(request).submit(run.info.run_id)
    return RedirectResponse(links.scoring(run.info.run_id), 303)


def _page(request: Request, store: Store, run: Run) -> ScoringPage:
    from steelyard.evaluation.genai.stored_scoring import NOTE_TAG, order_of

    order = order_of(store, run.info.run_id)
    ahead = scoring_of(request).place_of(run.info.run_id)
    stage = _stage(store, run, ahead)
    experiment = store.experiments.get(run.info.experiment_id)
    return ScoringPage(
        run_id=run.info.run_id,
        run_name=run.info.run_name or run.info.run_id[:8],
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        stage=stage,
        ahead=ahead or 0,
        traces=len(order.trace_ids),
        scorers=tuple(KNOWN[one.scorer].label if one.scorer in KNOWN else one.scorer for one in order.scorers),
        error=run.data.tags.get(NOTE_TAG, "") if stage == "failed" else "",
        progress=None if stage == "finished" else live_progress(store, run),
    )


def _stage(store: Store, run: Run, ahead: int | None) -> Stage:
    if ahead is not None:
        return "queued" if ahead else "running"
    if run.info.status == "FINISHED":
        return "finished"
    if run.info.status == "FAILED":
        return "failed"
    # It may just have ended between the two questions; else the server has been stopped since it was ordered.
    return "finished" if store.runs.get(run.info.run_id).info.status == "FINISHED" else "stopped"


def _dollars(text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text.removeprefix("$"))
    except ValueError:
        number = float("nan")
    if not 0 < number < 1e9:
        raise InvalidArgument(
            f"{text!r} is no amount of US dollars above 0. Write 0.50, or leave it empty for no limit."
        )
    return number


def _run_name(n: int) -> str:
    when = datetime.fromtimestamp(time.time(), tz=UTC)
    return f"score {n} {'trace' if n == 1 else 'traces'} {when:%d %b %H:%M}"
