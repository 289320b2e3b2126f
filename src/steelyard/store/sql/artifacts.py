"""Artifacts: names in SQL, contents in ``Blobs``. Blob first, then row; a blob goes when no row speaks of it."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, or_, select, update

from steelyard.errors import InvalidArgument, NotFound
from steelyard.records import ArtifactInfo
from steelyard.store.artifact_names import check_artifact_path
from steelyard.store.blobs import Blobs, Draft
from steelyard.store.sql.database import Database
from steelyard.store.sql.runs import active_run_number, locked_run_number, run_number
from steelyard.store.sql.schema import artifacts

_TYPES = mimetypes.MimeTypes()  # Python's own table, whatever this machine has in /etc
for _suffix, _type in {
    ".parquet": "application/vnd.apache.parquet",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
}.items():
    _TYPES.add_type(_type, _suffix)
_TYPES.add_type("application/yaml", ".yaml")
_TYPES.add_type("application/yaml", ".yml")


class SqlArtifacts:
    """See ``ArtifactStore``."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs

    def put(
        self, run_id: str, path: str, content: bytes | BinaryIO | Path, *, media_type: str | None = None
    ) -> ArtifactInfo:
        check_artifact_path(path)
        with self._blobs.draft(content) as draft:
            return self._put(
                run_id, path, draft, media_type or _TYPES.guess_type(path)[0] or "application/octet-stream"
            )

    def put_derived(self, run_id: str, path: str, *, derived_from: str, media_type: str) -> ArtifactInfo:
        check_artifact_path(path)
        check_artifact_path(derived_from)
        if media_type != "image/png" or not derived_from.endswith(".vl.json"):
            kind = f"{media_type} from {derived_from!r}"
            msg = f"{path!r} cannot be derived: only image/png can be rendered, from a .vl.json, not {kind}."
            raise InvalidArgument(msg)
        with self._database.write() as connection:
            number = active_run_number(connection, run_id)
            if _find(connection, number, derived_from) is None:
                raise _missing(run_id, derived_from)
            replaced = self._write_row(
                connection, number, path, sha256="", size=None, media_type=media_type, derived_from=derived_from
            )
        self._free(replaced)
        return ArtifactInfo(path=path, media_type=media_type, derived_from=derived_from)

    def list(self, run_id: str, path: str = "") -> Sequence[ArtifactInfo]:
        prefix = f"{path}/" if path else ""
        found: dict[str, ArtifactInfo] = {}
        for info in self.walk(run_id, path):
            if info.path == path:
                continue
            name, slash, _ = info.path[len(prefix) :].partition("/")
            found[name] = ArtifactInfo(path=prefix + name, is_dir=True, media_type="") if slash else info
        return tuple(found[name] for name in sorted(found))

    def walk(self, run_id: str, path: str = "") -> Iterable[ArtifactInfo]:
        with self._database.read() as connection:
            number = run_number(connection, run_id)
            statement = select(artifacts).where(artifacts.c.run == number).order_by(artifacts.c.path)
            if path:
                statement = statement.where(or_(artifacts.c.path == check_artifact_path(path), _under(path)))
            return tuple(_info(row) for row in connection.execute(statement).mappings())

    def stat(self, run_id: str, path: str) -> ArtifactInfo:
        check_artifact_path(path)
        with self._database.read() as connection:
            number = run_number(connection, run_id)
            row = _find(connection, number, path)
            if row is not None:
                return _info(row)
            if connection.execute(
                select(artifacts.c.path).where(artifacts.c.run == number, _under(path)).limit(1)
            ).first():
                return ArtifactInfo(path=path, is_dir=True, media_type="")
        raise _missing(run_id, path)

    def read(self, run_id: str, path: str) -> bytes:
        return self._blobs.read(self._rendered(run_id, path).sha256)

    def local_path(self, run_id: str, path: str) -> Path:
        sha256 = self._rendered(run_id, path).sha256
        self._blobs.open(sha256).close()  # says clearly if it is gone or not ours to read
        return self._blobs.path(sha256)

    def delete(self, run_id: str, path: str) -> None:
        """Delete a file, or a folder with all that is in it."""
        check_artifact_path(path)
        with self._database.write() as connection:
            number = active_run_number(connection, run_id)
            chosen = and_(artifacts.c.run == number, or_(artifacts.c.path == path, _under(path)))
            gone = list(connection.execute(select(artifacts.c.sha256).where(chosen)).scalars())
            if not gone:
                raise _missing(run_id, path)
            connection.execute(delete(artifacts).where(chosen))
        self._free(gone)

    def _put(self, run_id: str, path: str, draft: Draft, media_type: str) -> ArtifactInfo:
        with self._database.write() as connection:
            number = active_run_number(connection, run_id)
            self._keep(connection, draft)
            columns = {"sha256": draft.sha256, "size": draft.size, "media_type": media_type, "derived_from": None}
            replaced = self._write_row(connection, number, path, **columns)
            stale = _forget_renderings(connection, number, path) if (draft.sha256,) != replaced else ()
        self._free({*replaced, *stale} - {draft.sha256})
        return ArtifactInfo(path=path, file_size=draft.size, media_type=media_type, sha256=draft.sha256)

    def _keep(self, connection: Connection, draft: Draft) -> None:
        """Put content into its place under the lock that ``_free`` takes, so that the row and it stay together."""
        self._database.dialect.lock_blob(connection, draft.sha256)
        self._blobs.keep(draft)

    def _write_row(self, connection: Connection, number: int, path: str, **columns: Any) -> tuple[str, ...]:
        """Write a row and return the digests that it spoke of before."""
        _check_place(connection, number, path)
        before = _find(connection, number, path)
        upsert = self._database.dialect.insert(artifacts).values(run=number, path=path, **columns)
        connection.execute(upsert.on_conflict_do_update(index_elements=["run", "path"], set_=columns))
        return () if before is None else (before["sha256"],)

    def _rendered(self, run_id: str, path: str) -> ArtifactInfo:
        while True:
            info = self.stat(run_id, path)
            if info.is_dir:
                msg = f"{path!r} is a folder of the run {run_id!r}. Read the files in it."
                raise InvalidArgument(msg)
            if info.sha256 or info.derived_from is None:
                return info
            self._render(run_id, info, self.stat(run_id, info.derived_from))

    def _render(self, run_id: str, info: ArtifactInfo, specification: ArtifactInfo) -> None:
        """Render an image and keep it, unless its specification or its own row has changed meanwhile."""
        from steelyard.charts import render_png  # the renderer is large and seldom needed

        image = render_png(self._blobs.read(specification.sha256))
        with self._blobs.draft(image) as draft, self._database.write() as connection:
            number = locked_run_number(connection, run_id)
            now = _find(connection, number, specification.path)
            if now is None or now["sha256"] != specification.sha256:
                return
            self._keep(connection, draft)
            a = artifacts.c
            ours = (a.run == number, a.path == info.path, a.derived_from == specification.path, a.sha256 == "")
            connection.execute(update(artifacts).where(*ours).values(sha256=draft.sha256, size=draft.size))

    def _free(self, digests: Iterable[str]) -> None:
        """Remove contents that no row speaks of any more; each under the lock that ``_put`` takes."""
        for sha256 in {digest for digest in digests if digest}:
            with self._database.write() as connection:
                self._database.dialect.lock_blob(connection, sha256)
                used = connection.execute(select(artifacts.c.run).where(artifacts.c.sha256 == sha256).limit(1)).first()
                if used is None:
                    self._blobs.drop(sha256)


