"""Ten thousand calls of a judge whose server fails three times in ten: each line ends once, and no score is wrong."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from tests.llm import server
from tests.llm.server import (
    FAULTS,
    FINAL,
    GARBLED,
    HANGING,
    ODD,
    REFUSING,
    STREAMED,
    WRONG,
    LlmServer,
    Reply,
    prompt_of,
    seeded,
)

from steelyard.engine import scoring
from steelyard.genai import evaluate, make_judge
from steelyard.llm import Calling, Patience, Question, limits
from steelyard.records import Usage
from steelyard.tracking import get_store

PATIENT = 1.0  # seconds until a silent server is given up
PRICE = {"openai:/gpt-4o-mini": (1.0, 4.0)}  # dollars for a million tokens


def right(row: int) -> bool:
    """The verdict that is right for a row: what the server says when it says anything."""
    return hashlib.blake2b(str(row).encode(), digest_size=1).digest()[0] % 3 != 0


def row_of(prompt: str) -> int:
    found = re.search(r"row-(\d+)-", prompt)
    assert found is not None
    return int(found[1])


def answer(row: int, verdict: bool) -> str:
    return json.dumps({"result": verdict, "rationale": f"row {row}"})


GOOD = '{"score": 4, "result": "yes", "rationale": "it is"}'
TOO_BIG = ("100 MB body", "gzip bomb")  # each takes a second of its own; see the poisoned rows
MENU = {name: reply for name, reply in FAULTS.items() if name not in (*TOO_BIG, *STREAMED)}
ESTIMATED = {
    *GARBLED,
    *HANGING,
    "reset",
    "missing usage",
    "null usage",
    "negative tokens",
    "huge tokens",
    "tool that nobody gave",
}


class Hostile:
    """A script that fails three times in ten, storms twice, and keeps a diary by row.

    What is odd and yet plain says the right verdict; what must not become a score says the wrong one, so that it would
    be seen if it did.
    """

    def __init__(self, *, seed: int, calls: int, storm: float) -> None:
        names = {id(reply): name for name, reply in MENU.items()}
        chosen = seeded(seed, share=0.3, faults=MENU)
        self.diary: dict[int, list[str]] = {}
        self.came: dict[int, list[float]] = {}
        self.storms = [calls // 3, 2 * calls // 3]
        self._until = 0.0
        self._storm, self._lock = storm, threading.Lock()
        self._chosen, self._names = chosen, names

    def __call__(self, index: int, request: dict[str, Any]) -> Reply:
        row = row_of(prompt_of(request))
        with self._lock:
            now = time.monotonic()
            if self.storms and index >= self.storms[0]:
                self.storms.pop(0)
                self._until = now + self._storm
            stormy = now < self._until
            reply = Reply.rate_limited(0.01) if stormy else self._chosen(index, request)
            name = "storm" if stormy else self._names.get(id(reply), "good")
            self.diary.setdefault(row, []).append(name)
            self.came.setdefault(row, []).append(now)
        return self._dressed(row, name, reply)

    def _dressed(self, row: int, name: str, reply: Reply) -> Reply:
        if name == "good" or (name in ODD and reply.text is not None):
            text = (reply.text or GOOD).replace(GOOD, answer(row, right(row)))
            return replace(reply, text=text, message={**reply.message})
        if reply.text is not None:
            wrong = json.dumps(not right(row))
            return replace(reply, text=reply.text.replace('"yes"', wrong))
        return reply


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of thousandths of a second, and silence that is given up after some tenths."""
    patience = Patience(first_wait=0.001, longest_wait=0.004, longest_retry_after=0.02)
    monkeypatch.setattr(scoring, "Calling", partial(Calling, patience=patience))
    monkeypatch.setattr(limits, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(limits, "LONGEST_PAUSE", 0.1)
    monkeypatch.setitem(Question.__init__.__kwdefaults__, "timeout", PATIENT)


def expected_outcome(name: str) -> str:
    """Return how a line ends whose last call met this."""
    if name == "good" or name in ODD:
        return "scored"
    if name in REFUSING:
        return "refused"
    return "parse_error" if name in GARBLED or name in WRONG else "scorer_error"


def sent_usage(monkeypatch: pytest.MonkeyPatch) -> dict[int, Counter[str]]:
    """Return where the tokens that the server names are gathered by row."""
    sent: dict[int, Counter[str]] = {}
    made = server.chat_response

    def noted(reply: Reply, request: dict[str, Any], index: int, rule: Any) -> dict[str, Any]:
        response = made(reply, request, index, rule)
        usage = response.get("usage") if reply.status == 200 and reply.how == "whole" else None
        if usage:
            row = sent.setdefault(row_of(prompt_of(request)), Counter())
            row.update(input=usage["prompt_tokens"], output=usage["completion_tokens"])
        return response

    monkeypatch.setattr(server, "chat_response", noted)
    return sent


def weighed(rows: int, **more: Any) -> Any:
    words = "Is {{ outputs }} right for {{ inputs }}?"
    judge = make_judge("right", words, model="openai:/gpt-4o-mini", feedback_value_type=bool)
    data = [{"inputs": {"row": f"row-{n}-"}, "outputs": "it is"} for n in range(rows)]
    return evaluate(data, [judge], progress=False, prices=PRICE, **more)


@pytest.mark.parametrize("rows", [300, pytest.param(8_500, marks=pytest.mark.slow)])  # more than 10,000 calls
@pytest.mark.usefixtures("impatient")
def test_every_line_ends_once_and_no_score_is_wrong(
    rows: int, serve: Callable[..., LlmServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = sent_usage(monkeypatch)
    hostile = Hostile(seed=rows, calls=rows, storm=0.1 if rows < 1000 else 0.5)
    serving = serve(hostile, keep=False)
    result = weighed(rows, concurrency=32)

    state = get_store().ledgers.state(result.run_id)
    assert state is not None
    outcomes = state.scorers[0].outcomes
    assert sum(outcomes.values()) == rows
    lines = list(get_store().ledgers.verdicts(result.run_id))
    assert [line.row for line in lines] == list(range(rows))
    assert Counter(line.outcome for line in lines) == {name: n for name, n in outcomes.items() if n}

    late = early = 0  # good answers that came after their time, and calls that came in late, on a machine that is busy
    for line in lines:
        met = hostile.diary[line.row]
        values = [found.value for found in line.feedbacks]
        assert line.outcome == expected_outcome(met[-1]), (line.row, met, line.error)
        assert values == ([right(line.row)] if line.outcome == "scored" else [None]), (line.row, met)
        # each further call has its reason: a fault that may pass, or an answer that may be put right, once
        gaps = [after - before for before, after in pairwise(hostile.came[line.row])]
        again = [gap for name, gap in zip(met, gaps, strict=False) if name in ("good", *ODD, *FINAL, *REFUSING)]
        early += sum(gap < 0.9 * PATIENT for gap in again)
        late += len(again)
        assert sum(name in (*WRONG, *GARBLED) for name in met) <= 2, met
        if ESTIMATED.isdisjoint(met) and not again:
            usage = line.usage or Usage()
            named = sent.get(line.row, Counter())
            assert (usage.input_tokens, usage.output_tokens) == (named["input"], named["output"]), met
            assert (usage.cost or 0.0) == pytest.approx((named["input"] + 4 * named["output"]) / 1e6), met
    asked = sum(map(len, hostile.diary.values()))
    assert asked == serving.calls
    storming = sum(met.count("storm") for met in hostile.diary.values())
    assert not hostile.storms
    assert late <= rows / 50
    assert early <= rows / 1000
    assert rows <= asked - storming <= 1.3 * rows
    assert serving.calls >= 10_000 or rows < 1000
    booked = sum((line.usage for line in lines if line.usage), Usage())
    assert state.usage.total_tokens == booked.total_tokens
    assert state.usage.cost == pytest.approx(booked.cost)

    estimate = result.estimates["right/mean"]
    scored = [line for line in lines if line.outcome == "scored"]
    assert (estimate.n, estimate.missing) == (len(scored), rows - len(scored))
    assert estimate.value == pytest.approx(sum(right(line.row) for line in scored) / len(scored))
    print(rows, dict(outcomes), "asked", asked, "storms", storming, "late", late)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("limit", ["max_tokens", "max_cost"])
def test_a_budget_holds_among_faults(limit: str, serve: Callable[..., LlmServer]) -> None:
    hostile = Hostile(seed=5, calls=10_000, storm=0.0)
    serving = serve(hostile, keep=False)
    most = {"max_tokens": 60_000, "max_cost": 0.1}[limit]
    result = weighed(300, concurrency=8, **{limit: most})
    state = get_store().ledgers.state(result.run_id)
    assert state is not None
    outcomes = state.scorers[0].outcomes
    assert sum(outcomes.values()) == 300
    assert 0 < outcomes["over_budget"] < 300
    lines = list(get_store().ledgers.verdicts(result.run_id))
    assert all(line.row in hostile.diary or line.outcome == "over_budget" for line in lines)
    spent = state.usage.total_tokens if limit == "max_tokens" else state.usage.cost
    # a server that names 10**15 tokens, or half as many as were sent, is in flight at most once for each of eight rows
    dearest = max(line.usage.total_tokens for line in lines if line.usage)
    assert spent is not None
    assert spent <= most + 8 * dearest * (1 if limit == "max_tokens" else 4e-6)
    assert serving.calls < 300

    again = weighed(300, concurrency=8, resume=result.run_id, **{limit: 100 * most})
    state = get_store().ledgers.state(again.run_id)
    assert state is not None
    assert (again.run_id, state.scorers[0].outcomes["over_budget"]) == (result.run_id, 0)
    assert sum(state.scorers[0].outcomes.values()) == 300
    kept = {line.row: line for line in get_store().ledgers.verdicts(again.run_id)}
    assert all(kept[line.row] == line for line in lines if line.outcome != "over_budget")
