"""A key of the environment goes to the place that the environment names, and to no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.llm.server import LlmServer

from steelyard.errors import InvalidArgument, LLMUnavailable
from steelyard.llm import Question, ask_sync

Serve = Callable[..., LlmServer]
Ask = Callable[..., Question]


def _sent(server: LlmServer) -> str:
    return "\n".join(f"{name}: {value}" for request in server.requests for name, value in request.headers.items())


def test_the_environments_key_goes_to_the_environments_place(serve: Serve, question: Ask) -> None:
    server = serve()
    ask_sync(question())
    assert server.requests[0].headers["authorization"] == "Bearer sk-test-key-0123456789"
    assert server.requests[0].path == "/v1/chat/completions"


@pytest.mark.parametrize("model", ["openai:/gpt-4o-mini", "anthropic:/claude-sonnet-5-5"], ids=["openai", "anthropic"])
def test_no_secret_of_the_environment_goes_to_a_place_that_a_question_names(
    serve: Serve, question: Ask, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    stranger = serve()
    serve()
    for variable in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.setenv(variable, "canary-0123456789")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Secret: canary-0123456789")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Secret: canary-0123456789")
    place = stranger.url if model.startswith("openai") else stranger.root
    ask_sync(question(model=model, base_url=place))
    assert stranger.calls == 1
    assert "canary" not in _sent(stranger)
    assert "sk-" not in _sent(stranger)
    assert "authorization" not in stranger.requests[0].headers
    assert "x-api-key" not in stranger.requests[0].headers


def test_a_key_that_the_caller_gives_goes_along(serve: Serve, question: Ask) -> None:
    stranger = serve()
    serve()
    headers = {"Authorization": "Bearer mine-0123456789", "X-Route": "eu"}
    ask_sync(question(base_url=stranger.url, extra_headers=headers))
    assert stranger.requests[0].headers["authorization"] == "Bearer mine-0123456789"
    assert stranger.requests[0].headers["x-route"] == "eu"
    assert "sk-" not in _sent(stranger)


def test_the_same_place_written_again_gets_the_key(serve: Serve, question: Ask) -> None:
    server = serve()
    ask_sync(question(base_url=f"{server.url}/"))
    assert server.requests[0].headers["authorization"] == "Bearer sk-test-key-0123456789"


@pytest.mark.parametrize("variable", ["MLFLOW_GENAI_JUDGE_BASE_URL", "STEELYARD_JUDGE_BASE_URL"], ids=["old", "ours"])
def test_the_judges_place_comes_before_the_providers(
    serve: Serve, question: Ask, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    judges = serve()
    other = serve()
    monkeypatch.setenv(variable, judges.url)
    ask_sync(question())
    assert (judges.calls, other.calls) == (1, 0)
    assert judges.requests[0].headers["authorization"] == "Bearer sk-test-key-0123456789"


def test_a_url_of_an_endpoint_is_taken_for_that_of_its_api(serve: Serve, question: Ask) -> None:
    server = serve()
    ask_sync(question(base_url=f"{server.url}/chat/completions"))
    assert server.requests[0].path == "/v1/chat/completions"


@pytest.mark.parametrize(
    ("model", "variable"),
    [("openai:/gpt-4o-mini", "OPENAI_API_KEY"), ("anthropic:/claude-sonnet-5-5", "ANTHROPIC_API_KEY")],
    ids=["openai", "anthropic"],
)
def test_a_missing_key_is_told_by_its_variable(question: Ask, model: str, variable: str) -> None:
    with pytest.raises(LLMUnavailable, match=variable):
        ask_sync(question(model=model))


def test_a_place_that_is_no_url_is_refused(serve: Serve, question: Ask) -> None:
    serve()
    with pytest.raises(InvalidArgument, match="base_url='localhost:8000'"):
        ask_sync(question(base_url="localhost:8000"))


def test_a_key_that_changes_is_used_at_once(serve: Serve, question: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve()
    ask_sync(question())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-rotated-0123456789")
    ask_sync(question())
    assert server.requests[1].headers["authorization"] == "Bearer sk-rotated-0123456789"


def test_headers_are_not_shown(question: Ask) -> None:
    assert "mine" not in repr(question(extra_headers={"Authorization": "Bearer mine"}))
