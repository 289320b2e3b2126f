"""A private PostgreSQL for one test session: made in a temporary folder, shared by the workers, gone at the end."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PLACES = ("/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt/postgresql")


class PostgresMissing(Exception):
    """The server's programs are not on this machine."""


def server_programs() -> Path:
    """Return the folder that holds ``initdb`` and ``pg_ctl``, of the newest version."""
    found = [folder for place in _PLACES for folder in Path(place).glob("*/bin") if (folder / "initdb").exists()]
    if found:
        return max(found, key=lambda folder: float(folder.parent.name))
    named = shutil.which("initdb")
    if named:
        return Path(named).resolve().parent
    raise PostgresMissing(
        "These tests need a PostgreSQL server (initdb, pg_ctl): none is in /usr/lib/postgresql/*/bin or on the "
        "PATH. `make setup` installs it; by hand: apt-get install postgresql. To leave them out: -m 'not postgres'."
    )


@contextmanager
def shared_server(folder: Path, *, worker: str) -> Iterator[str]:
    """Give the URL of the session's server; the first worker starts it and the last one to leave stops it.

    Args:
        folder: a folder that all workers of this session share.
        worker: this worker's name.
    """
    url = _join(folder, worker)
    try:
        yield url
    finally:
        _leave(folder, worker)


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Give the URL of an empty database, dropped at the end."""
    import psycopg

    name = f"steelyard_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield server.replace("/postgres?", f"/{name}?")
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def empty(url: str) -> None:
    """Take everything out of a store but the experiment Default."""
    import psycopg

    from steelyard.store.sql import ledger_schema, trace_schema  # noqa: F401 - their tables join the metadata
    from steelyard.store.sql.schema import experiments, metadata, migrations

    emptied = [table for table in reversed(metadata.sorted_tables) if table is not migrations]
    deletes = [f"DELETE FROM {t.name}" + (" WHERE id <> 0" if t is experiments else "") for t in emptied]
    with psycopg.connect(url) as connection:
        connection.execute("; ".join(deletes))


@contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    with (folder / "postgres.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder / "postgres.json"


def _join(folder: Path, worker: str) -> str:
    with _locked(folder) as file:
        state = json.loads(file.read_text()) if file.exists() else {**_start(), "workers": []}
        state["workers"].append(worker)
        file.write_text(json.dumps(state))
    return state["url"]


def _leave(folder: Path, worker: str) -> None:
    with _locked(folder) as file:
        state = json.loads(file.read_text())
        state["workers"].remove(worker)
        if state["workers"]:
            file.write_text(json.dumps(state))
            return
        file.unlink()
    _run([state["programs"] + "/pg_ctl", "-D", state["home"] + "/data", "-m", "immediate", "-w", "stop"])
    shutil.rmtree(state["home"])


def _start() -> dict[str, str]:
    programs = server_programs()
    home = Path(tempfile.mkdtemp(prefix="steelyard-pg-"))
    account = _account()
    if account is not None:
        os.chown(home, account.pw_uid, account.pw_gid)
    port = _free_port()
    data = str(home / "data")
    _run([str(programs / "initdb"), "-D", data, "-U", "steelyard", "-A", "trust", "-E", "UTF8", "--no-sync"])
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(home),
        "port": str(port),
        "max_connections": "200",
        "shared_buffers": "32MB",
        "fsync": "off",  # speed of tests; nothing here cuts the power
        "wal_writer_delay": "10s",  # what a soft commit leaves behind stays visible to the test of durability
    }
    options = " ".join(f"-c {name}={value or repr('')}" for name, value in settings.items())
    _run([str(programs / "pg_ctl"), "-D", data, "-w", "-o", options, "-l", str(home / "log"), "start"])
    url = f"postgresql://steelyard@/postgres?host={home}&port={port}"
    return {"url": url, "home": str(home), "programs": str(programs)}


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: take an unprivileged account then."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _run(command: list[str]) -> None:
    account = _account()
    as_whom = {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    home = {"HOME": "/", "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
    with tempfile.TemporaryFile("w+") as output:  # the server inherits it: a pipe would never end
        done = subprocess.run(command, stdout=output, stderr=output, cwd="/", env=home, check=False, **as_whom)
        if done.returncode:
            output.seek(0)
            msg = f"{Path(command[0]).name} failed ({done.returncode}):\n{output.read()}"
            raise RuntimeError(msg)


def _free_port() -> int:
    """The port only names the socket file; nothing listens on a network."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
