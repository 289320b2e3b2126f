"""The agent: a model that may call tools until it answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import steelyard
from examples.agent.lookups import described

INSTRUCTIONS = (
    "You are a bank's clerk. Find the customer by the email that they give, look up what they ask for, and answer in "
    "one sentence with the exact figure from the bank's records."
)
MOST_STEPS = 6


def make_clerk(client: Any, model: str, tools: dict[str, Callable[..., Any]]) -> Callable[..., str]:
    """Return the agent: a function of a question."""

    @steelyard.trace(span_type="AGENT")
    def clerk(question: str) -> str:
        messages: list[Any] = [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": question}]
        for _ in range(MOST_STEPS):
            response = client.chat.completions.create(model=model, messages=messages, tools=described(tools))
            message = response.choices[0].message
            if not message.tool_calls:
                return message.content or ""
            messages.append(message.model_dump(exclude_none=True))
            for call in message.tool_calls:
                result = tools[call.function.name](**json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
        raise RuntimeError(f"no answer after {MOST_STEPS} steps")

    return clerk
