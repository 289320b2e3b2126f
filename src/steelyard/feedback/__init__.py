"""People's labels and what they are worth: queues, agreement, judges held against people, corrected means, planning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.feedback.agreeing import (
        GrowthPoint,
        PairAgreement,
        QuestionAgreement,
        question_agreement,
    )
    from steelyard.feedback.boards import AgreementBoard, ReviewerWork, agreement_board
    from steelyard.feedback.corrected_by_people import corrected_mean, corrected_means
    from steelyard.feedback.decisions import Decision, decide, decide_each
    from steelyard.feedback.finishing import Progress, median_seconds, progress, progress_of
    from steelyard.feedback.judging import (
        Disagreement,
        JudgeReport,
        disagreements,
        judge_against_people,
        judge_on,
    )
    from steelyard.feedback.judging_bias import LengthEffect, SliceBias
    from steelyard.feedback.judging_data import HumanLabel, JudgedTrace, JudgeVerdict, Matching
    from steelyard.feedback.judging_rates import Differences, Rates
    from steelyard.feedback.judging_repeats import PositionEffect, Repeatability
    from steelyard.feedback.judging_within import AgainstOne, WithinPeople
    from steelyard.feedback.levels import Measure, measure_of
    from steelyard.feedback.of_queues import queue_agreement, queue_decisions, queue_progress, queue_ranking
    from steelyard.feedback.people import (
        PersonLabel,
        QueueLabels,
        TraceLabels,
        labels_of_queue,
        labels_of_traces,
        without_deciders,
    )
    from steelyard.feedback.planning import LabelPlan, PlannedStratum, plan_labels, plan_more
    from steelyard.feedback.planning_progress import LabelProgress, label_progress
    from steelyard.feedback.ranking import QueueRanking, rank_queue, ranking_of

_HOMES = {
    "agreeing": ("GrowthPoint", "PairAgreement", "QuestionAgreement", "question_agreement"),
    "boards": ("AgreementBoard", "ReviewerWork", "agreement_board"),
    "corrected_by_people": ("corrected_mean", "corrected_means"),
    "decisions": ("Decision", "decide", "decide_each"),
    "finishing": ("Progress", "median_seconds", "progress", "progress_of"),
    "judging": ("Disagreement", "JudgeReport", "disagreements", "judge_against_people", "judge_on"),
    "judging_bias": ("LengthEffect", "SliceBias"),
    "judging_data": ("HumanLabel", "JudgedTrace", "JudgeVerdict", "Matching"),
    "judging_rates": ("Differences", "Rates"),
    "judging_repeats": ("PositionEffect", "Repeatability"),
    "judging_within": ("AgainstOne", "WithinPeople"),
    "levels": ("Measure", "measure_of"),
    "of_queues": ("queue_agreement", "queue_decisions", "queue_progress", "queue_ranking"),
    "people": (
        "PersonLabel",
        "QueueLabels",
        "TraceLabels",
        "labels_of_queue",
        "labels_of_traces",
        "without_deciders",
    ),
    "planning": ("LabelPlan", "PlannedStratum", "plan_labels", "plan_more"),
    "planning_progress": ("LabelProgress", "label_progress"),
    "ranking": ("QueueRanking", "rank_queue", "ranking_of"),
}

__all__ = [
    "AgainstOne",
    "AgreementBoard",
    "Decision",
    "Differences",
    "Disagreement",
    "GrowthPoint",
    "HumanLabel",
    "JudgeReport",
    "JudgeVerdict",
    "JudgedTrace",
    "LabelPlan",
    "LabelProgress",
    "LengthEffect",
    "Matching",
    "Measure",
    "PairAgreement",
    "PersonLabel",
    "PlannedStratum",
    "PositionEffect",
    "Progress",
    "QuestionAgreement",
    "QueueLabels",
    "QueueRanking",
    "Rates",
    "Repeatability",
    "ReviewerWork",
    "SliceBias",
    "TraceLabels",
    "WithinPeople",
    "agreement_board",
    "corrected_mean",
    "corrected_means",
    "decide",
    "decide_each",
    "disagreements",
    "judge_against_people",
    "judge_on",
    "label_progress",
    "labels_of_queue",
    "labels_of_traces",
    "measure_of",
    "median_seconds",
    "plan_labels",
    "plan_more",
    "progress",
    "progress_of",
    "question_agreement",
    "queue_agreement",
    "queue_decisions",
    "queue_progress",
    "queue_ranking",
    "rank_queue",
    "ranking_of",
    "without_deciders",
]

__getattr__ = lazy_names(__name__, {name: module for module, names in _HOMES.items() for name in names})
