"""What the agent can look up. Each tool is traced, so that scorers see which were taken, and with what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import steelyard
from examples.bank import Bank


def make_tools(bank: Bank) -> dict[str, Callable[..., Any]]:
    """Return the tools by name."""

    @steelyard.trace(span_type="TOOL")
    def find_customer(email: str) -> dict[str, Any]:
        """Find a customer by their email address."""
        found = [each for each in bank.tables["users"] if each["email"].lower() == email.lower()]
        return {"user_id": found[0]["user_id"], "name": found[0]["name"]} if found else {"error": "no such customer"}

    @steelyard.trace(span_type="TOOL")
    def list_credit_cards(user_id: str) -> list[dict[str, Any]]:
        """List a customer's credit cards with their balances."""
        return [each for each in bank.tables["credit_card_accounts"] if each["user_id"] == user_id]

    @steelyard.trace(span_type="TOOL")
    def list_accounts(user_id: str) -> list[dict[str, Any]]:
        """List a customer's checking and savings accounts with their balances."""
        return [each for each in bank.tables["accounts"] if each["user_id"] == user_id]

    return {tool.__name__: tool for tool in (find_customer, list_credit_cards, list_accounts)}


def described(tools: dict[str, Callable[..., Any]]) -> list[dict[str, Any]]:
    """Return the tools as OpenAI's chat API wants them described; each takes one text."""
    return [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": tool.__doc__,
                "parameters": {
                    "type": "object",
                    "properties": {_parameter(name): {"type": "string"}},
                    "required": [_parameter(name)],
                    "additionalProperties": False,
                },
            },
        }
        for name, tool in tools.items()
    ]


def _parameter(name: str) -> str:
    return "email" if name == "find_customer" else "user_id"
