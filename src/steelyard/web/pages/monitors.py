"""``/experiments/{id}/monitors``: which scorers watch live traffic, how they keep up, and which could."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument
from steelyard.records import Experiment
from steelyard.web import links
from steelyard.web.contexts.monitors import MonitorsPage, SettingsForm
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.monitorlist import Agreements, monitor_rows, scale_of, unwatched
from steelyard.web.monitorsettings import Refused, start, typed_settings
from steelyard.web.monitorwords import told_of
from steelyard.web.pages import store_of
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.pages.traces import now_ms


def show(request: Request) -> Response:
    """Show the monitors of an experiment."""
    return _answer(request, deleted=request.query_params.get("deleted", "")[:200])


def begin(request: Request, form: FormData) -> Response:
    """Have a registered scorer watch; what cannot be used is told beside its field, and kept there."""
    store, experiment_id = store_of(request), request.path_params["experiment_id"]
    store.experiments.get(experiment_id)
    name, typed = str(form.get("scorer", "")), typed_settings(form)
    if not name:
        raise InvalidArgument("The form names no scorer. Load the page again.")
    try:
        start(store, experiment_id, name, typed, by=reviewer_of(request))
    except Refused as error:
        return _answer(request, asked=name, typed=typed, problem=Problem(field=error.args[1], message=error.args[0]))
    return RedirectResponse(links.monitor(experiment_id, name, saved="started"), 303)


def agreements_of(request: Request) -> Agreements:
    """Return what this server remembers of how far judges agree with people."""
    found: Agreements | None = getattr(request.app.state, "monitor_agreements", None)
    if found is None:
        found = request.app.state.monitor_agreements = Agreements()
    return found


def shell_of(experiment: Experiment, *, of: str = "") -> Shell:
    """Return what stands around a page of monitors, or of one of them."""
    crumbs = [
        Crumb(label="Experiments", href=links.EXPERIMENTS),
        Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
        Crumb(label="Monitors", href=links.monitors(experiment.experiment_id)),
    ]
    if of:
        crumbs.append(Crumb(label=of[:80]))
    return Shell(
        title=of[:120] or f"Monitors of {experiment.name}",
        crumbs=tuple(crumbs),
        section="monitors",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )


def _answer(
    request: Request,
    *,
    asked: str = "",
    typed: SettingsForm | None = None,
    deleted: str = "",
    problem: Problem | None = None,
) -> Response:
    store = store_of(request)
    experiment = store.experiments.get(request.path_params["experiment_id"])
    rows = monitor_rows(store, experiment.experiment_id, agreements_of(request), now_ms=now_ms())
    context = MonitorsPage(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        says=told_of(rows),
        monitors=rows,
        scale=scale_of(rows),
        unwatched=unwatched(store, experiment.experiment_id, rows, asked=asked, typed=typed),
        deleted=deleted,
        problem=problem,
    )
    return respond(request, "monitors.html", context, shell_of(experiment), status=400 if problem else 200)
