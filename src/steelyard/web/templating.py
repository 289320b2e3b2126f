"""The template environment: everything is escaped, and a name that a context lacks is an error, not a blank."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from steelyard import __version__
from steelyard.web import (
    assets,
    changedrift,
    changes,
    changetimes,
    changewords,
    formats,
    links,
    modelcharts,
    monitorcharts,
    quality,
    scales,
    timecharts,
    timeline,
    tracewords,
)

STATES = {"better": "better", "worse": "worse", "equivalent": "same", "undecided": "unsure"}
"""The look of each verdict."""

_WRITTEN = (
    "score",
    "interval",
    "plus_minus",
    "signed",
    "signed_interval",
    "count",
    "percent",
    "duration",
    "stretch",
    "size",
    "moment",
    "iso",
    "plural",
    "in_points",
    "level",
    "about",
)

TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """Return the one environment of this process."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    known = cast("dict[str, Any]", env.globals)
    known |= {name: getattr(formats, name) for name in _WRITTEN}
    known |= {
        "asset": assets.address,
        "links": links,
        "version": __version__,
        "difference_scale": scales.difference_scale,
        "lowered": lowered,
        "state_of": STATES.get,
        "error_rate": changes.error_rate,
        "brief": timecharts.brief,
        "charts_of": timecharts.charts_of,
        "score_chart": monitorcharts.score_chart,
        "day_charts": monitorcharts.day_charts,
        "quality_charts": quality.quality_charts,
        "amount": changewords.amount,
        "moved": changewords.moved,
        "watch_address": changewords.watch_address,
        "moved_between": changewords.moved_between,
        "measure_title": changewords.title_of,
        "presets": changetimes.PRESETS,
        "drift_scale": changedrift.scale_of,
        "model_charts": modelcharts.model_charts,
        "told_score": quality.told,
        "said_by": quality.source_word,
        "said_filter": lambda name: f"{tracewords.named('feedback', name)} IS NOT NULL",
        "ticks_of": timeline.ticks_of,
        "ago": lambda milliseconds: formats.ago(milliseconds, time.time() * 1000),
    }
    return env


def lowered(title: str) -> str:
    """Write a title within a sentence: ``Log loss`` as ``log loss``, ``F1`` and ``ROC AUC`` as they are."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title
