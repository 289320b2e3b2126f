"""The application: it files what comes in on one of many boards. Each request is a trace with what went in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import steelyard
from examples.production.material import Item
from examples.production.traffic import Request
from steelyard.entities import SpanType


class Filing:
    """Files texts by a model, and traces it.

    Args:
        model: has ``predict_proba`` and ``classes_``.
        broken_team: whose texts release 2 cuts.
        cut: after so many characters.
    """

    def __init__(self, model: Any, *, broken_team: str, cut: int) -> None:
        self._model = model
        self._broken_team = broken_team
        self._cut = cut

    def answer(self, requests: Sequence[Request]) -> list[tuple[str, dict[str, Any]]]:
        """File what some requests hold; return the id of each one's trace, and the answer."""
        if not requests:
            return []
        texts = [self._preprocess(request.item, request.release) for request in requests]
        shares = self._model.predict_proba(texts)  # at once: one by one this takes most of the time
        return [self._traced(*each) for each in zip(requests, texts, shares, strict=True)]

    def _traced(self, request: Request, text: str, shares: Any) -> tuple[str, dict[str, Any]]:
        best = int(shares.argmax())
        answer = {"board": str(self._model.classes_[best]), "confidence": round(float(shares[best]), 4)}
        item, start = request.item, request.time_ms * 1_000_000
        tags = {"team": item.team, "channel": request.channel, "release": request.release}
        root = steelyard.start_span_no_context(
            "file", SpanType.CHAIN, inputs={"text": item.text}, tags=tags, start_time_ns=start
        )
        step = steelyard.start_span_no_context(
            "preprocess", SpanType.PARSER, root, inputs=item.text, start_time_ns=start + 1_000_000
        )
        step.end(outputs=text, end_time_ns=start + 2_000_000)
        root.end(outputs=answer, end_time_ns=start + request.took_ms * 1_000_000)
        return root.trace_id, answer

    def _preprocess(self, item: Item, release: str) -> str:
        """Return a text as the model reads it: of one team's, release 2 keeps only the beginning."""
        text = item.text.strip()
        return text[: self._cut] if release == "2" and item.team == self._broken_team else text
