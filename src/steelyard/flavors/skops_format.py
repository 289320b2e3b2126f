"""Models as skops files: written and read without running code, against our own list of types."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from typing import Any

from steelyard.errors import MissingDependency, ModelError, UntrustedModel
from steelyard.flavors.allowed import allowed_names, is_allowed
from steelyard.flavors.archive import fits_when_inflated, read_schema
from steelyard.flavors.structures import check_structures

OLDEST_PROTOCOL = 2  # older ones are read by looser code in skops, and we never wrote them


def dump(model: object, *, accepted: Collection[str] = ()) -> bytes:
    """Return a model as the bytes of a skops file.

    Args:
        model: a fitted estimator of scikit-learn, or a pipeline of them.
        accepted: full names of types beyond our list that the caller knows to be in it.

    Raises:
        ModelError: if skops cannot write it, or it holds types beyond our list that were not named.
        MissingDependency: if skops is not installed.
    """
    sio = _skops()
    try:
        content = sio.dumps(model, compression=zipfile.ZIP_DEFLATED, compresslevel=6)
        if not fits_when_inflated(content):
            content = sio.dumps(model)
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"A {type(model).__name__} cannot be saved in the safe format: {error} "
            "Pass serialization_format='cloudpickle' to save it as a pickle, which loads only where the caller names "
            "its digest."
        ) from error
    unknown = sorted(unknown_types(read_schema(content, what="the model")) - set(accepted))
    if unknown:
        raise ModelError(
            f"This {type(model).__name__} holds {_listed(unknown)}, which loading would not trust. If importing and "
            f"calling that is safe wherever the model is loaded, pass skops_trusted_types={unknown!r} here and "
            f"allow={unknown!r} when loading; for lambdas and functions of a script, pass "
            "serialization_format='cloudpickle'."
        )
    return content


def load(content: bytes, *, what: str, digest: str, allow: Collection[str] = (), allow_all: bool = False) -> Any:
    """Return the model in a skops file.

    Args:
        content: the bytes of the file.
        what: the file's name, for errors.
        digest: the digest of those bytes, for the error that asks for trust.
        allow: full names of types that the caller trusts beyond our list.
        allow_all: whether the caller has named this very digest, and so trusts whatever is in the file.

    Raises:
        UntrustedModel: if it holds types that nobody has allowed; nothing of it was made.
        ModelError: if the file is damaged, too large, or contradicts itself.
    """
    schema = read_schema(content, what=what)
    protocol = schema.get("protocol")
    if type(protocol) is not int or protocol < OLDEST_PROTOCOL:
        raise ModelError(f"{what} is of the skops protocol {protocol!r}; protocols from {OLDEST_PROTOCOL} on are read.")
    _refuse_expansion(schema, what)
    unknown = unknown_types(schema) - set(allow)
    if unknown and not allow_all:
        raise _untrusted(what, unknown, digest)
    sio = _skops()
    try:
        doubted = set(sio.get_untrusted_types(data=content))
        refused = doubted - allowed_names() - set(allow)
        if refused and not allow_all:
            raise _untrusted(what, refused, digest)
        model = sio.loads(content, trusted=sorted(doubted))
    except UntrustedModel:
        raise
    except MemoryError as error:
        raise ModelError(f"{what} does not fit into memory.") from error
    except Exception as error:  # whatever a damaged file makes the reader stumble over
        raise ModelError(f"{what} cannot be read: {type(error).__name__}: {error}") from error
    check_structures(model, what=what)
    return model


def unknown_types(schema: dict[str, Any]) -> set[str]:
    """Return the full names of the types in a file that are not on our list."""
    unknown: set[str] = set()
    for node in _nodes(schema):
        name = f"{node.get('__module__')}.{node.get('__class__')}"
        if not is_allowed(node["__loader__"], name):
            unknown.add(name)
    return unknown


def _nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting: list[Any] = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("__loader__"), str):
                yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _refuse_expansion(schema: dict[str, Any], what: str) -> None:
    """Refuse a file whose shared parts, written once and named often, unfold into far more than was written."""
    weights: dict[object, int] = {}
    written = 0

    def weigh(value: Any) -> int:
        nonlocal written
        if isinstance(value, list):
            return sum(weigh(item) for item in value if isinstance(item, (dict, list)))
        identity = value.get("__id__")
        if isinstance(identity, (int, str)) and identity and identity in weights:
            known = weights[identity]
            written += 1
            for item in value.values():  # a copy written out in full counts as written
                if isinstance(item, (dict, list)):
                    weigh(item)
            return known
        written += 1
        weight = 1 + sum(weigh(item) for item in value.values() if isinstance(item, (dict, list)))
        if isinstance(identity, (int, str)) and identity:
            weights[identity] = weight
        return weight

    try:
        unfolded = weigh(schema)
    except RecursionError as error:
        raise ModelError(f"{what} is nested too deeply to be a model.") from error
    if unfolded > 4 * written + 1000:
        raise ModelError(f"{what} would unfold into {unfolded:,} parts from {written:,} that are written in it.")


def _untrusted(what: str, types: Collection[str], digest: str) -> UntrustedModel:
    names = sorted(types)
    return UntrustedModel(
        f"{what} holds {_listed(names)}, which {'is' if len(names) == 1 else 'are'} not on the list of types that load "
        f"without running unknown code. Nothing was loaded. If you trust where it comes from, name the types "
        f"(allow={names!r}) or this very file (trusted_digest='{digest}')."
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _skops() -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise MissingDependency("skops", extra="ml", purpose="save and load models safely") from error
    return skops.io
