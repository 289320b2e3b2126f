"""Our own static files and those that the build hook laid beside them, served from memory under one digest.

The digest is of all of them together, so that a module may import its neighbour by a relative address, and every
address may be kept by browsers for ever.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from steelyard.errors import NotFound

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static"

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain"}
_WORTH_PACKING = 600


@cache
def files() -> dict[str, Path]:
    """Return the static files by their name in addresses."""
    return {path.relative_to(FOLDER).as_posix(): path for path in sorted(FOLDER.rglob("*")) if path.is_file()}


@cache
def digest() -> str:
    """Return the digest that all addresses carry."""
    total = hashlib.sha256()
    for name, path in files().items():
        total.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:12]


def address(name: str) -> str:
    """Return the address of a static file, empty when this installation lacks it (see hatch_build.py)."""
    return f"{PREFIX}/{digest()}/{name}" if name in files() else ""


def serve(request: Request) -> Response:
    """Answer with a static file; only names that were listed at the start exist."""
    name = request.path_params["name"]
    if name not in files():
        msg = f"There is no static file {name!r}."
        raise NotFound(msg)
    current = request.path_params["digest"] == digest()
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache"}
    packed = "gzip" in request.headers.get("accept-encoding", "")
    content, is_packed = _content(name, packed)
    headers["Vary"] = "Accept-Encoding"
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=_media_type(name), headers=headers)


@cache
def _content(name: str, packed: bool) -> tuple[bytes, bool]:
    raw = files()[name].read_bytes()
    if not packed or len(raw) < _WORTH_PACKING:
        return raw, False
    return gzip.compress(raw, 6, mtime=0), True


def _media_type(name: str) -> str:
    return _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
