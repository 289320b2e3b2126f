"""The types that a model file may hold: our own list, in code. Nothing in an artifact can add to it.

A type stands here if making one from a file runs no code of the file's choosing, and if what compiled code later reads
from it is checked after loading (see ``structures``). Everything else needs the caller's word.
"""

from __future__ import annotations

from functools import lru_cache

_SCALARS = (
    *(
        "bool",
        "bool_",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "longlong",
        "ulonglong",
    ),
    *("intc", "uintc", "float16", "float32", "float64", "longdouble", "complex64", "complex128", "str_", "bytes_"),
    *("datetime64", "timedelta64"),
)
_NUMPY_SCALARS = frozenset(f"numpy.{name}" for name in _SCALARS)
_PLAIN_TYPES = frozenset(f"builtins.{name}" for name in ("bool", "int", "float", "complex", "str", "bytes", "NoneType"))
_CONTAINERS = frozenset(f"builtins.{name}" for name in ("list", "tuple", "dict", "set", "frozenset"))

_UFUNC_MODULES = ("numpy", "numpy._core._multiarray_umath", "numpy._core.umath", "numpy.core._multiarray_umath")
_UFUNCS = (
    *(
        "abs",
        "absolute",
        "arcsinh",
        "arctan",
        "cbrt",
        "ceil",
        "cos",
        "deg2rad",
        "exp",
        "exp2",
        "expm1",
        "fabs",
        "floor",
    ),
    *("log", "log10", "log1p", "log2", "negative", "rad2deg", "reciprocal", "rint", "sign", "sin", "sinh", "sqrt"),
    *("square", "tan", "tanh", "trunc"),
)
_SPECIAL = ("expit", "logit", "log1p", "expm1", "exp10", "exp2", "cbrt", "erf", "ndtr")
_SCORES = ("chi2", "f_classif", "f_oneway", "f_regression", "r_regression")
_MUTUAL = ("mutual_info_classif", "mutual_info_regression")

_LINKS = ("HalfLogitLink", "IdentityLink", "Interval", "LogLink", "LogitLink", "MultinomialLogit")
_LOSSES = (
    *(
        "AbsoluteError",
        "ExponentialLoss",
        "HalfBinomialLoss",
        "HalfGammaLoss",
        "HalfMultinomialLoss",
        "HalfPoissonLoss",
    ),
    *("HalfSquaredError", "HalfTweedieLoss", "HalfTweedieLossIdentity", "HuberLoss", "PinballLoss"),
)
_COMPILED_LOSSES = (*(f"Cy{name}" for name in _LOSSES),)
_SGD_LOSSES = (
    *("EpsilonInsensitive", "Hinge", "Huber", "Log", "ModifiedHuber", "SquaredEpsilonInsensitive", "SquaredHinge"),
    "SquaredLoss",
)
_SPLITTERS = (
    *("GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneGroupOut", "LeaveOneOut", "LeavePOut", "PredefinedSplit"),
    *("RepeatedKFold", "RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedGroupKFold", "StratifiedKFold"),
    *("StratifiedShuffleSplit", "TimeSeriesSplit"),
)
_KERNELS = (
    *("CompoundKernel", "ConstantKernel", "DotProduct", "ExpSineSquared", "Exponentiation", "Matern", "PairwiseKernel"),
    *("Product", "RBF", "RationalQuadratic", "Sum", "WhiteKernel"),
)
_DISTANCES = ("EuclideanDistance", "ManhattanDistance", "ChebyshevDistance", "MinkowskiDistance")

_PARTS_OF_ESTIMATORS = frozenset(
    (
        *(f"sklearn._loss.link.{name}" for name in _LINKS),
        *(f"sklearn._loss.loss.{name}" for name in _LOSSES),
        *(f"sklearn.model_selection._split.{name}" for name in _SPLITTERS),
        *(f"sklearn.gaussian_process.kernels.{name}" for name in _KERNELS),
        *(f"sklearn.metrics._dist_metrics.{name}{bits}" for name in _DISTANCES for bits in ("", "32", "64")),
        *(f"sklearn.neighbors._{kind}_tree.{name}" for kind, name in (("kd", "KDTree"), ("ball", "BallTree"))),
        *(f"sklearn.neighbors._{kind}_tree.{name}64" for kind, name in (("kd", "KDTree"), ("ball", "BallTree"))),
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.metrics._scorer._PassthroughScorer",
        "sklearn.multiclass._ConstantPredictor",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    )
)

