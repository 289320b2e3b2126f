"""The agreement board of a simulated queue of three reviewers, held against scikit-learn, statsmodels and by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import combinations
from statistics import fmean, median
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from steelyard.feedback import AgreementBoard, agreement_board
from steelyard.records import InputCategorical, InputNumeric, InputPassFail, InputText, LabelInput, QueueRules

from .conftest import Queue

PEOPLE = ("ann", "ben", "cem")
ITEMS = 40
OPTIONS = ("a", "b", "c")
FORMS: dict[str, LabelInput] = {
    "ok": InputPassFail(),
    "topic": InputCategorical(OPTIONS),
    "topics": InputCategorical(OPTIONS, multi_select=True),
    "stars": InputNumeric(1, 5),
    "seconds": InputNumeric(),
    "why": InputText(),
}


def _opinions() -> list[dict[str, dict[str, Any]]]:
    """What each person thinks of each item: near the truth, not always the same."""
    rng = random.Random(5)
    items = []
    for _ in range(ITEMS):
        ok, stars, topic = rng.random() < 0.7, rng.randint(1, 5), rng.choice(OPTIONS)
        items.append(
            {
                person: {
                    "ok": ok if rng.random() < 0.85 else not ok,
                    "topic": topic if rng.random() < 0.8 else rng.choice(OPTIONS),
                    "topics": sorted({topic, rng.choice(OPTIONS)}),
                    "stars": min(max(stars + rng.choice((-1, 0, 0, 1)), 1), 5),
                    "seconds": round(stars + rng.random(), 2),
                    "why": f"because {rng.random()}",
                }
                for person in PEOPLE
            }
        )
    return items


SAID = _opinions()


def column(name: str, person: str) -> list[Any]:
    return [item[person][name] for item in SAID]


@pytest.fixture
def board(queue_of: Callable[..., Queue]) -> AgreementBoard:
    queue = queue_of(ITEMS, FORMS, rules=QueueRules(overlap=3))
    for place, item in enumerate(SAID):
        for person in PEOPLE:
            queue.say(place, person, item[person], seconds=PEOPLE.index(person) + place / 100)
    return agreement_board(queue.store, queue.queue_id)


def test_the_board_agrees_with_other_peoples_numbers(board: AgreementBoard) -> None:
    found = {question.name: question for question in board.questions}
    assert list(found) == list(FORMS)
    for name in ("ok", "topic", "stars"):
        table, _ = aggregate_raters(
            [[str(value) for value in row] for row in zip(*(column(name, p) for p in PEOPLE), strict=True)]
        )
        whole = found[name].agreement
        assert whole is not None
        assert whole.fleiss.value == pytest.approx(fleiss_kappa(table), abs=1e-12)
        pairs = [fmean(x[name] == y[name] for x, y in combinations(item.values(), 2)) for item in SAID]
        assert whole.raw.value == pytest.approx(fmean(pairs), abs=1e-12)
        assert whole.raw.low is not None
        assert whole.raw.high is not None
        assert whole.raw.low < fmean(pairs) < whole.raw.high
        assert (whole.raters, whole.ratings, whole.paired_items) == (3, 3 * ITEMS, ITEMS)
        assert (whole.cohen, len(found[name].pairs)) == (None, 3)
        for pair in found[name].pairs:
            a, b = column(name, pair.first), column(name, pair.second)
            ordered = {"weights": "linear", "labels": range(1, 6)} if name == "stars" else {}
            assert pair.agreement.cohen is not None
            assert pair.agreement.cohen.value == pytest.approx(cohen_kappa_score(a, b, **ordered), abs=1e-12)
        for person in PEOPLE:
            others = [p for p in PEOPLE if p != person]
            share = fmean(fmean(item[person][name] == item[o][name] for o in others) for item in SAID)
            assert found[name].others[person].value == pytest.approx(share, abs=1e-12)
    assert found["ok"].agreement is not None
    assert found["ok"].agreement.prevalence[True] == fmean(x for person in PEOPLE for x in column("ok", person))


def test_the_level_follows_from_the_form_of_the_answers(board: AgreementBoard) -> None:
    found = {question.name: question for question in board.questions}
    kinds = {name: question.measure.kind for name, question in found.items()}
    assert kinds == {
        "ok": "nominal", "topic": "nominal", "topics": "set", "stars": "ordinal", "seconds": "interval", "why": "text",
    }  # fmt: skip
    assert (found["why"].agreement, found["why"].growth, found["why"].pairs) == (None, (), ())
    assert "not measured" in found["why"].note
    assert found["seconds"].others == {}
    assert found["seconds"].agreement is not None
    assert found["seconds"].agreement.krippendorff.value == pytest.approx(_alpha_of_numbers(), abs=1e-12)
    assert found["topics"].agreement is not None
    assert found["topics"].agreement.krippendorff.value == pytest.approx(_alpha_of_sets(), abs=1e-12)


def _alpha_of_numbers() -> float:
    """1 − observed over expected squared difference, for complete items (Krippendorff 2011)."""
    table = np.array([column("seconds", person) for person in PEOPLE])
    return 1.0 - _mean_distance(table, lambda x, y: (x - y) ** 2)


def _alpha_of_sets() -> float:
    sets = [[frozenset(value) for value in column("topics", person)] for person in PEOPLE]
    return 1.0 - _mean_distance(np.array(sets), lambda x, y: 1.0 - len(x & y) / len(x | y))


def _mean_distance(table: np.ndarray, apart: Callable[[Any, Any], float]) -> float:
    within = fmean(apart(x, y) for item in range(ITEMS) for x, y in combinations(table[:, item], 2))
    everything = table.ravel()
    return within / fmean(apart(x, y) for x, y in combinations(everything, 2))


def test_the_work_of_each_person_is_shown(board: AgreementBoard) -> None:
    assert [work.reviewer for work in board.reviewers] == list(PEOPLE)
    ben = board.reviewers[1]
    assert (ben.answers, ben.skips, ben.flags, ben.decided) == (ITEMS, 0, 0, 0)
    assert ben.median_seconds == pytest.approx(median(1 + place / 100 for place in range(ITEMS)))
    assert set(ben.others) == {"ok", "topic", "topics", "stars"}
    assert ben.last_time > 0
    assert (board.progress.answers_left, board.progress.minutes_left, board.progress.share_done) == (0, 0.0, 1.0)


def test_items_on_which_people_differ_are_listed(board: AgreementBoard) -> None:
    for question in board.questions[:5]:
        name = question.name
        apart = sum(any(x[name] != y[name] for x, y in combinations(item.values(), 2)) for item in SAID)
        assert len(question.disputed) == apart
        assert sum(question.how.values()) == ITEMS
    told = [
        item for item in SAID if any(x[n] != y[n] for n in list(FORMS)[:5] for x, y in combinations(item.values(), 2))
    ]
    assert len(board.disputed) == len(told)


def test_growth_ends_with_the_whole(board: AgreementBoard) -> None:
    for question in board.questions[:5]:
        assert [point.items for point in question.growth] == list(range(2, ITEMS + 1, 2))
        assert question.agreement is not None
        assert question.growth[-1].krippendorff == question.agreement.krippendorff
