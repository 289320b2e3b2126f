"""All binary metrics on all slices with 200 replicates, beside ten of scikit-learn's functions called once.

    python benchmarks/classification.py
    python benchmarks/classification.py --rows 1e5 --trials 3

Ours: every binary metric on all rows and on 20 slices, with an interval for each, from 200 replicates. scikit-learn's:
accuracy, precision, recall, F1, Matthews, balanced accuracy, log loss, ROC AUC, average precision, Brier on all rows,
one value each. Both begin with arrays in memory. Goal: less CPU than scikit-learn's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from measuring import COSTS, alternate, costs, median, report, run_child, table

SIZES = (12, 8)  # slices in each of two dimensions
REPLICATES = 200
BATCH = 262_144


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=float, default=1e6)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--child", choices=["steelyard", "scikit-learn"], help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        report({"steelyard": ours, "scikit-learn": peers}[arguments.child](arguments.data))
        return
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "rows.npz"
        make(data, int(arguments.rows))
        command = [sys.executable, __file__, "--data", data, "--child"]
        names = ("steelyard", "scikit-learn")
        runs = alternate({n: lambda n=n: run_child([*command, n]) for n in names}, trials=arguments.trials)
    mine, theirs = runs["steelyard"], runs["scikit-learn"]
    title = f"Binary metrics on {int(arguments.rows):,} rows, medians of {arguments.trials} runs"
    table(title, [costs(name, runs[name]) for name in runs], head=COSTS)
    told = mine[0].extra
    print(f"\nsteelyard: {told['metrics']} metrics on {told['slices']} slices, {told['estimates']} estimates.")
    ratio = median(mine, "cpu") / median(theirs, "cpu")
    print(f"CPU, ours by scikit-learn's: {ratio:.2f} (goal: below 1). {agreement(told, theirs[0].extra)}")


def make(path: Path, n: int) -> None:
    """Write n rows: a target, a probability with many values, a prediction, two dimensions of slices."""
    import numpy as np

    rng = np.random.default_rng(20)
    true = rng.random(n) < 0.3
    probability = 1 / (1 + np.exp(-(1.6 * true - 1.2 + rng.normal(size=n))))
    codes = {f"code{i}": rng.integers(0, size, n).astype(np.int32) for i, size in enumerate(SIZES)}
    ids = np.arange(n, dtype=np.uint64)
    np.savez(path, ids=ids, true=true, predicted=probability >= 0.5, probability=probability, **codes)


def ours(path: Path) -> Callable[[], Mapping[str, Any]]:
    """Load what is needed, and return the work."""
    import numpy as np
    import scipy.special  # noqa: F401  (loaded on first use otherwise; scikit-learn has loaded it too)

    from steelyard.metrics.binary import BinaryState
    from steelyard.metrics.estimates import Context, estimates
    from steelyard.metrics.plan import Plan
    from steelyard.metrics.states.sliced import Rows
    from steelyard.metrics.weights import buckets_of
    from steelyard.records import SliceInfo

    with np.load(path) as file:
        data = dict(file)

    def work() -> Mapping[str, Any]:
        plan = Plan(labels=("0", "1"), sizes=SIZES, probabilities=True, replicates=REPLICATES)
        state = BinaryState(plan)
        for start in range(0, len(data["ids"]), BATCH):
            part = {name: values[start : start + BATCH] for name, values in data.items()}
            rows = Rows.of(buckets_of(part["ids"]), [part["code0"], part["code1"]])
            state.update(
                rows, ids=part["ids"], true=part["true"], predicted=part["predicted"], positive=part["probability"]
            )
        keys = [(), *((("dimension", f"{i}.{j}"),) for i, size in enumerate(SIZES) for j in range(size))]
        found = estimates(state.readings(), Context([SliceInfo(key, 0) for key in keys]))
        whole = {one.metric: one.estimate.value for one in found if one.slice == ()}
        return {
            "metrics": len(whole),
            "slices": len(keys) - 1,
            "estimates": len(found),
            "values": {name: whole[name] for name in ("accuracy_score", "f1_score", "roc_auc", "log_loss")},
        }

    return work


def peers(path: Path) -> Callable[[], Mapping[str, Any]]:
    """Load what is needed, and return the work."""
    import numpy as np
    from sklearn import metrics as sk

    with np.load(path) as file:
        true, predicted, probability = (file[name] for name in ("true", "predicted", "probability"))
    true, predicted = true.astype(np.int64), predicted.astype(np.int64)

    def work() -> Mapping[str, Any]:
        by_label = (
            sk.accuracy_score, sk.precision_score, sk.recall_score, sk.f1_score, sk.matthews_corrcoef,
            sk.balanced_accuracy_score,
        )  # fmt: skip
        by_score = (sk.log_loss, sk.roc_auc_score, sk.average_precision_score, sk.brier_score_loss)
        values = {f.__name__: float(f(true, predicted)) for f in by_label}
        values |= {f.__name__: float(f(true, probability)) for f in by_score}
        return {"values": {"roc_auc": values.pop("roc_auc_score"), **values}}

    return work


def agreement(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """Return a sentence on the largest difference of the values that both computed."""
    far = max(abs(value - theirs["values"][name]) for name, value in mine["values"].items())
    return f"Values agree to {far:.0e}."


if __name__ == "__main__":
    main()