def _forget_renderings(connection: Connection, number: int, path: str) -> tuple[str, ...]:
    """Let images of a specification that has changed be rendered anew; return the digests of the old ones."""
    chosen = and_(artifacts.c.run == number, artifacts.c.derived_from == path)
    old = tuple(connection.execute(select(artifacts.c.sha256).where(chosen)).scalars())
    if old:
        connection.execute(update(artifacts).where(chosen).values(sha256="", size=None))
    return old


def _check_place(connection: Connection, number: int, path: str) -> None:
    """A name is a file or a folder, never both."""
    parts = path.split("/")
    parents = ["/".join(parts[:i]) for i in range(1, len(parts))]
    clash = or_(artifacts.c.path.in_(parents), _under(path)) if parents else _under(path)
    found = connection.execute(select(artifacts.c.path).where(artifacts.c.run == number, clash).limit(1)).scalar()
    if found is not None:
        file = min(found, path, key=len)
        msg = f"The artifact {path!r} cannot be kept: the run has {found!r}, and {file!r} is either a file or a folder."
        raise InvalidArgument(msg)


def _under(path: str) -> ColumnElement[bool]:
    """By byte order, '0' is the character behind '/': every name that begins with ``path/`` is between the two."""
    return and_(artifacts.c.path > f"{path}/", artifacts.c.path < f"{path}0")


def _find(connection: Connection, number: int, path: str) -> RowMapping | None:
    statement = select(artifacts).where(artifacts.c.run == number, artifacts.c.path == path)
    return connection.execute(statement).mappings().first()


def _missing(run_id: str, path: str) -> NotFound:
    return NotFound(f"The run {run_id!r} has no artifact {path!r}.")


def _info(row: RowMapping) -> ArtifactInfo:
    return ArtifactInfo(
        path=row["path"],
        file_size=row["size"],
        media_type=row["media_type"],
        sha256=row["sha256"],
        derived_from=row["derived_from"],
    )
