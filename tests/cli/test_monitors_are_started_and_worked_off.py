"""``steelyard monitors`` starts, lists, stops and resumes; ``work`` is a worker."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from tests.monitor.live import sent

from steelyard import tracking
from steelyard.genai.scorers import ResponseLength
from steelyard.store import open_store

from .conftest import Command


@pytest.fixture
def folder(tmp_path: Path, settings_of_nobody: None) -> str:
    place = str(tmp_path / "s")
    tracking.set_tracking_uri(place)
    ResponseLength(name="brief", max_length=5).register()
    return place


def test_a_registered_scorer_watches_stops_and_goes_on(steelyard: Command, folder: str) -> None:
    at = ("--store", folder)
    assert steelyard("monitors", "list", *at).out.startswith("No monitor.")
    started = steelyard("monitors", "start", "brief", "--rate", "0.25", "--filter", "status = 'OK'", *at)
    assert started.out == "brief watches: 0.25 of each trace that matches status = 'OK'.\n"
    assert steelyard("monitors", "stop", "brief", *at).out == "brief is stopped. What waits is kept.\n"
    assert steelyard("monitors", "resume", "brief", *at).out.startswith("brief watches")
    (told,) = json.loads(steelyard("monitors", "list", "--json", *at).out)
    assert (told["name"], told["state"], told["sample_rate"], told["waiting"]) == ("brief", "active", 0.25, 0)
    line = steelyard("monitors", "list", "--experiment", "Default", *at).out
    assert line == "brief  active  rate 0.25  0 waiting (0 due)  0 done  today 0 for $0.0000\n"


def test_work_does_what_is_due(steelyard: Command, folder: str) -> None:
    at = ("--store", folder)
    early = sent(2, start_ms=1_790_000_000_000)
    steelyard("monitors", "start", "brief", "--settle", "0", *at)
    late = sent(3)
    assert steelyard("monitors", "work", "--once", *at).code == 0
    store = open_store(folder)
    assert [len(store.assessments.list([one]).get(one, ())) for one in (*early, *late)] == [0, 0, 1, 1, 1]
    told = steelyard("monitors", "backfill", "brief", "--from", "2026-09-21", "--to", "2026-09-22T12:00", *at).out
    assert told == "brief scores the traces of 2026-09-21 00:00 to 2026-09-22 12:00 too.\n"
    assert steelyard("monitors", "work", "--once", *at).code == 0
    assert [len(store.assessments.list([one]).get(one, ())) for one in (*early, *late)] == [1, 1, 1, 1, 1]
    store.close()


def test_a_paused_one_says_why(steelyard: Command, folder: str) -> None:
    steelyard("monitors", "start", "brief", "--store", folder)
    store = open_store(folder)
    (monitor,) = store.monitors.list()
    store.monitors.update(monitor.monitor_id, state="paused", reason="the judge's key is wrong\x1b[31m")
    store.close()
    told = steelyard("monitors", "list", "--store", folder).out
    assert told.splitlines()[1] == "    the judge's key is wrong\\x1b[31m"


def test_what_is_not_there_is_said(steelyard: Command, folder: str) -> None:
    at = ("--store", folder)
    for arguments in (
        ("start", "nobody"),
        ("stop", "brief"),
        ("start", "brief", "--experiment", "Defalt"),
        ("start", "brief", "--filter", "nonsense"),
        ("backfill", "brief", "--from", "yesterday"),
    ):
        ended = steelyard("monitors", *arguments, *at)
        assert (ended.code, ended.err[:11], ended.out) == (2, "steelyard: ", "")


def test_times_without_a_zone_are_utc(steelyard: Command, folder: str) -> None:
    steelyard("monitors", "start", "brief", "--store", folder)
    told = steelyard("monitors", "backfill", "brief", "--from", "2026-01-01T00:00+02:00", "--store", folder).out
    assert told.startswith("brief scores the traces of 2025-12-31 22:00 to ")
    assert time.strftime("%Y") in told
