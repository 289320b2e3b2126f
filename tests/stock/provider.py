"""What the models say: the same to every sender, by what is asked and not by when."""

from __future__ import annotations

import json
from typing import Any

from tests.llm.server import LlmServer, Reply, prompt_of

ANSWER = "A balance with arms of unequal length."
WEATHER_ANSWER = "It is clear in Kyiv, 21 degrees."
REFUSAL = "I would rather not."
DATED = "gpt-4o-mini-2024-07-18"
VECTORS = ([0.25, 0.5], [0.75, 1.0])
USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 30,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 100, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 0},
}
CLAUDE_USAGE = {
    "input_tokens": 20,
    "output_tokens": 30,
    "cache_read_input_tokens": 100,
    "cache_creation_input_tokens": 40,
}


def provider() -> LlmServer:
    """Return the server of all models; see :class:`LlmServer`."""
    return LlmServer(script=_answer)


def _answer(_: int, request: dict[str, Any]) -> Reply:
    if "messages" not in request:
        return _responses(request) if isinstance(request["input"], str) else _embedding()
    claude = str(request.get("model")).startswith("claude")
    told = {"usage": CLAUDE_USAGE} if claude else {"model": DATED, "usage": USAGE}
    asked = prompt_of(request)
    if "Fail, please." in asked:
        return Reply.error(500, "The model is out of order.")
    if "Be unkind." in asked and not claude:
        return Reply(message={"content": None, "refusal": REFUSAL}, response=told)
    if "weather" in asked and "tools" in request:
        if any(_is_result(message) for message in request["messages"]):
            return Reply(text=WEATHER_ANSWER, response=told)
        return Reply(tool_call=("weather", {"city": "Kyiv"}), response=told)
    return Reply(text=ANSWER, response=told)


def _is_result(message: dict[str, Any]) -> bool:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return message["role"] == "tool" or any(part.get("type") == "tool_result" for part in parts)


def _embedding() -> Reply:
    data = [{"object": "embedding", "index": place, "embedding": vector} for place, vector in enumerate(VECTORS)]
    usage = {"prompt_tokens": 4, "total_tokens": 4}
    return _raw({"object": "list", "model": "text-embedding-3-small", "data": data, "usage": usage})


def _responses(request: dict[str, Any]) -> Reply:
    said = {"type": "output_text", "text": ANSWER, "annotations": []}
    message = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [said]}
    usage = {
        "input_tokens": 120,
        "input_tokens_details": {"cached_tokens": 100},
        "output_tokens": 30,
        "output_tokens_details": {"reasoning_tokens": 20},
        "total_tokens": 150,
    }
    return _raw(
        {
            "id": "resp_1",
            "object": "response",
            "created_at": 1_700_000_000,
            "status": "completed",
            "model": DATED,
            "instructions": request.get("instructions"),
            "output": [message],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": usage,
        }
    )


def _raw(value: dict[str, Any]) -> Reply:
    return Reply(raw=json.dumps(value).encode())
