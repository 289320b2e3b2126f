"""A judge's anchors on its page: what it said of frozen rows each time, how far it has moved, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import FormData, ImmutableMultiDict

from steelyard.errors import InvalidArgument, NotFound, SteelyardError, StoreUnavailable
from steelyard.feedback.judging_values import shown
from steelyard.judges.registering import scorer_from
from steelyard.monitor.anchors_drift import JudgeDrift, drift_of
from steelyard.records import AnchorReading, AnchorSet, AnchorVerdict, RegisteredScorer, Store
from steelyard.web.contexts.judgeanchors import (
    AnchorForm,
    AnchorsView,
    DatasetChoice,
    DriftView,
    MovedRow,
    ReadingRow,
)
from steelyard.web.recordtexts import line
from steelyard.web.scales import Scale, difference_scale

HOUR = 3_600_000
_READINGS = 12
_MOVED = 10
_DATASETS = 200
_LONGEST = 600
_SAVED = frozenset({"made", "asked", "base", "stopped", "started", "changed", "deleted"})
_MOST_HOURS = 24 * 365


class RefusedAnchors(InvalidArgument):
    """What was typed into a field of the anchors cannot be used; ``args`` are the message and the field."""


def anchors_view(
    store: Store,
    experiment_id: str,
    registered: RegisteredScorer | None,
    name: str,
    fields: ImmutableMultiDict[str, str] | FormData,
    *,
    posted: bool,
) -> AnchorsView:
    """Return what a judge's page says of its anchors."""
    anchors = store.anchors.find(experiment_id, name)
    form = typed_anchors(fields) if posted else _standing(anchors)
    saved = str(fields.get("saved", ""))
    if anchors is None:
        why_not = _why_not(registered)
        return AnchorsView(
            anchors=None,
            why_not=why_not,
            datasets=() if why_not else _datasets(store, experiment_id),
            form=form,
            saved=saved if saved == "deleted" else "",
        )
    readings = store.anchors.readings(anchors.anchor_id)
    rows, drifts = _rows(store, anchors, readings)
    chosen = _chosen(str(fields.get("reading", "")), rows, drifts)
    ends = [
        end for row in rows if row.difference for end in (row.difference.low, row.difference.high) if end is not None
    ]
    return AnchorsView(
        anchors=anchors,
        dataset_name=_dataset_name(store, anchors),
        readings=rows,
        n_readings=len(readings),
        scale=difference_scale(ends) if ends else Scale(-1.0, 1.0, (-1.0, 0.0, 1.0)),
        drift=None if chosen is None else _drift_view(store, anchors, chosen),
        due_ms=_due(anchors, readings),
        form=form,
        saved=saved if saved in _SAVED and not posted else "",
        ask="delete" if fields.get("ask") == "delete" and not posted else "",
    )


def hold_to(store: Store, experiment_id: str, name: str, form: FormData, *, by: str) -> str:
    """Do what a form of the anchors asks for; return what was done.

    Raises:
        RefusedAnchors: a field cannot be used.
        NotFound: the judge has no anchor set, or no such reading.
    """
    action = str(form.get("action", ""))
    if action == "make":
        return _make(store, experiment_id, name, typed_anchors(form), by)
    anchors = store.anchors.find(experiment_id, name)
    if anchors is None:
        raise NotFound(f"{name[:200]!r} has no anchor set: it was deleted meanwhile. Load the page again.")
    if action == "read":
        store.anchors.ask(anchors.anchor_id)
        return "asked"
    if action == "base":
        store.anchors.update(anchors.anchor_id, base_reading=str(form.get("reading", "")))
        return "base"
    if action in ("stop", "start"):
        store.anchors.update(anchors.anchor_id, state="stopped" if action == "stop" else "active")
        return "stopped" if action == "stop" else "started"
    if action == "change":
        typed = typed_anchors(form)
        store.anchors.update(anchors.anchor_id, every_ms=_every_ms(typed.every), max_cost=_max_cost(typed.max_cost))
        return "changed"
    if action == "delete" and form.get("sure") == "yes":
        store.anchors.delete(anchors.anchor_id)
        return "deleted"
    raise InvalidArgument(f"There is nothing called {action!r} to do with anchors. Load the page again.")


def typed_anchors(fields: ImmutableMultiDict[str, str] | FormData) -> AnchorForm:
    """Return the fields as they were typed."""
    return AnchorForm(**{name: str(fields.get(name, "")).strip()[:200] for name in AnchorForm.__dataclass_fields__})


def _standing(anchors: AnchorSet | None) -> AnchorForm:
    if anchors is None:
        return AnchorForm()
    cost = "" if anchors.max_cost is None else f"{anchors.max_cost:.10g}"
    return AnchorForm(dataset=anchors.dataset_id, every=f"{anchors.every_ms / HOUR:.6g}", max_cost=cost)


def _make(store: Store, experiment_id: str, name: str, typed: AnchorForm, by: str) -> str:
    why_not = _why_not(store.scorers.get(experiment_id, name))
    if why_not:
        raise RefusedAnchors(why_not, "dataset")
    if not typed.dataset:
        raise RefusedAnchors("Choose the dataset whose rows the judge is held to.", "dataset")
    every, max_cost = _every_ms(typed.every), _max_cost(typed.max_cost)
    try:
        store.anchors.create(experiment_id, name, dataset_id=typed.dataset, every_ms=every, max_cost=max_cost, by=by)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        raise RefusedAnchors(str(error), "dataset") from error
    return "made"


