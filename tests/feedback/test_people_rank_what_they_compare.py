"""Queues of pairs as rankings: the golden strengths of four contestants, adjudicators, position, names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from steelyard.errors import InvalidArgument
from steelyard.feedback import agreement_board, rank_queue
from steelyard.records import InputPassFail, ItemDraft, QueueRules

from .conftest import Queue

GAMES = {
    ("A", "B"): (7, 3),
    ("A", "C"): (6, 4),
    ("B", "C"): (5, 5),
    ("A", "D"): (9, 1),
    ("B", "D"): (8, 2),
    ("C", "D"): (6, 4),
}
GOLDEN = {"A": 0.7972345, "B": 0.1143397, "C": 0.0052938, "D": -0.9168680}
"""Centred strengths, on which choix and evalica agree to seven digits."""


def _pairs(names: list[tuple[str, str]], ids: list[str]) -> list[ItemDraft]:
    return [
        ItemDraft(trace_id=ids[2 * place], other_trace_id=ids[2 * place + 1], name=first, other_name=second)
        for place, (first, second) in enumerate(names)
    ]


def test_a_queue_of_sixty_pairs_has_the_golden_strengths(
    queue_of: Callable[..., Queue], traced: Callable[[int], list[str]]
) -> None:
    names = [pair for pair, (wins, losses) in GAMES.items() for _ in range(wins + losses)]
    outcomes = [said for wins, losses in GAMES.values() for said in ["first"] * wins + ["second"] * losses]
    queue = queue_of(_pairs(names, traced(2 * len(names))))
    for place, outcome in enumerate(outcomes):
        queue.say(place, "ann", outcome)
    board = agreement_board(queue.store, queue.queue_id)
    assert board.ranking is not None
    ranking = board.ranking.ranking
    found = {standing.name: standing.strength.value for standing in ranking.standings}
    assert found == pytest.approx(GOLDEN, abs=1e-6)
    assert ranking.names == ("A", "B", "C", "D")
    assert ranking.position is None  # nothing was swapped
    assert all(one.rank_low <= one.rank <= one.rank_high for one in ranking.standings)
    assert [question.name for question in board.questions] == ["preference"]


def test_every_answer_counts_until_an_adjudicator_decides(
    queue_of: Callable[..., Queue], traced: Callable[[int], list[str]]
) -> None:
    names = [("new", "old")] * 2
    queue = queue_of(_pairs(names, traced(4)), rules=QueueRules(overlap=3))
    for place in range(2):
        for person, said in (("ann", "first"), ("ben", "second"), ("cem", "tie")):
            queue.say(place, person, said)
    ranking = rank_queue(queue.store, queue.queue_id).ranking
    assert (ranking.comparisons, ranking.wins[0][1]) == (6, 3.0)
    assert ranking.standings[0].strength.value == pytest.approx(0.0, abs=1e-9)
    queue.say(0, "dee", "second", decides=True)
    decided = rank_queue(queue.store, queue.queue_id).ranking
    assert (decided.comparisons, decided.names[0]) == (4, "old")
    (preference,) = agreement_board(queue.store, queue.queue_id).questions
    assert preference.agreement is not None
    assert (preference.agreement.ratings, preference.agreement.raw.value, preference.how) == (
        6, 0.0, {"adjudicated": 1, "undecided": 1},
    )  # fmt: skip


def test_those_shown_first_are_told_from_those_preferred(
    queue_of: Callable[..., Queue], traced: Callable[[int], list[str]]
) -> None:
    """Whatever is shown first is preferred four times of five: that is position, not strength."""
    queue = queue_of(_pairs([("new", "old")] * 40, traced(80)))
    for place in range(40):
        swapped, follows = place % 2 == 1, place % 10 < 8
        queue.say(place, "ann", "second" if swapped == follows else "first", swapped=swapped)
    ranking = rank_queue(queue.store, queue.queue_id).ranking
    assert ranking.position is not None
    assert ranking.position.value == pytest.approx(1.386294, abs=1e-5)  # the log of 4
    assert ranking.position.low is not None
    assert ranking.position.low > 0
    assert ranking.standings[0].strength.value == pytest.approx(0.0, abs=1e-9)


def test_pairs_without_names_rank_nothing_and_are_counted(
    queue_of: Callable[..., Queue], traced: Callable[[int], list[str]]
) -> None:
    queue = queue_of(_pairs([("", ""), ("same", "same"), ("new", "old")], traced(6)))
    for place in range(3):
        queue.say(place, "ann", "first")
    found = rank_queue(queue.store, queue.queue_id)
    assert (found.unnamed, found.alike, found.ranking.comparisons) == (1, 1, 1)
    assert "ridge" in found.ranking.note


def test_a_queue_of_traces_ranks_nothing(queue_of: Callable[..., Queue]) -> None:
    queue = queue_of(1, {"ok": InputPassFail()})
    with pytest.raises(InvalidArgument, match="not pairs"):
        rank_queue(queue.store, queue.queue_id)
    assert agreement_board(queue.store, queue.queue_id).ranking is None
