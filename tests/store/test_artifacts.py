"""What any store must do with artifacts."""

from __future__ import annotations

import hashlib
import io
import stat
import sys
import types
from pathlib import Path

import pytest
from back_ends import AT_HAND

from steelyard.errors import InvalidArgument, NotFound, StoreUnavailable
from steelyard.records import ArtifactInfo, Store


@pytest.fixture
def blobs(tmp_path: Path) -> Path:
    return tmp_path / "artifacts" / "blobs"


def contents(blobs: Path) -> list[bytes]:
    return sorted(file.read_bytes() for file in blobs.rglob("*") if file.is_file())


def paths(infos) -> list[str]:
    return [info.path + "/" * info.is_dir for info in infos]


def test_bytes_streams_and_files_are_kept_alike(store: Store, run_id: str, tmp_path: Path) -> None:
    source = tmp_path / "source.bin"
    source.write_bytes(b"weigh" * 700_000)
    for content in (source.read_bytes(), io.BytesIO(source.read_bytes()), source):
        info = store.artifacts.put(run_id, "data/a.csv", content)
        assert info.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
        assert (info.file_size, info.media_type) == (3_500_000, "text/csv")
        assert store.artifacts.stat(run_id, "data/a.csv") == info
        assert store.artifacts.read(run_id, "data/a.csv") == source.read_bytes()
        assert store.artifacts.local_path(run_id, "data/a.csv").read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("a.png", "image/png"),
        ("a.json", "application/json"),
        ("a.parquet", "application/vnd.apache.parquet"),
        ("a", None),
    ],
)
def test_the_media_type_follows_the_name_unless_told(store: Store, run_id: str, path: str, media_type) -> None:
    assert store.artifacts.put(run_id, path, b"").media_type == (media_type or "application/octet-stream")
    assert store.artifacts.put(run_id, path, b"", media_type="text/x-own").media_type == "text/x-own"


def test_folders_are_listed_one_level_at_a_time_and_walked_whole(store: Store, run_id: str) -> None:
    for path in ("b.txt", "a/x.txt", "a/c/y.txt", "a.txt", "a0/z.txt", "größe/ü.txt"):
        store.artifacts.put(run_id, path, path.encode())
    assert paths(store.artifacts.list(run_id)) == ["a/", "a.txt", "a0/", "b.txt", "größe/"]
    assert paths(store.artifacts.list(run_id, "a")) == ["a/c/", "a/x.txt"]
    assert paths(store.artifacts.walk(run_id, "a")) == ["a/c/y.txt", "a/x.txt"]
    assert len(paths(store.artifacts.walk(run_id))) == 6
    assert store.artifacts.stat(run_id, "a/c").is_dir
    assert store.artifacts.list(run_id, "nowhere") == ()


def test_the_same_content_lies_once_on_disk_and_goes_with_its_last_name(store: Store, run_id: str, blobs: Path) -> None:
    other = store.runs.create("0").info.run_id
    store.artifacts.put(run_id, "a", b"same")
    store.artifacts.put(other, "b", b"same")
    assert contents(blobs) == [b"same"]
    store.artifacts.delete(run_id, "a")
    assert contents(blobs) == [b"same"]
    assert store.artifacts.read(other, "b") == b"same"
    store.artifacts.delete(other, "b")
    assert contents(blobs) == []


def test_replacing_a_file_frees_what_it_was(store: Store, run_id: str, blobs: Path) -> None:
    store.artifacts.put(run_id, "a", b"old")
    store.artifacts.put(run_id, "a", b"new")
    assert (store.artifacts.read(run_id, "a"), contents(blobs)) == (b"new", [b"new"])


def test_deleting_a_folder_takes_all_that_is_in_it(store: Store, run_id: str, blobs: Path) -> None:
    for path in ("a/x", "a/b/y", "ab"):
        store.artifacts.put(run_id, path, path.encode())
    store.artifacts.delete(run_id, "a")
    assert (paths(store.artifacts.walk(run_id)), contents(blobs)) == (["ab"], [b"ab"])
    with pytest.raises(NotFound, match="'a'"):
        store.artifacts.delete(run_id, "a")


