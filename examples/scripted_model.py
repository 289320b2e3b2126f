"""A language model that follows a script: a server for examples that need one, where there is none.

It speaks the part of OpenAI's chat API that an agent needs, on loopback, with the standard library alone. It plays a
clerk with three tools, reads what they return, and answers from it. Like a real model it is not always right: in some
conversations it takes the wrong tool, and how often depends on the question, so that repeats differ.

    with ScriptedModel() as url:
        client = openai.OpenAI(base_url=url, api_key="none")
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SLIPS = 0.15
"""The share of conversations in which the wrong tool is taken."""


class ScriptedModel:
    """The server; ``with`` starts it, gives its URL, and stops it."""

    def __init__(self, *, slips: float = SLIPS) -> None:
        self._slips = slips
        self._begun: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __enter__(self) -> str:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply(self, messages: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the next message of a conversation: a tool call, or the answer."""
        question = next(each["content"] for each in messages if each["role"] == "user")
        results = [json.loads(each["content"]) for each in messages if each["role"] == "tool"]
        if not results:
            email = re.search(r"[\w.]+@[\w.]+\w", question)
            return _call("find_customer", email=email[0] if email else "")
        if len(results) == 1:
            right = _tool_for(question)
            tool = _OTHER[right] if self._slips_now(question) else right
            return _call(tool, user_id=results[0].get("user_id", ""))
        return {"content": _answer(question, results[1])}

    def _slips_now(self, question: str) -> bool:
        """Whether this conversation goes wrong: settled by the question and how often it was asked."""
        with self._lock:
            self._begun[question] += 1
            key = f"{question}|{self._begun[question]}".encode()
        easy = hashlib.blake2b(question.encode(), digest_size=1).digest()[0] % 3 > 0  # a third of them are hard
        draw = int.from_bytes(hashlib.blake2b(key, digest_size=4).digest(), "big") / 2**32
        return draw < (0.0 if easy else 3 * self._slips)


_OTHER = {"list_credit_cards": "list_accounts", "list_accounts": "list_credit_cards"}


def _tool_for(question: str) -> str:
    return "list_credit_cards" if "Card" in question else "list_accounts"


def _answer(question: str, records: list[dict[str, Any]]) -> str:
    balances = {
        each.get("card_type") or each.get("level"): each.get("current_balance") or each.get("current_holdings")
        for each in records
    }
    meant = max((name for name in balances if name and name in question), key=len, default=None)
    return "I cannot find it. Please call us." if meant is None else f"On your {meant} are {balances[meant]}."


def _call(name: str, **arguments: str) -> dict[str, Any]:
    return {"content": None, "tool_calls": [{"type": "function", "function": {"name": name, "arguments": arguments}}]}


def _handler(model: ScriptedModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["content-length"]))
            request = json.loads(asked)
            message: dict[str, Any] = {"role": "assistant", **model.reply(request["messages"])}
            for place, call in enumerate(message.get("tool_calls", ())):
                call["id"] = f"call_{len(request['messages'])}_{place}"
                call["function"]["arguments"] = json.dumps(call["function"]["arguments"])
            written = json.dumps(message)
            body = json.dumps(
                {
                    "id": "chatcmpl-scripted",
                    "object": "chat.completion",
                    "created": 0,
                    "model": request["model"],
                    "choices": [
                        {
                            "index": 0,
                            "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
                            "message": message,
                        }
                    ],
                    "usage": {
                        "prompt_tokens": len(asked) // 4,
                        "completion_tokens": len(written) // 4,
                        "total_tokens": len(asked) // 4 + len(written) // 4,
                    },
                }
            ).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
            """Say nothing."""

    return Handler
