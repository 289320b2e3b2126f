"""``model.json``: what a model's folder holds, in words that a person and a program can read."""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

import msgspec

from steelyard.errors import ModelError
from steelyard.flavors.signature import ModelSignature

MANIFEST = "model.json"
INPUT_EXAMPLE = "input_example.json"
MAX_MANIFEST = 4 << 20

Format = Literal["skops", "cloudpickle", "pickle"]
# The file is named by the format, here: a name read from a manifest is never joined to a path.
FILES: dict[Format, str] = {"skops": "model.skops", "cloudpickle": "model.pkl", "pickle": "model.pkl"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelManifest:
    """The description of a saved model.

    Args:
        format: how the model is written.
        sha256: hex digest of the model's file.
        size: bytes of the model's file.
        flavor: the library it belongs to.
        model_type: the estimator's class, such as ``Pipeline``, for people.
        versions: the versions of Python and of the libraries that wrote it.
        signature: the columns that go in and come out, if known.
        has_input_example: whether ``input_example.json`` lies beside it.
        created: milliseconds since 1970.
        metadata: the caller's own words.
        schema_version: the version of this description.
    """

    format: Format
    sha256: str
    size: int
    flavor: str = "sklearn"
    model_type: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    signature: ModelSignature | None = None
    has_input_example: bool = False
    created: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)
    schema_version: int = 1

    @property
    def file(self) -> str:
        """The name of the model's file in its folder."""
        return FILES[self.format]

    @property
    def digest(self) -> str:
        """The digest as callers name it in ``trusted_digest``."""
        return f"sha256:{self.sha256}"


def describe(
    content: bytes,
    *,
    model: object,
    how: Format,
    signature: ModelSignature | None,
    has_input_example: bool,
    metadata: Mapping[str, object] | None,
) -> ModelManifest:
    """Return the manifest of a model that was just written."""
    return ModelManifest(
        format=how,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        model_type=type(model).__name__,
        versions=_versions(how),
        signature=signature,
        has_input_example=has_input_example,
        created=time.time_ns() // 1_000_000,
        metadata={str(key): str(value) for key, value in (metadata or {}).items()},
    )


def write_manifest(manifest: ModelManifest) -> bytes:
    """Return a manifest as JSON."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2)


def read_manifest(content: bytes, *, what: str) -> ModelManifest:
    """Return the manifest in some JSON.

    Raises:
        ModelError: if it is damaged, too large, or of a later version.
    """
    if len(content) > MAX_MANIFEST:
        raise ModelError(f"{what} has {len(content):,} bytes; a description of a model has at most {MAX_MANIFEST:,}.")
    try:
        manifest = msgspec.json.decode(content, type=ModelManifest)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise ModelError(f"{what} does not describe a model: {error}") from error
    if manifest.schema_version != 1:
        raise ModelError(f"{what} is of version {manifest.schema_version}; this Steelyard reads version 1. Upgrade it.")
    return manifest


def verify(content: bytes, manifest: ModelManifest, *, what: str) -> str:
    """Return the digest of a model's bytes, which must be the one in its manifest.

    Raises:
        ModelError: if the file was cut short or altered.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != manifest.sha256:
        raise ModelError(
            f"{what} is not the file that was saved: it has {len(content):,} bytes and the digest sha256:{found}, "
            f"its description says {manifest.size:,} bytes and {manifest.digest}. It was cut short or altered."
        )
    return f"sha256:{found}"


def _versions(how: Format) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("steelyard", "scikit-learn", "numpy", "scipy", *((how,) if how != "pickle" else ())):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
