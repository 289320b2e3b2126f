"""``/experiments/{id}/keeping``: how long an experiment's traces are kept, and what they take."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument
from steelyard.records import Store
from steelyard.records.overview import Retention
from steelyard.web import links
from steelyard.web.contexts.keeping import KeepingPage
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.pages import store_of

_GIGABYTE = 1_000_000_000


def show(request: Request) -> Response:
    """Show what is kept."""
    return _answer(request, saved=request.query_params.get("saved") == "yes")


def change(request: Request, form: FormData) -> Response:
    """Say how long traces are kept; what cannot be used is told beside its field, and kept there."""
    store, experiment_id = store_of(request), request.path_params["experiment_id"]
    store.experiments.get(experiment_id)
    days, gigabytes = (str(form.get(name, "")).strip() for name in ("days", "gigabytes"))
    for field, text in (("days", days), ("gigabytes", gigabytes)):
        try:
            _number(field, text)
        except InvalidArgument as error:
            problem = Problem(field=field, message=str(error))
            return _answer(request, typed=(days, gigabytes), problem=problem)
    size = _number("gigabytes", gigabytes)
    retention = Retention(
        max_age_days=_number("days", days), max_bytes=None if size is None else max(1, round(size * _GIGABYTE))
    )
    store.upkeep.set_retention(experiment_id, retention)
    return RedirectResponse(links.keeping(experiment_id, saved="yes"), 303)


def _answer(
    request: Request, *, saved: bool = False, typed: tuple[str, str] | None = None, problem: Problem | None = None
) -> Response:
    store = store_of(request)
    experiment = store.experiments.get(request.path_params["experiment_id"])
    retention = store.upkeep.retention(experiment.experiment_id)
    whole = store.overview.span_of_time([experiment.experiment_id])
    days, gigabytes = typed or _as_typed(retention)
    context = KeepingPage(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        retention=retention,
        days=days,
        gigabytes=gigabytes,
        size=store.upkeep.size(experiment.experiment_id),
        first_ms=whole[0] if whole else None,
        last_ms=whole[1] if whole else None,
        free_bytes=free_bytes(store),
        waiting=store.upkeep.backlog(),
        saved=saved,
        problem=problem,
    )
    shell = Shell(
        title=f"How long traces of {experiment.name} are kept",
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
            Crumb(label="Dashboard", href=links.dashboard(experiment.experiment_id)),
            Crumb(label="How long traces are kept"),
        ),
        section="dashboard",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
    return respond(request, "keeping.html", context, shell, status=400 if problem else 200)


def free_bytes(store: Store) -> int | None:
    """Return the room on the disk that a SQLite store is on."""
    address = urlsplit(store.url)
    if address.scheme not in ("", "sqlite", "file"):
        return None
    place = Path(address.path.removeprefix("/") if address.scheme == "sqlite" else store.url)
    try:
        return shutil.disk_usage(place if place.is_dir() else place.parent).free
    except OSError:
        return None


def _as_typed(retention: Retention) -> tuple[str, str]:
    days = "" if retention.max_age_days is None else f"{retention.max_age_days:.10g}"
    return days, "" if retention.max_bytes is None else f"{retention.max_bytes / _GIGABYTE:.10g}"


def _number(field: str, text: str) -> float | None:
    """Read a number above 0, or nothing.

    Raises:
        InvalidArgument: it is neither.
    """
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    most = 100_000 if field == "days" else 1_000_000_000
    if not 0 < number <= most:
        unit = "days" if field == "days" else "GB"
        raise InvalidArgument(f"{text!r} is no number of {unit} from above 0 to {most:,}. Leave it empty for no limit.")
    return number
