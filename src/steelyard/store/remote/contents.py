"""Artifacts on a server: their bytes travel as they are, in bounded memory, held against their digest on arrival."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlencode

from steelyard.errors import InvalidArgument, StoreUnavailable
from steelyard.records.artifact import ArtifactInfo
from steelyard.records.ports import ArtifactStore
from steelyard.store.artifact_names import check_artifact_path
from steelyard.store.blobs import Blobs, open_source
from steelyard.store.remote import values
from steelyard.store.remote.cache import ContentCache
from steelyard.store.remote.connections import Answer, Lost, explained
from steelyard.store.remote.line import Line
from steelyard.store.remote.nouns import RemotePort
from steelyard.store.remote.protocol import CONTENT, DIGEST_HEADER, MSGPACK
from steelyard.store.remote.shapes import shape_of

_CHUNK = 1 << 20
_TRIES = 4


class RemoteArtifacts:
    """See ``ArtifactStore``."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._calls = cast("ArtifactStore", RemotePort("artifacts", line))
        self._cache = ContentCache()
        self._seen: dict[tuple[str, str], str] = {}  # digests, to be told that nothing has changed

    def put(
        self, run_id: str, path: str, content: bytes | BinaryIO | Path, *, media_type: str | None = None
    ) -> ArtifactInfo:
        check_artifact_path(path)
        target = _target(run_id, path, media_type)
        with _sent(content) as (body, sha256, size):
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Length": str(size),
                "Accept": MSGPACK,
                DIGEST_HEADER: sha256,
            }
            answer = self._line.ask("PUT", target, body, headers)
        return shape_of(ArtifactInfo).record(values.from_msgpack(answer.body))

    def put_derived(self, run_id: str, path: str, *, derived_from: str, media_type: str) -> ArtifactInfo:
        return self._calls.put_derived(run_id, path, derived_from=derived_from, media_type=media_type)

    def list(self, run_id: str, path: str = "") -> Sequence[ArtifactInfo]:
        return self._calls.list(run_id, path)

    def walk(self, run_id: str, path: str = "") -> Iterable[ArtifactInfo]:
        return tuple(self._calls.walk(run_id, path))

    def stat(self, run_id: str, path: str) -> ArtifactInfo:
        return self._calls.stat(run_id, path)

    def delete(self, run_id: str, path: str) -> None:
        self._calls.delete(run_id, path)

    def read(self, run_id: str, path: str) -> bytes:
        return self._fetched(run_id, path, {}, _whole)

    def local_path(self, run_id: str, path: str) -> Path:
        known = self._seen.get((run_id, path), "")
        if not self._cache.find(known):
            known = ""
        found = self._fetched(run_id, path, {"If-None-Match": f'"{known}"'} if known else {}, self._cached)
        self._seen[run_id, path] = found.name
        return found

    def _cached(self, answer: Answer, sha256: str) -> Path:
        """Return where an answer's content lies on this machine; one that is here already is not loaded."""
        size = int(answer.headers.get("Content-Length", "-1"))
        if answer.status == HTTPStatus.NOT_MODIFIED or self._cache.find(sha256, size=size):
            return self._cache.touch(sha256)
        return self._cache.keep(cast("BinaryIO", _Checked(answer, sha256)), sha256)

    def _fetched(self, run_id: str, path: str, headers: dict[str, str], take: Callable[[Answer, str], Any]) -> Any:
        """Load content, again if it was cut off on the way."""
        check_artifact_path(path)
        failed: Exception | None = None
        for _ in range(_TRIES):
            answer = self._line.ask(
                "GET", _target(run_id, path), lambda: None, {"Accept": MSGPACK, **headers}, stream=True
            )
            try:
                return take(answer, answer.headers.get(DIGEST_HEADER, ""))
            except Lost as error:
                failed = error
            finally:
                answer.close()
        where = f"the artifact {path!r} of the run {run_id!r}"
        raise StoreUnavailable(f"The server {self._line.place.shown} cannot deliver {where}: {failed}.") from failed


class _Checked:
    """A stream whose end is reached only by content that has its digest."""

    def __init__(self, answer: Answer, sha256: str) -> None:
        self._answer = answer
        self._sha256 = sha256
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        with explained():
            chunk = self._answer.stream.read(size if size >= 0 else None)
        self._digest.update(chunk)
        if (size < 0 or not chunk) and self._digest.hexdigest() != self._sha256:
            raise Lost("it arrives damaged, or is damaged there")
        return chunk


def _whole(answer: Answer, sha256: str) -> bytes:
    return _Checked(answer, sha256).read()


def _target(run_id: str, path: str, media_type: str | None = None) -> str:
    told = {"run_id": run_id, "path": path, **({"media_type": media_type} if media_type else {})}
    try:
        return f"{CONTENT}?{urlencode(told)}"
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"The run id {run_id!r} is no text that can be sent.") from error


Body = Callable[[], bytes | BinaryIO | None]


@contextmanager
def _sent(content: bytes | BinaryIO | Path) -> Iterator[tuple[Body, str, int]]:
    """Yield what makes the body, its digest and its size; a stream is written down first, for it can be read once."""
    if isinstance(content, (bytes, bytearray, memoryview)):
        data = bytes(content)
        yield lambda: data, hashlib.sha256(data).hexdigest(), len(data)
        return
    if isinstance(content, Path):
        with open_source(content) as file:
            sha256, size = _measured(file)
            yield partial(_rewound, file), sha256, size
        return
    with (
        tempfile.TemporaryDirectory(prefix="steelyard-") as folder,
        Blobs(Path(folder)).draft(content) as draft,
        draft.file.open("rb") as file,
    ):
        yield partial(_rewound, file), draft.sha256, draft.size


def _measured(file: BinaryIO) -> tuple[str, int]:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest(), file.tell()


def _rewound(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return file
