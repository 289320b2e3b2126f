"""Names of models: which provider, which model, and which one judges unless told."""

from __future__ import annotations

import os
from dataclasses import dataclass

from steelyard.errors import InvalidArgument

DEFAULT_JUDGE = "openai:/gpt-4.1-mini"
_JUDGE_VARIABLES = ("STEELYARD_JUDGE_MODEL", "MLFLOW_GENAI_JUDGE_DEFAULT_MODEL")
_ALIASES = {
    "gemini": "google",
    "google-gla": "google",
    "google-vertex": "google-cloud",
    "vertexai": "google-cloud",
    "vertex_ai": "google-cloud",
    "openai": "openai-chat",  # the chat API is the one that every compatible server speaks
    "together_ai": "together",
    "togetherai": "together",
    "fireworks_ai": "fireworks",
    "azure_openai": "azure",
    "hosted_vllm": "vllm",
    "mistralai": "mistral",
    "moonshot": "moonshotai",
}
PROVIDERS = (
    "alibaba",
    "anthropic",
    "azure",
    "bedrock",
    "cerebras",
    "cohere",
    "deepseek",
    "fireworks",
    "github",
    "google",
    "google-cloud",
    "groq",
    "heroku",
    "huggingface",
    "litellm",
    "mistral",
    "moonshotai",
    "nebius",
    "ollama",
    "openai",
    "openai-chat",
    "openai-responses",
    "openrouter",
    "ovhcloud",
    "sambanova",
    "snowflake",
    "together",
    "vercel",
    "vllm",
    "xai",
    "zai",
)


@dataclass(frozen=True, slots=True)
class ModelName:
    """A provider as people name it, the provider's name in the client library, and the model's name there."""

    provider: str
    client: str
    name: str

    @property
    def uri(self) -> str:
        return f"{self.provider}:/{self.name}"


def parse_model(model: str) -> ModelName:
    """Read a model's name.

    Args:
        model: ``openai:/gpt-4o-mini`` (MLflow), ``openai:gpt-4o-mini`` or ``openai/gpt-4o-mini``; the model's own name
            may hold further colons and slashes.

    Raises:
        InvalidArgument: no provider is named, or none that is known.

    >>> parse_model("openai:/gpt-4o-mini").uri
    'openai:/gpt-4o-mini'
    >>> parse_model("gemini/gemini-2.5-flash")
    ModelName(provider='google', client='google', name='gemini-2.5-flash')
    """
    text = model.strip() if isinstance(model, str) else ""
    cut = min((place for place in (text.find(":"), text.find("/")) if place > 0), default=0)
    provider, name = text[:cut].lower(), text[cut + 1 :].lstrip("/" if text[cut : cut + 1] == ":" else "")
    known = ", ".join(PROVIDERS)
    if not provider or not name:
        message = f"{model!r} names no model. Write provider:/model, such as {DEFAULT_JUDGE}; providers: {known}."
        raise InvalidArgument(message)
    client = _ALIASES.get(provider, provider)
    if client not in PROVIDERS:
        message = f"There is no provider {provider!r} (in {model!r}). Providers: {known}."
        raise InvalidArgument(message)
    shown = "openai" if client == "openai-chat" else client
    return ModelName(provider=shown, client=client, name=name)


def default_judge_model() -> str:
    """Return the URI of the model that judges unless told.

    It is that of ``STEELYARD_JUDGE_MODEL``, else ``MLFLOW_GENAI_JUDGE_DEFAULT_MODEL``, else ``openai:/gpt-4.1-mini``.
    """
    for variable in _JUDGE_VARIABLES:
        if value := os.environ.get(variable, "").strip():
            return value
    return DEFAULT_JUDGE
