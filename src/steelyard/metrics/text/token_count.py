"""How many tokens a text is to a language model, with no network.

MLflow counts with tiktoken's ``cl100k_base``, whose table tiktoken fetches on first use. Here that table is used if it
is already on this machine; else an estimate that needs nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from steelyard.errors import InvalidArgument, MissingDependency
from steelyard.metrics.text.columns import texts

Tokenizer = Literal["auto", "cl100k_base", "estimate"]

# the name under which tiktoken keeps the table, and the SHA-256 that it must have or tiktoken would fetch it anew
_TABLE = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"
_TABLE_SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"

_PIECE = re.compile(r"(?P<word>[^\W\d_]+)|(?P<digits>\d+)|(?P<marks>[^\w\s]+|_+)|(?P<lines>\n\s*)")
_ASCII_WORD = 9  # letters that a token of an English word holds at most, as a rule


def token_count(predictions: object, *, tokenizer: Tokenizer = "auto") -> np.ndarray:
    """Return the number of tokens of each text, shape (n,); NaN where missing.

    Args:
        predictions: n texts, None where missing.
        tokenizer: ``cl100k_base`` is tiktoken's, and MLflow's value; ``estimate`` is ``estimated_tokens``; ``auto``
            takes the first where tiktoken and its table are on this machine. Nothing is downloaded.

    Raises:
        MissingDependency: ``cl100k_base`` was asked for and is not here.

    Examples:
        >>> token_count(["The cat sat on the mat.", "", None], tokenizer="estimate").tolist()
        [7.0, 0.0, nan]
    """
    count = _counter(tokenizer)
    return np.array([np.nan if t is None else count(t) for t in texts(predictions)], dtype=np.float64)


def estimated_tokens(text: str) -> int:
    """Estimate the tokens of a text from the classes of its characters.

    A word of up to 9 ASCII letters is 1 token and each 4 further letters 1 more; other words 1 token for each 3 bytes
    of UTF-8; digits 1 for each 3; a run of marks 1 for each 2 bytes; a line break 1. Against ``cl100k_base`` the total
    was 1 to 3% high on 876 paragraphs of English prose, documents and licences and 9% high on 600 of Python code, where
    four paragraphs in five were between 10% low and 25% high. Other languages were tried on one sentence each only:
    from 22% low (German) to 57% high (Russian).
    """
    total = 0
    for piece in _PIECE.finditer(text):
        found, size = piece.lastgroup, piece.end() - piece.start()
        if found == "word":
            word = piece.group()
            total += 1 + max(size - _ASCII_WORD + 3, 0) // 4 if word.isascii() else (_bytes(word) + 2) // 3
        elif found == "digits":
            total += (size + 2) // 3
        elif found == "marks":
            total += (_bytes(piece.group()) + 1) // 2
        else:
            total += 1
    return total


@cache
def has_table() -> bool:
    """Say whether tiktoken is installed and its ``cl100k_base`` table is whole on this machine."""
    if find_spec("tiktoken") is None:
        return False
    named = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    folder = Path(named if named is not None else Path(tempfile.gettempdir()) / "data-gym-cache")
    table = folder / _TABLE
    if named == "" or not table.is_file():
        return False
    return hashlib.sha256(table.read_bytes()).hexdigest() == _TABLE_SHA256


def _counter(tokenizer: Tokenizer) -> Callable[[str], int]:
    if tokenizer not in ("auto", "cl100k_base", "estimate"):
        raise InvalidArgument(f"tokenizer={tokenizer!r} is none of 'auto', 'cl100k_base', 'estimate'.")
    if tokenizer == "estimate" or (tokenizer == "auto" and not has_table()):
        return estimated_tokens
    if not has_table():
        raise MissingDependency("tiktoken", extra="text", purpose="count tokens with its table cl100k_base on disk")
    encoding = import_module("tiktoken").get_encoding("cl100k_base")
    return lambda text: len(encoding.encode_ordinary(text))


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
