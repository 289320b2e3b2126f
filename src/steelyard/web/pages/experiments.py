"""``/`` and ``/experiments``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from steelyard.records import Experiment, Store
from steelyard.web.contexts.experiments import ExperimentRow, ExperimentsPage
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.pages import store_of

_SIZE = 50


def show(request: Request) -> Response:
    """Show experiments, the last active first."""
    store = store_of(request)
    after = request.query_params.get("after") or None
    found = store.experiments.search(order_by=["last_update_time DESC"], max_results=_SIZE, page_token=after)
    rows = [_row(store, experiment) for experiment in found.items]
    rows.sort(key=lambda row: row.last_activity or 0, reverse=True)  # those without a run last
    context = ExperimentsPage(experiments=tuple(rows), older=found.token)
    shell = Shell(title="Experiments", crumbs=(Crumb(label="Experiments"),), section="experiments")
    return respond(request, "experiments.html", context, shell)


def _row(store: Store, experiment: Experiment) -> ExperimentRow:
    found = store.search.search([experiment.experiment_id], max_results=1)
    last = found.items[0] if found.items else None
    return ExperimentRow(
        experiment_id=experiment.experiment_id,
        name=experiment.name,
        runs=store.search.count([experiment.experiment_id]),
        last_run_id=last.info.run_id if last else "",
        last_run_name=last.info.run_name if last else "",
        last_activity=last.info.start_time if last else None,
    )
