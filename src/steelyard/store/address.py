"""Where a store is: URLs, folders and files, and what is meant when nothing is said."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from steelyard.errors import InvalidArgument

_POSSIBLE = (
    "a folder ('runs/'), 'sqlite:///runs.db' (relative), 'sqlite:////data/runs.db' (absolute), 'file:///data/runs', "
    "'postgresql://user:password@host/database' or a server ('http://host:5000')"
)
_DATABASE_SUFFIXES = {".db", ".sqlite", ".sqlite3"}


@dataclass(frozen=True, slots=True)
class Address:
    """A store's place, made absolute.

    Args:
        url: what opens the same store again, without any password.
        artifacts: the folder of its blobs; on a server that is the server's affair.
        file: the SQLite file; None for PostgreSQL and servers.
        database_url: the PostgreSQL URL, with its password; empty for others.
        server_url: the URL of a server, with its credentials; empty for others.
    """

    url: str
    artifacts: Path = Path()
    file: Path | None = None
    database_url: str = field(default="", repr=False)
    server_url: str = field(default="", repr=False)


def find_address(url: str | Path | None, *, artifacts: str | Path | None = None) -> Address:
    """Return the place that a URL, a path or the environment names.

    Raises:
        InvalidArgument: no store can be there.
    """
    if url is None:
        url = (
            os.environ.get("STEELYARD_TRACKING_URI")
            or os.environ.get("MLFLOW_TRACKING_URI")
            or "sqlite:///steelyard.db"
        )
    if isinstance(url, Path):
        return _at_path(url, artifacts)
    if not url.strip() or "\x00" in url:
        msg = f"{url!r} names no store. Give {_POSSIBLE}."
        raise InvalidArgument(msg)
    scheme, colon, _ = url.partition(":")
    scheme = scheme.lower()
    if not colon or len(scheme) == 1 or not scheme.replace("+", "").isalnum():
        return _at_path(Path(url), artifacts)
    if scheme == "sqlite":
        return _sqlite(url, artifacts)
    if scheme == "file":
        return _file(url, artifacts)
    if scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
        return _postgres(url, artifacts)
    if scheme in {"http", "https"}:
        return _server(url, artifacts)
    msg = f"{_shown(url)} has the unknown scheme {scheme!r}. Give {_POSSIBLE}."
    raise InvalidArgument(msg)


def _at_path(path: Path, artifacts: str | Path | None) -> Address:
    path = path.expanduser().absolute()
    if path.is_file() or (path.suffix.lower() in _DATABASE_SUFFIXES and not path.is_dir()):
        return _sqlite_file(path, artifacts)
    return _folder(path, artifacts)


def _folder(path: Path, artifacts: str | Path | None) -> Address:
    if artifacts is None:
        return Address(url=str(path), artifacts=path / "artifacts", file=path / "steelyard.db")
    return _sqlite_file(path / "steelyard.db", artifacts)


def _sqlite_file(path: Path, artifacts: str | Path | None) -> Address:
    url = f"sqlite:///{path}"
    if artifacts is None:
        return Address(url=url, artifacts=path.with_name(f"{path.stem}-artifacts"), file=path)
    folder = Path(artifacts).expanduser().absolute()
    return Address(url=f"{url}?{urlencode({'artifacts': str(folder)})}", artifacts=folder, file=path)


def _sqlite(url: str, artifacts: str | Path | None) -> Address:
    rest = url.partition(":")[2]
    path, _, query = rest.partition("?")
    if not path.startswith("///") or path in {"///", "///:memory:"}:
        msg = f"{url!r} names no file: a store outlives its process. Give 'sqlite:///runs.db' or 'sqlite:////data/runs.db'."
        raise InvalidArgument(msg)
    options = _options(url, query)
    return _sqlite_file(Path(unquote(path[3:])).expanduser().absolute(), artifacts or options.get("artifacts"))


def _file(url: str, artifacts: str | Path | None) -> Address:
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"}:
        msg = f"{url!r} names a folder of another machine ({parts.netloc}). Give 'file:///data/runs' or a path."
        raise InvalidArgument(msg)
    options = _options(url, parts.query)
    return _at_path(Path(unquote(parts.path) or "."), artifacts or options.get("artifacts"))


def _postgres(url: str, artifacts: str | Path | None) -> Address:
    bare, _, query = url.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    folder = (
        artifacts or options.pop("artifacts", None) or os.environ.get("STEELYARD_ARTIFACTS") or "steelyard-artifacts"
    )
    rest = bare.partition(":")[2]
    full = f"postgresql:{rest}" + (f"?{urlencode(options)}" if options else "")
    return Address(url=_shown(full), artifacts=Path(folder).expanduser().absolute(), database_url=full)


def _server(url: str, artifacts: str | Path | None) -> Address:
    from steelyard.store.remote.place import find_place

    place = find_place(url.strip())
    if artifacts is None:
        return Address(url=place.shown, server_url=url.strip().rstrip("/"))
    msg = f"The server {place.shown} keeps its artifacts itself: artifacts={str(artifacts)!r} has no meaning for it."
    raise InvalidArgument(msg)


def _options(url: str, query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = set(options) - {"artifacts"}
    if not unknown:
        return options
    msg = f"{url!r} has the unknown option {min(unknown)!r}; the only one is 'artifacts', the folder of the artifacts."
    raise InvalidArgument(msg)


def _shown(url: str) -> str:
    """Return a URL without its password."""
    scheme, colon, rest = url.partition("://")
    before, slash, after = rest.partition("/")
    user, at, host = before.rpartition("@")
    if ":" in user:
        user = user.partition(":")[0] + ":***"
    after = re.sub(r"((?:^|[?&])(?:ssl)?password=)[^&]*", r"\1***", after)
    return f"{scheme}{colon}{user}{at}{host}{slash}{after}"
