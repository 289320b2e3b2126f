"""Which judges an experiment has: those that are registered, and those whose verdicts are on its newest traces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from steelyard.feedback.judging_data import JudgedTrace
from steelyard.feedback.judging_estimates import share
from steelyard.feedback.judging_rates import correlation
from steelyard.feedback.judging_reading import gather
from steelyard.feedback.judging_traces import TraceChoice
from steelyard.records import Estimate, Feedback, RegisteredScorer, Store, TraceInfo
from steelyard.web.contexts.judges import JudgeRow
from steelyard.web.judgedefinitions import model_of_definition

MOST = 2_000
"""Of so many traces, the newest, verdicts and labels are counted."""

_PAGE = 500
_ROWS = 200


@dataclass(slots=True)
class _Heard:
    """What was heard under a name."""

    sources: Counter[str] = field(default_factory=Counter)
    verdicts: int = 0
    labels: int = 0
    both: list[str] = field(default_factory=list)


def judge_rows(store: Store, experiment_id: str) -> tuple[tuple[JudgeRow, ...], int]:
    """Return the judges of an experiment, those that people have labels for first, and how many traces were read."""
    registered = {one.name: one for one in store.scorers.list(experiment_id)}
    infos = list(newest(store, experiment_id, MOST))
    heard = _heard(infos)
    names = [name for name, one in heard.items() if one.verdicts]
    names += [name for name in registered if name not in names]
    rows = [_row(store, name, registered.get(name), heard.get(name, _Heard())) for name in names[:_ROWS]]
    return tuple(sorted(rows, key=lambda row: (not row.labels, not row.kind, row.name))), len(infos)


def newest(
    store: Store, experiment_id: str, most: int, filter_string: str = "", run_id: str = ""
) -> Iterable[TraceInfo]:
    """Yield the newest traces of an experiment, with their assessments."""
    token: str | None = None
    left = most
    while left > 0:
        page = store.traces.search(
            [experiment_id], filter_string, max_results=min(_PAGE, left), page_token=token, run_id=run_id or None
        )
        yield from page.items
        left -= len(page.items)
        token = page.token
        if not token:
            return


def _heard(infos: Iterable[TraceInfo]) -> dict[str, _Heard]:
    heard: dict[str, _Heard] = {}
    for info in infos:
        judged: dict[str, str] = {}
        labelled: set[str] = set()
        for one in info.assessments:
            if not isinstance(one, Feedback) or one.span_id is not None:
                continue
            if one.source.source_type == "HUMAN":
                if one.valid:
                    labelled.add(one.name)
            else:
                judged[one.name] = one.source.source_id
        for name, source in judged.items():
            found = heard.setdefault(name, _Heard())
            found.verdicts += 1
            found.sources[source] += 1
        for name in labelled:
            found = heard.setdefault(name, _Heard())
            found.labels += 1
            if name in judged:
                found.both.append(info.trace_id)
    return heard


def _row(store: Store, name: str, registered: RegisteredScorer | None, heard: _Heard) -> JudgeRow:
    agreement, measure = _agreement(store, name, heard.both)
    return JudgeRow(
        name=name,
        kind=registered.kind if registered else "",
        version=registered.version if registered else 0,
        model=model_of_definition(registered.definition) if registered else "",
        created=registered.created_time if registered else 0,
        sources=tuple(source for source, _ in heard.sources.most_common(3)),
        verdicts=heard.verdicts,
        labels=heard.labels,
        agreement=agreement,
        measure=measure,
    )


def _agreement(store: Store, name: str, trace_ids: Sequence[str]) -> tuple[Estimate | None, str]:
    if not trace_ids:
        return None, ""
    found = gather(store, TraceChoice(trace_ids=tuple(trace_ids)), name, human_name=name, details=False)
    return agreement_of(found.pairs, found.reading.kind)


def agreement_of(pairs: Sequence[JudgedTrace], kind: str) -> tuple[Estimate, str]:
    """Return how far the judge and people agree, and which measure that is."""
    if kind == "number":
        numbers = [(p.judge, p.gold) for p in pairs if isinstance(p.judge, float) and isinstance(p.gold, float)]
        return correlation([one for one, _ in numbers], [other for _, other in numbers]), "correlation"
    return share(sum(pair.judge == pair.gold for pair in pairs), len(pairs)), "same answer"
