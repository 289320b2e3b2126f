"""Saving a model to a folder, or among the artifacts of a run."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steelyard.errors import InvalidArgument, NotFound
from steelyard.flavors import pickles, skops_format
from steelyard.flavors.examples import example_bytes
from steelyard.flavors.manifest import FILES, INPUT_EXAMPLE, MANIFEST, Format, ModelManifest, describe, write_manifest
from steelyard.flavors.places import DIGEST_TAG
from steelyard.flavors.signature import ModelSignature, signature_of
from steelyard.records import LoggedModel, Store
from steelyard.tracking import get_store, run_for_evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """A model that was logged.

    Args:
        model_uri: the address that loads it, ``models:/<model id>``.
        model_id: its id.
        run_id: the run it was logged to.
        name: the name it was given.
        artifact_path: the folder of its files among the run's artifacts.
        digest: of the model's file, as ``trusted_digest`` takes it.
        signature: the columns that go in and come out, if known.
        flavor: the library it belongs to.
    """

    model_uri: str
    model_id: str
    run_id: str
    name: str
    artifact_path: str
    digest: str
    signature: ModelSignature | None = None
    flavor: str = "sklearn"


def save_model(
    model: object,
    path: str | Path,
    *,
    serialization_format: str = "skops",
    skops_trusted_types: Collection[str] = (),
    signature: ModelSignature | None = None,
    input_example: object = None,
    metadata: Mapping[str, object] | None = None,
) -> ModelManifest:
    """Save a model to a new folder on this machine.

    Args:
        model: a fitted estimator or pipeline of scikit-learn.
        path: a folder that does not exist yet, or is empty.
        serialization_format: ``skops``, which loads without running code; or ``cloudpickle`` or ``pickle``, which load
            only where the caller names the digest.
        skops_trusted_types: full names of types beyond our list that are known to be in the model.
        signature: what ``infer_signature`` returned; otherwise taken from the example.
        input_example: a few rows of input, kept beside the model.
        metadata: words to keep with it.

    Raises:
        InvalidArgument: if the folder has something in it.
        ModelError: if the model cannot be saved in this format.
    """
    folder = Path(path)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidArgument(f"{str(path)!r} is there already. Save the model to a new folder.")
    manifest, files = _pack(
        model,
        serialization_format,
        trusted=skops_trusted_types,
        signature=signature,
        example=input_example,
        metadata=metadata,
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))  # of mode 0700
    try:
        for name, content in files.items():
            (draft / name).write_bytes(content)
        draft.replace(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return manifest


def log_model(
    model: object,
    name: str,
    *,
    serialization_format: str = "skops",
    skops_trusted_types: Collection[str] = (),
    signature: ModelSignature | None = None,
    input_example: object = None,
    metadata: Mapping[str, object] | None = None,
    params: Mapping[str, object] | None = None,
    tags: Mapping[str, object] | None = None,
) -> ModelInfo:
    """Save a model among the artifacts of the active run, starting and ending one if none is active.

    Args:
        model: a fitted estimator or pipeline of scikit-learn.
        name: the model's name in the run, such as ``sentiment_model``.
        serialization_format, skops_trusted_types, signature, input_example, metadata: see ``save_model``.
        params: words about how it was made.
        tags: labels.

    Raises:
        ModelError: if the model cannot be saved in this format; nothing is logged then.
    """
    if not isinstance(name, str) or not name.strip("/ "):
        raise InvalidArgument(f"A model needs a name such as 'sentiment_model', not {name!r}.")
    manifest, files = _pack(
        model,
        serialization_format,
        trusted=skops_trusted_types,
        signature=signature,
        example=input_example,
        metadata=metadata,
    )
    name = name.strip("/ ")
    with run_for_evaluation() as run:
        store = get_store(run.store_uri)
        run_id = run.info.run_id
        folder = _free_folder(store, run_id, name)
        for file, content in files.items():
            store.artifacts.put(run_id, f"{folder}/{file}", content, media_type=_media_type(file))
        logged = store.models.create(
            LoggedModel(
                model_id=f"m-{secrets.token_hex(16)}",
                name=name,
                experiment_id=run.info.experiment_id,
                source_run_id=run_id,
                artifact_path=folder,
                flavor=manifest.flavor,
                creation_timestamp=manifest.created,
                params={key: str(value) for key, value in (params or {}).items()},
                tags={**{key: str(value) for key, value in (tags or {}).items()}, DIGEST_TAG: manifest.sha256},
            )
        )
    return ModelInfo(
        model_uri=logged.model_uri,
        model_id=logged.model_id,
        run_id=run_id,
        name=name,
        artifact_path=folder,
        digest=manifest.digest,
        signature=manifest.signature,
        flavor=manifest.flavor,
    )


def _pack(
    model: Any,
    serialization_format: str,
    *,
    trusted: Collection[str],
    signature: ModelSignature | None,
    example: object,
    metadata: Mapping[str, object] | None,
) -> tuple[ModelManifest, dict[str, bytes]]:
    """Return a model's manifest and its files, all of them made before any is written."""
    how = _format(serialization_format)
    if not hasattr(model, "fit") or not (hasattr(model, "predict") or hasattr(model, "transform")):
        raise InvalidArgument(
            f"A model is an estimator with fit, and predict or transform; a {type(model).__name__} is not."
        )
    content = skops_format.dump(model, accepted=trusted) if how == "skops" else pickles.dump(model, how=how)
    files = {FILES[how]: content}
    if example is not None:
        files[INPUT_EXAMPLE] = example_bytes(example)
    kept = signature_of(signature, model=model, example=example)
    manifest = describe(
        content, model=model, how=how, signature=kept, has_input_example=example is not None, metadata=metadata
    )
    return manifest, {**files, MANIFEST: write_manifest(manifest)}


def _format(name: str) -> Format:
    found = next((known for known in FILES if known == name), None)
    if found is None:
        raise InvalidArgument(f"serialization_format is one of {', '.join(FILES)}, not {name!r}.")
    return found


def _free_folder(store: Store, run_id: str, name: str) -> str:
    """Return a folder for a model's files: its name, or with a number if the run has a model of that name already."""
    folder, number = name, 1
    while _taken(store, run_id, folder):
        number += 1
        folder = f"{name}-{number}"
    return folder


def _taken(store: Store, run_id: str, folder: str) -> bool:
    try:
        store.artifacts.stat(run_id, f"{folder}/{MANIFEST}")
    except NotFound:
        return False
    return True


def _media_type(file: str) -> str:
    return "application/json" if file.endswith(".json") else "application/octet-stream"
