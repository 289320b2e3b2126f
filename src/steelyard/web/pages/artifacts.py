"""``/runs/{id}/artifacts`` shows files; ``/runs/{id}/files`` hands one out, never as a page."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import ArtifactInfo, Store
from steelyard.web import links
from steelyard.web.contexts.artifacts import ArtifactsPage
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.filepreview import preview_file
from steelyard.web.pages import store_of

_PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}


def show(request: Request) -> Response:
    """Show a folder, or a file with its preview."""
    store = store_of(request)
    run = store.runs.get(request.path_params["run_id"])
    path = request.path_params.get("path", "").strip("/")
    entries, found = _look(store, run.info.run_id, path)
    context = ArtifactsPage(
        run_id=run.info.run_id,
        run_name=run.info.run_name or run.info.run_id[:8],
        path=path,
        entries=entries,
        file=found,
        preview=preview_file(store, run.info.run_id, found) if found else None,
    )
    experiment = store.experiments.get(run.info.experiment_id)
    crumbs = [
        Crumb(label="Experiments", href=links.EXPERIMENTS),
        Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
        Crumb(label=context.run_name, href=links.run(context.run_id)),
        Crumb(label="Artifacts", href=links.artifacts(context.run_id)),
    ]
    parts = PurePosixPath(path).parts
    crumbs += [
        Crumb(label=p, href=links.artifacts(context.run_id, "/".join(parts[: i + 1]))) for i, p in enumerate(parts)
    ]
    shell = Shell(
        title=f"{path or 'Artifacts'} of {context.run_name}",
        crumbs=tuple(crumbs),
        section="runs",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
    return respond(request, "artifacts.html", context, shell)


def download(request: Request) -> Response:
    """Hand out a file as an attachment in a sandbox: whatever it holds, it is no page of ours."""
    store = store_of(request)
    run_id, path = request.path_params["run_id"], request.path_params["path"]
    found = store.artifacts.stat(run_id, path)
    if found.is_dir:
        raise InvalidArgument(f"{path!r} is a folder. Download its files one by one.")
    picture = _PICTURES.get(PurePosixPath(path).suffix.lower())
    name = PurePosixPath(path).name
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-cache",
    }
    if found.sha256:
        headers["ETag"] = f'"{found.sha256}"'
    media_type = picture or ("application/json" if name.endswith(".json") else "application/octet-stream")
    return FileResponse(store.artifacts.local_path(run_id, path), media_type=media_type, headers=headers)


def _look(store: Store, run_id: str, path: str) -> tuple[tuple[ArtifactInfo, ...], ArtifactInfo | None]:
    if not path:
        return tuple(store.artifacts.list(run_id)), None
    entries = tuple(store.artifacts.list(run_id, path))
    if entries and not (len(entries) == 1 and entries[0].path == path):
        return entries, None
    found = store.artifacts.stat(run_id, path)
    if found.is_dir:
        raise NotFound(f"Folder {path!r} is empty.")
    return (), found
