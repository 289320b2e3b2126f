"""The two scripts of the published article run as they are, but for the import."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from steelyard import tracking

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the article's scripts are not beside this checkout")
@pytest.mark.parametrize("name", ["blog1.py", "blog2.py"])
def test_a_published_script_runs_with_the_import_changed(name: str, tmp_path: Path) -> None:
    script = (SEEDS / name).read_text().replace("import mlflow\n", "import steelyard as mlflow\n")
    (tmp_path / name).write_text(script)
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", name], cwd=tmp_path, capture_output=True, text=True,
        env={"STEELYARD_TRACKING_URI": str(tmp_path / "runs"), "PATH": "", "MPLBACKEND": "agg"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = re.search(r": ([0-9a-f]{32})", done.stdout)
    assert found, done.stdout
    client = tracking.MlflowClient(str(tmp_path / "runs"))
    run = client.get_run(found[1])
    assert run.info.status == "FINISHED"
    assert {"accuracy_score", "f1_score", "log_loss", "example_count"} <= run.data.metrics.keys()
    assert run.data.metrics["example_count"] == 4
    paths = {info.path for info in client.list_artifacts(found[1])}
    assert {"confusion_matrix.png", "rows.parquet", "evaluation.json"} <= paths
    if name == "blog2.py":
        local = Path(client.download_artifacts(found[1], "misclassified_samples.csv", str(tmp_path)))
        frame = pd.read_csv(local)
        assert {"text", "category", "targets", "predictions"} <= set(frame.columns)
        assert (frame.targets != frame.predictions).all()
        wrong = 4 - round(4 * run.data.metrics["accuracy_score"])
        assert len(frame) == wrong
