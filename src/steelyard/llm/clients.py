"""Clients of providers: one for each place and key, kept for as long as the process's loop.

A key from the environment belongs to the place that the environment names, or to the provider's own. It is never sent
to a ``base_url`` of a question on another origin (scheme, host and port): whoever names another server gives its key
too, as an ``Authorization`` (or ``x-api-key``, ``api-key``) header. A place that the environment names
(``OPENAI_BASE_URL``, ``ANTHROPIC_BASE_URL``, ``STEELYARD_JUDGE_BASE_URL``, ``MLFLOW_GENAI_JUDGE_BASE_URL`` …) was named
by whoever set the key, and gets it. A key that the caller gives takes the place of the environment's everywhere.
Redirects are not followed.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from steelyard.errors import InvalidArgument, LLMUnavailable, MissingDependency
from steelyard.llm.loop import LoopThread
from steelyard.llm.models import ModelName, parse_model
from steelyard.llm.question import Question

if TYPE_CHECKING:
    from pydantic_ai.models import Model
    from pydantic_ai.providers import Provider

CONNECT_SECONDS = 10.0
NO_KEY = "no-key"
_KEY_HEADERS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})
_JUDGE_PLACES = ("STEELYARD_JUDGE_BASE_URL", "MLFLOW_GENAI_JUDGE_BASE_URL")
_PLACES = {
    "openai": (("OPENAI_BASE_URL", "OPENAI_API_BASE"), "https://api.openai.com/v1"),
    "anthropic": (("ANTHROPIC_BASE_URL",), "https://api.anthropic.com"),
}
_PREFIXES = {
    "azure": ("AZURE_", "OPENAI_"),
    "bedrock": ("AWS_",),
    "google": ("GOOGLE_", "GEMINI_"),
    "google-cloud": ("GOOGLE_", "GEMINI_"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question goes: the URL if it is not the provider's own, and whether the environment's key goes along."""

    base_url: str | None
    with_key: bool


def place_of(question: Question, name: ModelName) -> Place:
    """Say where a question goes."""
    variables, default = _PLACES.get(name.provider, ((f"{name.provider.upper()}_BASE_URL",), None))
    named = _first_set((*_JUDGE_PLACES, *variables))
    if not question.base_url:
        return Place(_tidy(named), with_key=True)
    wanted = _tidy(question.base_url)
    trusted = {_origin(place) for place in (*map(os.environ.get, (*_JUDGE_PLACES, *variables)), default) if place}
    return Place(wanted, with_key=_origin(wanted) in trusted)


class Clients:
    """The clients of one loop."""

    def __init__(self, thread: LoopThread) -> None:
        """Belong to a loop; see ``LoopThread.own``."""
        self._providers: dict[tuple[Any, ...], Provider[Any]] = {}
        self._models: dict[tuple[Any, ...], Model] = {}
        self._open: list[Any] = []
        thread.on_close(self._close)

    def model(self, question: Question) -> Model:
        """Return the client library's model for a question.

        Raises:
            InvalidArgument: there is no such provider, or it cannot be served elsewhere.
            LLMUnavailable: a key is missing.
            MissingDependency: the client library is not installed.
        """
        name = parse_model(question.model)
        place = place_of(question, name)
        only = None
        given = frozenset(header.lower() for header in question.extra_headers)
        if given & _KEY_HEADERS or not place.with_key:
            only = given
        key = (name.client, place, only, _environment(name))
        full = (*key, name.name)
        if full not in self._models:
            self._models[full] = self._infer(name, key, place, only)
        return self._models[full]

    def _infer(self, name: ModelName, key: tuple[Any, ...], place: Place, only: frozenset[str] | None) -> Model:
        infer_model = _library()
        if key not in self._providers:
            self._providers[key] = self._provider(name, place, only)
        return infer_model(f"{name.client}:{name.name}", provider_factory=lambda _: self._providers[key])

    def _provider(self, name: ModelName, place: Place, only: frozenset[str] | None) -> Provider[Any]:
        from pydantic_ai.exceptions import UserError
        from pydantic_ai.providers import infer_provider_class

        from steelyard.llm.bounded import bounded_client

        try:
            kind = infer_provider_class(name.client)
        except ImportError as error:
            extra = f"pydantic-ai-slim[{name.provider}]"
            raise MissingDependency(extra, extra="llm", purpose=f"call {name.provider}'s models") from error
        takes = inspect.signature(kind.__init__).parameters
        arguments: dict[str, Any] = {}
        if place.base_url is not None:
            arguments[_url_parameter(name, takes)] = place.base_url
        if only is not None and "api_key" in takes:
            arguments["api_key"] = NO_KEY
        if "http_client" in takes and _is_httpx2(str(takes["http_client"].annotation)):
            arguments["http_client"] = bounded_client(timeout=60.0, connect=CONNECT_SECONDS, only=only)
            self._open.append(arguments["http_client"])
        try:
            provider = kind(**arguments)
        except (UserError, ValueError) as error:
            message = f"{name.provider} cannot be called: {error}"
            raise LLMUnavailable(message) from error
        if hasattr(provider.client, "max_retries"):
            provider.client.max_retries = 0  # ours are the only ones, so that they are counted
        if name.client == "openai-chat":
            from steelyard.llm.plain import make_plain

            make_plain(provider.client)
        return provider

    async def _close(self) -> None:
        for client in self._open:
            await client.aclose()
        self._open.clear()
        self._models.clear()
        self._providers.clear()


def _library() -> Any:
    try:
        from pydantic_ai.models import infer_model
    except ImportError as error:
        raise MissingDependency("pydantic-ai-slim", extra="llm", purpose="call a language model") from error
    return infer_model


def _url_parameter(name: ModelName, takes: Mapping[str, Any]) -> str:
    for parameter in ("base_url", "azure_endpoint", "api_base"):
        if parameter in takes:
            return parameter
    message = (
        f"{name.provider} has one place only, so base_url cannot be given. For a server that speaks OpenAI's API, "
        f"write openai:/{name.name}."
    )
    raise InvalidArgument(message)


def _is_httpx2(annotation: str) -> bool:
    """Whether a provider takes a client of ours; some still want the older library's, and make their own."""
    return "httpx2." in annotation or "OpenAIHTTPClient" in annotation or "AsyncHTTPClient" in annotation


def _environment(name: ModelName) -> tuple[str, ...]:
    """Return what the environment says about a provider: a client made under other settings is another client."""
    prefixes = _PREFIXES.get(name.provider, (name.provider.upper().replace("-", "_") + "_",))
    return tuple(f"{key}={value}" for key, value in os.environ.items() if key.startswith(prefixes))


def _first_set(variables: tuple[str, ...]) -> str | None:
    return next((value for value in map(os.environ.get, variables) if value), None)


def _tidy(url: str | None) -> str | None:
    """Take a URL with its endpoint for the URL of the API."""
    if url is None:
        return None
    text = url.strip().rstrip("/")
    for endpoint in ("/chat/completions", "/responses", "/v1/messages"):
        text = text.removesuffix(endpoint)
    if urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).hostname:
        message = f"base_url={url!r} is not a URL. Write it as http://host:port/v1."
        raise InvalidArgument(message)
    return text


def _origin(url: str | None) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url or "")
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
