"""MLflow's deterministic scorers, and personal data that is found and never told."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from steelyard.records import Case
from steelyard.scorers import PIIDetection, RegexMatch, ResponseLength, assess


@pytest.mark.parametrize(
    ("fields", "outputs", "value"),
    [
        ({"pattern": r"\d+"}, "room 12", "yes"),
        ({"pattern": r"\d+"}, "room", "no"),
        ({"pattern": r"\d+", "match_type": "fullmatch"}, "room 12", "no"),
        ({"pattern": "ROOM", "case_insensitive": True}, "room", "yes"),
        ({"pattern": "ROOM"}, "room", "no"),
        ({"pattern": "x"}, None, "no"),
        ({"pattern": "hello"}, {"choices": [{"message": {"role": "assistant", "content": "hello"}}]}, "yes"),
    ],
    ids=["search", "none", "fullmatch", "case", "no case", "nothing", "chat completion"],
)
def test_a_pattern_is_matched(fields: dict[str, Any], outputs: Any, value: str) -> None:
    verdict = RegexMatch(**fields)(outputs=outputs)
    assert (verdict.name, verdict.value, verdict.source.source_type) == ("regex_match", value, "CODE")
    assert verdict.rationale


def test_a_pattern_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValidationError, match="not a regular expression"):
        RegexMatch(pattern="(")


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"max_length": 11}, "yes"),
        ({"max_length": 10}, "no"),
        ({"min_length": 12}, "no"),
        ({"min_length": 2, "max_length": 2, "unit": "words"}, "yes"),
        ({"max_length": 1, "unit": "words"}, "no"),
    ],
    ids=str,
)
def test_a_length_is_held_against_its_limits(fields: dict[str, Any], value: str) -> None:
    assert ResponseLength(**fields)(outputs="hello world").value == value


@pytest.mark.parametrize(
    "fields", [{}, {"min_length": 3, "max_length": 2}, {"min_length": -1}, {"unit": "lines"}], ids=str
)
def test_limits_that_leave_no_length_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ResponseLength(**fields)


def test_the_answer_is_read_from_the_trace_where_only_that_is_given(make: Any) -> None:
    trace = make.trace(make.span("root", outputs="hello 12"))
    assert assess(RegexMatch(pattern=r"\d"), Case(trace=trace))[0].value == "yes"
    assert PIIDetection()(trace=make.trace(make.span("root", outputs="a@b.co"))).value == "no"


SECRETS = {
    "email": ["jo.bloggs+x@mail.example.co.uk", "A@B.io", "\uff4ao@example.com", "j\u200bo@exa\u200bmple.com"],
    "phone": ["555-123-4567", "(415) 555-0132", "+1 415 555 0132", "+49 30 901820", "+442079460958", "4155550132"],
    "ssn": ["123-45-6789", "123 45 6789"],
    "credit_card": ["4111 1111 1111 1111", "5500000000000004", "3782-822463-10005", "6011000990139424"],
    "ip_address": ["10.0.0.1", "255.255.255.255", "2001:db8::8a2e:370:7334", "fe80::1"],
}
NOT_SECRETS = [
    "mail@", "@example.com", "a@b", "12 apples", "1700000000", "2024-01-31 12:30:45", "000-12-3456", "666-45-6789",
    "4111 1111 1111 1112", "0000 0000 0000 0000", "300.1.1.1", "1.2.3", "12:30:45", "std::cout", "3.14159265358979",
    "page 12-14 of 200", "", "978-3-16-148410-0",
]  # fmt: skip
ALL = [(kind, secret) for kind, secrets in SECRETS.items() for secret in secrets]


@pytest.mark.parametrize(("kind", "secret"), ALL, ids=ascii)
def test_personal_data_is_found_and_not_told(kind: str, secret: str) -> None:
    verdict = PIIDetection()(outputs=f"It is {secret}, as agreed.")
    assert verdict.value == "no"
    assert f"{kind} (1)" in str(verdict.rationale)
    assert secret not in repr(verdict)


@pytest.mark.parametrize("text", NOT_SECRETS, ids=repr)
def test_what_is_not_personal_data_is_let_pass(text: str) -> None:
    verdict = PIIDetection()(outputs=f"It is {text}, as agreed.")
    assert (verdict.value, verdict.rationale) == ("yes", "No personal data was found.")


def test_only_the_kinds_asked_for_are_looked_for() -> None:
    assert PIIDetection(pii_types=["phone"])(outputs="a@b.co").value == "yes"
    assert PIIDetection(pii_types=["email", "phone"])(outputs="a@b.co").value == "no"
    with pytest.raises(ValidationError):
        PIIDetection(pii_types=["passport"])  # pyrefly: ignore[bad-argument-type]


def test_all_of_a_structured_answer_is_searched() -> None:
    assert PIIDetection()(outputs={"answer": "See below.", "sources": [{"author": "a@b.co"}]}).value == "no"
    assert PIIDetection()(outputs=None).value == "yes"


def test_a_card_is_found_beside_other_digits() -> None:
    assert PIIDetection()(outputs="4111 1111 1111 1111 12 2027").value == "no"


HOSTILE = {
    "a": "a", "dots": "a.", "at": "a@", "mail": "a@a.", "digits": "1", "groups": "1 ", "dashes": "1-", "plus": "+1",
    "brackets": "(2", "ip": "1.", "hex": "a:", "ssn": "123-45-", "cards": "4111 1111 ", "wide": "\uff11 ",
}  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_cannot_make_the_search_run_away(piece: str) -> None:
    verdict = PIIDetection()(outputs=piece * 100_000)
    assert verdict.value in ("yes", "no")


@given(st.text(alphabet="0123456789@.:-+() aé", max_size=60))
def test_no_text_is_echoed(text: str) -> None:
    rationale = str(PIIDetection()(outputs=text).rationale)
    assert re.fullmatch(
        r"No personal data was found\.|The answer contains personal data: [a-z_]+ \(\d+\)(, [a-z_]+ \(\d+\))*\.",
        rationale,
    )
