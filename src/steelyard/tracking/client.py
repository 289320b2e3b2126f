"""The client: every operation on any run of any store, with MLflow's method names."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from steelyard.errors import InvalidArgument
from steelyard.records import ArtifactInfo, Experiment, LoggedModel, Metric, Page, Param, Run, RunTag, Store
from steelyard.tracking import origin
from steelyard.tracking.artifacts import copy_out
from steelyard.tracking.checks import metric_step, metric_value, texts
from steelyard.tracking.client_traces import TraceCalls
from steelyard.tracking.experiments import check_name, refuse_location
from steelyard.tracking.files import dict_bytes, existing, figure_bytes, image_name, put_bytes, put_folder, put_local
from steelyard.tracking.images import png_bytes
from steelyard.tracking.inputs import put_inputs
from steelyard.tracking.jsonable import columns_of
from steelyard.tracking.paged import PagedList
from steelyard.tracking.runs import parent_of
from steelyard.tracking.stores import get_store, get_tracking_uri, store_address
from steelyard.tracking.tables import append_table
from steelyard.tracking.views import run_status, view_type

T = TypeVar("T")


class MlflowClient(TraceCalls):
    """Create, read and change experiments and runs, without an active run.

    Args:
        tracking_uri: the store; the current tracking URI unless told.
        registry_uri: accepted for MLflow's callers; there is no registry.

    Examples:
        >>> import tempfile
        >>> client = MlflowClient(tempfile.mkdtemp())
        >>> run = client.create_run("0", run_name="first")
        >>> client.log_metric(run.info.run_id, "f1_score", 0.9)
        >>> dict(client.get_run(run.info.run_id).data.metrics)
        {'f1_score': 0.9}
    """

    def __init__(self, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        self._uri = tracking_uri if tracking_uri is not None else get_tracking_uri()
        self._address = store_address(self._uri)

    @property
    def tracking_uri(self) -> str:
        return self._uri

    @property
    def _store(self) -> Store:
        return get_store(self._address)  # looked up at each call, so that a forked child opens its own

    # Experiments

    def create_experiment(
        self, name: str, artifact_location: str | None = None, tags: Mapping[str, object] | None = None
    ) -> str:
        """Create an experiment and return its id."""
        refuse_location(artifact_location)
        return self._store.experiments.create(check_name(name), tags=texts("tag", tags or {})).experiment_id

    def get_experiment(self, experiment_id: str) -> Experiment:
        """Return an experiment by id."""
        return self._store.experiments.get(str(experiment_id))

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """Return an experiment by name, or None."""
        return self._store.experiments.find(name)

    def search_experiments(
        self,
        view_type: object = "ACTIVE_ONLY",
        max_results: int = 1000,
        filter_string: str | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """Return one page of the experiments that match."""
        page = self._store.experiments.search(
            filter_string or "",
            order_by=order_by or (),
            max_results=max_results,
            page_token=page_token,
            view=_view(view_type),
        )
        return _paged(page)

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Give an experiment another name."""
        self._store.experiments.rename(str(experiment_id), check_name(new_name))

    def set_experiment_tag(self, experiment_id: str, key: str, value: object) -> None:
        """Set a tag of an experiment."""
        self._store.experiments.set_tag(str(experiment_id), key, str(value))

    def delete_experiment(self, experiment_id: str) -> None:
        """Mark an experiment as deleted."""
        self._store.experiments.delete(str(experiment_id))

    def restore_experiment(self, experiment_id: str) -> None:
        """Bring a deleted experiment back."""
        self._store.experiments.restore(str(experiment_id))

    # Runs

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: Mapping[str, object] | None = None,
        run_name: str | None = None,
    ) -> Run:
        """Create a run without making it active."""
        from steelyard.store.run_names import new_run_name

        words = texts("tag", tags or {})
        name = run_name or words.get(origin.RUN_NAME) or new_run_name()
        user = words.setdefault(origin.USER, origin.user_name())
        words[origin.RUN_NAME] = name
        return self._store.runs.create(
            str(experiment_id), run_name=name, start_time=start_time, user_id=user, tags=words
        )

    def get_run(self, run_id: str) -> Run:
        """Return a run as it is now."""
        return self._store.runs.get(run_id)

    def get_parent_run(self, run_id: str) -> Run | None:
        """Return the run that a nested run belongs to, or None."""
        return parent_of(self._store, run_id)

    def update_run(self, run_id: str, status: str | None = None, name: str | None = None) -> None:
        """Change a run's status or name."""
        if status is not None:
            self._store.runs.update(run_id, status=run_status(status))
        if name is not None:
            self._store.runs.update(run_id, run_name=name)
            self._store.runs.log_batch(run_id, tags={origin.RUN_NAME: name})

    def set_terminated(self, run_id: str, status: str | None = None, end_time: int | None = None) -> None:
        """End a run: FINISHED, and now, unless told."""
        end = end_time if end_time is not None else _now()
        self._store.runs.update(run_id, status=run_status(status or "FINISHED"), end_time=end)

    def delete_run(self, run_id: str) -> None:
        """Mark a run as deleted."""
        self._store.runs.delete(run_id)

    def restore_run(self, run_id: str) -> None:
        """Bring a deleted run back."""
        self._store.runs.restore(run_id)

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        run_view_type: object = "ACTIVE_ONLY",
        max_results: int = 1000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """Return one page of the runs that match."""
        if isinstance(experiment_ids, (str, int)):
            experiment_ids = [str(experiment_ids)]
        page = self._store.search.search(
            [str(one) for one in experiment_ids],
            filter_string or "",
            order_by=order_by or (),
            max_results=max_results,
            page_token=page_token,
            view=_view(run_view_type),
        )
        return _paged(page)

    # What is logged

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
        synchronous: bool | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        model_id: str | None = None,
    ) -> None:
        """Record one point of a metric; see ``steelyard.log_metric``."""
        at = _now() if timestamp is None else int(timestamp)
        point = Metric(key, metric_value(key, value), at, metric_step(key, step))
        self._store.runs.log_batch(run_id, metrics=(point,), durable=synchronous is True)

    def log_param(self, run_id: str, key: str, value: object, synchronous: bool | None = None) -> object:
        """Record a param and return its value."""
        self._store.runs.log_batch(run_id, params=texts("param", {key: value}))
        return value

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
    ) -> None:
        """Record metrics, params and tags, all of them or none."""
        points = [Metric(m.key, metric_value(m.key, m.value), m.timestamp, m.step) for m in metrics]
        self._store.runs.log_batch(
            run_id,
            metrics=points,
            params=_pairs("param", params),
            tags={tag.key: str(tag.value) for tag in tags},
        )

    def set_tag(self, run_id: str, key: str, value: object, synchronous: bool | None = None) -> None:
        """Set a tag of a run."""
        self._store.runs.log_batch(run_id, tags=texts("tag", {key: value}))

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a tag of a run."""
        self._store.runs.delete_tag(run_id, key)

    def log_inputs(self, run_id: str, datasets: Sequence[object] | None = None, models: object = None) -> None:
        """Record the datasets that a run used."""
        put_inputs(self._store, run_id, list(datasets or ()))

    def get_metric_history(self, run_id: str, key: str) -> list[Metric]:
        """Return every point of a metric, by step and time."""
        return list(self._store.runs.metric_history(run_id, key))

    # Artifacts

    def log_artifact(self, run_id: str, local_path: str | Path, artifact_path: str | None = None) -> None:
        """Keep a file or folder."""
        put_local(self._store, run_id, existing(local_path), artifact_path)

    def log_artifacts(self, run_id: str, local_dir: str | Path, artifact_path: str | None = None) -> None:
        """Keep every file in a folder."""
        put_folder(self._store, run_id, existing(local_dir), artifact_path)

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        """Keep a text as a file."""
        put_bytes(self._store, run_id, artifact_file, text.encode())

    def log_dict(self, run_id: str, dictionary: object, artifact_file: str) -> None:
        """Keep a dictionary or list as JSON or YAML."""
        put_bytes(self._store, run_id, artifact_file, dict_bytes(dictionary, artifact_file))

    def log_figure(
        self, run_id: str, figure: object, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None
    ) -> None:
        """Keep a Matplotlib or Plotly figure."""
        put_bytes(self._store, run_id, artifact_file, figure_bytes(figure, artifact_file, save_kwargs or {}))

    def log_image(
        self,
        run_id: str,
        image: object,
        artifact_file: str | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,
    ) -> None:
        """Keep an image."""
        name = image_name(artifact_file, key=key, step=step, timestamp=timestamp)
        put_bytes(self._store, run_id, name, png_bytes(image))

    def log_table(self, run_id: str, data: object, artifact_file: str) -> None:
        """Keep a table as JSON, below the rows that are there."""
        append_table(self._store, run_id, artifact_file, columns_of(data))

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[ArtifactInfo]:
        """Return the artifacts directly under a folder."""
        return list(self._store.artifacts.list(run_id, (path or "").strip("/")))

    def download_artifacts(self, run_id: str, path: str = "", dst_path: str | Path | None = None) -> str:
        """Copy an artifact or a folder of them to this machine and return where it is."""
        return str(copy_out(self._store, run_id, path.strip("/"), dst_path))

    # Models

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """Return a logged model by id."""
        return self._store.models.get(model_id)

    def search_logged_models(self, experiment_ids: Sequence[str]) -> list[LoggedModel]:
        """Return the models that were logged in these experiments."""
        return list(self._store.models.list(experiment_ids=[str(one) for one in experiment_ids]))


def _view(view: object) -> Any:
    return view_type(view)


def _paged(page: Page[T]) -> PagedList[T]:
    return PagedList(page.items, page.token)


def _pairs(kind: str, entries: Sequence[Param]) -> dict[str, str]:
    words: dict[str, str] = {}
    for entry in entries:
        text = str(entry.value)
        if words.setdefault(entry.key, text) != text:
            raise InvalidArgument(f"The {kind} {entry.key!r} is given twice with different values.")
    return words


def _now() -> int:
    return time.time_ns() // 1_000_000
