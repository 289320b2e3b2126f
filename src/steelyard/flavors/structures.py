"""What compiled code will follow without looking: indices in trees, neighbour trees, support vectors, sparse arrays.

Reading a file of allowed types runs no code of the file's, but scikit-learn's compiled predictors trust the numbers
in a model. A number that points outside an array would crash the process, so those numbers are checked after loading.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from steelyard.errors import ModelError


def check_structures(model: object, *, what: str) -> None:
    """Check every structure in a loaded model whose numbers are used as indices.

    Args:
        model: what was loaded.
        what: the file's name, for errors.

    Raises:
        ModelError: naming the part that points outside itself.
    """
    try:
        for part in _parts(model):
            for check in _CHECKS.get(_kind(part), ()):
                check(part)
    except _Broken as broken:
        raise ModelError(f"{what} is damaged: {broken}. Nothing was loaded.") from broken
    except (AttributeError, TypeError, ValueError, IndexError, KeyError) as error:
        raise ModelError(f"{what} is damaged: a part of it is not what its type says ({error}).") from error


class _Broken(Exception):
    """A structure that points outside itself."""


def _parts(model: object) -> Iterator[Any]:
    """Yield an estimator and everything in it, each once."""
    waiting: list[Any] = [model]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen or isinstance(part, (str, bytes, int, float, type(None))):
            continue
        seen.add(id(part))
        yield part
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, (list, tuple, set, frozenset)):
            waiting.extend(part)
        elif isinstance(part, np.ndarray):
            waiting.extend(part.ravel().tolist() if part.dtype == object else ())
        elif hasattr(part, "__dict__") and not isinstance(part, type):
            waiting.extend(vars(part).values())


def _kind(part: object) -> str:
    for kind in type(part).__mro__:
        if kind.__name__ in _CHECKS:
            return kind.__name__
    return ""


def _tree(tree: Any) -> None:
    state = tree.__getstate__()
    nodes = state["nodes"]
    inner = nodes["left_child"] != -1
    _branches(nodes["left_child"], nodes["right_child"], inner, "a decision tree")
    _within(nodes["feature"][inner], tree.n_features, "a decision tree's features")


def _tree_estimator(estimator: Any) -> None:
    if hasattr(estimator, "tree_") and estimator.tree_.n_features != estimator.n_features_in_:
        raise _Broken("a decision tree splits on other features than its model has")


def _boosted_trees(model: Any) -> None:
    for estimator in np.ravel(getattr(model, "estimators_", np.array([], dtype=object))):
        tree = estimator.tree_
        if tree.n_features != model.n_features_in_ or tree.value.shape[1:] != (1, 1):
            raise _Broken("a boosted tree has another shape than its model")


def _histogram_trees(model: Any) -> None:
    fitted = vars(model)
    if "_predictors" not in fitted:
        return
    categorical = np.asarray(fitted["_bin_mapper"].is_categorical_)
    if categorical.shape != (model.n_features_in_,):
        raise _Broken("a boosted model's bins are for another number of features")
    for predictor in (tree for stage in fitted["_predictors"] for tree in stage):
        nodes = predictor.nodes
        inner = nodes["is_leaf"] == 0
        _branches(nodes["left"], nodes["right"], inner, "a boosted tree")
        _within(nodes["feature_idx"][inner], model.n_features_in_, "a boosted tree's features")
        by_category = inner & (nodes["is_categorical"] != 0)
        _within(nodes["bitset_idx"][by_category], len(predictor.raw_left_cat_bitsets), "a boosted tree's categories")
        if not categorical[nodes["feature_idx"][by_category].astype(np.int64)].all():
            raise _Broken("a boosted tree takes a number for a category")


def _branches(left: np.ndarray, right: np.ndarray, inner: np.ndarray, what: str) -> None:
    """Children stand after their parent, so that no path leaves the array or returns."""
    index = np.arange(len(left))[inner]
    for child in (left[inner].astype(np.int64), right[inner].astype(np.int64)):
        if not ((child > index) & (child < len(left))).all():
            raise _Broken(f"{what} has a branch that leads out of it")


def _neighbour_tree(tree: Any) -> None:
    data, order, nodes, bounds = (np.asarray(array) for array in tree.get_arrays())
    _within(order, len(data), "a neighbour tree's points")
    levels, count = tree.__getstate__()[5:7]
    if not len(order) == len(data) or not len(nodes) == count == 2**levels - 1 == bounds.shape[1]:
        raise _Broken("a neighbour tree has another size than it says")
    if bounds.shape[2] != data.shape[1]:
        raise _Broken("a neighbour tree's bounds are for another number of features")
    _within(nodes["idx_start"], len(data) + 1, "a neighbour tree's nodes")
    _within(nodes["idx_end"], len(data) + 1, "a neighbour tree's nodes")
    leaves = np.arange(count) >= count // 2
    if not nodes["is_leaf"][leaves].all():
        raise _Broken("a neighbour tree has a branch that leads out of it")


def _support_vectors(model: Any) -> None:
    fitted = vars(model)
    if "support_vectors_" not in fitted:
        return
    count = len(model.support_)
    coefficients = fitted["_dual_coef_"]
    per_class = fitted["_n_support"]
    classes = len(per_class)
    # of a regressor's two counts only the first is written
    used = per_class if hasattr(model, "classes_") else per_class[:1]
    if classes < 2 or used.min() < 0 or used.sum() != count:
        raise _Broken("a support vector machine has another number of support vectors than it says")
    if coefficients.shape != (classes - 1, count) or fitted["_intercept_"].shape != (classes * (classes - 1) // 2,):
        raise _Broken("a support vector machine's coefficients are for other support vectors")
    if model.kernel != "precomputed" and model.support_vectors_.shape != (count, model.n_features_in_):
        raise _Broken("a support vector machine's support vectors have another shape than its model")
    for curve in (fitted["_probA"], fitted["_probB"]):
        if len(curve) not in (0, classes * (classes - 1) // 2):
            raise _Broken("a support vector machine's probabilities are for other classes")


def _sparse(matrix: Any) -> None:
    if hasattr(matrix, "check_format"):
        matrix.check_format(full_check=True)


def _within(indices: np.ndarray, end: int, what: str) -> None:
    values = np.asarray(indices).astype(np.int64)
    if values.size and (values.min() < 0 or values.max() >= end):
        raise _Broken(f"{what} point outside of 0 to {end - 1}")


_CHECKS = {
    "Tree": (_tree,),
    "BaseDecisionTree": (_tree_estimator,),
    "BaseGradientBoosting": (_boosted_trees,),
    "BaseHistGradientBoosting": (_histogram_trees,),
    "BinaryTree": (_neighbour_tree,),
    "KDTree": (_neighbour_tree,),
    "BallTree": (_neighbour_tree,),
    "BaseLibSVM": (_support_vectors,),
    "spmatrix": (_sparse,),
    "sparray": (_sparse,),
    "_spbase": (_sparse,),
}
