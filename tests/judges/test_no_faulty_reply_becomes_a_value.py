"""Every faulty reply ends in an error of its kind, never in a value."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import pytest
from tests.llm import server as servers
from tests.llm.server import LlmServer, Reply, always, in_turn
from tests.llm.times import FakeTime

from steelyard.errors import AnswerRefused, AnswerUnreadable, LLMError, LLMRateLimited, LLMUnavailable, SteelyardError
from steelyard.judges import Guidelines, make_judge
from steelyard.llm import calling

Serve = Callable[..., LlmServer]

GOOD = '{"rationale": "it is brief", "result": "yes"}'
WRONG = {
    "off the menu": '{"rationale": "r", "result": "maybe"}',
    "upper case": '{"rationale": "r", "result": "YES"}',
    "capital": '{"rationale": "r", "result": "Yes"}',
    "trailing space": '{"rationale": "r", "result": "yes "}',
    "zero width": '{"rationale": "r", "result": "yes\\u200b"}',
    "fullwidth": '{"rationale": "r", "result": "ｙｅｓ"}',
    "bool": '{"rationale": "r", "result": true}',
    "number": '{"rationale": "r", "result": 1}',
    "null": '{"rationale": "r", "result": null}',
    "list": '{"rationale": "r", "result": ["yes"]}',
    "nested": '{"rationale": "r", "result": {"result": "yes"}}',
    "no result": '{"rationale": "the result is yes"}',
    "no rationale": '{"result": "yes"}',
    "rationale is null": '{"rationale": null, "result": "yes"}',
    "further key": '{"rationale": "r", "result": "yes", "score": 10}',
    "result twice": '{"rationale": "r", "result": "no", "result": "yes"}',
    "two verdicts": f'{GOOD} {{"rationale": "no", "result": "no"}}',
    "grade in the reasoning": "I would say yes. The result is yes.",
    "bare word": "yes",
    "quoted word": '"yes"',
    "cut off": GOOD[:-4],
    "single quotes": "{'rationale': 'r', 'result': 'yes'}",
    "array of verdicts": f"[{GOOD}]",
    "wrapped": f'{{"answer": {GOOD}}}',
    "schema itself": '{"type": "object", "properties": {"result": {"enum": ["yes", "no"]}}}',
    "text with a verdict in a string": json.dumps({"rationale": GOOD}),
}
SOUND = {
    "plain": GOOD,
    "fence": f"```json\n{GOOD}\n```",
    "commentary": f"Here it is: {GOOD} I hope that helps.",
    "result first": '{"result": "yes", "rationale": "it is brief"}',
    "verdict in the rationale": '{"rationale": "{\\"result\\": \\"no\\"} is wrong", "result": "yes"}',
}
NUMBERS = {
    "string": '"4"',
    "fraction": '"4/5"',
    "comma": '"4,5"',
    "comma, bare": "4,5",
    "fullwidth": "４",
    "NaN": "NaN",
    "infinite": "1e999",
    "true": "true",
    "null": "null",
    "half": "4.5",
    "words": '"four"',
    "hexadecimal": "0x4",
    "plus": "+4",
    "leading zero": "04",
}


def judged() -> Any:
    return Guidelines(guidelines="Be brief.", model="openai:/gpt-4o-mini")(inputs={"q": "Why?"}, outputs="Because.")


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_unreadable(serve: Serve, time: FakeTime, text: str) -> None:
    server = serve(always(Reply(text=text)))
    with calling(time.calling()), pytest.raises(AnswerUnreadable):
        judged()
    assert server.calls == 2  # asked once more to put it right


@pytest.mark.parametrize("text", SOUND.values(), ids=SOUND)
def test_what_fits_is_read_whatever_stands_around_it(serve: Serve, time: FakeTime, text: str) -> None:
    serve(always(Reply(text=text)))
    with calling(time.calling()):
        assert judged().value == "yes"


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_what_is_no_whole_number_is_unreadable(serve: Serve, time: FakeTime, number: str) -> None:
    serve(always(Reply(text=f'{{"rationale": "r", "result": {number}}}')))
    judge = make_judge("score", "Score {{ outputs }}", feedback_value_type=Literal[1, 2, 3, 4, 5])
    for each in (judge, make_judge("score", "Score {{ outputs }}", feedback_value_type=int)):
        with calling(time.calling()), pytest.raises(AnswerUnreadable):
            each(outputs="x")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(name, AnswerUnreadable) for name in (*servers.WRONG, *servers.GARBLED)]
    + [(name, AnswerRefused) for name in servers.REFUSING]
    + [(name, LLMUnavailable) for name in servers.FINAL]
    + [(name, (LLMUnavailable, LLMRateLimited)) for name in servers.TRANSIENT],
)
def test_every_fault_of_a_server_is_an_error(
    serve: Serve, time: FakeTime, fault: str, kind: type[LLMError] | tuple[type[LLMError], ...]
) -> None:
    faults = {**servers.WRONG, **servers.GARBLED, **servers.REFUSING, **servers.FINAL, **servers.TRANSIENT}
    serve(always(faults[fault]))
    with calling(time.calling(patience={"tries": 2, "refusals": 2})), pytest.raises(SteelyardError) as raised:
        judged()
    assert isinstance(raised.value, kind)


def test_a_repaired_answer_counts_and_its_price_is_that_of_both(serve: Serve, time: FakeTime) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    replies = [Reply(text=text, response={"usage": usage}) for text in (WRONG["upper case"], GOOD)]
    serve(in_turn(*replies))
    with calling(time.calling()):
        feedback = judged()
    assert feedback.value == "yes"
    assert feedback.metadata["mlflow.assessment.judgeInputTokens"] == 200
