"""Which of two retrievers finds what a bank's clerk needs? ``python -m examples.rag``

Without a model it weighs retrieval alone, against the documents that people marked as needed. With OPENAI_API_KEY set
(and OPENAI_BASE_URL, for any other server that speaks the same API) a model answers, and judges read the answers too.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import steelyard
from examples.bank import Bank, open_bank
from examples.rag.chain import ask_model, list_titles, make_chain
from examples.rag.retrievers import Bm25, Cosine
from steelyard.genai import evaluate
from steelyard.genai.scorers import (
    DocumentNDCG,
    DocumentPrecision,
    DocumentRecall,
    RetrievalGroundedness,
    RetrievalRelevance,
)


def make_rows(bank: Bank, count: int | None = None) -> list[dict[str, Any]]:
    """Return a row for each request: what is asked, which documents are relevant, and how to slice."""
    return [
        {
            "inputs": {"question": request.story},
            "expectations": {"relevant_documents": list(request.documents)},
            "tags": {"topic": request.topic, "needs": "1 to 5" if len(request.documents) <= 5 else "6 or more"},
        }
        for request in bank.requests[:count]
    ]


def weigh(name: str, chain: Any, rows: list[dict[str, Any]], judges: list[Any], *, k: int) -> Any:
    """Evaluate the chain with one of the retrievers."""
    return evaluate(
        rows,
        [DocumentRecall(k=k), DocumentPrecision(k=k), DocumentNDCG(k=k), *judges],
        chain,
        slices=["topic", "needs"],
        name="bank requests",
        run_name=name,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Evaluate both retrievers and say which is better."""
    options = argparse.ArgumentParser(prog="python -m examples.rag", description="Weigh two retrievers.")
    options.add_argument("--rows", type=int, help="how many of the requests; all unless told")
    options.add_argument("--k", type=int, default=10, help="how many documents are retrieved; 10 unless told")
    options.add_argument("--wheel", type=Path, help="the wheel of inspect-evals, if it is at hand")
    options.add_argument("--model", default=os.environ.get("OPENAI_MODEL", "gpt-4o-mini"), help="answers and judges")
    given = options.parse_args(arguments)

    bank = open_bank(given.wheel)
    answer, judges = list_titles, []
    if os.environ.get("OPENAI_API_KEY"):
        import openai

        steelyard.openai.autolog()
        answer = ask_model(openai.OpenAI(), given.model)
        judges = [
            RetrievalRelevance(model=f"openai:/{given.model}"),
            RetrievalGroundedness(model=f"openai:/{given.model}"),
        ]
    else:
        print("OPENAI_API_KEY is not set: no model answers or judges; retrieval alone is measured.")

    rows = make_rows(bank, given.rows)
    texts = [document.text for document in bank.documents]
    runs = {
        name: weigh(name, make_chain(bank.documents, kind(texts), answer, k=given.k), rows, judges, k=given.k)
        for name, kind in (("BM25", Bm25), ("cosine", Cosine))
    }
    baseline, candidate = runs.values()
    headlines = [metric.name for metric in candidate.summary.metrics if metric.headline]
    for name in headlines:
        print(f"{name}\n  BM25    {baseline.estimates[name]}\n  cosine  {candidate.estimates[name]}")
    print(steelyard.compare(candidate, baseline, metrics=headlines))


if __name__ == "__main__":
    main()
