"""Talk to Anthropic's client in several ways, watched by OpenInference. Each way is one trace, named for the way."""

from __future__ import annotations

import contextlib
from typing import Any

import anthropic
from openinference.instrumentation import using_attributes
from openinference.instrumentation.anthropic import AnthropicInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

MODEL = {"model": "claude-sonnet-4-5", "max_tokens": 100}
SYSTEM = "Answer in one sentence."
WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def chat(client: anthropic.Anthropic) -> None:
    client.messages.create(**MODEL, system=SYSTEM, messages=[{"role": "user", "content": "What is a steelyard?"}])


def stream(client: anthropic.Anthropic) -> None:
    question = [{"role": "user", "content": "What is a steelyard?"}]
    for _ in client.messages.create(**MODEL, system=SYSTEM, messages=question, stream=True):
        pass


def tools(client: anthropic.Anthropic) -> None:
    messages: list[Any] = [{"role": "user", "content": "How is the weather in Kyiv?"}]
    asked = client.messages.create(**MODEL, system=SYSTEM, messages=messages, tools=[WEATHER])
    call = next(block for block in asked.content if block.type == "tool_use")
    messages.append({"role": "assistant", "content": [block.model_dump() for block in asked.content]})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": '{"sky": "clear", "celsius": 21}'}
    messages.append({"role": "user", "content": [result]})
    client.messages.create(**MODEL, system=SYSTEM, messages=messages, tools=[WEATHER])


def failure(client: anthropic.Anthropic) -> None:
    with contextlib.suppress(anthropic.InternalServerError):
        client.messages.create(**MODEL, messages=[{"role": "user", "content": "Fail, please."}])


def main() -> None:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    AnthropicInstrumentor().instrument(tracer_provider=provider)
    tracer = provider.get_tracer("application")
    with anthropic.Anthropic(max_retries=0) as client:
        for way in (chat, stream, tools, failure):
            with using_attributes(session_id="s-2", user_id="u-2"), tracer.start_as_current_span(way.__name__):
                way(client)
    provider.shutdown()


if __name__ == "__main__":
    main()
