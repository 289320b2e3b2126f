"""Files made to harm: none of them runs anything, none crashes, each is refused with a reason."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn import ensemble, linear_model, neighbors, svm, tree
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tests.flavors.forging import folder_with, nodes, rewrite

from steelyard import flavors
from steelyard.errors import InvalidArgument, ModelError, NotFound, SteelyardError, UntrustedModel
from steelyard.flavors import skops_format

ROWS, LABELS = load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def honest() -> bytes:
    model = make_pipeline(StandardScaler(), linear_model.LogisticRegression(max_iter=500)).fit(ROWS, LABELS)
    return skops_format.dump(model)


class Bomb:
    """A pickle of this makes a file when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def _with_node(content: bytes, node: dict[str, Any]) -> bytes:
    """Put a node where the pipeline keeps its ``memory``."""

    def change(schema: dict[str, Any]) -> None:
        schema["content"]["content"]["memory"] = node

    return rewrite(content, change)


def _json_node(value: object) -> dict[str, Any]:
    return {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": json.dumps(value)}


def _tuple_node(*values: object) -> dict[str, Any]:
    content = [_json_node(value) for value in values]
    return {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": content}


def _list_of(*values: dict[str, Any], identity: int | None = None) -> dict[str, Any]:
    node = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": list(values)}
    return node if identity is None else {**node, "__id__": identity}


HOSTILE_NODES = {
    "a function": {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"},
    "a function as a type": {"__class__": "system", "__module__": "os", "__loader__": "TypeNode"},
    "a call": {
        "__class__": "system",
        "__module__": "os",
        "__loader__": "ConstructorFromReduceNode",
        "content": _tuple_node("touch mark"),
    },
    "an object": {"__class__": "Popen", "__module__": "subprocess", "__loader__": "ObjectNode", "content": None},
    "a method": {
        "__class__": "str",
        "__module__": "builtins",
        "__loader__": "MethodNode",
        "content": {"func": "format", "obj": _json_node("x")},
    },
    "an operator": {
        "__class__": "methodcaller",
        "__module__": "operator",
        "__loader__": "OperatorFuncNode",
        "attrs": _tuple_node("system", "touch mark"),
    },
    "a list of another type": {"__class__": "system", "__module__": "os", "__loader__": "ListNode", "content": []},
    "a function behind a partial": {
        "__class__": "partial",
        "__module__": "functools",
        "__loader__": "PartialNode",
        "content": {
            "func": {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode"},
            "args": _tuple_node("touch mark"),
            "kwds": _json_node({}),
            "namespace": _json_node({}),
        },
    },
    "numpy.load": {"__class__": "load", "__module__": "numpy", "__loader__": "FunctionNode"},
    "a module of scikit-learn's own": {
        "__class__": "Memory",
        "__module__": "sklearn.externals.joblib",
        "__loader__": "ObjectNode",
        "content": None,
    },
    "a bit generator that is none": {
        "__class__": "Generator",
        "__module__": "numpy.random._generator",
        "__loader__": "RandomGeneratorNode",
        "content": {
            "bit_generator": {
                "__class__": "dict",
                "__module__": "builtins",
                "__loader__": "DictNode",
                "key_types": _list_of(),
                "content": {"bit_generator": _json_node("seed")},
            },
            "seed_seq": _json_node({}),
        },
    },
}


@pytest.mark.parametrize("kind", HOSTILE_NODES)
def test_a_type_beyond_the_list_is_named_and_refused(kind: str, honest: bytes, tmp_path: Path) -> None:
    node = HOSTILE_NODES[kind]
    folder = folder_with(tmp_path / "m", _with_node(honest, node))
    with pytest.raises(UntrustedModel) as refusal:
        flavors.load_model(folder)
    shown = {"a bit generator that is none": "numpy.random.seed", "a function behind a partial": "os.system"}
    named = shown.get(kind, f"{node['__module__']}.{node['__class__']}")
    assert named in str(refusal.value)
    assert re.search(r"trusted_digest='sha256:[0-9a-f]{64}'", str(refusal.value))
    assert list(tmp_path.iterdir()) == [folder]


def test_trust_is_never_read_from_the_artifact(honest: bytes, tmp_path: Path) -> None:
    content = _with_node(honest, HOSTILE_NODES["a call"])

    def boast(schema: dict[str, Any]) -> None:
        schema.update(trusted=["os.system"], allow=["os.system"], skops_trusted_types=["os.system"], __trusted__=True)

    folder = folder_with(tmp_path / "m", rewrite(content, boast, {"trusted.json": b'["os.system"]'}))
    manifest = json.loads((folder / "model.json").read_bytes())
    for key in ("trusted", "allow", "skops_trusted_types", "trusted_types"):
        manifest[key] = ["os.system"]
    (folder / "model.json").write_text(json.dumps(manifest))
    with pytest.raises(UntrustedModel, match=r"os\.system"):
        flavors.load_model(folder)


@pytest.mark.parametrize("protocol", [0, 1, -1, True, "2", None, 99])
def test_an_older_or_odd_protocol_is_refused(protocol: Any, honest: bytes, tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "m", rewrite(honest, lambda schema: schema.update(protocol=protocol)))
    with pytest.raises(ModelError):
        flavors.load_model(folder)


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps], ids=["pickle", "cloudpickle"])
def test_a_renamed_pickle_is_not_read(dumps: Any, tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "m", dumps(Bomb(tmp_path / "mark")))
    with pytest.raises(ModelError, match=r"model\.skops"):
        flavors.load_model(folder)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("member", ["schema.json", "123.npy", "data.pkl"])
def test_a_pickle_inside_an_archive_is_not_read(member: str, honest: bytes, tmp_path: Path) -> None:
    bomb = pickle.dumps(Bomb(tmp_path / "mark"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(member, bomb)
    with pytest.raises(ModelError):
        flavors.load_model(folder_with(tmp_path / "m", out.getvalue()))
    assert not (tmp_path / "mark").exists()


def test_an_array_of_objects_is_not_unpickled(honest: bytes, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    array = np.empty(1, dtype=object)
    array[0] = Bomb(tmp_path / "mark")
    np.save(buffer, array, allow_pickle=True)
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        victim = next(name for name in archive.namelist() if name.endswith(".npy"))
    folder = folder_with(tmp_path / "m", rewrite(honest, lambda _: None, {victim: buffer.getvalue()}))
    with pytest.raises(ModelError, match="pickle"):
        flavors.load_model(folder)
    assert not (tmp_path / "mark").exists()


def test_a_pickle_loads_only_by_its_digest(tmp_path: Path) -> None:
    model = FunctionTransformer(lambda rows: rows * 2).fit(ROWS)
    manifest = flavors.save_model(model, tmp_path / "m", serialization_format="cloudpickle")
    with pytest.raises(UntrustedModel, match=manifest.digest):
        flavors.load_model(tmp_path / "m")
    with pytest.raises(UntrustedModel, match=manifest.digest):
        flavors.load_model(tmp_path / "m", allow=["builtins.object", "tests.flavors"])
    with pytest.raises(UntrustedModel, match="was trusted"):
        flavors.load_model(tmp_path / "m", trusted_digest="sha256:" + "0" * 64)
    with pytest.raises(InvalidArgument, match="sha256:"):
        flavors.load_model(tmp_path / "m", trusted_digest="yes")
    loaded = flavors.load_model(tmp_path / "m", trusted_digest=manifest.digest)
    np.testing.assert_array_equal(loaded.transform(ROWS), ROWS * 2)


def test_a_pickle_swapped_after_it_was_trusted_is_refused(tmp_path: Path) -> None:
    digest = flavors.save_model(StandardScaler().fit(ROWS), tmp_path / "m", serialization_format="pickle").digest
    folder_with(tmp_path / "m", pickle.dumps(Bomb(tmp_path / "mark")), "pickle")
    with pytest.raises(UntrustedModel, match="was trusted"):
        flavors.load_model(tmp_path / "m", trusted_digest=digest)
    assert not (tmp_path / "mark").exists()


def test_a_digest_pins_a_safe_model_too(honest: bytes, tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "m", honest)
    digest = flavors.describe_model(folder).digest
    assert flavors.load_model(folder, trusted_digest=digest).predict(ROWS).shape == (150,)
    with pytest.raises(UntrustedModel):
        flavors.load_model(folder, trusted_digest="sha256:" + "f" * 64)


def test_a_caller_can_allow_a_type_by_name(honest: bytes, tmp_path: Path) -> None:
    node = {
        "__class__": "Decimal",
        "__module__": "decimal",
        "__loader__": "ConstructorFromReduceNode",
        "content": _tuple_node("1.5"),
    }
    folder = folder_with(tmp_path / "m", _with_node(honest, node))
    with pytest.raises(UntrustedModel, match=r"decimal\.Decimal"):
        flavors.load_model(folder)
    with pytest.raises(UntrustedModel, match=r"decimal\.Decimal"):
        flavors.load_model(folder, allow=["decimal.Context"])
    assert str(flavors.load_model(folder, allow=["decimal.Decimal"]).memory) == "1.5"
    trusted = flavors.load_model(folder, trusted_digest=flavors.describe_model(folder).digest)
    assert str(trusted.memory) == "1.5"
    with pytest.raises(InvalidArgument, match="list"):
        flavors.load_model(folder, allow="decimal.Decimal")


def test_a_file_cut_short_anywhere_is_refused(honest: bytes, tmp_path: Path) -> None:
    flavors.save_model(StandardScaler().fit(ROWS), tmp_path / "m")
    path = tmp_path / "m" / "model.skops"
    whole = path.read_bytes()
    for length in (0, 1, 30, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError, match="cut short"):
            flavors.load_model(tmp_path / "m")
        with pytest.raises(ModelError):
            flavors.load_model(folder_with(tmp_path / "forged", whole[:length]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_loads_and_never_crashes(
    data: st.DataObject, honest: bytes, tmp_path: Path
) -> None:
    content = bytearray(honest)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    folder = folder_with(tmp_path / "m", bytes(content))
    # ValueError: it loaded, and scikit-learn found its numbers to disagree
    with contextlib.suppress(SteelyardError, ValueError):
        flavors.load_model(folder).predict(ROWS)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_schema_rewritten_at_random_is_refused_or_loads(data: st.DataObject, honest: bytes, tmp_path: Path) -> None:
    def change(schema: dict[str, Any]) -> None:
        found = nodes(schema)
        victim = found[data.draw(st.integers(0, len(found) - 1))]
        key = data.draw(st.sampled_from(sorted(victim)))
        other = found[data.draw(st.integers(0, len(found) - 1))]
        values = st.sampled_from([None, 0, "", [], {}, "os", other.get(key), other, [other, other]])
        victim[key] = json.loads(json.dumps(data.draw(values)))

    with contextlib.suppress(SteelyardError):
        flavors.load_model(folder_with(tmp_path / "m", rewrite(honest, change)))


def test_a_zip_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("schema.json", b"{}")
        with archive.open("1.npy", "w", force_zip64=True) as member:
            for _ in range(300):
                member.write(b"\x00" * (1 << 20))
    assert len(out.getvalue()) < 1 << 20
    with pytest.raises(ModelError, match="would grow"):
        flavors.load_model(folder_with(tmp_path / "m", out.getvalue()))


def test_a_schema_that_unfolds_without_end_is_refused(honest: bytes, tmp_path: Path) -> None:
    level = _list_of(_json_node(1), identity=1)
    for identity in range(2, 60):
        reference = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "__id__": identity - 1}
        level = _list_of(level, {**reference, "content": []}, identity=identity)
    with pytest.raises(ModelError, match="unfold"):
        flavors.load_model(folder_with(tmp_path / "m", _with_node(honest, level)))


def test_a_schema_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("schema.json", '{"a":' * 100_000 + "1" + "}" * 100_000)
    with pytest.raises(ModelError):
        flavors.load_model(folder_with(tmp_path / "m", out.getvalue()))


def test_an_array_that_promises_more_than_it_has_is_refused(honest: bytes, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (2**40,)})
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        victim = next(name for name in archive.namelist() if name.endswith(".npy"))
    folder = folder_with(tmp_path / "m", rewrite(honest, lambda _: None, {victim: buffer.getvalue()}))
    with pytest.raises(ModelError, match="promises"):
        flavors.load_model(folder)


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("schema.json", "{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("schema.json", "{}")
    with pytest.raises(ModelError, match="one name"):
        flavors.load_model(folder_with(tmp_path / "m", out.getvalue()))


def _forge_arrays(content: bytes, change: Any) -> bytes:
    """Change every array of a file that ``change`` changes."""
    members = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if not name.endswith(".npy"):
                continue
            array = np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
            if change(array):
                buffer = io.BytesIO()
                np.save(buffer, array, allow_pickle=False)
                members[name] = buffer.getvalue()
    assert members
    return rewrite(content, lambda _: None, members)


def _set_field(field: str, value: int) -> Any:
    def change(array: np.ndarray) -> bool:
        if array.dtype.names is None or field not in array.dtype.names or len(array) < 2:
            return False
        array[field][0] = value
        return True

    return change


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (tree.DecisionTreeClassifier(), "left_child", 10**6),
        (tree.DecisionTreeClassifier(), "right_child", 0),
        (tree.DecisionTreeClassifier(), "feature", 10**6),
        (ensemble.RandomForestClassifier(2), "feature", -7),
        (ensemble.GradientBoostingClassifier(n_estimators=2), "left_child", 10**6),
        (ensemble.HistGradientBoostingClassifier(max_iter=2), "left", 10**6),
        (ensemble.HistGradientBoostingClassifier(max_iter=2), "right", 0),
        (ensemble.HistGradientBoostingClassifier(max_iter=2), "feature_idx", 10**6),
        (ensemble.HistGradientBoostingClassifier(max_iter=2), "is_categorical", 1),
        (neighbors.KNeighborsClassifier(algorithm="kd_tree", leaf_size=5), "idx_end", 10**6),
        (neighbors.KNeighborsClassifier(algorithm="ball_tree", leaf_size=5), "idx_start", -5),
    ],
)
def test_an_index_that_would_crash_the_predictor_is_found(model: Any, field: str, value: int, tmp_path: Path) -> None:
    content = skops_format.dump(model.fit(ROWS, LABELS))
    folder = folder_with(tmp_path / "m", _forge_arrays(content, _set_field(field, value)))
    with pytest.raises(ModelError, match="damaged"):
        flavors.load_model(folder)


def test_support_vectors_that_do_not_agree_are_found(tmp_path: Path) -> None:
    model = svm.SVC().fit(ROWS, LABELS)
    model._n_support = model._n_support * 1000
    with pytest.raises(ModelError, match="support vector"):
        flavors.load_model(folder_with(tmp_path / "m", skops_format.dump(model)))


def test_a_sparse_array_that_points_outside_is_found(tmp_path: Path) -> None:
    model = linear_model.LogisticRegression(max_iter=5000).fit(ROWS, LABELS).sparsify()
    model.coef_.indices[0] = 10**6
    with pytest.raises(ModelError, match="damaged"):
        flavors.load_model(folder_with(tmp_path / "m", skops_format.dump(model)))


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"null",
        b"{}",
        b'{"format": "joblib", "sha256": "", "size": 0}',
        b'{"format": "skops", "sha256": 7, "size": 0}',
        b'{"format": "skops", "sha256": "0", "size": 0, "schema_version": 2}',
        b"[" * 100_000,
        b" " * (5 << 20),
    ],
)
def test_a_description_that_describes_nothing_is_refused(manifest: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(manifest)
    (tmp_path / "model.skops").write_bytes(b"")
    with pytest.raises(ModelError, match=r"model\.json"):
        flavors.load_model(tmp_path)


def test_a_description_cannot_name_another_file(honest: bytes, tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "m", honest)
    manifest = json.loads((folder / "model.json").read_bytes())
    (folder / "model.json").write_text(json.dumps({**manifest, "file": "/etc/passwd", "path": "../x"}))
    assert flavors.describe_model(folder).file == "model.skops"


@pytest.mark.parametrize("uri", ["s3://bucket/model", "runs:/", "http://host/model", "", 7])
def test_an_address_of_no_model_is_refused(uri: Any) -> None:
    with pytest.raises(InvalidArgument):
        flavors.load_model(uri)


def test_a_folder_without_a_model_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"model\.json"):
        flavors.load_model(tmp_path)
    with pytest.raises(NotFound):
        flavors.load_model("models:/m-none")
