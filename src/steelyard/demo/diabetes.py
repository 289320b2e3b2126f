"""The study of a regression: how far diabetes went on within a year."""

from __future__ import annotations

from typing import Any

from steelyard.demo.study import Contender, Study
from steelyard.metrics import by_bins

_DESCRIPTION = """How far had diabetes gone on after a year? A line through the body mass index alone (the baseline)
and ridge regression on all ten measurements (the candidate).

Data: Efron, Hastie, Johnstone & Tibshirani, Least Angle Regression (2004), 442 patients, as scikit-learn ships it
(BSD 3-Clause)."""


def diabetes(*, seed: int) -> Study:
    """Return the study of diabetes, from scikit-learn's own data.

    Args:
        seed: of the split.
    """
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import LinearRegression, RidgeCV
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    loaded: Any = load_diabetes(as_frame=True, scaled=False)
    patients = loaded.frame.rename(columns={"target": "progression"})
    measured = tuple(name for name in patients.columns if name != "progression")
    patients = patients.assign(patient=[f"patient-{i:03d}" for i in range(len(patients))])
    train, held_out = train_test_split(patients, test_size=0.5, random_state=seed)
    return Study(
        name="Demo: course of diabetes",
        title=f"Course of diabetes: {len(held_out):,} patients held out, {len(train):,} to learn from",
        description=_DESCRIPTION,
        dataset="diabetes, held out half",
        model_type="regressor",
        target="progression",
        held_out=held_out.reset_index(drop=True),
        id_column="patient",
        contenders=(
            Contender(
                name="body mass index alone",
                description="A straight line through the body mass index.",
                estimator=LinearRegression(),
                learns_from=train,
                features=("bmi",),
                params={"learner": "linear regression"},
            ),
            Contender(
                name="ridge, all measurements",
                description="Ridge regression on all measurements, its penalty chosen by cross-validation.",
                estimator=make_pipeline(StandardScaler(), RidgeCV()),
                learns_from=train,
                features=measured,
                params={"learner": "ridge regression"},
            ),
        ),
        slices=[by_bins("age", [40, 55]), by_bins("bmi", 3)],
        shown=("mean_absolute_error", "root_mean_squared_error", "r2_score"),
    )
