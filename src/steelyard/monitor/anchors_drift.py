"""How far a judge has moved on its anchors, and scores of several versions on one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from steelyard.errors import NotFound
from steelyard.metrics.intervals import mcnemar, mean_interval, newcombe_paired, wilson
from steelyard.metrics.intervals.interval import check_confidence, two_sided_p
from steelyard.metrics.linking import Link, link
from steelyard.monitor.anchors import find_anchor_set
from steelyard.records import AnchorReading, AnchorVerdict, Estimate, Store
from steelyard.scorers import Scorer
from steelyard.tracking.stores import get_store

ValueKind = Literal["verdicts", "numbers", "words"]
_GOOD = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeDrift:
    """A reading held against the one whose scale counts, on the anchors that both have a value for.

    Args:
        before, after: the two readings.
        kind: of the values; of ``words`` only the changed share is told.
        n: anchors with a value in both.
        difference: after minus before, of the share of good verdicts or of the mean; None for words.
        changed: the share of anchors that got another value.
        own_noise: the same share between two readings of one version (the last two of the base's), which is what the
            judge changes by itself; None if no version was read twice.
        p_value: of no difference: McNemar's exact test for verdicts, paired t for numbers; None for words.
        link: how the later scale lies to the earlier one; None for words.
        moved: record ids that got another value, the largest changes first.
    """

    before: AnchorReading
    after: AnchorReading
    kind: ValueKind
    n: int
    difference: Estimate | None
    changed: Estimate
    own_noise: Estimate | None
    p_value: float | None
    link: Link | None
    moved: tuple[str, ...] = ()

    @property
    def has_drifted(self) -> bool:
        """Whether the interval of the difference leaves out 0; for words, the changed share's all of its noise."""
        if self.difference is not None:
            low, high = self.difference.low, self.difference.high
            return low is not None and high is not None and (low > 0 or high < 0)
        noise = None if self.own_noise is None else self.own_noise.high
        return self.changed.low is not None and self.changed.low > (noise or 0.0)

    @property
    def sentence(self) -> str:
        """What is so, for people."""
        versions = (
            f"version {self.after.scorer_version}"
            if self.after.scorer_version == self.before.scorer_version
            else f"version {self.after.scorer_version} against version {self.before.scorer_version}"
        )
        noise = "" if self.own_noise is None else f"; by itself it changes {_percent(self.own_noise)}"
        changed = f"{_percent(self.changed)} of {self.n} anchors got another value{noise}."
        if self.difference is None or self.difference.low is None or self.difference.high is None:
            return f"{versions.capitalize()}: {changed}"
        word = "has moved by" if self.has_drifted else "has not moved noticeably:"
        by = f"{self.difference.value:+.3f} [{self.difference.low:+.3f}, {self.difference.high:+.3f}]"
        return f"The judge ({versions}) {word} {by.replace('-', '−')}; {changed}"


def judge_drift(
    scorer: Scorer | str, *, reading_id: str = "", experiment_id: str | None = None, confidence: float = 0.95
) -> JudgeDrift | None:
    """Return how far a judge has moved on its anchor set since the reading whose scale counts.

    Args:
        scorer: the judge, or its name.
        reading_id: the later reading; the newest finished one unless told.
        experiment_id: the current one unless told.
        confidence: nominal coverage.

    Returns:
        None while there are not two finished readings.

    Raises:
        NotFound: it has no anchor set, or no such reading.
    """
    anchors = find_anchor_set(scorer, experiment_id=experiment_id)
    return drift_of(get_store(), anchors.anchor_id, reading_id=reading_id, confidence=confidence)


def drift_of(store: Store, anchor_id: str, *, reading_id: str = "", confidence: float = 0.95) -> JudgeDrift | None:
    """Return the same of a set in a store."""
    check_confidence(confidence)
    anchors = store.anchors.get(anchor_id)
    done = [each for each in store.anchors.readings(anchor_id) if each.state == "done"]
    by_id = {each.reading_id: each for each in done}
    before = by_id.get(anchors.base_reading)
    if reading_id and reading_id not in by_id:
        raise NotFound(f"{reading_id!r} is no finished reading of the anchor set of {anchors.name!r}.")
    after = by_id[reading_id] if reading_id else next(iter(done), None)
    if before is None or after is None or after.reading_id == before.reading_id:
        return None
    return held_against(store, before, after, _own_noise(store, before, done, confidence), confidence)


def held_against(
    store: Store, before: AnchorReading, after: AnchorReading, noise: Estimate | None, confidence: float
) -> JudgeDrift:
    first, second = values(store, before), values(store, after)
    shared = [key for key in first if key in second]
    old: list[Any] = [first[key] for key in shared]
    new: list[Any] = [second[key] for key in shared]
    kind = _kind((*old, *new))
    n, different = len(shared), sum(a != b for a, b in zip(old, new, strict=True))
    difference, p_value = _difference(old, new, kind, confidence)
    moved = [(_distance(a, b), key) for key, a, b in zip(shared, old, new, strict=True) if a != b]
    return JudgeDrift(
        before=before,
        after=after,
        kind=kind,
        n=n,
        difference=difference,
        changed=share(different, n, confidence),
        own_noise=noise,
        p_value=p_value,
        link=None if kind == "words" else link(old, new),
        moved=tuple(key for _, key in sorted(moved, key=lambda each: (-each[0], each[1]))),
    )


def _own_noise(store: Store, base: AnchorReading, done: Sequence[AnchorReading], confidence: float) -> Estimate | None:
    """Return how many anchors change between two readings of the base's version, next to one another in time."""
    same = [each for each in done if each.scorer_digest == base.scorer_digest]
    if len(same) < 2:
        return None
    first, second = values(store, same[-1]), values(store, same[-2])
    shared = [key for key in first if key in second]
    return share(sum(first[key] != second[key] for key in shared), len(shared), confidence)


def _difference(
    old: list[Any], new: list[Any], kind: ValueKind, confidence: float
) -> tuple[Estimate | None, float | None]:
    n = len(old)
    if kind == "words" or n < 2:
        return None, None
    a, b = np.asarray(old, np.float64), np.asarray(new, np.float64)
    if kind == "verdicts":
        both, only_new, only_old = int((a * b).sum()), int((b * (1 - a)).sum()), int((a * (1 - b)).sum())
        found = newcombe_paired(both, only_new, only_old, n - both - only_new - only_old, confidence)
        p_value = float(mcnemar(only_new, only_old))
    else:
        found = mean_interval(b - a, confidence=confidence)
        spread = float((b - a).std(ddof=1)) / math.sqrt(n)
        mean = float((b - a).mean())
        p_value = float(two_sided_p(mean / spread, n - 1)) if spread else float(mean == 0)
    value = float((b - a).mean())
    made = Estimate(
        value,
        n,
        se=float((b - a).std(ddof=1)) / math.sqrt(n),
        low=float(found.low),
        high=float(found.high),
        confidence=confidence,
        method=found.method,
    )
    return made, p_value


def values(store: Store, reading: AnchorReading) -> dict[str, object]:
    return {
        each.record_id: _comparable(each)
        for each in store.anchors.verdicts(reading.reading_id)
        if not each.error and each.value is not None
    }


def _comparable(verdict: AnchorVerdict) -> object:
    value = verdict.value
    if isinstance(value, str):
        return _GOOD.get(value.strip().lower(), value)
    if isinstance(value, (bool, int, float)):
        return value
    return repr(value)


def _kind(values: Sequence[object]) -> ValueKind:
    if all(isinstance(value, bool) for value in values):
        return "verdicts"
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return "numbers" if all(math.isfinite(value) for value in values) else "words"  # type: ignore[arg-type]
    return "words"


def _distance(a: object, b: object) -> float:
    return abs(float(b) - float(a)) if isinstance(a, (int, float)) and isinstance(b, (int, float)) else 1.0


def share(part: int, n: int, confidence: float) -> Estimate:
    if not n:
        return Estimate(None, 0, method="no anchors")
    found = wilson(part, n, confidence)
    return Estimate(
        part / n,
        n,
        se=math.sqrt(part * (n - part) / n) / n,
        low=float(found.low),
        high=float(found.high),
        confidence=confidence,
        method="wilson",
    )


def _percent(share: Estimate) -> str:
    return f"{100 * (share.value or 0.0):.0f}%"
