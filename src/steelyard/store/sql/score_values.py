"""What feedback says, in numbers: verdicts, numbers and words, from the JSON that assessments are kept as."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from steelyard.metrics.states.quantiles import buckets_of
from steelyard.store.sql.json_text import from_json_as, to_text
from steelyard.store.sql.score_counts import ERRORS, NUMBERS, OTHERS, PASSED, TEXTS, VERDICTS, Key, N, ScoreCounts
from steelyard.store.sql.score_entries import Entries, digits_of

_VERSION = "steelyard.scorer.version"
_MOST = 1e100  # a larger number is no score, and its square could not be added up
_LONGEST_WORD = 100
_LONGEST_SOURCE = 100
_VERDICTS = {"yes": True, "no": False}


class _Source(msgspec.Struct):
    source_type: str = ""


class _Content(msgspec.Struct):
    """The part of an assessment's content that is counted; the rest is passed over as it is read."""

    source: _Source = msgspec.field(default_factory=_Source)
    value: Any = None
    error: Any = None
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)


@dataclass(slots=True)
class _Columns:
    """What has been read so far, one entry for each feedback."""

    known: dict[tuple[str, str], Key] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    versions: list[str | None] = field(default_factory=list)
    good: list[int] = field(default_factory=list)
    number_rows: list[int] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    word_rows: list[int] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def add(self, time: int, name: str, content: str) -> None:
        said = from_json_as(content, _Content)
        row = len(self.starts)
        self.starts.append(time)
        self.keys.append(self._key(name, said.source.source_type))
        version = said.metadata.get(_VERSION)
        self.versions.append(None if version is None else to_text(str(version)))
        self.kinds.append(self._kind(said, row))

    def _key(self, name: str, source: str) -> Key:
        key = self.known.get((name, source))
        if key is None:
            kept = to_text(source)
            key = self.known[name, source] = (name, kept if len(kept) <= _LONGEST_SOURCE else OTHERS, "")
        return key

    def _kind(self, said: _Content, row: int) -> int:
        value = said.value
        if said.error is not None or value is None:
            return ERRORS
        if isinstance(value, str):
            verdict = _VERDICTS.get(value.strip().lower())
            if verdict is None:
                self._word(value, row)
                return TEXTS
            value = verdict
        if isinstance(value, bool):
            if value:
                self.good.append(row)
            return VERDICTS
        if not isinstance(value, int | float):
            return N
        if not abs(value) <= _MOST:  # nor is NaN
            return ERRORS
        self.number_rows.append(row)
        self.numbers.append(float(value))
        return NUMBERS

    def _word(self, word: str, row: int) -> None:
        if len(word) <= _LONGEST_WORD:
            self.word_rows.append(row)
            self.words.append(to_text(word))


def counts_of_feedback(rows: Iterable[Sequence[Any]]) -> tuple[ScoreCounts, list[str | None]]:
    """Return feedback as counts of one each, and the version of the scorer that each was made by.

    What has no value that could be used (an error, None, NaN, a number beyond 1e100) counts as an error. Lists and
    mappings are values, and nothing more is told of them. Of a text of more than 100 characters only that it is one.

    Args:
        rows: of each feedback when its trace began, its name, and its content as JSON.
    """
    found = _Columns()
    for time, name, content in rows:
        found.add(time, name, content)
    return _counts(found), found.versions


def _counts(found: _Columns) -> ScoreCounts:
    n = len(found.starts)
    keys = {key: i for i, key in enumerate(dict.fromkeys(found.keys))}
    kinds, every = np.array(found.kinds, np.int64), np.arange(n)
    sums = np.zeros((n, 6), np.int64)
    sums[every, kinds] = 1
    sums[:, N] = kinds != ERRORS
    sums[np.array(found.good, np.int64), PASSED] = 1
    rows, numbers = np.array(found.number_rows, np.int64), np.array(found.numbers, np.float64)
    ends = np.empty((n, 2))
    ends[:, 0], ends[:, 1] = np.inf, -np.inf
    ends[rows] = numbers[:, None]
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys(found.words))}
    words = np.array([vocabulary[word] for word in found.words], np.int64)
    return ScoreCounts(
        np.array(found.starts, np.int64),
        np.array([keys[key] for key in found.keys], np.int64),
        tuple(keys),
        sums,
        ends,
        Entries(rows, buckets_of(numbers), np.ones(len(rows), np.int64)),
        _of_rows(digits_of(numbers), rows),
        _of_rows(digits_of(numbers * numbers), rows),
        Entries(np.array(found.word_rows, np.int64), words, np.ones(len(words), np.int64)),
        tuple(vocabulary),
    )


def _of_rows(entries: Entries, rows: np.ndarray) -> Entries:
    return Entries(rows[entries.owners] if len(rows) else entries.owners, entries.keys, entries.counts)