def test_a_name_is_a_file_or_a_folder_never_both(store: Store, run_id: str) -> None:
    store.artifacts.put(run_id, "a/b", b"")
    for path in ("a", "a/b/c"):
        with pytest.raises(InvalidArgument, match="either a file or a folder"):
            store.artifacts.put(run_id, path, b"")
    with pytest.raises(InvalidArgument, match="is a folder"):
        store.artifacts.read(run_id, "a")


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Stand in for the chart room: what it was asked to render."""
    asked: list[bytes] = []

    def render_png(spec: bytes) -> bytes:
        asked.append(spec)
        return b"PNG of " + spec

    monkeypatch.setitem(sys.modules, "steelyard.charts", types.SimpleNamespace(render_png=render_png))
    return asked


def test_a_derived_image_is_rendered_when_it_is_first_read_and_then_kept(
    store: Store, run_id: str, renders: list[bytes]
) -> None:
    store.artifacts.put(run_id, "roc.vl.json", b"{}")
    promised = store.artifacts.put_derived(run_id, "roc.png", derived_from="roc.vl.json", media_type="image/png")
    assert promised == ArtifactInfo(path="roc.png", media_type="image/png", derived_from="roc.vl.json")
    assert store.artifacts.stat(run_id, "roc.png") == promised
    assert renders == []
    store.runs.delete(run_id)  # reading works on, and so does rendering
    assert store.artifacts.read(run_id, "roc.png") == b"PNG of {}"
    assert store.artifacts.local_path(run_id, "roc.png").read_bytes() == b"PNG of {}"
    assert renders == [b"{}"]
    kept = store.artifacts.stat(run_id, "roc.png")
    assert (kept.file_size, kept.derived_from) == (9, "roc.vl.json")


def test_replacing_a_specification_renders_its_image_anew(store: Store, run_id: str, renders: list[bytes]) -> None:
    store.artifacts.put(run_id, "roc.vl.json", b"1")
    store.artifacts.put_derived(run_id, "roc.png", derived_from="roc.vl.json", media_type="image/png")
    assert store.artifacts.read(run_id, "roc.png") == b"PNG of 1"
    store.artifacts.put(run_id, "roc.vl.json", b"2")
    assert store.artifacts.read(run_id, "roc.png") == b"PNG of 2"


def test_only_charts_can_be_derived_from_and_only_ones_that_are_there(store: Store, run_id: str) -> None:
    store.artifacts.put(run_id, "a.csv", b"")
    with pytest.raises(NotFound, match="nowhere"):
        store.artifacts.put_derived(run_id, "b.png", derived_from="nowhere.vl.json", media_type="image/png")
    with pytest.raises(InvalidArgument, match=r"from a \.vl\.json"):
        store.artifacts.put_derived(run_id, "b.png", derived_from="a.csv", media_type="image/png")


def test_a_chart_of_ours_is_rendered_by_the_chart_room(store: Store, run_id: str) -> None:
    spec = (
        b'{"data": {"values": [{"x": 1}]}, "mark": "point", "encoding": {"x": {"field": "x", "type": "quantitative"}}}'
    )
    store.artifacts.put(run_id, "a.vl.json", spec)
    store.artifacts.put_derived(run_id, "a.png", derived_from="a.vl.json", media_type="image/png")
    assert store.artifacts.read(run_id, "a.png").startswith(b"\x89PNG")


def test_content_that_cannot_be_read_is_refused(store: Store, run_id: str, tmp_path: Path) -> None:
    for content, says in (
        (tmp_path / "nowhere", "cannot be read"),
        (tmp_path, "is a folder"),
        (io.StringIO("text"), "binary mode"),
    ):
        with pytest.raises(InvalidArgument, match=says):
            store.artifacts.put(run_id, "a", content)  # type: ignore[arg-type]
    assert paths(store.artifacts.walk(run_id)) == []
    assert list((tmp_path / "artifacts").glob("incoming/*")) == []


def test_unknown_runs_and_names_are_not_found(store: Store, run_id: str) -> None:
    artifacts = store.artifacts
    for ask in (artifacts.stat, artifacts.read, artifacts.local_path, artifacts.delete):
        with pytest.raises(NotFound, match="no artifact 'a'"):
            ask(run_id, "a")
        with pytest.raises(NotFound, match="'nobody'"):
            ask("nobody", "a")
    for ask in (artifacts.list, artifacts.walk):
        with pytest.raises(NotFound, match="'nobody'"):
            ask("nobody")


def test_everything_on_disk_is_for_this_user_alone(store: Store, run_id: str, tmp_path: Path) -> None:
    store.artifacts.put(run_id, "a", b"secret")
    root = tmp_path / "artifacts"
    modes = {stat.S_IMODE(p.stat().st_mode) for p in (root, *root.rglob("*")) if p.is_dir()}
    assert modes == {0o700}
    assert stat.S_IMODE(store.artifacts.local_path(run_id, "a").stat().st_mode) == 0o400


@AT_HAND
def test_content_that_was_changed_or_swapped_on_disk_is_noticed(store: Store, run_id: str, tmp_path: Path) -> None:
    store.artifacts.put(run_id, "a", b"honest")
    place = store.artifacts.local_path(run_id, "a")
    place.chmod(0o600)
    place.write_bytes(b"forged")
    with pytest.raises(StoreUnavailable, match="damaged"):
        store.artifacts.read(run_id, "a")
    place.unlink()
    place.symlink_to("/etc/passwd")
    for ask in (store.artifacts.read, store.artifacts.local_path):
        with pytest.raises(StoreUnavailable, match="symbolic link"):
            ask(run_id, "a")
    place.unlink()
    with pytest.raises(StoreUnavailable, match="missing"):
        store.artifacts.read(run_id, "a")
    store.artifacts.put(run_id, "b", b"honest")
    assert store.artifacts.read(run_id, "a") == b"honest"
