"""Does a bank's agent take the right tools, and every time? ``python -m examples.agent``

It is asked each question three times. Without OPENAI_API_KEY a scripted model plays the agent's model; with it (and
OPENAI_BASE_URL, for any other server that speaks the same API) a real one.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openai

import steelyard
from examples.agent.clerk import make_clerk
from examples.agent.lookups import make_tools
from examples.bank import Bank, open_bank
from examples.scripted_model import ScriptedModel
from steelyard.genai import evaluate, scorer
from steelyard.genai.scorers import StepCount, ToolCallCorrectness, TrajectoryMatch

HOLDINGS = (
    ("credit card", "credit_card_accounts", "card_type", "current_balance", "list_credit_cards"),
    ("account", "accounts", "level", "current_holdings", "list_accounts"),
)


def make_rows(bank: Bank, count: int | None = None) -> list[dict[str, Any]]:
    """Return a row for each card and account of the bank's customers, with what must be looked up and what is there."""
    customers = {each["user_id"]: each for each in bank.tables["users"]}
    rows = []
    for kind, table, name, balance, tool in HOLDINGS:
        records = [each for each in bank.tables[table] if each["user_id"] in customers]
        owned = Counter((each["user_id"], each[name]) for each in records)
        for each in records:
            if owned[each["user_id"], each[name]] > 1 or not each.get(balance):
                continue  # the question would not say which
            customer = customers[each["user_id"]]
            rows.append(
                {
                    "inputs": {
                        "question": f"I am {customer['name']} ({customer['email']}). What is on my {each[name]}?"
                    },
                    "expectations": {
                        "expected_response": each[balance],
                        "expected_tool_calls": [
                            {"name": "find_customer", "arguments": {"email": customer["email"]}},
                            {"name": tool, "arguments": {"user_id": each["user_id"]}},
                        ],
                    },
                    "tags": {"kind": kind},
                }
            )
    return rows if count is None else rows[:: max(1, len(rows) // count)][:count]


@scorer
def right_figure(outputs: str, expectations: dict[str, Any]) -> bool:
    """Whether the answer gives the figure that the bank's records have."""
    return expectations["expected_response"] in re.findall(r"[$\d][\d.,]*\d|\d", outputs)


def main(arguments: Sequence[str] | None = None) -> None:
    """Evaluate the agent, three times on each row."""
    options = argparse.ArgumentParser(prog="python -m examples.agent", description="Weigh an agent.")
    options.add_argument("--rows", type=int, help="how many questions; all unless told")
    options.add_argument("--wheel", type=Path, help="the wheel of inspect-evals, if it is at hand")
    options.add_argument("--model", default=os.environ.get("OPENAI_MODEL", "gpt-4o-mini"))
    given = options.parse_args(arguments)

    bank = open_bank(given.wheel)
    steelyard.openai.autolog()
    with contextlib.ExitStack() as stack:
        if os.environ.get("OPENAI_API_KEY"):
            client = openai.OpenAI()
        else:
            print("OPENAI_API_KEY is not set: a scripted model plays the agent's.")
            client = openai.OpenAI(base_url=stack.enter_context(ScriptedModel()), api_key="none")
        stack.enter_context(client)
        result = evaluate(
            make_rows(bank, given.rows),
            [right_figure, ToolCallCorrectness(should_exact_match=True), TrajectoryMatch(), StepCount()],
            make_clerk(client, given.model, make_tools(bank)),
            repeats=3,
            slices=["kind"],
            name="bank balances",
            run_name="clerk",
        )
    for name in ("right_figure/mean", "right_figure/pass@3", "right_figure/pass^3", "tool_call_correctness/mean"):
        print(f"{name}: {result.estimates[name]}")
    for kind, estimates in result.slices.items():
        print(f"{kind}: {estimates['right_figure/mean']}")
    print(f"{result.metrics['tokens/total']:,.0f} tokens, {result.metrics['step_count/mean']:g} steps a question")


if __name__ == "__main__":
    main()
