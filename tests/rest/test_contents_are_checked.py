"""Artifacts travel in bounded memory, are checked on arrival, and lie in a folder of the user's own."""

from __future__ import annotations

import hashlib
import http.client
import io
import os
import stat
import tracemalloc
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send
from tests.rest.running import Running

from steelyard.errors import InvalidArgument, StoreUnavailable
from steelyard.records import Store
from steelyard.store.remote.cache import ContentCache

LARGE = 48 << 20


@pytest.fixture
def run_id(store: Store) -> str:
    return store.runs.create("0").info.run_id


class Zeros(io.RawIOBase):
    """A stream of zeros that can be read once."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        n = min(self.left, size if size >= 0 else self.left)
        self.left -= n
        return bytes(n)


def test_a_large_file_travels_in_bounded_memory(store: Store, run_id: str, tmp_path: Path) -> None:
    file = tmp_path / "large"
    with file.open("wb") as sparse:
        sparse.truncate(LARGE)
    tracemalloc.start()
    info = store.artifacts.put(run_id, "large", file)
    assert store.artifacts.put(run_id, "again", Zeros(LARGE)).sha256 == info.sha256  # type: ignore[arg-type]
    place = store.artifacts.local_path(run_id, "large")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 << 20, "client and server together"
    assert (info.file_size, place.stat().st_size) == (LARGE, LARGE)


def test_content_that_is_here_is_not_loaded_again(store: Store, server: Running, run_id: str) -> None:
    sent: list[int] = []

    async def count(scope: Scope, receive: Receive, send: Send) -> bool:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.append(message["status"])
            await send(message)

        if scope["path"].endswith("content") and scope["method"] == "GET":
            server.before = None
            await server.app.router(scope, receive, counted)
            server.before = count
            return True
        return False

    store.artifacts.put(run_id, "a", b"one")
    server.before = count
    first = store.artifacts.local_path(run_id, "a")
    assert store.artifacts.local_path(run_id, "a") == first
    store.artifacts.put(run_id, "a", b"two")
    assert store.artifacts.local_path(run_id, "a").read_bytes() == b"two"
    assert first.read_bytes() == b"one", "what was handed out does not change"
    assert sent == [200, 304, 200]


def test_damaged_content_is_never_handed_out(store: Store, behind: Store, run_id: str) -> None:
    store.artifacts.put(run_id, "a", b"honest")
    place = behind.artifacts.local_path(run_id, "a")
    place.chmod(0o600)
    place.write_bytes(b"forged")
    for ask in (store.artifacts.read, store.artifacts.local_path):
        with pytest.raises(StoreUnavailable, match="damaged"):
            ask(run_id, "a")


def test_content_that_is_cut_off_is_loaded_again(store: Store, server: Running, run_id: str) -> None:
    content = os.urandom(300_000)
    store.artifacts.put(run_id, "a", content)
    cuts = 2

    async def cut(scope: Scope, receive: Receive, send: Send) -> bool:
        nonlocal cuts
        if cuts == 0 or not scope["path"].endswith("content"):
            return False
        cuts -= 1
        digest = hashlib.sha256(content).hexdigest().encode()
        headers = [(b"content-length", b"300000"), (b"steelyard-protocol", b"1"), (b"steelyard-sha256", digest)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content[:1000]})
        return True

    server.before = cut
    assert store.artifacts.read(run_id, "a") == content
    cuts = 1
    assert store.artifacts.local_path(run_id, "a").read_bytes() == content


@pytest.mark.parametrize(
    ("digest", "status"), [("0" * 64, 400), (hashlib.sha256(b"hello").hexdigest(), 200), ("", 200)]
)
def test_what_is_not_of_its_digest_is_not_kept(server: Running, run_id: str, digest: str, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    headers = {"Steelyard-Sha256": digest} if digest else {}
    connection.request("PUT", f"/api/steelyard/1/artifacts/content?run_id={run_id}&path=a", b"hello", headers)
    assert connection.getresponse().status == status
    connection.close()
    assert len(list(server.store.artifacts.walk(run_id))) == (status == 200)


@pytest.mark.parametrize("path", ["../a", "/etc/passwd", "a/../b", "a\x00b", "C:x", ""])
def test_no_name_reaches_a_file(server: Running, run_id: str, path: str) -> None:
    from urllib.parse import urlencode

    for verb in ("GET", "PUT"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        query = urlencode({"run_id": run_id, "path": path})
        connection.request(verb, f"/api/steelyard/1/artifacts/content?{query}", b"x" if verb == "PUT" else None)
        assert connection.getresponse().status == 400
        connection.close()


def test_a_page_that_is_an_artifact_is_saved_and_not_shown(server: Running, store: Store, run_id: str) -> None:
    store.artifacts.put(run_id, "a.html", b"<script>alert(1)</script>")
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", f"/api/steelyard/1/artifacts/content?run_id={run_id}&path=a.html")
    headers = connection.getresponse().headers
    connection.close()
    assert headers["Content-Disposition"] == "attachment"
    assert headers["Content-Type"].startswith("application/octet-stream")


def test_the_cache_is_private_bounded_and_spares_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_CACHE", str(tmp_path / "mine"))
    cache = ContentCache(most_bytes=250)
    places = []
    for n in range(3):
        content = bytes([n]) * 100
        places.append(cache.keep(io.BytesIO(content), hashlib.sha256(content).hexdigest()))
    assert [place.exists() for place in places] == [True, True, True], "what was handed out lately is spared"
    for n, place in enumerate(places):
        os.utime(place, (n, n))
    content = b"x" * 100
    cache.keep(io.BytesIO(content), hashlib.sha256(content).hexdigest())
    assert [place.exists() for place in places] == [False, False, True]
    modes = {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "mine", *(tmp_path / "mine").rglob("*")) if p.is_dir()}
    assert modes == {0o700}


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    monkeypatch.setenv("STEELYARD_CACHE", str(tmp_path / "open"))
    cache = ContentCache()
    place = cache.keep(io.BytesIO(b"x"), hashlib.sha256(b"x").hexdigest())
    assert place.read_bytes() == b"x"
    assert not place.is_relative_to(tmp_path / "open")


def test_text_streams_and_folders_are_refused_before_anything_is_sent(
    store: Store, server: Running, run_id: str, tmp_path: Path
) -> None:
    server.calls.clear()
    for content in (io.StringIO("text"), tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InvalidArgument):
            store.artifacts.put(run_id, "a", content)  # type: ignore[arg-type]
    assert not server.calls
