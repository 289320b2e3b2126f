"""Keep it: summaries, estimates, replicates and rows of an evaluated application go into its run."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from steelyard.evaluation.genai.aggregation import Aggregated
from steelyard.evaluation.genai.criteria import criteria_tag, decide, decide_without_criteria
from steelyard.evaluation.genai.lines import lines
from steelyard.evaluation.genai.request import Request
from steelyard.evaluation.genai.result import ApplicationResult
from steelyard.evaluation.genai.rowsfile import RowsFile
from steelyard.evaluation.genai.taking_up import Opened
from steelyard.evaluation.recording import Keeper
from steelyard.records import (
    APPLICATION_PATH,
    ApplicationSummary,
    DatasetRef,
    EvaluationSummary,
    Line,
    Rows,
    Spent,
    Usage,
)

_RUN_TYPE = "mlflow.runType"
_CRITERIA = "mlflow.genaiEvaluate.qualityCriteria"
_TAGS_LOOKED_AT = 1000


def record(request: Request, place: Opened, found: Aggregated, *, seconds: float, forecast: str) -> ApplicationResult:
    """Write everything into the run and return the result.

    Args:
        request: what was asked for.
        place: the run and its ledger.
        found: what the lines say together.
        seconds: how long it took.
        forecast: what was said before it began.
    """
    keeper = Keeper(place.store, place.run)
    application = _application(request, place, found, seconds=seconds, forecast=forecast)
    keeper.replicates(found.replicates)
    keeper.file_content(APPLICATION_PATH, msgspec.json.encode(application))
    with tempfile.TemporaryDirectory(prefix="steelyard-") as folder:
        path = Path(folder) / "rows.parquet"
        left_out = _write_rows(path, request, place, found)
        rows_path = keeper.rows(path)
        warnings = (*found.warnings, *_about(left_out))
        summary = _summary(request, found)
        summary = replace(summary, rows_path=rows_path, warnings=warnings, duration_seconds=round(seconds, 3))
        kept = keeper.finish(summary, summary.dataset.columns)
    place.store.runs.log_batch(place.run.info.run_id, tags=_tags(request))
    decision = decide(request.criteria, found.estimates) if request.criteria else decide_without_criteria(found.passing)
    return ApplicationResult(
        kept.run_id, kept.summary, kept.artifacts, kept.store, application=application, decision=decision
    )


def _write_rows(path: Path, request: Request, place: Opened, found: Aggregated) -> tuple[str, ...]:
    """Write the lines; return what there was no room for."""
    slices = {name: column.to_pylist() for name, column in found.slice_columns.items()}
    with RowsFile(path, feedback=found.feedback, names=found.names, slices=slices) as file:
        for line in lines(request.rows, request.repeats, place.store.ledgers, place.run.info.run_id):
            file.write(_clustered(line) if found.clusters else line)
    return tuple(file.left_out)


def _clustered(line: Line) -> Line:
    """Return a line whose session names what is independent: a row without one stands for itself."""
    return line if line.row.session is not None else replace(line, row=replace(line.row, session=line.row.row_id))


def _summary(request: Request, found: Aggregated) -> EvaluationSummary:
    rows = request.rows
    return EvaluationSummary(
        task="genai",
        model_type="genai",
        dataset=DatasetRef(
            name=rows.name,
            digest=rows.digest,
            rows_digest=_rows_digest(rows),
            n_rows=len(rows),
            columns=_columns(rows),
            **_stored(rows),
        ),
        model=request.predict_name if request.predict is not None else "",
        n_rows=len(rows),
        outcomes=found.predictions,
        confidence=request.confidence,
        replicates=request.replicates,
        seed=request.seed,
        metrics=found.metrics,
        estimates=found.estimates,
        slices=found.slices,
        clusters=found.clusters,
    )


def _stored(rows: Rows) -> dict[str, Any]:
    """Return what a dataset's reference says of the stored version that the rows are, if they are one."""
    dataset = getattr(rows, "dataset", None)  # rows from elsewhere know of none
    if dataset is None:
        return {}
    return {
        "source": dataset.source,
        "dataset_id": dataset.dataset_id,
        "version": dataset.version,
        "version_digest": dataset.version_digest,
    }


def _application(
    request: Request, place: Opened, found: Aggregated, *, seconds: float, forecast: str
) -> ApplicationSummary:
    judges = sum((scorer.usage for scorer in found.scorers), Usage())
    state = place.store.ledgers.state(place.run.info.run_id) or place.state
    predicted = _minus(state.usage, judges)
    budget = request.budget
    return ApplicationSummary(
        rows=len(request.rows),
        repeats=request.repeats,
        predicted_by=request.predict_name,
        predictions=found.predictions,
        latency_p50=found.latencies.get("p50"),
        latency_p90=found.latencies.get("p90"),
        latency_p99=found.latencies.get("p99"),
        scorers=found.scorers,
        feedback=found.feedback,
        spent=Spent(
            seconds=round(seconds, 3),
            predict=predicted,
            judges=judges,
            max_cost=budget.max_cost,
            max_tokens=budget.max_tokens,
            max_seconds=budget.max_seconds,
            forecast=forecast,
        ),
        tags=_tag_names(request.rows),
        clustered_by=found.clusters or "",
        resumed=int(place.went_on),
    )


def _about(left_out: Sequence[str]) -> tuple[str, ...]:
    if not left_out:
        return ()
    shown = ", ".join(left_out[:5]) + (", …" if len(left_out) > 5 else "")
    return (f"{len(left_out):,} tags and expectations have no column in rows.parquet, there are too many: {shown}.",)


def _minus(all_of_it: Usage, part: Usage) -> Usage:
    cost = None if all_of_it.cost is None else max(0.0, all_of_it.cost - (part.cost or 0.0))
    return Usage(
        input_tokens=max(0, all_of_it.input_tokens - part.input_tokens),
        output_tokens=max(0, all_of_it.output_tokens - part.output_tokens),
        cost=cost,
    )


def _tag_names(rows: Rows) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for row in islice(iter(rows), _TAGS_LOOKED_AT) for name in row.tags))


def _columns(rows: Rows) -> dict[str, str]:
    first = next(iter(rows))
    inputs = first.inputs if isinstance(first.inputs, Mapping) else {"": first.inputs}
    columns = {f"inputs.{name}".rstrip("."): type(value).__name__ for name, value in inputs.items()}
    return columns | {f"expectations.{name}": type(value).__name__ for name, value in first.expectations.items()}


def _rows_digest(rows: Rows) -> str:
    """Return a digest of the rows in any order, by their ids: the same test data with other outputs has the same."""
    total = 0
    for row in rows:
        total += int.from_bytes(hashlib.blake2b(row.row_id.encode(), digest_size=16).digest(), "big")
    return f"{total % (1 << 128):032x}"


def _tags(request: Request) -> dict[str, str]:
    digests = [scorer.digest for scorer in request.scorers]
    tags = {
        _RUN_TYPE: "genai_evaluate",
        "mlflow.genaiEvaluate.scorersDigest": json.dumps(
            {
                "digest": hashlib.sha256("".join(digests).encode()).hexdigest()[:8],
                "hashed": len(digests),
                "total": len(digests),
            }
        ),
    }
    if request.predict is not None:
        tags["mlflow.genaiEvaluate.agent.function"] = request.predict_name
        tags["mlflow.genaiEvaluate.agent.digest"] = request.predict_digest
    return tags | {_CRITERIA: criteria_tag(request.criteria)} if request.criteria else tags
