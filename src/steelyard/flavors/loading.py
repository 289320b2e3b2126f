"""Loading a model: the one door, which runs no code of the file's unless the caller names what to trust."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from steelyard.errors import InvalidArgument, ModelError, UntrustedModel
from steelyard.flavors import pickles, skops_format
from steelyard.flavors.manifest import MANIFEST, ModelManifest, read_manifest, verify
from steelyard.flavors.places import find_place


def load_model(model_uri: str | Path, *, trusted_digest: str | None = None, allow: Collection[str] = ()) -> Any:
    """Return a saved model as the estimator that it was.

    A file in the safe format loads if all its types are on our own list, which nothing in the file can change. Anything
    else loads only if the caller says so, and a pickle only by its digest. There is no falling back from one to the
    other: what a file is follows from its description, not from its name or its first bytes.

    Args:
        model_uri: ``runs:/<run id>/<name>``, ``models:/<model id>``, or a folder on this machine.
        trusted_digest: ``sha256:`` and the digest of the model's file, to trust that file with whatever it does.
        allow: full names of types beyond our list to trust, such as ``mypackage.Encoder``.

    Raises:
        UntrustedModel: if loading would run code that nobody has allowed, or the file is not the one whose digest was
            named. The message says which types, and the digest. Nothing was loaded.
        ModelError: if the file is damaged, cut short or altered.
        NotFound: if there is no such model.
    """
    if isinstance(allow, str):
        raise InvalidArgument(f"allow is a list of full names of types: allow=[{allow!r}].")
    place = find_place(model_uri)
    manifest = read_manifest(place.read(MANIFEST), what=f"{MANIFEST} of {model_uri}")
    what = f"{manifest.file} of {model_uri}"
    content = place.read(manifest.file)
    digest = verify(content, manifest, what=what)
    if place.sha256 and place.sha256 != manifest.sha256:
        raise ModelError(
            f"{what} has the digest {digest}, but sha256:{place.sha256} was logged. Its artifacts were altered since."
        )
    trusted = _is_trusted(digest, trusted_digest, what)
    if manifest.format == "skops":
        return skops_format.load(content, what=what, digest=digest, allow=allow, allow_all=trusted)
    if not trusted:
        raise UntrustedModel(
            f"{what} is a pickle, and loading a pickle runs whatever code it names. Nothing was loaded. If you trust "
            f"where it comes from, name this very file: trusted_digest='{digest}'."
        )
    return pickles.load_trusted(content, what=what)


def describe_model(model_uri: str | Path) -> ModelManifest:
    """Return the description of a saved model, without loading it.

    Args:
        model_uri: ``runs:/<run id>/<name>``, ``models:/<model id>``, or a folder on this machine.
    """
    return read_manifest(find_place(model_uri).read(MANIFEST), what=f"{MANIFEST} of {model_uri}")


def _is_trusted(digest: str, named: str | None, what: str) -> bool:
    if named is None:
        return False
    if not isinstance(named, str) or not named.startswith("sha256:"):
        raise InvalidArgument(f"trusted_digest is 'sha256:' and 64 hex digits, not {named!r}.")
    if named.lower() != digest:
        raise UntrustedModel(f"{what} has the digest {digest}, not {named}, which was trusted. Nothing was loaded.")
    return True
