"""MLflow's scorers that need no model: a pattern, a length, personal data. ``yes`` is good, ``no`` is not."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, Literal, Self

from pydantic import field_validator, model_validator

from steelyard.records.assessment import AssessmentSource, AssessmentSourceType, Feedback
from steelyard.records.trace import Trace
from steelyard.scorers.chat import as_json, response_text
from steelyard.scorers.definition import Scorer

PIIType = Literal["email", "phone", "ssn", "credit_card", "ip_address"]


class RegexMatch(Scorer):
    """Whether the answer matches a regular expression.

    Args:
        pattern: in Python's syntax. A pattern that backtracks without end does so here too; keep it simple.
        match_type: ``search`` anywhere, or ``fullmatch`` of the whole answer.
        case_insensitive: whether capitals do not count.

    >>> RegexMatch(pattern=r"\\[KB-\\d+\\]")(outputs="See [KB-42].").value
    'yes'
    """

    name: str = "regex_match"
    pattern: str
    match_type: Literal["search", "fullmatch"] = "search"
    case_insensitive: bool = False

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            message = f"{pattern!r} is not a regular expression: {error}"
            raise ValueError(message) from error
        return pattern

    def __call__(self, *, outputs: Any = None, trace: Trace | None = None) -> Feedback:
        compiled = re.compile(self.pattern, re.IGNORECASE if self.case_insensitive else 0)
        text = response_text(_answer(outputs, trace))
        found = compiled.search(text) if self.match_type == "search" else compiled.fullmatch(text)
        how = "contains a match of" if self.match_type == "search" else "matches"
        says = f"The answer {how if found else 'does not match'} {self.pattern!r}."
        return _yes_or_no(self, found is not None, says)


class ResponseLength(Scorer):
    """Whether the answer is neither too short nor too long.

    Args:
        min_length: at least so many; None for no limit.
        max_length: at most so many; None for no limit.
        unit: ``chars`` or ``words``, which are what blanks separate.

    >>> ResponseLength(max_length=3, unit="words")(outputs="one two three four").value
    'no'
    """

    name: str = "response_length"
    min_length: int | None = None
    max_length: int | None = None
    unit: Literal["chars", "words"] = "chars"

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        low, high = self.min_length, self.max_length
        if low is None and high is None:
            message = "ResponseLength needs min_length, max_length or both."
            raise ValueError(message)
        if (low is not None and low < 0) or (high is not None and high < (low or 0)):
            message = f"min_length={low} and max_length={high} leave no length."
            raise ValueError(message)
        return self

    def __call__(self, *, outputs: Any = None, trace: Trace | None = None) -> Feedback:
        text = response_text(_answer(outputs, trace))
        length = len(text) if self.unit == "chars" else len(text.split())
        good = (self.min_length or 0) <= length and (self.max_length is None or length <= self.max_length)
        limits = [f"at least {self.min_length}"] if self.min_length is not None else []
        limits += [f"at most {self.max_length}"] if self.max_length is not None else []
        return _yes_or_no(self, good, f"The answer has {length} {self.unit}; wanted {' and '.join(limits)}.")


class PIIDetection(Scorer):
    """Whether the answer is free of personal data: ``yes`` if nothing was found.

    Everything in the answer is searched, not only its text. The rationale names kinds and counts, never what was found.
    Each search takes time in proportion to the text, whatever is in it.

    Args:
        pii_types: what to look for; all kinds unless told. ``email``; ``phone`` (North American, or with ``+`` and a
            country's code); ``ssn``; ``credit_card`` (13 to 19 digits whose check digit is right); ``ip_address``.

    >>> verdict = PIIDetection()(outputs="Write to jo@example.com.")
    >>> verdict.value, verdict.rationale
    ('no', 'The answer contains personal data: email (1).')
    """

    name: str = "pii_detection"
    pii_types: list[PIIType] | None = None

    def __call__(self, *, outputs: Any = None, trace: Trace | None = None) -> Feedback:
        answer = _answer(outputs, trace)
        text = _visible(answer if isinstance(answer, str) else as_json(answer))
        wanted = list(dict.fromkeys(self.pii_types if self.pii_types is not None else _DETECTORS))
        counts = {kind: sum(1 for _ in _DETECTORS[kind](text)) for kind in wanted}
        found = [f"{kind} ({count})" for kind, count in counts.items() if count]
        says = f"The answer contains personal data: {', '.join(found)}." if found else "No personal data was found."
        return _yes_or_no(self, not found, says)


def _answer(outputs: Any, trace: Trace | None) -> Any:
    return trace.outputs if outputs is None and trace is not None else outputs


def _yes_or_no(scorer: Scorer, good: bool, rationale: str) -> Feedback:
    source = AssessmentSource(AssessmentSourceType.CODE, scorer.name)
    return Feedback(name=scorer.name, value="yes" if good else "no", source=source, rationale=rationale)


# Every repetition below is bounded and no two neighbours share a character, so a search cannot go back and forth.
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])"
)
_NORTH_AMERICAN = re.compile(
    r"(?<![\w+.-])(?:\+?1[ .-]?)?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-]?)[0-9]{3}[ .-]?[0-9]{4}(?![\w-])"
)
_INTERNATIONAL = re.compile(r"(?<![\w+])\+[1-9](?:[ .()-]{0,2}[0-9]){7,14}(?![0-9])")
_SSN = re.compile(r"(?<![0-9-])(?!000|666|9)[0-9]{3}(?P<gap>[ -])(?!00)[0-9]{2}(?P=gap)(?!0000)[0-9]{4}(?![0-9-])")
_DIGIT_RUN = re.compile(r"(?<![0-9.])[0-9]+(?:[ -][0-9]+)*(?![0-9])")
_IPV4 = re.compile(
    r"(?<![0-9.])(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?!\.?[0-9])"
)
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{3,45}(?![\w:])")


def _visible(text: str) -> str:
    """Return a text as a reader sees it: full-width digits as digits, nothing of no width."""
    if text.isascii():
        return text
    normal = unicodedata.normalize("NFKC", text)
    return "".join(letter for letter in normal if unicodedata.category(letter) != "Cf")


def _phones(text: str) -> Iterator[str]:
    spans = [match.span() for match in _INTERNATIONAL.finditer(text)]
    yield from (text[start:end] for start, end in spans)
    taken = {start for start, _ in spans}
    yield from (match.group() for match in _NORTH_AMERICAN.finditer(text) if match.start() not in taken)


def _cards(text: str) -> Iterator[str]:
    """Yield card numbers: groups of digits, 13 to 19 together, whose check digit is right."""
    for run in _DIGIT_RUN.finditer(text):
        groups = re.split("[ -]", run.group())
        start = 0
        while start < len(groups):
            length = _card_length(groups, start)
            if length:
                yield "".join(groups[start : start + length])
            start += length or 1


def _card_length(groups: list[str], start: int) -> int:
    """Return how many groups from here make a card number; 0 if none do."""
    digits = ""
    for length, group in enumerate(groups[start : start + 19], start=1):
        digits += group
        if len(digits) > 19:
            return 0
        if len(digits) >= 13 and digits[0] in "23456" and len(set(digits)) > 1 and _passes_luhn(digits):
            return length
    return 0


def _passes_luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _addresses(text: str) -> Iterator[str]:
    yield from (match.group() for match in _IPV4.finditer(text))
    for match in _IPV6.finditer(text):
        candidate = match.group().rstrip(":") if not match.group().endswith("::") else match.group()
        if candidate.count(":") >= 2 and any(letter.isdigit() for letter in candidate):
            try:
                ipaddress.IPv6Address(candidate)
            except ValueError:
                continue
            yield candidate


_DETECTORS: dict[PIIType, Callable[[str], Iterator[str]]] = {
    "email": lambda text: (match.group() for match in _EMAIL.finditer(text)),
    "phone": _phones,
    "ssn": lambda text: (match.group() for match in _SSN.finditer(text)),
    "credit_card": _cards,
    "ip_address": _addresses,
}
