"""Labels where they are worth most: which traces people should label, how far they are, and what judges are worth."""

from __future__ import annotations

from steelyard.feedback.corrected_by_people import corrected_mean, corrected_means
from steelyard.feedback.judging import JudgeReport, judge_against_people
from steelyard.feedback.planning import LabelPlan, plan_labels, plan_more
from steelyard.feedback.planning_progress import LabelProgress, label_progress

__all__ = [
    "JudgeReport",
    "LabelPlan",
    "LabelProgress",
    "corrected_mean",
    "corrected_means",
    "judge_against_people",
    "label_progress",
    "plan_labels",
    "plan_more",
]
