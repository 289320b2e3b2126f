"""Automatic instrumentation of other libraries. All of it is written and kept by others: we only switch it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Protocol

from steelyard.errors import InvalidArgument, MissingDependency
from steelyard.tracing.provider import get_tracer_provider


@dataclass(frozen=True, slots=True)
class Instrumentor:
    """Where an instrumentor is: its package on the index, its module and its class."""

    package: str
    module: str
    name: str


def _openinference(module: str, name: str) -> Instrumentor:
    package = f"openinference-instrumentation-{module.replace('_', '-')}"
    return Instrumentor(package, f"openinference.instrumentation.{module}", name)


def _opentelemetry(module: str, name: str) -> Instrumentor:
    package = f"opentelemetry-instrumentation-{module.replace('_', '-')}"
    return Instrumentor(package, f"opentelemetry.instrumentation.{module}", name)


# For each library what can instrument it, the one that is taken if it is installed first.
INSTRUMENTORS: dict[str, tuple[Instrumentor, ...]] = {
    "agno": (_openinference("agno", "AgnoInstrumentor"),),
    "anthropic": (
        _openinference("anthropic", "AnthropicInstrumentor"),
        _opentelemetry("anthropic", "AnthropicInstrumentor"),
    ),
    "autogen": (_openinference("autogen_agentchat", "AutogenAgentChatInstrumentor"),),
    "bedrock": (_openinference("bedrock", "BedrockInstrumentor"), _opentelemetry("bedrock", "BedrockInstrumentor")),
    "crewai": (_openinference("crewai", "CrewAIInstrumentor"),),
    "dspy": (_openinference("dspy", "DSPyInstrumentor"),),
    "gemini": (
        _openinference("google_genai", "GoogleGenAIInstrumentor"),
        _opentelemetry("google_genai", "GoogleGenAiSdkInstrumentor"),
    ),
    "groq": (_openinference("groq", "GroqInstrumentor"), _opentelemetry("groq", "GroqInstrumentor")),
    "haystack": (_openinference("haystack", "HaystackInstrumentor"),),
    "langchain": (
        _openinference("langchain", "LangChainInstrumentor"),
        _opentelemetry("langchain", "LangchainInstrumentor"),
    ),
    "litellm": (_openinference("litellm", "LiteLLMInstrumentor"),),
    "llama_index": (_openinference("llama_index", "LlamaIndexInstrumentor"),),
    "mistral": (
        _openinference("mistralai", "MistralAIInstrumentor"),
        _opentelemetry("mistralai", "MistralAiInstrumentor"),
    ),
    "openai": (_openinference("openai", "OpenAIInstrumentor"), _opentelemetry("openai", "OpenAIInstrumentor")),
    "smolagents": (_openinference("smolagents", "SmolagentsInstrumentor"),),
}


class Autolog(Protocol):
    """``autolog`` of one library."""

    def __call__(
        self,
        *,
        log_traces: bool = True,
        disable: bool = False,
        exclusive: bool = False,
        disable_for_unsupported_versions: bool = False,
        silent: bool = False,
    ) -> None: ...


def autolog_of(library: str) -> Autolog:
    """Return the function that records every call of a library as spans.

    Args:
        library: one of ``INSTRUMENTORS``, or ``pydantic_ai``.
    """
    switch = _switch_pydantic_ai if library == "pydantic_ai" else partial(_switch, library)

    def autolog(
        *,
        log_traces: bool = True,
        disable: bool = False,
        exclusive: bool = False,
        disable_for_unsupported_versions: bool = False,
        silent: bool = False,
    ) -> None:
        """Record every call of the library as spans, with the instrumentation that OpenInference or OpenTelemetry keep.

        Calling it again changes nothing.

        Args:
            log_traces: False is the same as ``disable``.
            disable: stop recording.
            exclusive, disable_for_unsupported_versions, silent: accepted for MLflow's callers.

        Raises:
            MissingDependency: naming the instrumentation's package, if it is not installed.
        """
        switch(on=log_traces and not disable)

    return autolog


def autolog_all(*, disable: bool = False) -> list[str]:
    """Record every library whose instrumentation is installed; return their names."""
    done: list[str] = []
    for library in (*INSTRUMENTORS, "pydantic_ai"):
        try:
            autolog_of(library)(disable=disable)
        except (MissingDependency, InvalidArgument):
            continue
        done.append(library)
    return done


def is_on(library: str) -> bool:
    """Whether a library's calls are being recorded."""
    found = _load(library)
    return found is not None and bool(found().is_instrumented_by_opentelemetry)


def _switch(library: str, *, on: bool) -> None:
    found = _load(library)
    if found is None:
        if not on:
            return
        raise MissingDependency(
            INSTRUMENTORS[library][0].package,
            extra="instrument" if library == "openai" else None,
            purpose=f"record calls of {library}",
        )
    instrumentor = found()
    if instrumentor.is_instrumented_by_opentelemetry == on:
        return
    if not on:
        instrumentor.uninstrument()
        return
    instrumentor.instrument(tracer_provider=get_tracer_provider())
    if not instrumentor.is_instrumented_by_opentelemetry:  # it has logged what it misses
        raise InvalidArgument(
            f"{type(instrumentor).__module__} does not instrument what is installed here: {library} is missing, or of "
            f"a version that it does not know. It wants {', '.join(instrumentor.instrumentation_dependencies())}."
        )


def _load(library: str) -> Callable[[], Any] | None:
    """Return the class of the first instrumentor that is installed."""
    for each in INSTRUMENTORS[library]:
        try:
            return getattr(import_module(each.module), each.name)
        except ImportError:
            continue
    return None


def _switch_pydantic_ai(*, on: bool) -> None:
    """Pydantic AI instruments itself."""
    try:
        from pydantic_ai import Agent, InstrumentationSettings
    except ImportError as error:
        raise MissingDependency("pydantic-ai-slim", extra="llm", purpose="record calls of pydantic_ai") from error
    Agent.instrument_all(InstrumentationSettings(tracer_provider=get_tracer_provider()) if on else False)
