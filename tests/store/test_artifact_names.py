"""No name reaches a file outside the store, whatever its spelling."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.errors import InvalidArgument
from steelyard.records import Store
from steelyard.store import check_artifact_path, open_store

_CLIMBS = [
    "..",
    "../..",
    "a/../..",
    "a/../../b",
    "./..",
    ".",
    "./a",
    "a/.",
    "a/./b",
    "..\\..",
    "a\\..\\b",
    "\\",
    "a\\b",
]
_ENCODED = ["%2e%2e/", "%2e%2e%2f", "..%2f", "..%5c", "%252e%252e%252f", "%25252e", "..%c0%af", "%00", "a%2fb", "%"]
_ABSOLUTE = ["/", "//", "///", "/etc/passwd", "//proc/self/root", "//host/path", "C:\\", "C:/x", "c:x", "\\\\?\\C:\\x"]
_URLS = ["file:///etc/passwd", "FILE:/etc", "file:////etc", "http:///#/../../etc", "dbfs:/../etc", "s3://b/../k"]
_SIGNS = ["a;b", ";/../..", "a#b", "#/../..", "a?b", "?x=/../..", "a\x00b", "a\nb", "a\x7fb", "a\x85b", "a\u2028b"]
_UNICODE = ["a\u202eb", "\u2066a", "a\ud800b"]
_EMPTY = ["", " ", "a//b", "a/", "/a", "a/ /b", " a", "a ", "a/b.", "a./b", "...", "a" * 1001]
_DEVICES = ["con", "NUL", "aux.txt", "a/COM1", "lpt9.tar.gz"]
CORPUS = [
    *itertools.chain(_CLIMBS, _ENCODED, _ABSOLUTE, _SIGNS, _UNICODE, _EMPTY, _DEVICES),
    *(url for url in _URLS if ".." in url or "//" in url or "#" in url),
    *(
        f"{left}{right}"
        for left, right in itertools.product(["a/", "", "x/y/"], ["../etc", "..\\etc", "..;/etc", "%2e%2e/"])
    ),
]


@pytest.mark.parametrize("path", CORPUS)
def test_a_name_of_the_corpus_is_refused(path: str) -> None:
    with pytest.raises(InvalidArgument, match="artifact path"):
        check_artifact_path(path)


@pytest.mark.parametrize(
    "path", ["a", "a.b/c-d_e (1).png", "größe/数据.csv", "..a", "a..b", ".hidden", "a" * 1000, "10:30"]
)
def test_an_honest_name_is_let_through_unchanged(path: str) -> None:
    assert check_artifact_path(path) == path


def test_no_method_takes_a_name_of_the_corpus_and_nothing_on_disk_changes(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    canary.write_bytes(b"outside")
    store = open_store(tmp_path / "deep" / "store")
    run_id = store.runs.create("0").info.run_id
    store.artifacts.put(run_id, "kept.vl.json", b"inside")
    before = _disk(tmp_path)
    for path in CORPUS:
        _try_everything(store, run_id, path)
    assert _disk(tmp_path) == before
    store.close()


def _try_everything(store: Store, run_id: str, path: str) -> None:
    artifacts = store.artifacts
    attempts = [
        lambda: artifacts.put(run_id, path, b"forged"),
        lambda: artifacts.put_derived(run_id, path, derived_from="kept.vl.json", media_type="image/png"),
        lambda: artifacts.put_derived(run_id, "x.png", derived_from=path, media_type="image/png"),
        lambda: artifacts.stat(run_id, path),
        lambda: artifacts.read(run_id, path),
        lambda: artifacts.local_path(run_id, path),
        lambda: artifacts.delete(run_id, path),
    ]
    if path:  # the empty path is the run's own folder to these
        attempts += [lambda: artifacts.list(run_id, path), lambda: artifacts.walk(run_id, path)]
    for attempt in attempts:
        with pytest.raises(InvalidArgument, match="artifact path"):
            attempt()


def _disk(folder: Path) -> dict[str, bytes]:
    """Every file but the database's own, which a refused call may still have looked into."""
    return {str(f): f.read_bytes() for f in folder.rglob("*") if f.is_file() and "steelyard.db" not in f.name}


@given(st.text(alphabet=st.characters() | st.sampled_from("./\\%:;#? "), max_size=30))
def test_a_name_that_is_let_through_stays_below_any_folder_it_is_joined_to(path: str) -> None:
    try:
        check_artifact_path(path)
    except InvalidArgument:
        return
    root = Path("/some/root")
    joined = root / path
    assert joined.is_relative_to(root)
    assert ".." not in joined.parts
    assert "\\" not in path
