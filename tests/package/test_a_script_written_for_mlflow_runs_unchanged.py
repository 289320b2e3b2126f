"""``python -m steelyard.mlflow script.py``: MLflow's imports, our house."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from steelyard import tracking

SCRIPT = """
import sys
import mlflow
import mlflow.sklearn
import mlflow.artifacts as artifacts
from mlflow import MlflowClient
from mlflow.entities import Metric, RunStatus, ViewType
from mlflow.exceptions import MlflowException
from mlflow.models import make_metric
from mlflow.tracking import MlflowClient as Same
from sibling import EXPERIMENT

assert Same is MlflowClient
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment(EXPERIMENT)
with mlflow.start_run(run_name="parent") as run:
    mlflow.log_params({"depth": 3})
    mlflow.log_metric("f1", 0.5, step=1)
    mlflow.log_text("hello", "notes/a.txt")
    with mlflow.start_run(nested=True) as child:
        mlflow.set_tag("kind", "child")
try:
    mlflow.get_run("nothing")
except MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST"
client = MlflowClient()
client.log_batch(run.info.run_id, metrics=[Metric("late", 1.0, 0, 0)])
found = client.search_runs([run.info.experiment_id], run_view_type=ViewType.ACTIVE_ONLY)
assert {r.info.status for r in found} == {RunStatus.FINISHED}
assert mlflow.get_parent_run(child.info.run_id).info.run_id == run.info.run_id
assert artifacts.load_text(f"runs:/{run.info.run_id}/notes/a.txt") == "hello"
frame = mlflow.search_runs(experiment_names=[EXPERIMENT], order_by=["metrics.f1 DESC"])
assert list(frame["metrics.f1"].dropna()) == [0.5]
print(__name__, sys.argv[2:], run.info.run_id)
"""


def _run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "steelyard.mlflow", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def test_the_script_runs_and_prints_only_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "script.py").write_text(SCRIPT)
    (tmp_path / "code" / "sibling.py").write_text("EXPERIMENT = 'old habits'\n")
    uri = str(tmp_path / "runs.db")
    done = _run("code/script.py", uri, "--flag", cwd=tmp_path)
    assert done.stderr == ""
    name, flags, run_id = done.stdout.split()
    assert (name, flags) == ("__main__", "['--flag']")
    run = tracking.MlflowClient(uri).get_run(run_id)
    assert run.data.metrics == {"f1": 0.5, "late": 1.0}
    assert run.data.tags["mlflow.source.name"].endswith("script.py")


def test_a_module_that_we_lack_is_named(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("import mlflow.pytorch\n")
    done = _run("s.py", cwd=tmp_path)
    assert done.returncode == 1
    assert "Steelyard has no module 'steelyard.pytorch' to stand in for 'mlflow.pytorch'" in done.stderr


def test_the_scripts_own_exit_code_is_kept(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("raise SystemExit(7)\n")
    assert _run("s.py", cwd=tmp_path).returncode == 7


@pytest.mark.parametrize(("arguments", "message"), [((), "usage"), (("missing.py",), "missing.py")])
def test_without_a_script_there_is_a_hint(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = _run(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr


def test_the_alias_is_only_in_the_process_that_asked(tmp_path: Path) -> None:
    code = "import importlib.util, steelyard.mlflow; print(importlib.util.find_spec('mlflow'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "None"
