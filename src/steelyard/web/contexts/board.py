"""How far the people of a queue agree, what they dispute and flag, and what each of them did."""

from __future__ import annotations

from dataclasses import dataclass

from steelyard.records import Estimate
from steelyard.records.review import ReviewItem, ReviewQueue
from steelyard.web.contexts.review import Question, Told
from steelyard.web.contexts.runs import Problem
from steelyard.web.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """A statistic of agreement: what it is called, and its estimate; ``hint`` says in a line what it measures."""

    name: str
    estimate: Estimate
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """An answer, and its share of all answers to its question."""

    word: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Agreement as it grew, as SVG paths on a plane of 100 by 100.

    Args:
        line, band: of the statistic and its interval.
        raw: of raw agreement.
        low, high: the ends of the upright axis.
        zero: where zero lies on it, from 0 at the top to 100.
        items: how many items the last point rests on.
    """

    name: str
    line: str
    band: str
    raw: str
    low: float
    high: float
    zero: float
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPeople:
    """How far two people agree."""

    first: str
    second: str
    items: int
    raw: Estimate
    kappa: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionBoard:
    """Agreement on one question.

    Args:
        statistics: raw agreement first; empty where answers are words.
        scale: which all glyphs of the question share.
        paired: items with two answers or more, of ``items``.
        how: how many items came to a label in which way.
    """

    name: str
    statistics: tuple[Statistic, ...]
    scale: Scale
    items: int = 0
    paired: int = 0
    labels: int = 0
    people: int = 0
    prevalence: tuple[Share, ...] = ()
    pairs: tuple[TwoPeople, ...] = ()
    curve: Curve | None = None
    how: tuple[tuple[str, int], ...] = ()
    note: str = ""
    outdated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What one person did: see ``ReviewerWork``. ``hourly`` is how many items they do in an hour at their pace."""

    reviewer: str
    answers: int
    skips: int
    flags: int
    decided: int
    seconds: float | None
    hourly: float | None
    others: tuple[tuple[str, Estimate], ...]
    last_time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A trace in a few words: what was asked of it and what it answered."""

    trace_id: str
    label: str
    request: str
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """An item whose answers differ, with the form that decides it.

    Args:
        hidden: whether the answers are kept from whoever looks, since they may still be asked.
        questions: those on which the answers differ.
    """

    item: ReviewItem
    traces: tuple[Shown, ...]
    answers: tuple[Told, ...]
    questions: tuple[Question, ...]
    hidden: bool = False
    submission_id: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """An item that somebody flagged, and the reasons."""

    item: ReviewItem
    traces: tuple[Shown, ...]
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A place in the ranking of a queue of pairs."""

    name: str
    rank: int
    rank_low: int
    rank_high: int
    strength: Estimate
    win: Estimate
    wins: int
    losses: int
    ties: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingView:
    """The contestants of a queue of pairs, the strongest first; ``position`` is the effect of standing first."""

    contestants: tuple[Contestant, ...]
    scale: Scale
    comparisons: int
    position: Estimate | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPage:
    """The agreement board of a queue. Of disputed and of flagged items the first 20 are shown."""

    queue: ReviewQueue
    experiment_name: str
    reviewer: str
    minutes: float | None
    answers_left: int
    questions: tuple[QuestionBoard, ...]
    people: tuple[Worker, ...]
    disputed: tuple[Dispute, ...]
    flagged: tuple[Flagged, ...]
    ranking: RankingView | None = None
    outdated: int = 0
    decided: bool = False
    problem: Problem | None = None
