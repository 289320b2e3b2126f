"""What there is to watch in an experiment: scores, traffic, features, models, judges and monitors."""

from __future__ import annotations

from steelyard.records import Store
from steelyard.records.alarm import Series
from steelyard.web.alarmwords import KINDS
from steelyard.web.contexts.alarmrules import Choice, ChoiceGroup

TRAFFIC = {
    "error_rate": "error rate",
    "count": "number of traces",
    "duration_p50": "median latency",
    "duration_p90": "latency, 90th percentile",
    "duration_p95": "latency, 95th percentile",
    "duration_p99": "latency, 99th percentile",
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
    "cost": "cost",
}
_FEATURES = {
    "input.length": "length of inputs",
    "output.length": "length of outputs",
    "duration": "duration",
    "input_tokens": "input tokens",
    "output_tokens": "output tokens",
    "cost": "cost",
    "n_spans": "number of spans",
    "name": "names of traces",
    "model": "models that are called",
    "tools": "tools that are called",
    "status": "status",
}
_HEALTH = {"backlog": "backlog of {}", "delay": "delay of {}", "failures": "failures in a row of {}"}
_MOST = 60
_REGRESSION, _CLASSES = ("mean_squared_error", "mean_absolute_error", "r2_score"), ("accuracy_score", "f1_score")


def series_choices(store: Store, experiment_id: str) -> tuple[ChoiceGroup, ...]:
    """Return what can be watched, by kind; a choice is sent as ``kind:what``."""
    scores = tuple(dict.fromkeys(one.name for one in store.scores.names([experiment_id])))[:_MOST]
    tags = [name for name in store.overview.facets([experiment_id], most=1) if name.startswith("tag.")][:_MOST]
    features = {
        **_FEATURES,
        **{name: f"tag {name.removeprefix('tag.')}" for name in tags},
        **{f"score:{name}": f"score {name}" for name in scores},
    }
    found = {
        "score": [(name, name) for name in scores],
        "traces": list(TRAFFIC.items()),
        "drift": list(features.items()),
        "model": _models(store, experiment_id),
        "judge": [(one.name, one.name) for one in store.anchors.list([experiment_id])][:_MOST],
        "monitor": [
            (f"{part}:{one.name}", words.format(one.name))
            for one in store.monitors.list([experiment_id])[:_MOST]
            for part, words in _HEALTH.items()
        ],
    }
    return tuple(
        ChoiceGroup(
            label=KINDS[kind], choices=tuple(Choice(value=f"{kind}:{what}", label=label) for what, label in named)
        )
        for kind, named in found.items()
        if named
    )


def _models(store: Store, experiment_id: str) -> list[tuple[str, str]]:
    found = []
    for model in store.predictions.models([experiment_id])[:_MOST]:
        metrics = _REGRESSION if model.model_type == "regressor" else _CLASSES
        found += [(f"{model.name}/{metric}", f"{metric} of {model.name}") for metric in metrics]
    return found


def groupings(store: Store, experiment_id: str) -> tuple[Choice, ...]:
    """Return by what a rule can have an alarm for each value."""
    tags = [name for name in store.overview.facets([experiment_id], most=1) if name.startswith("tag.")][:_MOST]
    return (
        Choice(value="", label="all of it as one"),
        Choice(value="name", label="name of the trace"),
        Choice(value="model", label="model"),
        Choice(value="status", label="status"),
        Choice(value="version", label="version of the scorer"),
        *(Choice(value=name, label=f"tag {name.removeprefix('tag.')}") for name in tags),
    )


def series_of(choice: str) -> tuple[str, str]:
    """Return the kind and the name of a choice.

    Examples:
        >>> series_of("drift:score:correctness"), series_of("nothing")
        (('drift', 'score:correctness'), ('', ''))
    """
    kind, colon, what = choice.partition(":")
    return (kind, what) if colon and kind in KINDS else ("", "")


def choice_of(series: Series) -> str:
    """Return what the form sends for a series."""
    return f"{series.kind}:{series.what}"


def examples(choices: tuple[ChoiceGroup, ...], *, most: int = 8) -> tuple[tuple[str, str, str], ...]:
    """Return a few series to begin with: kind, label and choice; scores first, then traffic."""
    firsts = {"Scores": 4, "Traffic": 3, "Models": 1, "Judges": 1, "Monitors": 1, "Drift": 2}
    found = [
        (group.label, choice.label, choice.value)
        for group in choices
        for choice in group.choices[: firsts.get(group.label, 1)]
    ]
    return tuple(found[:most])
