from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from steelyard.records import Span, SpanStatus, Store
from steelyard.server import create_app
from steelyard.web.dialogue import conversations, opening
from steelyard.web.documents import read_documents
from steelyard.web.media import media_of
from steelyard.web.messages import read_messages
from steelyard.web.spantree import plant

from . import trace_shapes as shapes

T = shapes.trace_id("a")


class Traces:
    """Hands out spans, as a store does."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.all = tuple(spans)
        self.traces = self

    def span(self, _: str, span_id: str) -> Span:
        return next(span for span in self.all if span.span_id == span_id)

    def spans(self, ids: Sequence[str]) -> dict[str, tuple[Span, ...]]:
        return {ids[0]: self.all}


def told(spans: Sequence[Span]) -> list[list[str]]:
    """Return the texts of the conversations of some spans."""
    found = conversations(Traces(spans), T, plant(spans))  # type: ignore[arg-type]
    return [[turn.message.text for turn in thread.turns] for thread in found]


def call(number: int, heard: list[Any], said: Any, *, parent: int | None = None, begin: int | None = None) -> Span:
    out = {"choices": [{"message": said}]} if said else None
    when = 10 * number if begin is None else begin
    return shapes.step(T, number, parent, "chat", "CHAT_MODEL", when, 5, inputs={"messages": heard}, outputs=out)


def says(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


def lesson(texts: Sequence[str]) -> tuple[list[Span], list[str]]:
    """Return the calls of a chat, each hearing all before it, and what was said in all."""
    history: list[Any] = [says("system", "Be kind.")]
    spans = []
    for i, text in enumerate(texts):
        history = [*history, says("user", text)]
        answer = says("assistant", f"answer to {text}")
        spans.append(call(i + 1, history, answer))
        history = [*history, answer]
    return spans, [turn["content"] for turn in history]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(["yes", "no", "go on", "why?"]), min_size=1, max_size=12))
def test_a_growing_chat_is_told_once_even_if_people_repeat_themselves(texts: list[str]):
    spans, whole = lesson(texts)
    assert told(spans) == [whole]


def test_a_call_that_a_framework_and_its_library_tell_is_one(own_store: Store):
    shapes.agent(own_store)
    trace_id = shapes.trace_id("a")
    tree = plant(own_store.traces.outline(trace_id))
    (thread,) = conversations(own_store, trace_id, tree)
    assert [turn.message.role for turn in thread.turns] == ["system", "user", "assistant", "assistant"]
    looked = thread.turns[2]
    assert [c.name for c in looked.message.calls] == ["get_invoice"]
    assert [r.text for r in looked.results if r] == ['{"paid": 178.0}']
    assert thread.name == "support_agent"


def test_the_same_call_written_in_other_ways_is_one():
    plain = [says("user", "Hi")]
    blocks = [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]
    parts = {"role": "assistant", "parts": [{"type": "text", "content": "Hello"}]}
    outer = call(1, plain, says("assistant", "Hello"))
    inner = shapes.step(T, 2, 1, "openai", "LLM", 11, 3, inputs={"messages": blocks}, outputs=[parts])
    assert told([outer, inner]) == [["Hi", "Hello"]]


def test_agents_with_other_instructions_talk_apart():
    planner = call(1, [says("system", "Plan."), says("user", "Trip")], says("assistant", "Go west."))
    writer = call(2, [says("system", "Write."), says("user", "Trip")], says("assistant", "Dear west"))
    assert told([planner, writer]) == [["Plan.", "Trip", "Go west."], ["Write.", "Trip", "Dear west"]]


def test_the_same_instructions_with_another_question_are_another_conversation():
    one = call(1, [says("system", "Judge."), says("user", "A")], says("assistant", "good"))
    other = call(2, [says("system", "Judge."), says("user", "B")], says("assistant", "bad"))
    assert told([one, other]) == [["Judge.", "A", "good"], ["Judge.", "B", "bad"]]


def test_a_question_that_is_asked_again_adds_only_its_other_answer():
    heard = [says("system", "Guess."), says("user", "A number?")]
    again = [call(1, heard, says("assistant", "7")), call(2, heard, says("assistant", "8"))]
    assert told(again) == [["Guess.", "A number?", "7", "8"]]


def test_a_history_that_forgets_its_beginning_goes_on():
    spans, whole = lesson(["one", "two", "three"])
    last = [says("system", "Be kind."), says("user", "three"), says("assistant", "answer to three"), says("user", "?")]
    assert told([*spans, call(9, last, says("assistant", "!"))]) == [[*whole, "?", "!"]]


def test_a_call_that_failed_says_why(own_store: Store):
    failed = shapes.step(
        T, 1, None, "chat", "LLM", 0, 5, inputs=[says("user", "Hi")], status=SpanStatus("ERROR", "429: slow down")
    )
    shapes.put(own_store, (failed,), state="ERROR")
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        assert "429: slow down" in client.get(f"/traces/{T}", params={"view": "chat"}).text


def test_without_model_calls_the_input_and_output_of_the_root_stand_for_them(own_store: Store):
    root = shapes.step(T, 1, None, "app", "CHAIN", 0, 5, inputs={"question": "Why?"}, outputs={"a": 1, "b": [2]})
    assert [(t.message.role, t.message.text[:4]) for t in opening(root)] == [("user", "Why?"), ("assistant", "{\n  ")]
    shapes.put(own_store, (root,))
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        shown = client.get(f"/traces/{T}.json", params={"view": "chat"}).json()["dialogue"]
    assert (shown["guessed"], shown["total"], shown["calls"]) == (True, 2, 0)


def test_a_chat_of_200_turns_is_told_in_parts_that_join(own_store: Store):
    spans, whole = lesson([f"question {i}" for i in range(200)])
    shapes.put(own_store, tuple(spans))
    seen: list[str] = []
    with TestClient(create_app(own_store), base_url="http://localhost") as client:
        while len(seen) < len(whole):
            shown = client.get(f"/traces/{T}.json", params={"view": "chat", "from": len(seen)}).json()["dialogue"]
            assert (shown["first"], shown["total"]) == (len(seen), 401)
            seen += [turn["message"]["text"] for thread in shown["threads"] for turn in thread["turns"]]
    assert seen == whole


@pytest.mark.parametrize(("part", "said"), [
    ({"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}, "image/png, 3 B"),
    ({"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "QUJD"}}, "image/jpeg, 3 B"),
    ({"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}, "audio, 3 B"),
    ({"type": "blob", "modality": "image", "mime_type": "image/webp", "content": "QUJD"}, "image/webp, 3 B"),
    ({"type": "uri", "modality": "video", "uri": "https://x.example/v"}, "video at https://x.example/v"),
    ({"inline_data": {"mime_type": "image/gif", "data": "QUI="}}, "image/gif, 2 B"),
    ({"type": "weather", "degrees": 3}, ""),
], ids=["openai", "anthropic", "audio", "otel blob", "otel uri", "google", "other"])  # fmt: skip
def test_images_and_sound_are_told_by_their_type(part: dict[str, Any], said: str):
    assert media_of(part) == said
    found = read_messages([{"role": "user", "content": [part]}])[0]
    assert found.media == ((said,) if said else ())
    assert bool(found.more) == (not said)
    assert "QUJD" not in found.more + found.text


def test_what_a_model_thought_is_kept_apart_from_what_it_said():
    thought = {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "4"}]}
    other = {"role": "assistant", "content": "4", "reasoning_content": "Hm."}
    assert [(m.thought, m.text) for m in read_messages([thought, other])] == [("Hm.", "4")] * 2


@pytest.mark.parametrize("value", [
    [], {}, None, "text", [1], [{"score": 1}], {"documents": [{"page_content": "a", "score": 1}, 3]},
    [{"content": "only a text"}],
], ids=["none", "empty", "null", "text", "number", "no text", "one is odd", "nothing else"])  # fmt: skip
def test_what_is_no_list_of_documents_is_not_taken_for_one(value: Any):
    assert read_documents(value) == ()
