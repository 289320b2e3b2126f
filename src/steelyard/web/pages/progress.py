"""``/runs/{id}/progress``: how far an evaluation is, asked for again and again by the page of its run."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import NotFound
from steelyard.records import Run, Store
from steelyard.web import links
from steelyard.web.applications import load_application
from steelyard.web.contexts.application import ProgressView
from steelyard.web.faces import Crumb, Shell, respond, wants_fragment
from steelyard.web.pages import store_of
from steelyard.web.progressview import view_progress


def show(request: Request) -> Response:
    """Show how far an evaluation is; once it is done, htmx is told to load the run's page with its results."""
    store, query = store_of(request), request.query_params
    run = store.runs.get(request.path_params["run_id"])
    state = store.ledgers.state(run.info.run_id)
    if state is None:
        raise NotFound(f"Run {run.info.run_id} fills no ledger, so there is no progress to show.")
    context = view_progress(
        store, run, state, since=_number(query.get("since", "")), since_done=_number(query.get("done", ""))
    )
    experiment = store.experiments.get(run.info.experiment_id)
    shell = Shell(
        title=f"Progress of {context.run_name}",
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
            Crumb(label=context.run_name, href=links.run(run.info.run_id)),
            Crumb(label="Progress"),
        ),
        section="runs",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
    response = respond(request, "progress.html", context, shell)
    if wants_fragment(request) and context.standing == "finished" and _is_over(store, run):
        response.headers["HX-Refresh"] = "true"
    return response


def live_progress(store: Store, run: Run) -> ProgressView | None:
    """Return how far a run's evaluation is, while its results are not there; None for other runs."""
    state = store.ledgers.state(run.info.run_id)
    if state is None or (state.finished and _is_over(store, run)):
        return None
    return view_progress(store, run, state)


def _is_over(store: Store, run: Run) -> bool:
    """Whether nothing more is to come: the results are there, or the run has ended without them."""
    return run.info.status not in ("RUNNING", "SCHEDULED") or load_application(store, run.info.run_id) is not None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
