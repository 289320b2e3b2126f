"""Replies of a language model's server: what it says, in OpenAI's form and in Anthropic's, whole and streamed."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Literal

How = Literal["whole", "silent", "stalled", "slow", "reset", "cut", "endless", "no done"]
Rule = Callable[[str, Mapping[str, Any] | None], Any]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the server does with one request.

    Args:
        value: the answer's JSON; None makes one that fits the schema that was asked for.
        text: the answer's text as it is, instead of JSON.
        tool_call: ``(name, arguments)`` that the model wants called; arguments that are text are sent as they are.
        message, choice, response: fields put over those of the message, the choice, the whole response.
        status, headers, raw: of the HTTP response; ``raw`` is sent instead of JSON.
        delay: seconds before it, on top of the server's latency.
        how: how it is sent: ``whole``; ``silent`` never; ``stalled`` after the headers; ``slow`` a byte a second;
            ``reset`` or ``cut`` in the middle; ``endless`` 100 MB; ``no done``: a stream without its last line.
    """

    value: Any = None
    text: str | None = None
    tool_call: tuple[str, Any] | None = None
    message: Mapping[str, Any] = field(default_factory=dict)
    choice: Mapping[str, Any] = field(default_factory=dict)
    response: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    raw: bytes | None = None
    delay: float = 0.0
    how: How = "whole"

    @classmethod
    def error(cls, status: int, message: str = "it failed", *, code: str | None = None, **headers: str) -> Reply:
        body = {"error": {"message": message, "type": "error", "param": None, "code": code}}
        named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return cls(status=status, raw=json.dumps(body).encode(), headers=(("content-type", "application/json"), *named))

    @classmethod
    def rate_limited(cls, retry_after: str | float | None = None, **headers: str) -> Reply:
        if retry_after is not None:
            headers["retry_after"] = str(retry_after)
        return cls.error(429, "Rate limit reached", code="rate_limit_exceeded", **headers)

    @classmethod
    def rate_limited_until(cls, seconds: float, *, skew: float = 0.0) -> Reply:
        """Name a date ``seconds`` from now by a clock that is ``skew`` seconds fast, and show that clock."""
        now = time.time() + skew
        date = {"date": formatdate(now, usegmt=True)} if skew else {}
        return cls.rate_limited(formatdate(now + seconds, usegmt=True), **date)


def prompt_of(request: Mapping[str, Any]) -> str:
    """All text of a request, in order."""
    texts = [str(request["system"])] if "system" in request else []
    for message in request.get("messages", ()):
        content = message.get("content") or ""
        parts = content if isinstance(content, list) else [{"text": content}]
        texts += [str(part.get("text", part.get("content", ""))) for part in parts]
    return "\n".join(texts)


