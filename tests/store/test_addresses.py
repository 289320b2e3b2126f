"""Where a store is, from what people write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from steelyard.errors import InvalidArgument, StoreUnavailable
from steelyard.store import open_store
from steelyard.store.address import find_address


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("STEELYARD_TRACKING_URI", "MLFLOW_TRACKING_URI", "STEELYARD_ARTIFACTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("url", "file", "artifacts"),
    [
        (None, "steelyard.db", "steelyard-artifacts"),
        ("sqlite:///x.db", "x.db", "x-artifacts"),
        ("sqlite:///sub/x.db?artifacts=other", "sub/x.db", "other"),
        ("sqlite:///{here}/x.db", "x.db", "x-artifacts"),
        ("folder", "folder/steelyard.db", "folder/artifacts"),
        ("./folder/", "folder/steelyard.db", "folder/artifacts"),
        (Path("folder"), "folder/steelyard.db", "folder/artifacts"),
        ("x.db", "x.db", "x-artifacts"),
        ("file://{here}/folder", "folder/steelyard.db", "folder/artifacts"),
        ("file:{here}/a%20b", "a b/steelyard.db", "a b/artifacts"),
        ("file://localhost{here}/x.sqlite", "x.sqlite", "x-artifacts"),
        ("a?b #c", "a?b #c/steelyard.db", "a?b #c/artifacts"),
    ],
)
def test_paths_and_urls_name_a_file_and_a_folder(here: Path, url, file: str, artifacts: str) -> None:
    url = url.replace("{here}", str(here)) if isinstance(url, str) else url
    address = find_address(url)
    assert (Path(str(address.file)), address.artifacts) == (here / file, here / artifacts)
    again = find_address(address.url)
    assert (again.file, again.artifacts) == (address.file, address.artifacts)


def test_the_environment_says_what_none_means(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///theirs.db")
    assert find_address(None).file == here / "theirs.db"
    monkeypatch.setenv("STEELYARD_TRACKING_URI", "sqlite:///ours.db")
    assert find_address(None).file == here / "ours.db"


def test_a_postgres_url_shows_no_password_and_keeps_its_options(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = find_address("postgresql://ada:s3cret@db:5432/runs?sslmode=require&artifacts=there")
    assert address.artifacts == here / "there"
    assert address.url == "postgresql://ada:***@db:5432/runs?sslmode=require"
    assert address.database_url == "postgresql://ada:s3cret@db:5432/runs?sslmode=require"
    hidden = find_address("postgresql://db/runs?password=s3cret&sslpassword=s3cret&user=ada")
    assert "s3cret" not in hidden.url
    assert "user=ada" in hidden.url
    assert find_address("postgres://db/runs").artifacts == here / "steelyard-artifacts"
    monkeypatch.setenv("STEELYARD_ARTIFACTS", "by-environment")
    assert find_address("postgresql://db/runs").artifacts == here / "by-environment"
    assert find_address("postgresql://db/runs", artifacts="told").artifacts == here / "told"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://localhost:5000", "unknown scheme .ftp."),
        ("https://ada:s3cret@host?x=1", "address of the server"),
        ("mysql://host/db", "unknown scheme 'mysql'"),
        ("databricks://x", "unknown scheme"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///x.db?mode=ro", "unknown option 'mode'"),
        ("file://host/share", "another machine"),
        ("  ", "names no store"),
        ("a\x00b", "names no store"),
    ],
)
def test_what_names_no_store_is_refused_with_what_would(url: str, says: str) -> None:
    with pytest.raises(InvalidArgument, match=says) as caught:
        open_store(url)
    assert "s3cret" not in str(caught.value)


def test_an_empty_variable_is_no_variable(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEELYARD_TRACKING_URI", "")
    assert find_address(None).file == here / "steelyard.db"


def test_a_store_moves_with_no_change_of_directory(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store("sqlite:///x.db")
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    run_id = store.runs.create("0").info.run_id
    store.artifacts.put(run_id, "a", b"1")
    store.close()
    assert open_store(here / "x.db").artifacts.read(run_id, "a") == b"1"
    assert list((here / "elsewhere").iterdir()) == []


def test_a_closed_store_opens_again_by_itself(here: Path) -> None:
    store = open_store(here / "store")
    store.close()
    store.close()
    assert store.experiments.get("0").name == "Default"
    store.close()


def test_a_server_that_is_away_is_told_without_the_password() -> None:
    with pytest.raises(StoreUnavailable, match="cannot be reached") as caught:
        open_store("postgresql://ada:s3cret@127.0.0.1:1/runs?connect_timeout=3")
    assert "s3cret" not in str(caught.value)


def test_importing_the_room_loads_neither_sqlalchemy_nor_numpy() -> None:
    code = "import sys, steelyard.store; print(sorted({'sqlalchemy', 'numpy', 'psycopg'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
