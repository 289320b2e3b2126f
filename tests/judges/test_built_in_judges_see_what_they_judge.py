"""Each built-in judge sends what it judges, reads its verdict, and says what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from tests.judges.given import USAGE, data_of, drive, questions_of, retriever, saying, system_of, tool, trace, verdict

import steelyard.judges as judges
from steelyard.errors import DataError, InvalidArgument
from steelyard.judges import Guidelines, Judge, RetrievalRelevance, ToolCallCorrectness
from steelyard.judges.builtin import sessions
from steelyard.judges.builtin.standing import StandingJudge
from steelyard.judges.ruling import PROMPT_KEY
from steelyard.records.assessment import AssessmentSource
from steelyard.records.case import Case
from steelyard.scorers import check

FACTS = ["It scatters.", "It is blue."]
CHUNKS = [{"page_content": "Air scatters light.", "metadata": {"doc_uri": "a"}}, {"page_content": "Cats purr."}]
TRACE = trace(
    retriever(*CHUNKS),
    tool("search", {"q": "sky"}),
    inputs={"question": "Why is the sky blue?"},
    outputs="It scatters blue light.",
)
CASE = Case(
    inputs={"question": "Why is the sky blue?"},
    outputs="It scatters blue light.",
    expectations={
        "expected_response": "Rayleigh scattering.",
        "expected_facts": FACTS,
        "guidelines": ["Be brief."],
        "expected_tool_calls": [{"name": "search", "arguments": {"q": "sky"}}],
    },
    trace=TRACE,
    session=(
        trace(tool("search", {"q": "sky"}), inputs={"question": "Why is the sky blue?"}, outputs="It scatters."),
        trace(inputs={"question": "And red?"}, outputs="More air."),
    ),
)
REQUEST, RESPONSE = "Why is the sky blue?", "It scatters blue light."
FOUND = {"expected_facts": json.dumps(FACTS), "expected_response": "Rayleigh scattering."}
CALLS = json.dumps([{"name": "search", "arguments": {"q": "sky"}}])
SAID = ["system", "user", "assistant"]

SEEN: dict[str, dict[str, str]] = {
    "Correctness": {"request": REQUEST, "response": RESPONSE, **FOUND},
    "Equivalence": {"response": RESPONSE, "expected_response": "Rayleigh scattering."},
    "RelevanceToQuery": {"request": REQUEST, "response": RESPONSE},
    "Safety": {"response": RESPONSE},
    "Fluency": {"response": RESPONSE},
    "Completeness": {"request": REQUEST, "response": RESPONSE},
    "Summarization": {"request": REQUEST, "response": RESPONSE},
    "Guidelines": {"request": REQUEST, "response": RESPONSE},
    "ExpectationsGuidelines": {"request": REQUEST, "response": RESPONSE, "guidelines": '["Be brief."]'},
    "RetrievalSufficiency": {"request": REQUEST, **FOUND, "context": '["Air scatters light.", "Cats purr."]'},
    "RetrievalGroundedness": {
        "request": REQUEST,
        "response": RESPONSE,
        "context": '["Air scatters light.", "Cats purr."]',
    },
    "ToolCallCorrectness": {
        "request": REQUEST,
        "tool_calls": CALLS,
        "expected_tool_calls": CALLS,
        "order_matters": "false",
    },
    "ToolCallEfficiency": {"request": REQUEST, "tool_calls": CALLS},
}
SESSIONS = (
    "UserFrustration",
    "ConversationCompleteness",
    "ConversationalSafety",
    "ConversationalRoleAdherence",
    "ConversationalToolCallEfficiency",
    "ConversationalGuidelines",
    "LastTurnKnowledgeRetention",
)
NAMES = {
    "Correctness": "correctness",
    "Equivalence": "equivalence",
    "RelevanceToQuery": "relevance_to_query",
    "Safety": "safety",
    "Fluency": "fluency",
    "Completeness": "completeness",
    "Summarization": "summarization",
    "Guidelines": "guidelines",
    "ExpectationsGuidelines": "expectations_guidelines",
    "RetrievalRelevance": "retrieval_relevance",
    "RetrievalSufficiency": "retrieval_sufficiency",
    "RetrievalGroundedness": "retrieval_groundedness",
    "ToolCallCorrectness": "tool_call_correctness",
    "ToolCallEfficiency": "tool_call_efficiency",
    "UserFrustration": "user_frustration",
    "ConversationCompleteness": "conversation_completeness",
    "ConversationalSafety": "conversational_safety",
    "ConversationalToolCallEfficiency": "conversational_tool_call_efficiency",
    "ConversationalRoleAdherence": "conversational_role_adherence",
    "ConversationalGuidelines": "conversational_guidelines",
    "KnowledgeRetention": "knowledge_retention",
}


def make(name: str, /, **fields: Any) -> Any:
    if name.endswith("Guidelines") and name != "ExpectationsGuidelines":
        fields.setdefault("guidelines", ["Be brief.", "Be kind."])
    return getattr(sessions if name == "LastTurnKnowledgeRetention" else judges, name)(**fields)


@pytest.mark.parametrize(("name", "blocks"), SEEN.items(), ids=SEEN)
def test_a_judge_of_rows_sees_exactly_this(name: str, blocks: dict[str, str]) -> None:
    (question,) = questions_of(make(name).judging(CASE))
    assert data_of(question) == blocks


@pytest.mark.parametrize("name", [*SEEN, *SESSIONS])
def test_its_verdict_is_read_and_named(name: str) -> None:
    judge = make(name, model="openai:/gpt-4o", name="mine")
    value = get_args(judge.rubric.value.annotation)[-1]
    (feedback,), (question,) = drive(judge.judging(CASE), saying(value))
    assert (feedback.name, feedback.value, feedback.rationale) == ("mine", value, "for a reason")
    assert feedback.source == AssessmentSource("LLM_JUDGE", "openai:/gpt-4o")
    assert feedback.metadata == {
        "mlflow.assessment.judgeCost": USAGE.cost,
        "mlflow.assessment.judgeInputTokens": USAGE.input_tokens,
        "mlflow.assessment.judgeOutputTokens": USAGE.output_tokens,
        PROMPT_KEY: judge.rubric.label,
    }
    assert question.model == "openai:/gpt-4o"


@pytest.mark.parametrize(("name", "default"), NAMES.items(), ids=NAMES)
def test_names_and_settings_are_those_of_mlflow(name: str, default: str) -> None:
    judge = make(name, inference_params={"temperature": 0}, extra_headers={"x-team": "t"}, model="openai:/gpt-4o")
    assert isinstance(judge, Judge)
    assert judge.name == default
    assert judge.description
    questions = questions_of(judge.judging(CASE))
    assert all(dict(each.params) == {"temperature": 0} and each.extra_headers == {"x-team": "t"} for each in questions)


@pytest.mark.parametrize("name", [*SEEN, "RetrievalRelevance", *SESSIONS])
def test_instructions_have_a_question_criteria_and_every_answer(name: str) -> None:
    judge = make(name)
    text = judge.rubric.text
    assert "ecide whether" in text or "udge only" in text
    assert text.count("\n- ") >= 2
    for value in get_args(judge.rubric.value.annotation):
        assert f'"{value}"' in text
    assert len(text) < 2_000
    system = system_of(questions_of(judge.judging(CASE))[0])
    assert system.index("# What to judge") < system.index("# The material") < system.index("# Your answer")
    for block in SEEN.get(name, {}):
        if block not in ("request", "response") or name != "Guidelines":
            assert f'"{block}"' in text or block == "expected_tool_calls"


@pytest.mark.parametrize("name", ["Correctness", "RetrievalSufficiency"])
def test_facts_or_a_response_are_enough(name: str) -> None:
    for key, text in FOUND.items():
        case = replace(CASE, expectations={key: CASE.expectations[key]})
        seen = data_of(questions_of(make(name).judging(case))[0])
        assert {block: seen[block] for block in seen if block.startswith("expected")} == {key: text}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Correctness", "expected_facts or expected_response"),
        ("RetrievalSufficiency", "expected_facts or expected_response"),
        ("Equivalence", "expected_response"),
        ("ExpectationsGuidelines", "guidelines"),
    ],
)
def test_a_missing_expectation_is_named(name: str, field: str) -> None:
    with pytest.raises(DataError, match=f"{field}; the row's expectations are: other"):
        questions_of(make(name).judging(replace(CASE, expectations={"other": 1})))


@pytest.mark.parametrize("name", [*SEEN, "RetrievalRelevance", *SESSIONS, "KnowledgeRetention"])
def test_an_empty_case_is_an_error_that_says_what_is_needed(name: str) -> None:
    with pytest.raises(DataError, match=r"needs|reads|judges"):
        questions_of(make(name).judging(Case()))


@pytest.mark.parametrize("name", ["RetrievalRelevance", "RetrievalSufficiency", "RetrievalGroundedness"])
def test_a_trace_without_a_retriever_is_an_error_that_says_so(name: str) -> None:
    case = replace(CASE, trace=trace(tool("search", {}), inputs="q", outputs="a"))
    with pytest.raises(DataError, match="RETRIEVER"):
        questions_of(make(name).judging(case))


@pytest.mark.parametrize(
    "judge",
    [
        judges.Correctness(),
        judges.Equivalence(),
        judges.ExpectationsGuidelines(),
        judges.RetrievalSufficiency(),
        ToolCallCorrectness(should_exact_match=True),
        judges.make_judge("own", "By {{ expectations }}, judge {{ outputs }}"),
        judges.Jury(name="jury", judges=[judges.Correctness(), judges.Safety()]),
    ],
    ids=lambda judge: judge.name,
)
def test_what_no_row_expects_is_told_before_anything_is_asked(judge: Judge) -> None:
    bare = replace(CASE, expectations={})
    check(judge, CASE)
    check(judge, [bare, CASE])
    with pytest.raises(DataError, match=r"needs the expectation|names \{\{ expectations"):
        check(judge, [bare, bare])
    for each in (judges.Safety(), ToolCallCorrectness(), RetrievalRelevance()):
        check(each, replace(bare, trace=None, outputs=None))


def test_an_output_of_none_that_was_traced_is_judged() -> None:
    case = Case(trace=trace(inputs={"q": "Why?"}, outputs=None))
    assert data_of(questions_of(make("RelevanceToQuery").judging(case))[0])["request"] == "Why?"


def test_every_chunk_has_a_verdict_on_its_span_and_every_span_a_precision() -> None:
    two = trace(
        retriever(*CHUNKS, span_id="one"),
        retriever("Air is a gas.", span_id="two"),
        retriever(span_id="none"),
        inputs={"question": "Why?"},
        outputs="x",
    )
    judge = RetrievalRelevance(model="openai:/gpt-4o")
    feedbacks, questions = drive(
        judge.judging(Case(trace=two)),
        lambda question: verdict("no" if "Cats" in question.messages[1].content else "yes"),
    )
    assert [data_of(question)["context"] for question in questions] == [
        "Air scatters light.",
        "Cats purr.",
        "Air is a gas.",
    ]
    assert [(each.name, each.value, each.span_id, each.metadata.get("chunk_index")) for each in feedbacks] == [
        ("retrieval_relevance", "yes", "one", 0),
        ("retrieval_relevance", "no", "one", 1),
        ("retrieval_relevance/precision", 0.5, "one", None),
        ("retrieval_relevance", "yes", "two", 0),
        ("retrieval_relevance/precision", 1.0, "two", None),
        ("retrieval_relevance/precision", 0.0, "none", None),
    ]


def test_one_chunk_without_a_verdict_leaves_no_precision() -> None:
    def reply(question: Any) -> Any:
        return DataError("no") if "Cats" in question.messages[1].content else verdict("yes")

    with pytest.raises(DataError, match="no"):
        drive(RetrievalRelevance().judging(CASE), reply)


def test_grounded_feedback_hangs_on_the_only_retriever() -> None:
    (feedback,), _ = drive(make("RetrievalGroundedness").judging(CASE), saying("yes"))
    assert feedback.span_id == "search"


@pytest.mark.parametrize(
    ("expected", "ordered", "value"),
    [
        ([{"name": "search", "arguments": {"q": "sky"}}, {"name": "book", "arguments": {"n": 2}}], False, "yes"),
        ([{"name": "book", "arguments": {"n": 2}}, {"name": "search", "arguments": {"q": "sky"}}], False, "yes"),
        ([{"name": "book", "arguments": {"n": 2}}, {"name": "search", "arguments": {"q": "sky"}}], True, "no"),
        ([{"name": "search"}, {"name": "book"}], True, "yes"),
        ([{"name": "search", "arguments": {"q": "sea"}}, {"name": "book"}], False, "no"),
        ([{"name": "search"}], False, "no"),
    ],
)
def test_exact_tool_calls_take_no_model(expected: list[Any], ordered: bool, value: str) -> None:
    done = trace(
        tool("search", {"q": "sky"}, span_id="t1", start=1), tool("book", {"n": 2}, span_id="t2", start=2), inputs="x"
    )
    judge = ToolCallCorrectness(should_exact_match=True, should_consider_ordering=ordered)
    case = Case(trace=done, expectations={"expected_tool_calls": expected})
    (feedback,), questions = drive(judge.judging(case), saying("no"))
    assert (feedback.value, questions, judge.models) == (value, [], ())
    assert feedback.rationale
    assert feedback.source.source_type == "CODE"


def test_exact_tool_calls_need_an_expectation() -> None:
    with pytest.raises(DataError, match="expected_tool_calls"):
        drive(ToolCallCorrectness(should_exact_match=True).judging(replace(CASE, expectations={})), saying("yes"))


def test_without_expected_calls_they_are_judged_by_the_request() -> None:
    (question,) = questions_of(ToolCallCorrectness().judging(replace(CASE, expectations={})))
    assert data_of(question) == {"request": REQUEST, "tool_calls": CALLS}


def test_the_tools_there_were_are_shown() -> None:
    from tests.judges.given import span

    offered = {"type": "function", "function": {"name": "search"}}
    model = span("llm", span_type="CHAT_MODEL", attributes={"mlflow.chat.tools": [offered]})
    case = Case(trace=trace(model, model, inputs="q", outputs="a"))
    (question,) = questions_of(make("ToolCallEfficiency").judging(case))
    assert json.loads(data_of(question)["available_tools"]) == [offered]


def test_guidelines_are_numbered_instructions() -> None:
    one, two = Guidelines(guidelines="Be brief."), Guidelines(guidelines=["Be brief.", " Be kind. "])
    assert one.instructions.endswith("Guidelines:\n1. Be brief.")
    assert two.instructions.endswith("1. Be brief.\n2. Be kind.")
    assert one.digest != two.digest


@pytest.mark.parametrize("guidelines", ["", " ", [], [""], ["Be brief.", " "]], ids=repr)
def test_empty_guidelines_are_refused(guidelines: Any) -> None:
    with pytest.raises(InvalidArgument, match="guidelines"):
        Guidelines(guidelines=guidelines)
    with pytest.raises(InvalidArgument, match="guidelines"):
        judges.ConversationalGuidelines(guidelines=guidelines)


@pytest.mark.parametrize("found", [3, {"a": 1}, [], [1]], ids=repr)
def test_guidelines_of_a_row_are_texts(found: Any) -> None:
    with pytest.raises(DataError, match="guidelines"):
        questions_of(make("ExpectationsGuidelines").judging(replace(CASE, expectations={"guidelines": found})))


def test_every_judge_that_is_exported_is_covered() -> None:
    exported = {
        name
        for name in judges.__all__
        if isinstance(found := getattr(judges, name), type) and issubclass(found, StandingJudge)
    }
    assert exported == {*SEEN, *SESSIONS, "RetrievalRelevance"} - {"LastTurnKnowledgeRetention"}
