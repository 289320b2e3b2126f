"""What a store takes: lengths as MLflow's, text that every database can hold, numbers of 64 bits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from steelyard.errors import InvalidArgument

MAX_KEY = 250
MAX_PARAM_VALUE = 6_000
MAX_TAG_VALUE = 8_000
MAX_EXPERIMENT_NAME = 500
MAX_RUN_NAME = 250
MAX_DATASET_NAME = 500
MAX_DATASET_DIGEST = 128
MAX_RESULTS = 50_000
_INT64 = 2**63
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_@/:-]|\.(?!\.))*")  # most keys: let through at once


def check_key(key: str, what: str) -> str:
    """Return a metric, param or tag key, or say what is wrong with it.

    Any printable text is a key, so that ``ndcg@10`` and ``accuracy (all)`` are names too.

    Raises:
        InvalidArgument: it is empty, too long, has control characters, or looks like a path out of somewhere.
    """
    if type(key) is str and len(key) <= MAX_KEY and _PLAIN_KEY.fullmatch(key):
        return key
    _check_text(key, what, limit=MAX_KEY)
    if not key.strip() or key != key.strip():
        msg = f"The {what} {key!r} cannot be used: a key is not empty and neither begins nor ends with a space."
        raise InvalidArgument(msg)
    if key.startswith("/") or ".." in key.split("/"):
        msg = f"The {what} {key!r} cannot be used: a key does not begin with '/' and has no part '..'."
        raise InvalidArgument(msg)
    odd = next((c for c in key if unicodedata.category(c) in {"Cc", "Zl", "Zp"}), None)
    if odd is not None:
        msg = f"The {what} {key!r} cannot be used: it holds the control character {odd!r}. Take it out."
        raise InvalidArgument(msg)
    return key


def check_words(words: Mapping[str, str], what: str, *, limit: int) -> dict[str, str]:
    """Return keys and text values as they can be stored; values of other types become text."""
    return {
        check_key(key, f"{what} key"): check_value(value, f"{what} {key!r}", limit=limit)
        for key, value in words.items()
    }


def check_value(value: object, what: str, *, limit: int) -> str:
    """Return a value as text, or say why it cannot be stored."""
    return _check_text(value if isinstance(value, str) else str(value), what, limit=limit)


def check_name(name: str, what: str, *, limit: int) -> str:
    """Return a name of an experiment, run or dataset, or say what is wrong with it."""
    _check_text(name, what, limit=limit)
    if not name.strip():
        msg = f"The {what} is empty. Give it a name."
        raise InvalidArgument(msg)
    return name


def check_integer(value: int, what: str) -> int:
    """Return a whole number that fits 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int):
        if not hasattr(value, "__index__"):
            msg = f"The {what} {value!r} is not a whole number."
            raise InvalidArgument(msg)
        value = value.__index__()
    if -_INT64 <= value < _INT64:
        return value
    msg = f"The {what} {value} does not fit in 64 bits."
    raise InvalidArgument(msg)


def check_max_results(value: int) -> int:
    """Return a page's size, 1 to 50,000."""
    if isinstance(value, int) and 1 <= value <= MAX_RESULTS:
        return value
    msg = f"max_results={value!r} is out of range: ask for 1 to {MAX_RESULTS:,} and page on with page_token."
    raise InvalidArgument(msg)


def _check_text(value: object, what: str, *, limit: int) -> str:
    if not isinstance(value, str):
        msg = f"The {what} {value!r} is not text but {type(value).__name__}."
        raise InvalidArgument(msg)
    if len(value) > limit:
        msg = f"The {what} has {len(value):,} characters ({value[:40]!r}…): at most {limit:,} are kept. Shorten it."
        raise InvalidArgument(msg)
    if "\x00" in value:
        msg = f"The {what} holds a NUL character, which no database keeps. Take it out."
        raise InvalidArgument(msg)
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        msg = f"The {what} holds half of a surrogate pair and is not valid Unicode. Decode it properly first."
        raise InvalidArgument(msg)
    return value
