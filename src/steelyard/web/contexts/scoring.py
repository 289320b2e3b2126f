"""Traces that are about to be scored on the spot, and how far that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from steelyard.web.contexts.application import ProgressView
from steelyard.web.contexts.runs import Problem

Stage = Literal["queued", "running", "stopped", "failed", "finished"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerChoice:
    """A built-in scorer that one may tick.

    Args:
        name: its class.
        label, about: for people.
        needs: what a trace must have for it, in words; empty if every trace has it.
        asks: the argument that it needs, empty if none; ``asks_label`` and ``asks_hint`` are for people.
        chosen: whether it is ticked.
        typed: the argument as it stands in the field.
    """

    name: str
    label: str
    about: str
    needs: str = ""
    asks: str = ""
    asks_label: str = ""
    asks_hint: str = ""
    chosen: bool = False
    typed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringForm:
    """What can be done with the traces that were picked.

    Args:
        failed: how many of the traces failed: they are counted, and nothing judges them.
        more: whether more were picked than one scoring takes.
        code, judges: the choices.
        judge_model: which model judges ask.
        no_judges: why judges cannot be asked; empty if they can.
    """

    experiment_id: str
    experiment_name: str
    trace_ids: tuple[str, ...]
    failed: int
    more: bool
    most: int
    view: str
    code: tuple[ScorerChoice, ...]
    judges: tuple[ScorerChoice, ...]
    judge_model: str
    no_judges: str
    max_cost: str = ""
    run_name: str = ""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringPage:
    """How far the scoring of stored traces is.

    Args:
        ahead: how many scorings come before it, if it is queued.
        error: why it failed.
        progress: what its ledger says, once it has begun.
    """

    run_id: str
    run_name: str
    experiment_id: str
    experiment_name: str
    stage: Stage
    ahead: int
    traces: int
    scorers: tuple[str, ...]
    error: str = ""
    progress: ProgressView | None = None