_FUNCTIONS = frozenset(
    (
        *(f"{module}.{name}" for module in _UFUNC_MODULES for name in _UFUNCS),
        *(f"{module}.{name}" for module in ("scipy.special", "scipy.special._ufuncs") for name in _SPECIAL),
        *(f"sklearn.feature_selection._univariate_selection.{name}" for name in _SCORES),
        *(f"sklearn.feature_selection._mutual_info.{name}" for name in _MUTUAL),
        "numpy.mean",
        "sklearn.utils.validation.check_array",
    )
)

_SPARSE = frozenset(
    f"scipy.sparse._{kind}.{kind}_{form}"
    for kind in ("bsr", "coo", "csc", "csr", "dia")
    for form in ("array", "matrix")
)

# What each kind of node in a file may make. A kind that is missing here makes nothing without the caller's word:
# bound methods, operator functions and types of other packages among them.
_BY_NODE: dict[str, frozenset[str]] = {
    "BytesNode": frozenset(("builtins.bytes",)),
    "BytearrayNode": frozenset(("builtins.bytearray",)),
    "ConstructorFromReduceNode": frozenset(("builtins.complex", "builtins.frozenset")),
    "DefaultDictNode": frozenset(("collections.defaultdict",)),
    "DictNode": frozenset(("builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch")),
    "DTypeNode": frozenset(("numpy.dtype",)),
    "FunctionNode": _FUNCTIONS,
    "ListNode": frozenset(("builtins.list",)),
    "LossNode": frozenset(
        (
            *(f"sklearn._loss._loss.{name}" for name in _COMPILED_LOSSES),
            *(f"sklearn.linear_model._sgd_fast.{name}" for name in _SGD_LOSSES),
        )
    ),
    "MaskedArrayNode": frozenset(("numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray")),
    "NdArrayNode": _NUMPY_SCALARS | {"numpy.ndarray"},
    "PartialNode": frozenset(("functools.partial",)),  # its function is a node of its own and must be allowed too
    "RandomGeneratorNode": frozenset(("numpy.random._generator.Generator",)),
    "RandomStateNode": frozenset(("numpy.random.mtrand.RandomState",)),
    "SetNode": frozenset(("builtins.set",)),
    "SliceNode": frozenset(("builtins.slice",)),
    "SparseMatrixNode": _SPARSE,
    "TreeNode": frozenset(("sklearn.tree._tree.Tree",)),
    "TupleNode": frozenset(("builtins.tuple",)),
    "TypeNode": _PLAIN_TYPES | _CONTAINERS | _NUMPY_SCALARS | {"numpy.ndarray"},
}


def is_allowed(node: str, type_name: str) -> bool:
    """Return whether a node of this kind may make this type.

    Args:
        node: the kind of node, such as ``ObjectNode``.
        type_name: the type's full name, such as ``sklearn.svm._classes.SVC``.
    """
    if node == "JsonNode":  # texts, numbers and None: its type is not looked at
        return True
    if node == "ObjectNode":
        return type_name in _PARTS_OF_ESTIMATORS or type_name in _estimators()
    return type_name in _BY_NODE.get(node, ())


@lru_cache(maxsize=1)
def allowed_names() -> frozenset[str]:
    """Return every allowed name, whatever the node, for the second look that skops takes."""
    return frozenset().union(_PARTS_OF_ESTIMATORS, _estimators(), *_BY_NODE.values())


@lru_cache(maxsize=1)
def _estimators() -> frozenset[str]:
    """Return the estimators of the installed scikit-learn; third parties' are not among them."""
    from sklearn.utils import all_estimators

    names = (f"{kind.__module__}.{kind.__name__}" for _, kind in all_estimators())
    return frozenset(name for name in names if name.startswith("sklearn."))
