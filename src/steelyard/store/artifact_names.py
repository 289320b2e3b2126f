"""Names of artifacts: text that is looked up, never a path that is followed.

Nothing is decoded and nothing is joined into a path: a name either stands as it is or is refused. Content lies under
its digest, so that even a name that slipped through would reach no file.
"""

from __future__ import annotations

import re
import unicodedata

from steelyard.errors import InvalidArgument

MAX_PATH = 1_000
_RESERVED_SIGNS = "%\\;#?"
_DRIVE = re.compile(r"^[A-Za-z]:")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_BAD_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
_BIDI = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_artifact_path(path: str) -> str:
    """Return an artifact's name, or say why it cannot be one.

    Args:
        path: parts joined by ``/``, such as ``plots/roc.png``.

    Raises:
        InvalidArgument: it is empty, absolute, too long, climbs (``..``), or has a character with another meaning
            elsewhere (``% \\ ; # ?`` and control characters) or a name that some systems reserve.

    Examples:
        >>> check_artifact_path("plots/roc.png")
        'plots/roc.png'
        >>> check_artifact_path("../secret")
        Traceback (most recent call last):
        ...
        steelyard.errors.InvalidArgument: The artifact path '../secret' cannot be used: it has a part '..'.
    """
    problem = _problem(path)
    if problem is None:
        return path
    shown = repr(path if not isinstance(path, str) or len(path) <= 80 else path[:80] + "…")
    msg = f"The artifact path {shown} cannot be used: {problem}."
    raise InvalidArgument(msg)


def _problem(path: object) -> str | None:
    if not isinstance(path, str):
        return f"it is not text but {type(path).__name__}"
    if not path:
        return "it is empty"
    if len(path) > MAX_PATH:
        return f"it has {len(path):,} characters, more than {MAX_PATH:,}"
    if path.startswith("/"):
        return "it is absolute; name it from the run's folder"
    if _DRIVE.match(path):
        return "it begins with a drive letter; name it from the run's folder"
    sign = next((c for c in path if c in _RESERVED_SIGNS), None)
    if sign is not None:
        return f"it holds the character {sign!r}, which means something else in paths and addresses"
    odd = next((c for c in path if unicodedata.category(c) in _BAD_CATEGORIES or c in _BIDI), None)
    if odd is not None:
        return f"it holds the invisible character {odd!a}"
    return next((found for found in map(_part_problem, path.split("/")) if found), None)


def _part_problem(part: str) -> str | None:
    if not part:
        return "it has an empty part (two slashes, or one at the end)"
    if part in {".", ".."}:
        return f"it has a part {part!r}"
    if part != part.strip() or part.endswith("."):
        return f"its part {part!r} begins or ends with a space, or ends with a full stop"
    if part.partition(".")[0].lower() in _DEVICES:
        return f"its part {part!r} is the name of a device on some systems"
    return None
