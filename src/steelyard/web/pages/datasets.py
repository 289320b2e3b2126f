"""``/datasets`` and ``/datasets/{id}``: test data, its versions and records; and traces that are put into it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument, NotFound, SteelyardError, StoreUnavailable
from steelyard.records import Store
from steelyard.records.dataset import Dataset, DatasetRecord
from steelyard.web import links
from steelyard.web.contexts.datasets import DatasetChoice, DatasetPage, DatasetsPage, Merged, RecordRow
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.pages import newer_page, older_page, store_of
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.pages.traces import Place, now_ms, page_size, place_of, shell_of
from steelyard.web.recordtexts import line, pretty
from steelyard.web.tracepicking import Picked, picked_traces
from steelyard.web.tracewords import literal

_CHOICES = 200
_VERSIONS = 50
_RUNS = 20
_MOST_COMPARED = 20_000
_LONGEST_FIND = 200
DATASETS = Crumb(label="Datasets", href=links.datasets())


def show_all(request: Request) -> Response:
    """Show the datasets, the one that was changed last first."""
    store, query = store_of(request), request.query_params
    experiment = store.experiments.get(query["experiment"]) if query.get("experiment") else None
    find = query.get("find", "").strip()[:_LONGEST_FIND]
    after, trail = query.get("page_token") or None, query.get("trail", "")
    found = store.datasets.search(
        [experiment.experiment_id] if experiment else [],
        f"name ILIKE {literal(f'%{find}%')}" if find else "",
        order_by=["last_update_time DESC"],
        max_results=page_size(query.get("max_results", "")),
        page_token=after,
    )
    context = DatasetsPage(
        experiment_id=experiment.experiment_id if experiment else "",
        experiment_name=experiment.name if experiment else "",
        find=find,
        datasets=found.items,
        next_page_token=found.token,
        older=older_page(found.token, after, trail),
        newer=newer_page(after, trail),
    )
    crumbs = [Crumb(label="Experiments", href=links.EXPERIMENTS)]
    if experiment:
        crumbs.append(Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)))
    shell = Shell(
        title="Datasets",
        crumbs=(*crumbs, Crumb(label="Datasets")),
        section="datasets",
        experiment_id=context.experiment_id,
        experiment_name=context.experiment_name,
    )
    return respond(request, "datasets.html", context, shell)


def show(request: Request) -> Response:
    """Show a dataset at a version, the newest unless told: its records, and what became of it."""
    store, query = store_of(request), request.query_params
    dataset = store.datasets.get(request.path_params["dataset_id"])
    number = version_of(query.get("version", ""), dataset)
    versions = store.datasets.versions(dataset.dataset_id)
    shown = next(one for one in versions if one.number == number)
    find = query.get("find", "").strip()[:_LONGEST_FIND]
    after, trail = query.get("page_token") or None, query.get("trail", "")
    size = page_size(query.get("max_results", ""))
    found = store.datasets.records(dataset.dataset_id, version=number, text=find, max_results=size, page_token=after)
    uses = store.datasets.runs(dataset.dataset_id, max_results=_RUNS + 1)
    context = DatasetPage(
        dataset=dataset,
        experiments=_experiments(store, dataset),
        shown=shown,
        versions=versions if query.get("versions") == "all" else versions[:_VERSIONS],
        n_versions=len(versions),
        find=find,
        n=store.datasets.count(dataset.dataset_id, version=number, text=find),
        records=tuple(_row(record) for record in found.items),
        next_page_token=found.token,
        merged=_merged(query),
        table=store.datasets.table(dataset.dataset_id, version=number) if dataset.kind == "table" else None,
        rules=store.datasets.schema(dataset.dataset_id),
        runs=uses[:_RUNS],
        more_runs=len(uses) > _RUNS,
        older=older_page(found.token, after, trail),
        newer=newer_page(after, trail),
    )
    shell = Shell(
        title=f"Dataset {dataset.name[:60]}",
        crumbs=(Crumb(label="Experiments", href=links.EXPERIMENTS), DATASETS, Crumb(label=dataset.name[:60])),
        section="datasets",
    )
    return respond(request, "dataset.html", context, shell)


def add_traces(request: Request, form: FormData) -> Response:
    """Ask which dataset the traces that were picked go into; with ``add`` = ``yes``, put them there."""
    store = store_of(request)
    place = place_of(store, QueryParams(str(form.get("view", ""))))
    picked = picked_traces(store, form, place.experiment_ids, now_ms=now_ms())
    if form.get("add") != "yes":
        return _ask(request, place, picked, form)
    try:
        return RedirectResponse(_add(store, place, picked, form, by=reviewer_of(request)), 303)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        return _ask(request, place, picked, form, Problem(field="dataset", message=str(error)))


def _add(store: Store, place: Place, picked: Picked, form: FormData, *, by: str) -> str:
    from steelyard.tracking.dataset_traces import merge_into_new, records_of_traces

    name, dataset_id = str(form.get("name", "")).strip(), str(form.get("dataset", ""))
    if bool(name) == bool(dataset_id):
        raise InvalidArgument("Choose a dataset, or name a new one: one of the two.")
    found = records_of_traces(store, picked.trace_ids)
    message = f"{len(found.drafts):,} from traces"
    if name:
        experiments = [place.experiment_id] if place.experiment_id else []
        dataset, change = merge_into_new(store, name, found.drafts, experiment_ids=experiments, by=by, message=message)
        dataset_id = dataset.dataset_id
    elif not found.drafts:
        raise InvalidArgument("None of these traces has inputs, so there is nothing to put into a dataset.")
    else:
        change = store.datasets.merge(dataset_id, found.drafts, by=by, message=message)
    told = {
        "inserted": change.inserted,
        "updated": change.updated,
        "unchanged": change.unchanged,
        "without": found.without,
    }
    near = _near(store, dataset_id, change.version.number) if change.inserted else 0
    if near:
        told["near"] = near
    return f"{links.dataset(dataset_id)}?{urlencode(told)}"


def _near(store: Store, dataset_id: str, version: int) -> int:
    """Return how many records that came with a version nearly equal another; of a very large dataset none is sought."""
    from steelyard.tracking.dataset_near import near_existing

    if store.datasets.count(dataset_id) > _MOST_COMPARED:
        return 0
    records = list(records_of(store, dataset_id))
    new = [(place, one.inputs) for place, one in enumerate(records) if one.created_in == version]
    there = [one for one in records if one.created_in != version]
    return len(near_existing(there, new))


def records_of(store: Store, dataset_id: str) -> Iterator[DatasetRecord]:
    """Yield the records of the newest version."""
    token: str | None = None
    while True:
        found = store.datasets.records(dataset_id, max_results=1000, page_token=token)
        yield from found.items
        token = found.token
        if token is None:
            return


def _ask(request: Request, place: Place, picked: Picked, form: FormData, problem: Problem | None = None) -> Response:
    there = store_of(request).datasets.search(order_by=["last_update_time DESC"], max_results=_CHOICES)
    context = DatasetChoice(
        experiment_id=place.experiment_id,
        experiment_name=place.experiment_name,
        trace_ids=picked.trace_ids,
        more=picked.more or form.get("more") == "yes",
        view=str(form.get("view", "")),
        datasets=there.items,
        chosen=str(form.get("dataset", "")),
        name=str(form.get("name", "")),
        problem=problem,
    )
    shell = shell_of(place, "Add to a dataset", last="Add to a dataset")
    return respond(request, "datasetadd.html", context, shell, status=400 if problem else 200)


def version_of(text: str, dataset: Dataset) -> int:
    """Return the version that an address names, the newest for none."""
    if not text:
        return dataset.version
    if not text.isascii() or not text.isdigit() or int(text[:9]) > dataset.version:
        raise NotFound(f"The dataset {dataset.name!r} has no version {text[:20]!r}; its newest is {dataset.version}.")
    return int(text[:9])


def _experiments(store: Store, dataset: Dataset) -> tuple[tuple[str, str], ...]:
    return tuple((one, store.experiments.get(one).name) for one in dataset.experiment_ids)


def _merged(query: QueryParams) -> Merged | None:
    told = {name: query.get(name, "") for name in ("inserted", "updated", "unchanged", "without")}
    told["near"] = query.get("near", "0")
    if not all(text.isascii() and text.isdigit() for text in told.values()):
        return None
    return Merged(**{name: int(text[:9]) for name, text in told.items()})


def _row(record: DatasetRecord) -> RecordRow:
    expected = record.expectations
    only = next(iter(expected.values())) if len(expected) == 1 else expected
    return RecordRow(
        record=record,
        inputs_line=line(record.inputs),
        inputs_json=pretty(record.inputs),
        expected_line="" if not expected else line(only),
        expected_json=pretty(expected) if expected else "",
        outputs_json="" if record.outputs is None else pretty(record.outputs),
    )
