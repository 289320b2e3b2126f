"""What is shown where nothing can be downloaded: the same kinds of study on scikit-learn's own data."""

from __future__ import annotations

from typing import Any

from steelyard.demo.mistakes import CONFIDENT_MISTAKES, SUREST_MISTAKES
from steelyard.demo.study import Contender, Study
from steelyard.metrics import by_bins

LEFT_OUT = "8"
KEPT_SHARE = 0.3

_DIGITS = """Which digit was written? Pixels of 8 × 8 images. The candidate is a better learner, but its training data
stands for a cheaper round of labelling: {left:,} of {all:,} images of the digit {digit} are left out. The third run is
the check: the same learner with nothing left out.

Data: Optical Recognition of Handwritten Digits (Alpaydin & Kaynak, 1998), as scikit-learn ships it (BSD 3-Clause)."""
_TUMOURS = """Is a tumour benign? Logistic regression on all measurements, and on all but those of its size, weighed by
the tumour's size. Positive means: benign.

Data: Breast Cancer Wisconsin (Diagnostic) (Wolberg, Street & Mangasarian, 1995), as scikit-learn ships it (BSD
3-Clause)."""


def digits(*, seed: int) -> Study:
    """Return the study of written digits.

    Args:
        seed: of the split and of what is left out.
    """
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import train_test_split
    from sklearn.naive_bayes import GaussianNB

    loaded: Any = load_digits(as_frame=True)
    images = loaded.frame
    pixels = tuple(name for name in images.columns if name != "target")
    ink = images[list(pixels)].sum(axis=1)
    names = [f"image-{i:04d}" for i in range(len(images))]
    stroke = np.where(ink > ink.median(), "heavy", "light")
    images = images.assign(image=names, digit=images["target"].astype(str), ink=ink, stroke=stroke)
    images = images.drop(columns="target")
    train, held_out = train_test_split(images, test_size=0.5, random_state=seed, stratify=images["digit"])
    of_digit = (train["digit"] == LEFT_OUT).to_numpy()
    fewer = train[~of_digit | (np.random.default_rng(seed).random(len(train)) < KEPT_SHARE)]
    left = len(train) - len(fewer)
    return Study(
        name="Demo: written digits",
        title=f"Written digits: {len(held_out):,} images held out, {len(train):,} to learn from",
        description=_DIGITS.format(left=left, all=int(of_digit.sum()), digit=LEFT_OUT),
        dataset="digits, held out half",
        model_type="classifier",
        target="digit",
        held_out=held_out.reset_index(drop=True),
        id_column="image",
        contenders=(
            Contender(
                name="naive Bayes, all images",
                description=f"Gaussian naive Bayes on pixels, trained on all {len(train):,} images.",
                estimator=GaussianNB(),
                learns_from=train,
                features=pixels,
                params={"learner": "Gaussian naive Bayes", "left_out": "nothing"},
            ),
            Contender(
                name="forest, cheaper labels",
                description=f"Extremely randomised trees, trained without {left:,} images of the digit {LEFT_OUT}.",
                estimator=ExtraTreesClassifier(100, random_state=seed),
                learns_from=fewer,
                features=pixels,
                params={"learner": "extra trees", "trees": 100, "left_out": f"{left} images of {LEFT_OUT}"},
            ),
            Contender(
                name="forest, all images",
                description="The check: the candidate's learner with nothing left out of its training data.",
                estimator=ExtraTreesClassifier(100, random_state=seed),
                learns_from=train,
                features=pixels,
                params={"learner": "extra trees", "trees": 100, "left_out": "nothing"},
            ),
        ),
        slices=["digit", ["digit", "stroke"], by_bins("ink", 4), {"round digits": _is_round}],
        extra_metrics=(CONFIDENT_MISTAKES,),
        extra_artifacts=(SUREST_MISTAKES,),
        shown=("accuracy_score", "f1_score_macro", "log_loss", "confident_mistakes/mean"),
        cause="the same learner with nothing left out",
    )


def tumours(*, seed: int) -> Study:
    """Return the study of tumours.

    Args:
        seed: of the split.
    """
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    loaded: Any = load_breast_cancer(as_frame=True)
    found = loaded.frame
    measured = tuple(name for name in found.columns if name != "target")
    without = tuple(n for n in measured if not any(size in n for size in ("radius", "perimeter", "area")))
    found = found.assign(
        tumour=[f"tumour-{i:03d}" for i in range(len(found))],
        finding=found["target"].map({0: "malignant", 1: "benign"}),
    ).drop(columns="target")
    train, held_out = train_test_split(found, test_size=0.5, random_state=seed, stratify=found["finding"])

    def contender(name: str, features: tuple[str, ...], description: str) -> Contender:
        return Contender(
            name=name,
            description=description,
            estimator=make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
            learns_from=train,
            features=features,
            params={"learner": "logistic regression"},
        )

    return Study(
        name="Demo: tumours by size",
        title=f"Tumours: {len(held_out):,} held out, {len(train):,} to learn from",
        description=_TUMOURS,
        dataset="breast cancer, held out half",
        model_type="classifier",
        target="finding",
        held_out=held_out.reset_index(drop=True),
        id_column="tumour",
        contenders=(
            contender("with size", measured, "Logistic regression on all thirty measurements."),
            contender("without size", without, "The same, not told radius, perimeter and area."),
        ),
        slices=[by_bins("mean radius", 3)],
        pos_label="benign",
        shown=("accuracy_score", "roc_auc", "selection_rate"),
        gaps=(("mean radius", "demographic_parity_difference"),),
    )


def _is_round(images: Any) -> Any:
    return images["digit"].isin(("0", "6", "8", "9"))
