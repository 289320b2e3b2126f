"""``/datasets/{id}/diff``: what differs between two versions; what makes the next; and files of one."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from steelyard.errors import InvalidArgument
from steelyard.records.dataset import RecordChange
from steelyard.tracking.dataset_near import near_within
from steelyard.tracking.evaluation_dataset import EvaluationDataset
from steelyard.web import links
from steelyard.web.contexts.datasetrecord import ChangeRow, DiffPage
from steelyard.web.contexts.datasets import NearPage, NearPair
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.pages import store_of
from steelyard.web.pages.datasets import DATASETS, records_of, version_of
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.recordtexts import differences, line

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}
_CHANGES = 200
_ALIKE = 0.8
_MOST_COMPARED = 100_000


def show(request: Request) -> Response:
    """Show what differs between ``before`` and ``after``: the newest version and the one before it unless told."""
    store, query = store_of(request), request.query_params
    dataset = store.datasets.get(request.path_params["dataset_id"])
    after = version_of(query.get("after", ""), dataset)
    before = version_of(query["before"], dataset) if query.get("before") else max(after - 1, 0)
    found = store.datasets.diff(dataset.dataset_id, before, after, max_results=_CHANGES)
    context = DiffPage(
        dataset=dataset,
        versions=store.datasets.versions(dataset.dataset_id),
        before=before,
        after=after,
        added=found.added,
        removed=found.removed,
        changed=found.changed,
        changes=tuple(_row(change) for change in found.changes),
    )
    shell = Shell(
        title=f"Versions {before} and {after} of {dataset.name[:60]}",
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            DATASETS,
            Crumb(label=dataset.name[:60], href=links.dataset(dataset.dataset_id)),
            Crumb(label="What changed"),
        ),
        section="datasets",
    )
    return respond(request, "datasetdiff.html", context, shell)


def show_near(request: Request) -> Response:
    """Show the records that nearly equal an earlier one."""
    store = store_of(request)
    dataset = store.datasets.get(request.path_params["dataset_id"])
    compared = dataset.n_records <= _MOST_COMPARED
    found = near_within(records_of(store, dataset.dataset_id), threshold=_ALIKE) if compared else ()
    context = NearPage(
        dataset=dataset,
        threshold=_ALIKE,
        compared=compared,
        n=len(found),
        pairs=tuple(
            NearPair(
                similarity=one.similarity,
                record_id=one.record.dataset_record_id,
                line=line(one.record.inputs),
                near_id=one.near.dataset_record_id,
                near_line=line(one.near.inputs),
            )
            for one in found[:_CHANGES]
        ),
    )
    shell = Shell(
        title=f"Nearly the same in {dataset.name[:60]}",
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            DATASETS,
            Crumb(label=dataset.name[:60], href=links.dataset(dataset.dataset_id)),
            Crumb(label="Nearly the same"),
        ),
        section="datasets",
    )
    return respond(request, "datasetnear.html", context, shell)


def export(request: Request) -> Response:
    """Send a version as a file of the ``format`` that is asked for: csv, jsonl, json or parquet."""
    store, query = store_of(request), request.query_params
    dataset = store.datasets.get(request.path_params["dataset_id"])
    number, form = version_of(query.get("version", ""), dataset), query.get("format", "jsonl")
    if form not in FORMATS:
        raise InvalidArgument(f"{form!r} is no format: {', '.join(FORMATS)}.")
    folder = Path(tempfile.mkdtemp(prefix="steelyard-export-"))
    try:
        EvaluationDataset(dataset, store).at(number).export(folder / f"records.{form}")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", dataset.name)[:80].strip("-.") or "dataset"
    return FileResponse(
        folder / f"records.{form}",
        media_type=FORMATS[form],
        filename=f"{name}-v{number}.{form}",
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
    )


def make(request: Request, form: FormData) -> Response:
    """Make an empty dataset, in the experiment that is named, and show it."""
    name, experiment_id = str(form.get("name", "")).strip(), str(form.get("experiment", ""))
    experiments = [experiment_id] if experiment_id else []
    made = store_of(request).datasets.create(name, experiment_ids=experiments, by=reviewer_of(request))
    return RedirectResponse(links.dataset(made.dataset_id), 303)


def change(request: Request, form: FormData) -> Response:
    """Do what a form asks for: ``restore`` a version, or ``remove`` records."""
    store, by = store_of(request), reviewer_of(request)
    dataset = store.datasets.get(request.path_params["dataset_id"])
    action = str(form.get("action", ""))
    if action == "restore":
        number = version_of(str(form.get("version", "")), dataset)
        made = store.datasets.restore(dataset.dataset_id, number, by=by)
        return RedirectResponse(links.dataset(dataset.dataset_id, restored=str(made.version.number)), 303)
    if action == "remove":
        ids = [str(one) for one in form.getlist("records")]
        made = store.datasets.remove(dataset.dataset_id, ids, by=by)
        return RedirectResponse(links.dataset(dataset.dataset_id, removed=str(made.deleted)), 303)
    raise InvalidArgument(f"{action!r} is nothing that can be done to a dataset: restore or remove.")


def _row(change: RecordChange) -> ChangeRow:
    one = change.after or change.before
    assert one is not None  # noqa: S101 - one of the two is there
    return ChangeRow(
        kind=change.kind,
        record_id=one.dataset_record_id,
        line=line(one.inputs),
        texts=differences(change.before, change.after),
    )
