"""``/datasets/{id}/records/{record}``: one record with its history, changed in place; and a new one."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import AlreadyExists, Conflict, InvalidArgument, NotFound
from steelyard.records import Store
from steelyard.records.dataset import Dataset, DatasetRecord, RecordStep
from steelyard.web import links
from steelyard.web.contexts.datasetrecord import RecordMove, RecordPage, RecordTexts
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.pages import store_of
from steelyard.web.pages.datasets import DATASETS, version_of
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.recordtexts import FieldProblem, differences, draft_of, is_cut, texts_of

NEW = "new"
_LIST = ("inline", "find", "page_token", "trail", "max_results")


def show(request: Request) -> Response:
    """Show a record of a version, the newest unless told; ``new`` shows the form for one."""
    store, record_id = store_of(request), request.path_params["record_id"]
    dataset = store.datasets.get(request.path_params["dataset_id"])
    if record_id == NEW:
        return _answer(request, store, dataset, None)
    number = version_of(request.query_params.get("version", ""), dataset)
    record = store.datasets.record(dataset.dataset_id, record_id, version=number)
    return _answer(request, store, dataset, record, version=number)


def save(request: Request, form: FormData) -> Response:
    """Keep what was typed; what cannot be kept is told beside its field."""
    store, record_id = store_of(request), request.path_params["record_id"]
    dataset = store.datasets.get(request.path_params["dataset_id"])
    texts = RecordTexts(**{name: str(form.get(name, "")) for name in RecordTexts.__dataclass_fields__})
    message, by = str(form.get("message", "")).strip()[:500], reviewer_of(request)
    record = None if record_id == NEW else _there(store, dataset, record_id)
    try:
        draft = draft_of(texts)
        if record is None:
            change = store.datasets.merge(dataset.dataset_id, [draft], by=by, message=message or "one record by hand")
            told = {"inserted": change.inserted, "updated": change.updated, "unchanged": change.unchanged, "without": 0}
            return RedirectResponse(links.dataset(dataset.dataset_id, **{k: str(v) for k, v in told.items()}), 303)
        digest = str(form.get("digest", ""))
        store.datasets.revise(dataset.dataset_id, record_id, draft, digest=digest, by=by, message=message)
    except (InvalidArgument, AlreadyExists, Conflict) as error:
        field = error.args[1] if isinstance(error, FieldProblem) else "inputs"
        problem = Problem(field=field, message=str(error))
        return _answer(request, store, dataset, record, texts=texts, message=message, problem=problem)
    back = _list_of(QueryParams(str(form.get("back", ""))))
    if back or draft.inputs != record.inputs:  # with other inputs it has another id
        return RedirectResponse(links.dataset(dataset.dataset_id, **{**back, "saved": "yes"}), 303)
    return RedirectResponse(links.record(dataset.dataset_id, record_id, saved="yes"), 303)


def _list_of(query: QueryParams) -> dict[str, str]:
    """Return where in the list a record was changed in place."""
    return {name: query[name] for name in _LIST if query.get(name)}


def _there(store: Store, dataset: Dataset, record_id: str) -> DatasetRecord:
    try:
        return store.datasets.record(dataset.dataset_id, record_id)
    except NotFound as error:
        raise NotFound("This record is no longer in the newest version. An older version still has it.") from error


def _answer(
    request: Request,
    store: Store,
    dataset: Dataset,
    record: DatasetRecord | None,
    *,
    version: int | None = None,
    texts: RecordTexts | None = None,
    message: str = "",
    problem: Problem | None = None,
) -> Response:
    shown = texts or (texts_of(record) if record else RecordTexts())
    steps = store.datasets.history(dataset.dataset_id, record.dataset_record_id) if record else ()
    context = RecordPage(
        dataset=dataset,
        version=dataset.version if version is None else version,
        record=record,
        texts=shown,
        cut=is_cut(shown),
        moves=tuple(_move(step) for step in reversed(steps)),
        said=store.datasets.statements(dataset.dataset_id, record.dataset_record_id) if record else (),
        message=message,
        problem=problem,
        back=urlencode(_list_of(request.query_params)),
        saved=request.query_params.get("saved") == "yes",
    )
    name = f"Record {record.position + 1}" if record else "New record"
    shell = Shell(
        title=f"{name} of {dataset.name[:60]}",
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            DATASETS,
            Crumb(label=dataset.name[:60], href=links.dataset(dataset.dataset_id)),
            Crumb(label=name),
        ),
        section="datasets",
    )
    return respond(request, "datasetrecord.html", context, shell, status=400 if problem else 200)


def _move(step: RecordStep) -> RecordMove:
    texts = differences(step.before, step.after)
    return RecordMove(version=step.version, kind=step.kind, texts=texts, trace_ids=step.trace_ids)
