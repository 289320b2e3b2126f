"""Talk to OpenAI's client in several ways, watched by the instrumentation that the first argument names.

Each way is one trace, named for the way. Where to, and what is captured, the environment says.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import openai

SYSTEM = {"role": "system", "content": "Answer in one sentence."}
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def chat(client: openai.OpenAI) -> None:
    question = {"role": "user", "content": "What is a steelyard?"}
    client.chat.completions.create(model="gpt-4o-mini", temperature=0.5, messages=[SYSTEM, question])


def stream(client: openai.OpenAI) -> None:
    question = {"role": "user", "content": "What is a steelyard?"}
    chunks = client.chat.completions.create(
        model="gpt-4o-mini", stream=True, stream_options={"include_usage": True}, messages=[SYSTEM, question]
    )
    for _ in chunks:
        pass


def tools(client: openai.OpenAI) -> None:
    messages: list[Any] = [SYSTEM, {"role": "user", "content": "How is the weather in Kyiv?"}]
    asked = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[WEATHER])
    call = asked.choices[0].message.tool_calls[0]
    messages.append(asked.choices[0].message.model_dump(exclude_none=True))
    messages.append({"role": "tool", "tool_call_id": call.id, "content": '{"sky": "clear", "celsius": 21}'})
    client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[WEATHER])


def picture(client: openai.OpenAI) -> None:
    parts = [
        {"type": "text", "text": "What is in this picture?"},
        {"type": "image_url", "image_url": {"url": "https://example.org/steelyard.png"}},
    ]
    client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": parts}])


def refusal(client: openai.OpenAI) -> None:
    client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Be unkind."}])


def failure(client: openai.OpenAI) -> None:
    with contextlib.suppress(openai.InternalServerError):
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Fail, please."}])


def embedding(client: openai.OpenAI) -> None:
    client.embeddings.create(model="text-embedding-3-small", input=["one arm", "one weight"], encoding_format="float")


def responses(client: openai.OpenAI) -> None:
    client.responses.create(model="gpt-4o-mini", instructions="Answer in one sentence.", input="What is a steelyard?")


WAYS = (chat, stream, tools, picture, refusal, failure, embedding, responses)


def main(watcher: str) -> None:
    watched, done = WATCHERS[watcher]()
    with openai.OpenAI(max_retries=0) as client:
        for way in WAYS:
            with watched(way.__name__):
                way(client)
    done()


@contextlib.contextmanager
def _named(tracer: Any, name: str) -> Iterator[None]:
    with tracer.start_as_current_span(name):
        yield


def _otel() -> tuple[Any, Any]:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider, provider.get_tracer("application")


def openinference() -> tuple[Callable[[str], Any], Callable[[], None]]:
    from openinference.instrumentation import using_attributes
    from openinference.instrumentation.openai import OpenAIInstrumentor

    provider, tracer = _otel()
    OpenAIInstrumentor().instrument(tracer_provider=provider)

    @contextlib.contextmanager
    def watched(name: str) -> Iterator[None]:
        with (
            using_attributes(session_id="s-1", user_id="u-1", metadata={"shop": 7}, tags=["blue"]),
            _named(tracer, name),
        ):
            yield

    return watched, provider.shutdown


def openllmetry() -> tuple[Callable[[str], Any], Callable[[], None]]:
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    provider, tracer = _otel()
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    return lambda name: _named(tracer, name), provider.shutdown


def gen_ai() -> tuple[Callable[[str], Any], Callable[[], None]]:
    from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

    provider, tracer = _otel()
    OpenAIInstrumentor().instrument(tracer_provider=provider)
    return lambda name: _named(tracer, name), provider.shutdown


def mlflow() -> tuple[Callable[[str], Any], Callable[[], None]]:
    import mlflow

    mlflow.openai.autolog()

    @contextlib.contextmanager
    def watched(name: str) -> Iterator[None]:
        with mlflow.start_span(name) as span:
            span.set_attributes({"mlflow.trace.session": "s-1", "mlflow.trace.user": "u-1"})
            yield

    return watched, mlflow.flush_trace_async_logging


WATCHERS = {each.__name__: each for each in (openinference, openllmetry, gen_ai, mlflow)}

if __name__ == "__main__":
    main(sys.argv[1])
