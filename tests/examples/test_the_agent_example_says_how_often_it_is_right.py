"""examples/agent on a bank of our own, with its scripted model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from examples.agent.__main__ import main, make_rows, right_figure
from examples.agent.clerk import make_clerk
from examples.agent.lookups import make_tools
from examples.bank import open_bank
from examples.scripted_model import ScriptedModel

import steelyard
from steelyard.genai import evaluate
from steelyard.genai.scorers import ToolCallCorrectness


@pytest.fixture(autouse=True)
def _no_autolog_afterwards() -> Iterator[None]:
    yield
    steelyard.openai.autolog(disable=True)


def test_it_prints_how_often_it_is_right_once_and_every_time(wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--wheel", str(wheel)])
    said = capsys.readouterr().out
    assert "a scripted model plays the agent's" in said
    assert re.search(r"right_figure/mean: .*\(n=15\)", said)
    assert re.search(r"right_figure/pass\^3: .*\(n=5\)", said)
    assert re.search(r"kind=credit card: .*\(n=9\)", said)
    assert "tokens, 5 steps a question" in said


def test_each_step_is_a_span_of_the_agents_trace(wheel: Path) -> None:
    main(["--wheel", str(wheel), "--rows", "1"])
    (trace, *_) = steelyard.search_traces(return_type="list")
    kinds = [span.span_type for span in trace.data.spans]
    assert kinds == ["AGENT", "CHAT_MODEL", "TOOL", "CHAT_MODEL", "TOOL", "CHAT_MODEL"]
    assert trace.info.token_usage is not None
    assert trace.info.token_usage["total_tokens"] > 0


@pytest.mark.parametrize(("slips", "share"), [(0.0, 1.0), (1.0, 0.0)], ids=["never", "whenever it can"])
def test_a_model_that_takes_the_wrong_tool_is_caught(slips: float, share: float, wheel: Path) -> None:
    bank = open_bank(wheel)
    with ScriptedModel(slips=slips) as url, openai.OpenAI(base_url=url, api_key="none") as client:
        clerk = make_clerk(client, "scripted", make_tools(bank))
        scorers = [right_figure, ToolCallCorrectness(should_exact_match=True)]
        result = evaluate(make_rows(bank), scorers, clerk, progress=False)
    frame = result.result_df
    hard = frame["tool_call_correctness/value"] == "no"
    assert (frame["right_figure/value"] == ~hard).all()
    assert hard.any() == (share == 0.0)


def test_rows_know_what_must_be_looked_up(wheel: Path) -> None:
    row = make_rows(open_bank(wheel))[0]
    assert row["inputs"]["question"] == "I am Ada Low (ada@example.org). What is on my Tin Card?"
    assert row["expectations"]["expected_response"] == "$10.25"
    assert [call["name"] for call in row["expectations"]["expected_tool_calls"]] == [
        "find_customer",
        "list_credit_cards",
    ]
