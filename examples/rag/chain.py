"""The application: find documents, and let a model answer from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import steelyard
from examples.bank import Document

Retriever = Callable[[str, int], list[int]]
Answer = Callable[[str, list[dict[str, str]]], str]

INSTRUCTIONS = (
    "You work at a bank's help desk. Answer the customer's request from these documents alone, in a few sentences. "
    "If they do not say, say so."
)


def make_chain(documents: Sequence[Document], retriever: Retriever, answer: Answer, *, k: int) -> Callable[..., str]:
    """Return the chain. Its retriever's spans are what retrieval scorers read."""

    @steelyard.trace(span_type="RETRIEVER")
    def retrieve(question: str) -> list[dict[str, str]]:
        found = [documents[place] for place in retriever(question, k)]
        return [{"id": each.id, "title": each.title, "content": each.content} for each in found]

    @steelyard.trace(span_type="CHAIN")
    def rag(question: str) -> str:
        return answer(question, retrieve(question))

    return rag


def list_titles(question: str, found: list[dict[str, str]]) -> str:
    """Answer without a model: which documents may help."""
    return "These documents may help: " + "; ".join(each["title"] for each in found)


def ask_model(client: Any, model: str) -> Answer:
    """Return what answers with a model that speaks OpenAI's chat API."""

    def answer(question: str, found: list[dict[str, str]]) -> str:
        pages = "\n\n".join(f"# {each['title']}\n{each['content']}" for each in found)
        response = client.chat.completions.create(
            model=model,
            messages=[
                {"role": "system", "content": f"{INSTRUCTIONS}\n\n{pages}"},
                {"role": "user", "content": question},
            ],
        )
        return response.choices[0].message.content or ""

    return answer
