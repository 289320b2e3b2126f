"""Files, texts, dictionaries, figures, images and tables, and getting them back."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from steelyard import tracking
from steelyard.errors import InvalidArgument, NotFound, UnreadableFile
from steelyard.tracking.images import png_bytes


def _paths(run_id: str) -> list[str]:
    return sorted(info.path for info in tracking.get_store().artifacts.walk(run_id))


def _read(run_id: str, path: str) -> bytes:
    return tracking.get_store().artifacts.read(run_id, path)


def test_files_and_folders_keep_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "plots"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deep" / "b.bin").write_bytes(b"\x00\x01")
    with tracking.start_run() as run:
        tracking.log_artifact(folder / "a.txt")
        tracking.log_artifact(folder / "a.txt", "notes")
        tracking.log_artifact(folder)
        tracking.log_artifacts(folder, "all")
    expected = ["a.txt", "all/a.txt", "all/deep/b.bin", "notes/a.txt", "plots/a.txt", "plots/deep/b.bin"]
    assert _paths(run.info.run_id) == expected
    assert [info.path for info in tracking.list_artifacts(run_id=run.info.run_id, artifact_path="all")] == [
        "all/a.txt",
        "all/deep",
    ]


def test_what_is_not_there_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    with tracking.start_run() as run:
        with pytest.raises(InvalidArgument, match=r"nothing\.csv"):
            tracking.log_artifact(tmp_path / "nothing.csv")
        with pytest.raises(InvalidArgument, match="log_artifact"):
            tracking.log_artifacts(tmp_path / "a.txt")
        with pytest.raises(InvalidArgument, match=r"'\.\.'"):
            tracking.log_text("x", "../escape.txt")
    assert _paths(run.info.run_id) == []


def test_texts_and_dictionaries_are_files() -> None:
    with tracking.start_run() as run:
        tracking.log_text("grüß", "notes/why.md")
        tracking.log_dict({"a": np.int64(1), "b": [1.5, float("nan")], "t": datetime(2026, 1, 2, tzinfo=UTC)}, "d.json")
        tracking.log_dict({"a": {"b": [1, 2]}}, "d.yaml")
        with pytest.raises(InvalidArgument, match=r"d2\.json"):
            tracking.log_dict({"f": object()}, "d2.json")
        wrong: Any = 5
        with pytest.raises(InvalidArgument):
            tracking.log_text(wrong, "x.txt")
        with pytest.raises(InvalidArgument):
            tracking.log_dict(wrong, "x.json")
    run_id = run.info.run_id
    assert tracking.load_text(f"runs:/{run_id}/notes/why.md") == "grüß"
    assert tracking.load_dict(f"runs:/{run_id}/d.json") == {"a": 1, "b": [1.5, None], "t": "2026-01-02T00:00:00+00:00"}
    assert _read(run_id, "d.yaml") == b"a:\n  b:\n  - 1\n  - 2\n"
    assert _paths(run_id) == ["d.json", "d.yaml", "notes/why.md"]


def test_a_matplotlib_figure_is_drawn_in_the_format_of_its_name() -> None:
    from matplotlib.figure import Figure

    figure = Figure()
    figure.add_subplot().plot([1, 2])
    with tracking.start_run() as run:
        tracking.log_figure(figure, "plots/f.png")
        tracking.log_figure(figure, "plots/f.svg", save_kwargs={"metadata": {"Date": None}})
        with pytest.raises(InvalidArgument, match="str"):
            tracking.log_figure("no figure", "f.png")
    assert _read(run.info.run_id, "plots/f.png").startswith(b"\x89PNG")
    assert b"<svg" in _read(run.info.run_id, "plots/f.svg")


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 7), width=st.integers(1, 7), channels=st.sampled_from([0, 1, 3, 4]), seed=st.integers(0, 99)
)
def test_an_image_reads_back_as_another_library_sees_it(height: int, width: int, channels: int, seed: int) -> None:
    shape = (height, width) if channels == 0 else (height, width, channels)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    seen = np.asarray(Image.open(io.BytesIO(png_bytes(pixels))))
    np.testing.assert_array_equal(seen, pixels[:, :, 0] if channels == 1 else pixels)


def test_images_are_kept_by_name_or_in_a_series() -> None:
    with tracking.start_run() as run:
        tracking.log_image(np.zeros((2, 2)), "black.png")
        tracking.log_image(np.ones((2, 2), dtype=bool), key="white", step=3, timestamp=7)
        tracking.log_image(Image.new("RGB", (2, 2)), "pil.png")
    assert _paths(run.info.run_id) == ["black.png", "images/white/step-000003-7.png", "pil.png"]


@pytest.mark.parametrize(
    "image", [np.zeros(3), np.zeros((2, 2, 2)), np.full((2, 2), 1.5), np.full((2, 2), np.nan), np.full((2, 2), -1), "x"]
)
def test_what_is_no_image_is_refused(image: Any) -> None:
    with pytest.raises(InvalidArgument):
        png_bytes(image)


def test_a_table_grows_by_rows_and_columns() -> None:
    with tracking.start_run() as run:
        tracking.log_table({"q": ["a", "b"], "score": [1, 2.5]}, "t.json")
        tracking.log_table(pd.DataFrame({"score": [np.nan], "who": ["x"]}), "t.json")
        tracking.log_table({"q": "c", "score": 3}, "t.json")
    assert json.loads(_read(run.info.run_id, "t.json")) == {
        "columns": ["q", "score", "who"],
        "data": [["a", 1, None], ["b", 2.5, None], [None, None, "x"], ["c", 3, None]],
    }
    listed = json.loads(tracking.get_run(run.info.run_id).data.tags["mlflow.loggedArtifacts"])
    assert listed == [{"path": "t.json", "type": "table"}]


def test_tables_of_several_runs_are_loaded_together() -> None:
    ids = []
    for depth in (1, 2):
        with tracking.start_run() as run:
            tracking.log_param("depth", depth)
            tracking.log_table({"n": [depth, depth]}, "t.json")
            ids.append(run.info.run_id)
    with tracking.start_run():
        pass
    frame = tracking.load_table("t.json", extra_columns=["run_id", "params.depth"])
    assert sorted(frame["n"]) == [1, 1, 2, 2]
    assert set(frame["run_id"]) == set(ids)
    assert list(frame["params.depth"].astype(int)) == list(frame["n"])
    assert list(tracking.load_table("t.json", run_ids=ids[:1])["n"]) == [1, 1]
    with pytest.raises(NotFound, match=r"other\.json"):
        tracking.load_table("other.json")


@pytest.mark.parametrize(
    "table",
    [pd.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 2]}), pa.table({"a": [1, 2]}), {"a": np.array([1, 2])}],
)
def test_frames_of_every_kind_are_tables(table: Any) -> None:
    with tracking.start_run() as run:
        tracking.log_table(table, "t.json")
    assert tracking.load_dict(f"runs:/{run.info.run_id}/t.json") == {"columns": ["a"], "data": [[1], [2]]}


@pytest.mark.parametrize("table", [{"a": [1], "b": [1, 2]}, {"a": [1], "b": 2}, [1, 2], {"a": [object()]}])
def test_what_is_no_table_is_refused(table: Any) -> None:
    with tracking.start_run() as run, pytest.raises(InvalidArgument):
        tracking.log_table(table, "t.json")
    assert _paths(run.info.run_id) == []


def test_a_table_is_not_added_to_a_file_that_is_none() -> None:
    with tracking.start_run():
        tracking.log_text("not json", "t.json")
        with pytest.raises(UnreadableFile, match=r"t\.json"):
            tracking.log_table({"a": [1]}, "t.json")
        with pytest.raises(InvalidArgument, match=r"\.json"):
            tracking.log_table({"a": [1]}, "t.csv")


def test_artifacts_are_copied_out(tmp_path: Path) -> None:
    with tracking.start_run() as run:
        tracking.log_text("one", "a.txt")
        tracking.log_text("two", "deep/b.txt")
        tracking.log_text("three", "deep/er/c.txt")
    run_id = run.info.run_id
    one = tracking.download_artifacts(run_id=run_id, artifact_path="a.txt", dst_path=tmp_path / "x")
    assert Path(one).read_text() == "one"
    folder = Path(tracking.download_artifacts(f"runs:/{run_id}/deep", dst_path=tmp_path / "y"))
    assert folder == tmp_path / "y" / "deep"
    assert (folder / "er" / "c.txt").read_text() == "three"
    everything = Path(tracking.download_artifacts(run_id=run_id))
    assert sorted(path.name for path in everything.rglob("*.txt")) == ["a.txt", "b.txt", "c.txt"]
    assert everything.stat().st_mode & 0o077 == 0
    with pytest.raises(NotFound):
        tracking.download_artifacts(run_id=run_id, artifact_path="missing.txt", dst_path=tmp_path / "z")
    with pytest.raises(InvalidArgument):
        tracking.download_artifacts()
    with pytest.raises(InvalidArgument):
        tracking.download_artifacts("s3://bucket/x")


def test_an_artifacts_address_can_be_told_before_it_is_there() -> None:
    with tracking.start_run() as run:
        assert tracking.get_artifact_uri("plots/roc.png") == f"runs:/{run.info.run_id}/plots/roc.png"
        assert tracking.get_artifact_uri() == f"runs:/{run.info.run_id}"
