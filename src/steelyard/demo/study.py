"""A study: some models that answer one question, evaluated on the same held-out rows in one experiment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from steelyard.compare import Comparison
    from steelyard.evaluation import EvaluationResult

BASELINE_TAG = "steelyard.baseline"
"""The tag of an experiment that names the run others are measured against; the pages read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One model of a study, before it is trained.

    Args:
        name: the run's name.
        description: what it is and what it learned from, in Markdown.
        estimator: of scikit-learn, not fitted.
        learns_from: the rows it is trained on.
        features: the columns it is given.
        params: what was chosen, to be logged.
    """

    name: str
    description: str
    estimator: Any
    learns_from: pd.DataFrame
    features: tuple[str, ...]
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A question, the data, and the models that answer it; the first is the baseline, the second the candidate.

    Args:
        name: the experiment's name.
        title: the study's heading for people.
        description: a note on the experiment: the question, the source of the data and its licence.
        dataset: the name of the held-out data.
        model_type: ``classifier`` or ``regressor``.
        target: the column to predict.
        held_out: the rows that all are evaluated on; no model learns from them.
        id_column: names each row.
        contenders: at least two.
        slices, extra_metrics, extra_artifacts: as for ``evaluate``.
        pos_label: the label that counts as positive, with two labels.
        shown: metrics to print, by their logged names.
        cause: what sets the third contender, the check, apart from the candidate; empty if there is no third.
        gaps: pairs of dimension and measure to print, such as ``("sex", "demographic_parity_difference")``.
    """

    name: str
    title: str
    description: str
    dataset: str
    model_type: str
    target: str
    held_out: pd.DataFrame
    id_column: str
    contenders: tuple[Contender, ...]
    slices: Sequence[Any]
    extra_metrics: Sequence[Any] = ()
    extra_artifacts: Sequence[Any] = ()
    pos_label: object = None
    shown: tuple[str, ...] = ()
    gaps: tuple[tuple[str, str], ...] = ()
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a study found: an evaluation for each contender, candidate against baseline, check against candidate."""

    study: Study
    results: tuple[EvaluationResult, ...]
    comparison: Comparison
    check: Comparison | None = None

    @property
    def run_ids(self) -> dict[str, str]:
        """Run ids by the contenders' names."""
        return {c.name: r.run_id for c, r in zip(self.study.contenders, self.results, strict=True)}


def run_study(study: Study, *, seed: int) -> Outcome:
    """Train and evaluate every contender in runs of its own, mark the baseline, compare the first two."""
    from steelyard.compare import compare
    from steelyard.tracking import set_experiment, set_experiment_tag

    experiment = set_experiment(study.name, tags={"mlflow.note.content": study.description, "demo": "true"})
    results = tuple(_weigh(study, contender, experiment.experiment_id, seed) for contender in study.contenders)
    set_experiment_tag(BASELINE_TAG, results[0].run_id)
    check = compare(results[2], results[1]) if len(results) > 2 else None
    return Outcome(study=study, results=results, comparison=compare(results[1], results[0]), check=check)


def _weigh(study: Study, contender: Contender, experiment_id: str, seed: int) -> EvaluationResult:
    from steelyard.evaluation import evaluate
    from steelyard.sklearn import log_model
    from steelyard.tracking import log_params, start_run

    features = list(contender.features)
    learned = contender.learns_from
    model = contender.estimator.fit(learned[features], learned[study.target])
    role = {0: "baseline", 1: "candidate"}.get(study.contenders.index(contender), "check")
    with start_run(
        experiment_id=experiment_id,
        run_name=contender.name,
        description=contender.description,
        tags={"role": role, "demo": "true"},
    ):
        log_params({"training_rows": len(learned), "features": ", ".join(features), "seed": seed, **contender.params})
        log_model(model, name="model", input_example=study.held_out[features].head(3))
        return evaluate(
            model,
            study.held_out,
            model_type=study.model_type,
            targets=study.target,
            feature_names=features,
            id_column=study.id_column,
            slices=study.slices,
            extra_metrics=study.extra_metrics,
            extra_artifacts=study.extra_artifacts,
            evaluator_config={} if study.pos_label is None else {"pos_label": study.pos_label},
            name=study.dataset,
            seed=seed,
        )
