"""``/datasets/{id}/import``: a file is uploaded, looked at, its columns assigned, and imported wholly or not at all."""

from __future__ import annotations

import io
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Message

from steelyard.errors import InvalidArgument, NotFound, SteelyardError, StoreUnavailable
from steelyard.records import Store
from steelyard.records.dataset import Dataset, RecordDraft
from steelyard.tracking.dataset_import import ImportPreview, drafts_to_import, preview_import
from steelyard.tracking.evaluation_dataset import EvaluationDataset
from steelyard.web import links
from steelyard.web.contexts.datasetimport import (
    ColumnChoice,
    ImportPage,
    ImportSeen,
    NearRow,
    PreviewRecord,
    WrongRow,
)
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.pages import store_of
from steelyard.web.pages.datasets import DATASETS
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.recordtexts import line, pretty
from steelyard.web.staging import MAX_UPLOAD, StagedFile, Staging

UPLOAD = "/datasets/upload"
_PLACES = ("inputs", "expectations.expected_response", "outputs", "tags", "split", "ignored")
_SHOWN = 3
_NEAR = 20
_COLUMN = "column:"


def show(request: Request) -> Response:
    """Show what the file that waits would do; without one, ask for it."""
    store = store_of(request)
    dataset = store.datasets.get(request.path_params["dataset_id"])
    token = request.query_params.get("file", "")
    if not token:
        return _answer(request, dataset, None)
    try:
        staged = staging_of(request).get(token)
    except NotFound as error:
        return _answer(request, dataset, None, Problem(field="file", message=str(error)))
    return _answer(request, dataset, _seen(store, dataset, staged, None))


async def upload(request: Request) -> Response:
    """Take a file, or text that was pasted, and show what it would do."""
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > MAX_UPLOAD:
        return PlainTextResponse(f"A file may have {MAX_UPLOAD:,} bytes. Import larger ones from Python.\n", 413)
    bounded = Request(request.scope, _bounded(request), request._send)  # noqa: SLF001 - a request with a bounded body
    async with bounded.form(max_files=1, max_fields=10, max_part_size=MAX_UPLOAD) as form:
        return await run_in_threadpool(_stage, request, form)


def _stage(request: Request, form: FormData) -> Response:
    dataset = store_of(request).datasets.get(str(form.get("dataset", "")))
    file, text = form.get("file"), str(form.get("text", ""))
    try:
        if isinstance(file, UploadFile) and file.filename:
            staged = staging_of(request).keep(file.filename, file.file)
        elif text.strip():
            suffix = "jsonl" if text.lstrip()[0] == "{" else "json" if text.lstrip()[0] == "[" else "csv"
            staged = staging_of(request).keep(f"pasted.{suffix}", io.BytesIO(text.encode()))
        else:
            raise InvalidArgument("Choose a file, or paste rows.")
    except InvalidArgument as error:
        return _answer(request, dataset, None, Problem(field="file", message=str(error)))
    return RedirectResponse(links.dataset_part(dataset.dataset_id, "import", file=staged.token), 303)


def change(request: Request, form: FormData) -> Response:
    """Show what the file would do with other columns; with ``do`` = ``import``, do it."""
    store = store_of(request)
    dataset = store.datasets.get(request.path_params["dataset_id"])
    try:
        staged = staging_of(request).get(str(form.get("file", "")))
    except NotFound as error:
        return _answer(request, dataset, None, Problem(field="file", message=str(error)))
    mapping = _mapping(form) if form.get("by_hand") == "yes" else None
    if form.get("do") != "import":
        return _answer(request, dataset, _seen(store, dataset, staged, mapping))
    try:
        read = drafts_to_import(staged.path, mapping=mapping)
        message = f"imported from {staged.name}"
        done = store.datasets.merge(dataset.dataset_id, read.drafts, by=reviewer_of(request), message=message)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        return _answer(
            request, dataset, _seen(store, dataset, staged, mapping), Problem(field="import", message=str(error))
        )
    staging_of(request).remove(staged.token)
    told = {"inserted": done.inserted, "updated": done.updated, "unchanged": done.unchanged, "without": 0}
    return RedirectResponse(links.dataset(dataset.dataset_id, **{name: str(n) for name, n in told.items()}), 303)