def _why_not(registered: RegisteredScorer | None) -> str:
    """Return why a judge can be held to no anchors; empty if it can."""
    if registered is None:
        return "Only a registered judge can be held to anchors: its words must be known. Register it first."
    if registered.kind == "code":
        return "It is code, which says the same of the same row: anchors are for judges."
    if registered.kind == "pairwise":
        return "It compares two answers, and an anchor has one."
    try:
        made = scorer_from(registered.definition, allow_code=False)
    except SteelyardError as error:
        return f"It cannot be made again from what is kept: {error}"
    return "It judges whole sessions, and an anchor is a single row." if made.is_session_level_scorer else ""


def _every_ms(text: str) -> int:
    try:
        hours = float(text)
    except ValueError:
        hours = float("nan")
    if not 1 / 60 <= hours <= _MOST_HOURS:
        raise RefusedAnchors(f"{text!r} is no number of hours from 0.02 (a minute) to {_MOST_HOURS:,}.", "every")
    return max(60_000, round(hours * HOUR))


def _max_cost(text: str) -> float | None:
    if not text:
        return None
    try:
        cost = float(text.removeprefix("$"))
    except ValueError:
        cost = float("nan")
    if not 0 < cost < 1e9:
        message = f"{text!r} is no sum of US dollars above 0. Write 0.50, or leave it empty for no limit."
        raise RefusedAnchors(message, "max_cost")
    return cost


def _datasets(store: Store, experiment_id: str) -> tuple[DatasetChoice, ...]:
    found = store.datasets.search([experiment_id], max_results=_DATASETS).items
    known = {one.dataset_id for one in found}
    others = store.datasets.search(max_results=_DATASETS).items
    return tuple(
        DatasetChoice(dataset_id=one.dataset_id, name=one.name, version=one.version, n=one.n_records)
        for one in (*found, *(one for one in others if one.dataset_id not in known))
        if one.kind == "records" and one.n_records
    )


def _rows(
    store: Store, anchors: AnchorSet, readings: Sequence[AnchorReading]
) -> tuple[tuple[ReadingRow, ...], dict[str, JudgeDrift]]:
    kept = list(readings[:_READINGS])
    base = next((one for one in readings if one.reading_id == anchors.base_reading), None)
    if base is not None and base not in kept:
        kept.append(base)
    drifts: dict[str, JudgeDrift] = {}
    rows = []
    for reading in kept:
        if base is not None and reading.reading_id == base.reading_id:
            rows.append(ReadingRow(reading=reading, is_base=True))
            continue
        drift = None
        if base is not None and reading.state == "done":
            drift = drift_of(store, anchors.anchor_id, reading_id=reading.reading_id)
        if drift is None:
            rows.append(ReadingRow(reading=reading))
            continue
        drifts[reading.reading_id] = drift
        rows.append(
            ReadingRow(
                reading=reading,
                difference=drift.difference,
                changed=drift.changed,
                p_value=drift.p_value,
                drifted=drift.has_drifted,
                why_not="" if drift.difference else "its values are words",
            )
        )
    return tuple(rows), drifts


def _chosen(asked: str, rows: Sequence[ReadingRow], drifts: dict[str, JudgeDrift]) -> JudgeDrift | None:
    """Return the drift of the reading that is asked for, else of the newest that has one."""
    if asked in drifts:
        return drifts[asked]
    return next((drifts[row.reading.reading_id] for row in rows if row.reading.reading_id in drifts), None)


def _drift_view(store: Store, anchors: AnchorSet, drift: JudgeDrift) -> DriftView:
    before, after = (
        {one.record_id: one for one in store.anchors.verdicts(reading.reading_id)}
        for reading in (drift.before, drift.after)
    )
    moved = [_moved(store, anchors, one, before.get(one), after.get(one)) for one in drift.moved[:_MOVED]]
    return DriftView(
        reading_id=drift.after.reading_id,
        sentence=drift.sentence,
        drifted=drift.has_drifted,
        changed=drift.changed,
        own_noise=drift.own_noise,
        link_refused=drift.link.refused if drift.link is not None else "",
        moved=tuple(moved),
        changed_rows=len(drift.moved),
    )


def _moved(
    store: Store, anchors: AnchorSet, record_id: str, before: AnchorVerdict | None, after: AnchorVerdict | None
) -> MovedRow:
    values = {
        "before": shown(before.value) if before else "",
        "after": shown(after.value) if after else "",
        "rationale": (after.rationale if after else "")[:_LONGEST],
    }
    try:
        record = store.datasets.record(anchors.dataset_id, record_id, version=anchors.dataset_version)
    except NotFound:
        return MovedRow(record_id=record_id, inputs="", outputs="", removed=True, **values)
    inputs, outputs = line(record.inputs), line(record.outputs) if record.outputs is not None else ""
    return MovedRow(record_id=record_id, inputs=inputs[:_LONGEST], outputs=outputs[:_LONGEST], **values)


def _dataset_name(store: Store, anchors: AnchorSet) -> str:
    try:
        return store.datasets.get(anchors.dataset_id).name
    except NotFound:
        return ""


def _due(anchors: AnchorSet, readings: Sequence[AnchorReading]) -> int:
    if anchors.state != "active" or not readings or readings[0].state == "running":
        return 0
    return readings[0].started_ms + anchors.every_ms
