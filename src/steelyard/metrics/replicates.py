"""Replicates as a file: one array a metric and slice, and the seed of their weights."""

from __future__ import annotations

import io
import zipfile

import numpy as np

from steelyard.errors import UnreadableFile
from steelyard.records import Replicates

SEPARATOR = "\x1f"
"""Between metric and slice name; it is in neither, being a control character."""

SEED = "__seed__"


def dump_replicates(replicates: Replicates) -> bytes:
    """Return the replicates as an ``.npz`` file, the same bytes for the same replicates.

    Args:
        replicates: the table; keys are written in sorted order.

    Examples:
        >>> table = Replicates(7, {("accuracy_score", ""): np.array([0.8, 0.9])})
        >>> load_replicates(dump_replicates(table)).get("accuracy_score").tolist()
        [0.8, 0.9]
    """
    arrays = {SEPARATOR.join(key): np.asarray(replicates.values[key], np.float64) for key in sorted(replicates.values)}
    buffer = io.BytesIO()
    np.savez(buffer, **{SEED: np.array(replicates.seed)}, **arrays)  # pyrefly: ignore[bad-argument-type]
    return buffer.getvalue()


def load_replicates(content: bytes) -> Replicates:
    """Return the replicates in an ``.npz`` file. Nothing in it is run, and nothing is decompressed.

    Args:
        content: the file, as ``dump_replicates`` wrote it.

    Raises:
        UnreadableFile: it is damaged, compressed or of another format.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                raise UnreadableFile("The replicates are compressed, which Steelyard never writes: refused.")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            seed = int(arrays[SEED])
            values = {_key(name): np.asarray(arrays[name], np.float64) for name in arrays.files if name != SEED}
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError) as error:
        if isinstance(error, UnreadableFile):
            raise
        message = f"The replicates cannot be read ({error}). Evaluate again to write them anew."
        raise UnreadableFile(message) from error
    return Replicates(seed, values)


def _key(name: str) -> tuple[str, str]:
    metric, separator, slice_name = name.partition(SEPARATOR)
    if not separator:
        message = f"{name!r} names no slice"
        raise ValueError(message)
    return metric, slice_name
