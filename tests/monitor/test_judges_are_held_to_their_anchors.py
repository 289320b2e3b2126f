"""A judge is held to what it said of frozen rows; when it moves, that is seen, and its scores are brought back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.llm.server import LlmServer

from steelyard import monitor
from steelyard.errors import InvalidArgument, NotFound
from steelyard.genai import datasets, make_judge
from steelyard.genai.scorers import Guidelines, scorer
from steelyard.monitor.anchors import judge_due
from steelyard.monitor.anchors_models import AnsweringModels, model_noticed
from steelyard.records import AssessmentSource, Feedback, Monitor, Trace, TraceInfo, Work, WorkDone
from steelyard.tracking.stores import get_store

HOUR = 3_600_000
NOW = 1_700_000_000_000 // HOUR * HOUR


@pytest.fixture
def serve(store_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LlmServer]]:
    started: list[LlmServer] = []

    def start(**options: object) -> LlmServer:
        server = LlmServer(**options).__enter__()  # type: ignore[arg-type]
        started.append(server)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-key-0123456789")
        return server

    yield start
    for server in started:
        server.__exit__()


def anchors(n: int = 40) -> datasets.EvaluationDataset:
    made = datasets.create_dataset(name="anchors")
    made.merge_records([{"inputs": {"question": f"q{i}"}, "outputs": f"answer number {i}"} for i in range(n)])
    return made


def polite(words: str = "Is {{ outputs }} polite?") -> object:
    return make_judge(
        name="polite", instructions=words, model="openai:/gpt-4o-mini", feedback_value_type=bool
    ).register()


def number(prompt: str) -> int:
    return int(prompt.split("answer number ")[1].split()[0].strip('".}<'))


def test_a_judge_that_says_the_same_has_not_drifted(serve: Callable[..., LlmServer]) -> None:
    server = serve(rule=lambda prompt, _: {"result": number(prompt) % 4 != 0})
    polite()
    made = monitor.create_anchor_set("polite", anchors())
    first, second = monitor.read_anchors("polite"), monitor.read_anchors("polite")
    assert (first.n, first.failed, first.state, first.why, second.why) == (40, 0, "done", "first", "asked")
    assert server.calls == 80, "an answer out of the cache would hide a drift"
    drift = monitor.judge_drift("polite")
    assert drift is not None
    assert (drift.n, drift.difference.value, drift.changed.value, drift.has_drifted) == (40, 0.0, 0.0, False)
    assert "has not moved noticeably" in drift.sentence
    assert monitor.list_anchor_sets() == (get_store().anchors.get(made.anchor_id),)


def test_other_words_are_read_at_once_and_their_drift_is_told(serve: Callable[..., LlmServer]) -> None:
    serve(
        rule=lambda prompt, _: {
            "result": number(prompt) % 4 != 0 and ("strictly" not in prompt or number(prompt) % 3 != 0)
        }
    )
    polite()
    monitor.create_anchor_set("polite", anchors())
    store = get_store()
    assert [judge_due(store, worker="w", now_ms=NOW) for _ in range(2)] == [1, 0]
    polite("Is {{ outputs }} strictly polite?")
    assert [judge_due(store, worker="w", now_ms=NOW) for _ in range(2)] == [1, 0]
    drift = monitor.judge_drift("polite")
    assert drift is not None
    moved = [n for n in range(40) if n % 4 and n % 3 == 0]
    assert (drift.after.scorer_version, drift.after.why, drift.has_drifted) == (2, "version", True)
    assert drift.difference.value == pytest.approx(-len(moved) / 40)
    assert len(drift.moved) == len(moved)
    assert drift.p_value == pytest.approx(2 * 0.5 ** len(moved))
    assert "has moved by −" in drift.sentence


def test_scores_of_a_later_version_are_brought_onto_the_first_scale(serve: Callable[..., LlmServer]) -> None:
    serve(
        rule=lambda prompt, _: {
            "result": number(prompt) % 4 != 0 and ("strictly" not in prompt or number(prompt) % 3 != 0)
        }
    )
    polite()
    monitor.create_anchor_set("polite", anchors())
    monitor.read_anchors("polite")
    polite("Is {{ outputs }} strictly polite?")
    monitor.read_anchors("polite")
    judged(version="1", at=NOW, passed=75, of=100)
    judged(version="2", at=NOW + HOUR, passed=50, of=100)
    first, second = monitor.linked_scores(get_store(), "0", "polite", start_ms=NOW, end_ms=NOW + 2 * HOUR, step_ms=HOUR)
    assert first.linked.value == first.raw.value == 0.75
    assert second.raw.value == 0.5
    assert second.linked.low < 0.75 < second.linked.high
    assert second.linked.high - second.linked.low > second.raw.high - second.raw.low


def test_scores_of_a_version_that_read_no_anchors_are_not_linked(serve: Callable[..., LlmServer]) -> None:
    serve(rule=lambda _prompt, _schema: {"result": True})
    polite()
    monitor.create_anchor_set("polite", anchors(3))
    monitor.read_anchors("polite")
    judged(version="7", at=NOW, passed=1, of=2)
    (window,) = monitor.linked_scores(get_store(), "0", "polite", start_ms=NOW, end_ms=NOW + HOUR, step_ms=HOUR)
    assert window.linked is None
    assert "version 7" in window.why_not


def test_linked_scores_tell_what_is_missing_and_what_names_no_version(serve: Callable[..., LlmServer]) -> None:
    serve(rule=lambda _prompt, _schema: {"result": True})
    polite()
    monitor.create_anchor_set("polite", anchors(3))
    monitor.read_anchors("polite")
    judged(version="1", at=NOW, passed=8, of=10)
    judged(version="1", at=NOW + 100, passed=0, of=5, error="it timed out")
    judged(version="1", at=NOW + HOUR, passed=8, of=10)
    judged(version="", at=NOW + HOUR + 100, passed=0, of=10)
    first, second = monitor.linked_scores(get_store(), "0", "polite", start_ms=NOW, end_ms=NOW + 2 * HOUR, step_ms=HOUR)
    assert (first.raw.value, first.raw.missing, first.raw.worst) == (0.8, 5, pytest.approx(8 / 15))
    assert (first.linked.value, first.linked.missing) == (0.8, 5)
    assert (second.raw.value, second.raw.n) == (0.4, 20)
    assert second.linked is None
    assert second.why_not.startswith("10 of its values")


def judged(*, version: str, at: int, passed: int, of: int, error: str | None = None) -> None:
    traces = [
        Trace(
            info=TraceInfo(
                trace_id=f"tr-{at + n:032x}",
                request_time=at + n,
                state="OK",
                assessments=(
                    Feedback(
                        name="polite",
                        value=None if error else n < passed,
                        error=error,
                        source=AssessmentSource("LLM_JUDGE", "m"),
                        metadata={"steelyard.scorer.version": version} if version else {},
                    ),
                ),
            )
        )
        for n in range(of)
    ]
    get_store().traces.put(traces)


def test_another_model_behind_the_name_has_the_anchors_read(serve: Callable[..., LlmServer]) -> None:
    serve(rule=lambda _prompt, _schema: {"result": True})
    polite()
    monitor.create_anchor_set("polite", anchors(3))
    known = monitor.read_anchors("polite").models
    store = get_store()
    assert len(known) == 1
    assert not model_noticed(store, "0", "polite", known[0])
    assert judge_due(store, worker="w", now_ms=NOW) in (0, 1)
    watching = Monitor(monitor_id="mo-1", experiment_id="0", name="polite")
    work = Work(work_id=1, monitor_id="mo-1", subject="tr-1", lease="l", lease_until_ms=NOW)
    said = Feedback(name="polite", value=True, metadata={"steelyard.judge.answered": "gpt-4o-mini-2031-01-01"})
    AnsweringModels(store).answered(watching, WorkDone(work=work, outcome="scored", assessments=(said,)))
    reading = store.anchors.claim("w", now_ms=store.anchors.readings(store.anchors.list()[0].anchor_id)[0].started_ms)
    assert reading is not None
    assert reading.why == "asked"


def test_a_judge_that_cannot_be_reached_fails_the_reading_and_keeps_what_was_said(
    serve: Callable[..., LlmServer],
) -> None:
    server = serve(rule=lambda _prompt, _schema: {"result": True})
    polite()
    made = monitor.create_anchor_set("polite", anchors(20), max_cost=1e-6)
    reading = monitor.read_anchors("polite")
    assert reading.state == "failed"
    assert "max_cost" in reading.error
    assert server.calls == 0
    assert monitor.judge_drift("polite") is None
    get_store().anchors.update(made.anchor_id, max_cost=5.0)
    assert monitor.read_anchors("polite").n == 20


def test_a_row_that_cannot_be_judged_is_a_row_with_an_error(serve: Callable[..., LlmServer]) -> None:
    serve(rule=lambda prompt, _: {"result": "purple" if number(prompt) == 2 else True})
    polite()
    monitor.create_anchor_set("polite", anchors(4))
    reading = monitor.read_anchors("polite")
    assert (reading.state, reading.n, reading.failed) == ("done", 3, 1)
    wrong = [each for each in get_store().anchors.verdicts(reading.reading_id) if each.error]
    assert len(wrong) == 1


def test_only_judges_of_single_rows_have_anchors(store_uri: str) -> None:
    @scorer
    def short(outputs: str) -> bool:
        return len(outputs) < 9

    short.register()
    rows = anchors(2)
    with pytest.raises(InvalidArgument, match="is code"):
        monitor.create_anchor_set("short", rows)
    with pytest.raises(NotFound, match="unheard"):
        monitor.create_anchor_set("unheard", rows)
    Guidelines(name="kind", guidelines="Be kind.", model="openai:/gpt-4o-mini").register()
    with pytest.raises(NotFound, match="no anchor set"):
        monitor.judge_drift("kind")
