"""When a judge does not answer: whether that will pass, and how long to leave it alone.

What will pass (its server is away, overloaded, or out of quota) holds the monitor; its work waits, and is nobody's
fault. What will not (a key is missing, there is no such model) pauses the monitor with the reason. All else is the
outcome of the one trace that was judged.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from steelyard.errors import LLMRateLimited, LLMUnavailable, MissingDependency, OverBudget, UntrustedModel

FIRST_WAIT_MS = 1_000
LONGEST_WAIT_MS = 900_000
PROBE_MS = 75_000
"""How long others leave a judge alone that is being asked whether it is back; more than one question may take."""

PROBING = "Asking it again. "
_REFUSED = re.compile(r"refuses the request with status (\d+)")
_SETTINGS = (401, 403, 404)
_GIVE_UP_AFTER = 4
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Away:
    """A judge could not be reached: what was said, and how many seconds it asks to wait, if it does."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Unfit:
    """A monitor cannot score until somebody changes something: what, in words for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Spent:
    """The day's money does not suffice for the next call."""

    reason: str


def not_a_verdict(error: BaseException) -> Away | Unfit | Spent | None:
    """Say what an error means for the whole monitor; None if it is the outcome of one trace.

    Examples:
        >>> from steelyard.errors import LLMUnavailable
        >>> not_a_verdict(LLMUnavailable("openai:/gpt-4o-mini fails with status 503."))
        Away(reason='openai:/gpt-4o-mini fails with status 503.', retry_after=None)
        >>> type(not_a_verdict(LLMUnavailable("openai cannot be called: no key"))).__name__
        'Unfit'
        >>> not_a_verdict(ValueError("no such city")) is None
        True
    """
    if isinstance(error, LLMRateLimited):
        return Away(str(error), error.retry_after)
    if isinstance(error, LLMUnavailable):
        return _unavailable(str(error))
    if isinstance(error, OverBudget):
        no_price = str(error).startswith("No price is known")
        return Unfit(_NO_PRICE) if no_price else Spent(_spent(str(error)))
    if isinstance(error, (MissingDependency, UntrustedModel)):
        return Unfit(str(error))
    return None


def _spent(told: str) -> str:
    told = told.replace("max_cost=", "max_cost_per_day=")
    return f"{told} What waits goes on tomorrow (UTC), or with a higher limit."


_NO_PRICE = (
    "max_cost_per_day cannot be kept: no price is known for the judge's model. "
    "Take the limit away, or limit max_scorings_per_day instead."
)


def _unavailable(told: str) -> Away | Unfit | None:
    refused = _REFUSED.search(told)
    if refused is not None:  # by its status: a wrong key or name, or something about this one request
        return Unfit(told) if int(refused[1]) in _SETTINGS else None
    if "cannot be called:" in told or "answers with a redirect" in told:
        return Unfit(told)
    return Away(told)


def wait_ms(monitor_id: str, failures: int, retry_after: float | None = None) -> int:
    """Return how long to leave a judge alone that did not answer so many times in a row.

    A second, then twice as long each time, a quarter of an hour at most, spread by up to a quarter by a hash, so that
    the judges of many monitors are not asked again all at once; not less than its server asks for.

    Examples:
        >>> [round(wait_ms("mo-1", n) / 1000) for n in (1, 2, 5, 20)]
        [1, 2, 15, 741]
    """
    base = min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** min(failures - 1, 20))
    digest = hashlib.blake2b(f"{monitor_id}:{failures}".encode(), digest_size=4).digest()
    spread = int.from_bytes(digest, "big") / 2**32
    asked = min(LONGEST_WAIT_MS, round(1000 * (retry_after or 0)))
    return max(FIRST_WAIT_MS, asked, round(base * (0.75 + 0.25 * spread)))


@dataclass(slots=True)
class Line:
    """The line to one monitor's judge, as a worker knows it.

    Args:
        failures: how often in a row it did not answer.
        epoch: counts these, so that calls in flight together count once.
        answered: how many verdicts it has given.
    """

    failures: int = 0
    epoch: int = 0
    answered: int = 0
    _failed: dict[int, tuple[int, int]] = field(default_factory=dict)

    def succeeded(self, epoch: int) -> bool:
        """Note a verdict to a question of an epoch; return whether the judge is back."""
        self.answered += 1
        if epoch != self.epoch or not self.failures:
            return False
        self.failures = 0
        return True

    def failed(self, epoch: int) -> bool:
        """Note a failure; return whether it is news."""
        if epoch != self.epoch:
            return False
        self.epoch += 1
        self.failures += 1
        return True

    def heard_of(self, held_ms: int) -> None:
        """Learn from another worker's hold how long the judge has been away."""
        self.failures = max(self.failures, (held_ms // FIRST_WAIT_MS).bit_length())

    def is_its_own_fault(self, work_id: int) -> bool:
        """Note that a question failed; return whether it keeps failing while the judge answers others between."""
        times, then = self._failed.get(work_id, (0, -1))
        if len(self._failed) >= _REMEMBERED:
            self._failed.clear()
        if self.answered > then:
            self._failed[work_id] = (times + 1, self.answered)
        return self._failed.get(work_id, (0, 0))[0] >= _GIVE_UP_AFTER
