"""``Scorer.register`` and its functions, under MLflow's names, in the current store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.llm.server import LlmServer, Reply

import steelyard
from steelyard.errors import InvalidArgument, NotFound, UntrustedModel
from steelyard.genai import evaluate, make_judge, scorer
from steelyard.genai.judges import AlignmentOptimizer, make_pairwise_judge
from steelyard.genai.scorers import (
    Guidelines,
    RegexMatch,
    delete_scorer,
    get_scorer,
    list_scorer_versions,
    list_scorers,
)
from steelyard.tracking import get_store


@pytest.fixture(autouse=True)
def _nobody_allows_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEELYARD_ALLOW_CODE_SCORERS", raising=False)


@scorer
def terse(outputs):
    return len(outputs) < 5


def test_versions_count_up_and_are_found_again() -> None:
    given = RegexMatch(pattern="a+")
    assert given.register() is given
    RegexMatch(pattern="b+").register()
    RegexMatch(pattern="b+").register()
    assert get_scorer(name="regex_match").pattern == "b+"
    assert get_scorer(name="regex_match", version=1).digest == given.digest
    assert [(each.pattern, version) for each, version in list_scorer_versions(name="regex_match")] == [
        ("b+", 2),
        ("a+", 1),
    ]
    kept = get_store().scorers.get("0", "regex_match")
    assert (kept.kind, kept.digest) == ("builtin", RegexMatch(pattern="b+").digest)
    assert kept.created_by


def test_a_name_and_an_experiment_may_be_given() -> None:
    other = steelyard.create_experiment("other")
    renamed = terse.register(name="brief", experiment_id=other)
    assert (renamed.name, renamed(outputs="abc")) == ("brief", True)
    assert get_scorer(name="brief", experiment_id=other)(outputs="abcdef") is False
    assert list_scorers() == []
    steelyard.set_experiment("other")
    assert [each.name for each in list_scorers()] == ["brief"]


def test_all_kinds_are_listed_and_deleted() -> None:
    make_judge("kind", "Is {{ outputs }} kind?", feedback_value_type=bool).register()
    Guidelines(guidelines="Be kind.").register()
    Guidelines(guidelines="Be brief.").register()
    make_pairwise_judge("better", "The kinder one.").register()
    terse.register()
    assert [each.name for each in list_scorers()] == ["better", "guidelines", "kind", "terse"]
    delete_scorer(name="guidelines", version=2)
    assert get_scorer(name="guidelines").guidelines == "Be kind."
    delete_scorer(name="guidelines", version="all")
    with pytest.raises(NotFound, match="no registered scorer 'guidelines'"):
        get_scorer(name="guidelines")
    with pytest.raises(InvalidArgument, match='"all"'):
        delete_scorer(name="kind")
    with pytest.raises(NotFound, match="has no version 9"):
        delete_scorer(name="kind", version=9)
    with pytest.raises(NotFound):
        list_scorer_versions(name="nobody")


def test_a_registered_judge_evaluates_as_it_did(serve: Callable[..., LlmServer]) -> None:
    server = serve(rule=lambda prompt, schema: {"result": True, "rationale": "kind"})
    given = make_judge("kind", "Is {{ outputs }} kind?", feedback_value_type=bool)
    given.register()
    rows = [{"inputs": {"q": "a"}, "outputs": "b"}]
    for judge in (given, get_scorer(name="kind")):
        assert evaluate(rows, [judge]).metrics["kind/mean"] == 1.0
    questions = [{key: each.json[key] for key in ("model", "messages")} for each in server.requests]
    assert all(each == questions[0] for each in questions)


ELSEWHERE = """
from steelyard.genai.scorers import scorer

@scorer
def foreign(outputs):
    return outputs.startswith("f")

foreign.register()
"""


def test_code_that_another_process_registered_is_not_run_without_leave(
    store_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "registers.py"
    script.write_text(ELSEWHERE)
    environment = {**os.environ, "STEELYARD_TRACKING_URI": store_uri}
    subprocess.run([sys.executable, script], check=True, env=environment, cwd=tmp_path)
    with pytest.raises(UntrustedModel, match="no scorer that was made in this process has the same code"):
        get_scorer(name="foreign")
    (listed,) = list_scorers()
    assert listed.name == "foreign"
    with pytest.raises(UntrustedModel):
        listed(outputs="f")
    assert get_scorer(name="foreign", allow_code=True)(outputs="far") is True
    monkeypatch.setenv("STEELYARD_ALLOW_CODE_SCORERS", "true")
    assert get_scorer(name="foreign")(outputs="near") is False
    assert list_scorers()[0](outputs="far") is True


def test_a_judge_whose_words_have_changed_says_so() -> None:
    Guidelines(guidelines="Be kind.").register()
    kept = get_store().scorers.get("0", "guidelines")
    from steelyard.judges import scorer_of

    with pytest.warns(UserWarning, match="judges otherwise than when it was registered"):
        scorer_of(replace(kept, digest="another"))


class Telling(AlignmentOptimizer):
    def align(self, judge: Any, traces: Any) -> Any:
        return make_judge("good", "Is {{ outputs }} good? A good answer names its source.", feedback_value_type=bool)


def test_what_alignment_found_is_kept_beside_the_version(serve: Callable[..., LlmServer]) -> None:
    def world(index: int, request: dict[str, Any]) -> Reply:
        told, _, material = str(request["messages"]).partition("Boundary code: ")
        result = "source:" in material if "names its source" in told else True
        return Reply(value={"rationale": "", "result": result})

    serve(script=world)
    own = steelyard.set_experiment("aligning").experiment_id
    for number in range(40):
        with steelyard.start_span("answer") as span:
            span.set_inputs({"q": number})
            span.set_outputs("source: me" if number % 2 else "I think")
    steelyard.flush_trace_async_logging()
    for trace in steelyard.search_traces(return_type="list"):
        person = steelyard.entities.AssessmentSource("HUMAN", "ada")
        steelyard.log_feedback(
            trace_id=trace.info.trace_id, name="good", value=trace.outputs.startswith("source"), source=person
        )
    given = make_judge("good", "Is {{ outputs }} good?", feedback_value_type=bool, model="openai:/gpt-4o-mini")
    given.register()
    aligned = given.align(steelyard.search_traces(return_type="list"), Telling())
    assert aligned.alignment.recommended == "aligned"
    aligned.register()
    first, second = (get_store().scorers.get(own, "good", version=version) for version in (1, 2))
    assert first.notes == {}
    assert second.notes["align"]["after"]["value"] == 1.0
    assert second.notes["align"]["verdict"] == "better"
    assert get_scorer(name="good").instructions == aligned.instructions


def test_feedback_names_the_version_that_gave_it() -> None:
    RegexMatch(pattern="a").register()
    kept = get_scorer(name="regex_match")
    result = evaluate([{"inputs": {"q": 1}, "outputs": "a"}], [kept], progress=False)
    (trace,) = steelyard.search_traces(run_id=result.run_id, return_type="list")
    assert [said.metadata["steelyard.scorer.version"] for said in trace.info.assessments] == ["1"]