def staging_of(request: Request) -> Staging:
    """Return the files that wait on this server."""
    found = getattr(request.app.state, "staging", None)
    if found is None:
        found = request.app.state.staging = Staging()
    kept: Staging = found
    return kept


def _bounded(request: Request):  # type: ignore[no-untyped-def]
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        return {"type": "http.disconnect"} if seen > MAX_UPLOAD else message

    return receive


def _mapping(form: FormData) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for key, value in form.items():
        if key.startswith(_COLUMN) and str(value).strip() not in ("", "ignored"):
            found[key.removeprefix(_COLUMN)] = str(value).strip()
    return found


def _seen(store: Store, dataset: Dataset, staged: StagedFile, mapping: Mapping[str, str | None] | None) -> ImportSeen:
    try:
        found = preview_import(
            staged.path, mapping=mapping, dataset=EvaluationDataset(dataset, store), n=_SHOWN
        )  # fmt: skip
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        reason = str(error).replace(str(staged.path), staged.name)
        columns = tuple(_choice(column, place or "ignored", ()) for column, place in (mapping or {}).items())
        return ImportSeen(
            token=staged.token, name=staged.name, columns=columns, by_hand=mapping is not None, refused=reason
        )
    return _told(staged, found, by_hand=mapping is not None)


def _told(staged: StagedFile, found: ImportPreview, *, by_hand: bool) -> ImportSeen:
    return ImportSeen(
        token=staged.token,
        name=staged.name,
        shape=found.shape,
        by_hand=by_hand,
        columns=tuple(_choice(one.column, one.becomes[0], one.becomes[1:]) for one in found.columns),
        records=tuple(_record(one) for one in found.records),
        n_rows=found.n_rows,
        inserted=found.inserted,
        updated=found.updated,
        unchanged=found.unchanged,
        repeated=found.repeated,
        wrong=tuple(WrongRow(row=one.row + 1, path=one.path, reason=one.reason) for one in found.errors),
        n_wrong=found.n_errors,
        near=tuple(
            NearRow(
                row=one.row + 1,
                similarity=one.similarity,
                record_id=one.record.dataset_record_id if one.record else "",
                record_line=line(one.record.inputs) if one.record else "",
                other_row=None if one.other_row is None else one.other_row + 1,
            )
            for one in found.near[:_NEAR]
        ),
        n_near=len(found.near),
    )


def _choice(column: str, becomes: str, also: tuple[str, ...]) -> ColumnChoice:
    own = (f"inputs.{column}", f"expectations.{column}", f"tags.{column}")
    choices = dict.fromkeys((becomes, *own, *_PLACES))
    return ColumnChoice(column=column, becomes=becomes, also=", ".join(also), choices=tuple(choices))


def _record(draft: RecordDraft) -> PreviewRecord:
    return PreviewRecord(
        inputs=pretty(draft.inputs, longest=2000),
        expectations=pretty(draft.expectations, longest=2000) if draft.expectations else "",
        outputs="" if draft.outputs is None else pretty(draft.outputs, longest=2000),
        tags=draft.tags,
    )


def _answer(request: Request, dataset: Dataset, seen: ImportSeen | None, problem: Problem | None = None) -> Response:
    context = ImportPage(dataset=dataset, max_bytes=MAX_UPLOAD, seen=seen, problem=problem)
    shell = Shell(
        title=f"Import into {dataset.name[:60]}",
        crumbs=(
            Crumb(label="Experiments", href=links.EXPERIMENTS),
            DATASETS,
            Crumb(label=dataset.name[:60], href=links.dataset(dataset.dataset_id)),
            Crumb(label="Import"),
        ),
        section="datasets",
    )
    status = 400 if problem or (seen and seen.refused) else 200
    return respond(request, "datasetimport.html", context, shell, status=status)