def schema_of(request: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON schema that a request wants its answer to fit, whichever way it says so."""
    form = request.get("response_format") or {}
    if "json_schema" in form:
        return form["json_schema"]["schema"]
    if form := (request.get("output_config") or {}).get("format") or request.get("output_format"):
        return form.get("schema")
    forced = _forced_tool(request)
    return forced[1] if forced else None


def conforming(schema: Mapping[str, Any], seed: str, root: Mapping[str, Any] | None = None) -> Any:
    """Make a JSON value that fits a schema; the same for the same seed."""
    root = root or schema
    if "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return conforming(target, seed, root)
    draw = int.from_bytes(hashlib.blake2b(f"{seed}|{schema.get('title')}".encode(), digest_size=4).digest(), "big")
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return conforming(schema[choice][0], seed, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][draw % len(schema["enum"])]
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: conforming(part, f"{seed}.{name}", root) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        count = max(1, schema.get("minItems", 1))
        return [conforming(schema.get("items", {}), f"{seed}.{place}", root) for place in range(count)]
    if kind in ("integer", "number"):
        told = re.findall(
            r"(minimum|maximum): (-?[\d.]+)", schema.get("description", "")
        )  # where Anthropic's clients put it
        schema = {**{name: float(value) if "." in value else int(value) for name, value in told}, **schema}
        low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 6) - 1)
        return low + draw % (int(high - low) + 1)
    if kind == "boolean":
        return bool(draw % 2)
    return None if kind == "null" else "because the text says so"


def _forced_tool(request: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """The tool through which the answer must come, if there is one."""
    choice, tools = request.get("tool_choice"), request.get("tools") or []
    found = {}
    for tool in tools:
        made = tool.get("function", tool)
        found[made["name"]] = made.get("parameters", made.get("input_schema", {}))
    if isinstance(choice, Mapping):
        name = choice.get("function", choice).get("name")
        if name in found:
            return name, found[name]
    forced = choice == "required" or (isinstance(choice, Mapping) and choice.get("type") == "any")
    if forced and found:
        name = "answer" if "answer" in found else next(iter(found))
        return name, found[name]
    return None


def _content(reply: Reply, request: Mapping[str, Any], rule: Rule | None) -> str:
    if reply.text is not None:
        return reply.text
    prompt, schema = prompt_of(request), schema_of(request)
    value = reply.value
    if value is None and rule is not None:
        value = rule(prompt, schema)
    if schema is None:
        if value is None:
            return f"An answer to: {prompt.splitlines()[-1][:200] if prompt else ''}"
        return value if isinstance(value, str) else json.dumps(value)
    made = conforming(schema, prompt)
    if isinstance(value, Mapping) and isinstance(made, Mapping):
        return json.dumps({**made, **value}, ensure_ascii=False)
    return json.dumps(made if value is None else value, ensure_ascii=False)


def _tool(reply: Reply, request: Mapping[str, Any], rule: Rule | None) -> tuple[str, str] | None:
    """The tool call that a reply makes, with its arguments as text."""
    if reply.tool_call is not None:
        name, arguments = reply.tool_call
        return name, arguments if isinstance(arguments, str) else json.dumps(arguments)
    forced = _forced_tool(request)
    return (forced[0], _content(reply, request, rule)) if forced and "response_format" not in request else None


def chat_response(reply: Reply, request: Mapping[str, Any], index: int, rule: Rule | None) -> dict[str, Any]:
    tool = _tool(reply, request, rule)
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    if tool is None:
        message["content"] = _content(reply, request, rule)
    else:
        made = {"name": tool[0], "arguments": tool[1]}
        message["tool_calls"] = [{"id": f"call_{index}", "type": "function", "function": made}]
    message.update(reply.message)
    written = len(message["content"] or (tool or ("", ""))[1])
    asked = len(prompt_of(request))
    choice = {"index": 0, "finish_reason": "tool_calls" if tool else "stop", "logprobs": None, "message": message}
    choice.update(reply.choice)
    response = {
        "id": f"chatcmpl-{index}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": request.get("model"),
        "choices": [choice],
        "usage": {
            "prompt_tokens": asked // 4 + 1,
            "completion_tokens": written // 4 + 1,
            "total_tokens": asked // 4 + written // 4 + 2,
        },
    }
    response.update(reply.response)
    return {name: value for name, value in response.items() if value is not ...}


def streamed_response(reply: Reply, request: Mapping[str, Any], index: int, rule: Rule | None) -> bytes:
    """The same response as server-sent events; ``cut`` ends in the middle of one, ``no done`` before the last."""
    whole = chat_response(reply, request, index, rule)
    usage, choices = whole.pop("usage", None), whole.pop("choices")
    whole["object"] = "chat.completion.chunk"
    events: list[dict[str, Any]] = []
    for choice in choices:
        message = choice["message"]
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        text = message.get("content") or ""
        deltas += [{"content": text[place : place + 16]} for place in range(0, len(text), 16)]
        if "tool_calls" in message:
            deltas.append({"tool_calls": [{"index": n, **call} for n, call in enumerate(message["tool_calls"])]})
        events += [{**whole, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        events.append({**whole, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    if usage is not None and (request.get("stream_options") or {}).get("include_usage"):
        events.append({**whole, "choices": [], "usage": usage})
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return "".join(lines if reply.how == "no done" else [*lines, "data: [DONE]\n\n"]).encode()


def streamed_anthropic(reply: Reply, request: Mapping[str, Any], index: int, rule: Rule | None) -> bytes:
    """The same as Anthropic's events: a client that allows a long answer asks for them."""
    whole = anthropic_response(reply, request, index, rule)
    usage, blocks = whole["usage"], whole.pop("content")
    stop = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    begun = {**whole, "content": [], "stop_reason": None}
    events: list[tuple[str, dict[str, Any]]] = [("message_start", {"message": begun})]
    for place, block in enumerate(blocks):
        text = block["type"] == "text"
        empty = {**block, **({"text": ""} if text else {"input": {}})}
        written = block["text"] if text else json.dumps(block["input"])
        delta = (
            {"type": "text_delta", "text": written} if text else {"type": "input_json_delta", "partial_json": written}
        )
        events.append(("content_block_start", {"index": place, "content_block": empty}))
        events.append(("content_block_delta", {"index": place, "delta": delta}))
        events.append(("content_block_stop", {"index": place}))
    events.append(("message_delta", {"delta": stop, "usage": {"output_tokens": usage["output_tokens"]}}))
    events.append(("message_stop", {}))
    lines = [f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n" for name, data in events]
    return "".join(lines[:-1] if reply.how == "no done" else lines).encode()


def anthropic_response(reply: Reply, request: Mapping[str, Any], index: int, rule: Rule | None) -> dict[str, Any]:
    tool = _tool(reply, request, rule)
    if tool is None:
        written = reply.message.get("content", _content(reply, request, rule))
        blocks: list[dict[str, Any]] = [{"type": "text", "text": written}]
    else:
        blocks = [{"type": "tool_use", "id": f"toolu_{index}", "name": tool[0], "input": json.loads(tool[1])}]
    response = {
        "id": f"msg_{index}",
        "type": "message",
        "role": "assistant",
        "model": request.get("model"),
        "content": blocks,
        "stop_reason": "tool_use" if tool else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": len(prompt_of(request)) // 4 + 1, "output_tokens": len(json.dumps(blocks)) // 4 + 1},
    }
    response.update(reply.response)
    return response
