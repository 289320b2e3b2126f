"""examples/production on scikit-learn's digits: a fault in one team's requests is found, and named."""

from __future__ import annotations

import re

import pytest
from examples.production.__main__ import QUICK, main
from examples.production.application import Filing
from examples.production.material import Material, digits
from examples.production.traffic import DAY_MS, Request, requests_of

import steelyard


@pytest.fixture(scope="module")
def material() -> Material:
    return digits(0)


@pytest.mark.slow
def test_the_alarm_rings_after_the_fault_and_names_its_slice_first(capsys: pytest.CaptureFixture[str]) -> None:
    before = steelyard.get_tracking_uri()
    assert main(["--quick", "--no-serve"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"Before it: \d+ looks of 4 rules, 0 alarms\.", said)
    assert re.search(r"'sure, by evidence' rang [\d.]+ hours and \d+ requests later\.", said)
    assert re.search(r"'sure of each team, by evidence' rang for south [\d.]+ hours", said)
    assert "The alarm by evidence said:\n  sure fell to " in said
    assert re.search(r"slices that explain it:\n  tag\.team = south .*, worse\n", said)
    assert re.search(r"what changed +http://127\.0\.0\.1:\d+/experiments/\d+/changes", said)
    assert steelyard.get_tracking_uri() == before


def test_the_same_seed_brings_the_same_traffic(material: Material) -> None:
    once, again = (list(requests_of(material, QUICK, 3)) for _ in range(2))
    assert once == again
    assert once != list(requests_of(material, QUICK, 4))


def test_release_2_answers_from_the_planted_moment_on(material: Material) -> None:
    requests = [request for stretch in requests_of(material, QUICK, 0) for request in stretch]
    assert {one.release for one in requests if one.time_ms < QUICK.planted_ms} == {"1"}
    assert {one.release for one in requests if one.time_ms >= QUICK.planted_ms} == {"2"}
    assert [one.time_ms for one in requests] == sorted(one.time_ms for one in requests)
    assert all(QUICK.start_ms <= one.time_ms < QUICK.start_ms + QUICK.days * DAY_MS for one in requests)


def test_release_2_cuts_the_texts_of_one_team_only_and_the_trace_shows_it(material: Material) -> None:
    filing = Filing(material.fit(), broken_team=material.broken_team, cut=material.cut)
    by_team = {item.team: item for item in material.asked}
    for number, (team, item) in enumerate(sorted(by_team.items())):
        request = Request(number, 1_700_000_000_000, item, "web", "2", took_ms=9, answered=False)
        ((trace_id, answer),) = filing.answer([request])
        trace = steelyard.get_trace(trace_id)
        read = trace.search_spans(name="preprocess")[0].outputs
        assert (read == item.text) == (team != material.broken_team)
        assert trace.outputs == answer
        assert {key: trace.info.tags[key] for key in ("team", "channel", "release")} == {
            "team": team, "channel": "web", "release": "2",
        }  # fmt: skip
        assert trace.info.request_time == 1_700_000_000_000


def test_the_model_files_most_digits_where_they_belong(material: Material) -> None:
    model = material.fit()
    found = model.predict([item.text for item in material.asked])
    assert (found == [item.board for item in material.asked]).mean() > 0.9
