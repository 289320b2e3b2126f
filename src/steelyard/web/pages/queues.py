"""``/review``: the queues; the making and changing of one; and traces that are put into one from their list."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument, SteelyardError, StoreUnavailable
from steelyard.records import Experiment, Store
from steelyard.records.review import ItemDraft, ReviewItemType, ReviewQueue
from steelyard.web import links
from steelyard.web.contexts.queues import NewQuestion, QueueChoice, QueueFields, QueueForm, QueueRow, QueuesPage
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.pages import store_of
from steelyard.web.pages.review import queue_shell
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.pages.traces import now_ms, place_of, shell_of
from steelyard.web.queuefields import (
    fields_of,
    fields_typed,
    input_of,
    label_kind,
    question_typed,
    rules_of,
    users_of,
)
from steelyard.web.tracepicking import Picked, picked_traces

_PACED = 12
"""Of so many queues at most it is worked out how long they take."""


def show_all(request: Request) -> Response:
    """Show the queues, those with something to do first; with ``mine``, only those that ask this person."""
    store, query = store_of(request), request.query_params
    experiment = store.experiments.get(query["experiment"]) if query.get("experiment") else None
    reviewer, mine = reviewer_of(request), query.get("mine") == "yes"
    queues = store.reviews.list(
        [experiment.experiment_id] if experiment else (), user=reviewer if mine and reviewer else ""
    )
    ordered = sorted(queues, key=lambda queue: not queue.counts.pending)
    names: dict[str, dict[str, str]] = {}
    for one in {queue.experiment_id for queue in ordered}:
        names[one] = {schema.schema_id: schema.name for schema in store.label_schemas.list(one)}
    context = QueuesPage(
        experiment_id=experiment.experiment_id if experiment else "",
        experiment_name=experiment.name if experiment else "",
        reviewer=reviewer,
        mine=mine and bool(reviewer),
        queues=tuple(
            QueueRow(
                queue=queue,
                questions=_asks(queue, names[queue.experiment_id]),
                minutes=_minutes(store, queue) if n < _PACED else None,
            )
            for n, queue in enumerate(ordered)
        ),
    )
    return respond(request, "queues.html", context, list_shell(experiment, "Review"))


def _asks(queue: ReviewQueue, names: dict[str, str]) -> tuple[str, ...]:
    if queue.item_type == ReviewItemType.PAIR:
        return ("which of two is better",)
    return tuple(names[one] for one in queue.schema_ids if one in names)


def _minutes(store: Store, queue: ReviewQueue) -> float | None:
    """Return how long what is pending takes: the answers that are missing, at the pace of those that were given."""
    counts = queue.counts
    if not counts.pending or not counts.answers:
        return None
    told = [a.seconds for one in store.reviews.reviewed(queue.queue_id) for a in one.answers if a.seconds > 0]
    return counts.pending * statistics.median(told) / 60 if told else None


def list_shell(experiment: Experiment | None, title: str, *, more: Sequence[Crumb] = ()) -> Shell:
    """Return what stands around a page about the queues of an experiment, or of all."""
    crumbs = [Crumb(label="Experiments", href=links.EXPERIMENTS)]
    experiment_id, name = (experiment.experiment_id, experiment.name) if experiment else ("", "")
    if experiment:
        crumbs.append(Crumb(label=name, href=links.runs(experiment_id)))
    return Shell(
        title=title,
        crumbs=(*crumbs, *(more or (Crumb(label=title),))),
        section="review",
        experiment_id=experiment_id,
        experiment_name=name,
    )


def show_new(request: Request) -> Response:
    """Show the form that makes a queue."""
    experiment = _experiment(store_of(request), request.query_params.get("experiment", ""))
    return _form(request, experiment, QueueFields(), NewQuestion())


def make(request: Request, form: FormData) -> Response:
    """Make a queue, or only the question that was typed; put the traces into it that were picked."""
    store = store_of(request)
    experiment = _experiment(store, str(form.get("experiment", "")))
    fields, question = fields_typed(form), question_typed(form)
    picked = _picked(form)
    only_question = form.get("action") == "question"
    made = ""
    try:
        if question.name:
            fields, made = _with_question(store, experiment, fields, question, by=reviewer_of(request))
            question = NewQuestion()
        elif only_question:
            raise InvalidArgument("A question needs a name: answers are kept under it.")
        if only_question:
            return _form(request, experiment, fields, question, picked=picked, view=_view(form), made=made)
        queue = _make(store, experiment, fields, by=reviewer_of(request))
        if not picked.trace_ids:
            return RedirectResponse(f"{links.queue_part(queue.queue_id, 'items')}#add", 303)
        return _filled(store, queue, picked)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        problem = Problem(field="question" if only_question else "queue", message=str(error))
        return _form(request, experiment, fields, question, picked=picked, view=_view(form), made=made, problem=problem)


def _make(store: Store, experiment: Experiment, fields: QueueFields, *, by: str) -> ReviewQueue:
    if not fields.name:
        raise InvalidArgument("The queue needs a name.")
    if fields.item_type == ReviewItemType.TRACE and not fields.schema_ids:
        raise InvalidArgument("Choose what the queue asks, or write a question: at least one.")
    return store.reviews.create(
        experiment.experiment_id,
        fields.name,
        item_type=fields.item_type,
        users=users_of(fields),
        schema_ids=fields.schema_ids if fields.item_type == ReviewItemType.TRACE else (),
        rules=rules_of(fields),
        instruction=fields.instruction,
        by=by,
    )


def _filled(store: Store, queue: ReviewQueue, picked: Picked) -> Response:
    """Put traces into a queue that was made for them: it is not left without them."""
    try:
        return _put(store, queue, picked)
    except SteelyardError:
        store.reviews.delete(queue.queue_id)
        raise


def _put(store: Store, queue: ReviewQueue, picked: Picked) -> Response:
    added = store.reviews.add(queue.queue_id, [ItemDraft(trace_id=one) for one in picked.trace_ids])
    told = {"added": str(len(added)), "there": str(len(picked.trace_ids) - len(added))}
    return RedirectResponse(links.queue_part(queue.queue_id, "items", **told), 303)


def _with_question(
    store: Store, experiment: Experiment, fields: QueueFields, question: NewQuestion, *, by: str
) -> tuple[QueueFields, str]:
    schema = store.label_schemas.create(
        experiment.experiment_id,
        question.name,
        input=input_of(question),
        kind=label_kind(question),
        instruction=question.instruction,
        enable_comment=question.comment,
        by=by,
    )
    return replace(fields, schema_ids=(*fields.schema_ids, schema.schema_id)), schema.name


def _form(
    request: Request,
    experiment: Experiment,
    fields: QueueFields,
    question: NewQuestion,
    *,
    queue: ReviewQueue | None = None,
    picked: Picked = Picked(()),  # noqa: B008 - it is frozen
    view: str = "",
    made: str = "",
    problem: Problem | None = None,
) -> Response:
    context = QueueForm(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        fields=fields,
        question=question,
        schemas=store_of(request).label_schemas.list(experiment.experiment_id),
        queue=queue,
        trace_ids=picked.trace_ids,
        more=picked.more,
        view=view,
        made=made,
        problem=problem,
    )
    if queue is not None:
        shell = queue_shell(store_of(request), queue, last="Settings")
    else:
        crumbs = (Crumb(label="Review", href=links.queues(experiment.experiment_id)), Crumb(label="New queue"))
        shell = list_shell(experiment, "New queue", more=crumbs)
    return respond(request, "queueform.html", context, shell, status=400 if problem else 200)


def show_settings(request: Request) -> Response:
    """Show the form that changes a queue."""
    store = store_of(request)
    queue = store.reviews.get(request.path_params["queue_id"])
    experiment = store.experiments.get(queue.experiment_id)
    return _form(request, experiment, fields_of(queue), NewQuestion(), queue=queue)


def change_settings(request: Request, form: FormData) -> Response:
    """Change a queue, make a question for it, or delete it once somebody has said that this is meant."""
    store = store_of(request)
    queue = store.reviews.get(request.path_params["queue_id"])
    if form.get("action") == "delete":
        if form.get("sure") != "yes":
            raise InvalidArgument("Tick that this is meant, then delete the queue.")
        store.reviews.delete(queue.queue_id)
        return RedirectResponse(links.queues(queue.experiment_id), 303)
    experiment = store.experiments.get(queue.experiment_id)
    fields, question, made = fields_typed(form), question_typed(form), ""
    fields = replace(fields, item_type=queue.item_type)
    only_question = form.get("action") == "question"
    try:
        if question.name:
            fields, made = _with_question(store, experiment, fields, question, by=reviewer_of(request))
            question = NewQuestion()
        if not only_question:
            _change(store, queue, fields, by=reviewer_of(request))
            return RedirectResponse(links.queue_part(queue.queue_id, "settings", saved="yes"), 303)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        problem = Problem(field="queue", message=str(error))
        return _form(request, experiment, fields, question, queue=queue, made=made, problem=problem)
    return _form(request, experiment, fields, question, queue=queue, made=made)


def _change(store: Store, queue: ReviewQueue, fields: QueueFields, *, by: str) -> None:
    if not fields.name:
        raise InvalidArgument("The queue needs a name.")
    if queue.item_type == ReviewItemType.TRACE and not fields.schema_ids:
        raise InvalidArgument("Choose what the queue asks: at least one question.")
    kept = [one for one in queue.schema_ids if one in fields.schema_ids]  # in the order that they are asked in
    store.reviews.update(
        queue.queue_id,
        name=fields.name,
        users=users_of(fields),
        schema_ids=(*kept, *(one for one in fields.schema_ids if one not in kept)),
        rules=rules_of(fields),
        instruction=fields.instruction,
        by=by,
    )


def add_traces(request: Request, form: FormData) -> Response:
    """Ask which queue the traces that were picked go into; with ``action`` = ``add``, put them there."""
    store = store_of(request)
    place = place_of(store, QueryParams(_view(form)))
    picked = picked_traces(store, form, place.experiment_ids, now_ms=now_ms())
    experiment = place.experiment or _only_experiment(store, picked)
    chosen = str(form.get("queue", ""))
    problem = None
    if form.get("action") == "new":
        return _form(request, experiment, QueueFields(), NewQuestion(), picked=picked, view=_view(form))
    if form.get("action") == "add":
        try:
            if not chosen:
                raise InvalidArgument("Choose a queue, or make a new one.")
            return _put(store, store.reviews.get(chosen), picked)
        except StoreUnavailable:
            raise
        except SteelyardError as error:
            problem = Problem(field="queue", message=str(error))
    context = QueueChoice(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        trace_ids=picked.trace_ids,
        more=picked.more or form.get("more") == "yes",
        view=_view(form),
        queues=tuple(
            queue for queue in store.reviews.list([experiment.experiment_id]) if queue.item_type == ReviewItemType.TRACE
        ),
        chosen=chosen,
        problem=problem,
    )
    shell = shell_of(place, "Add to a review queue", last="Add to a review queue")
    return respond(request, "queueadd.html", context, shell, status=400 if problem else 200)


def _only_experiment(store: Store, picked: Picked) -> Experiment:
    """Return the experiment that all picked traces are of; a queue has those of one."""
    found: set[str] = set()
    for at in range(0, len(picked.trace_ids), 500):
        found |= {info.experiment_id for info in store.traces.infos(picked.trace_ids[at : at + 500]).values()}
    if len(found) != 1:
        raise InvalidArgument("A queue holds the traces of one experiment: pick them in the list of one.")
    return store.experiments.get(next(iter(found)))


def _experiment(store: Store, experiment_id: str) -> Experiment:
    if not experiment_id:
        raise InvalidArgument("Choose an experiment first: a queue holds the traces of one.")
    return store.experiments.get(experiment_id)


def _picked(form: FormData) -> Picked:
    ids = tuple(dict.fromkeys(one for one in str(form.get("ids", "")).split(",") if one))
    return Picked(ids, more=form.get("more") == "yes")


def _view(form: FormData) -> str:
    return str(form.get("view", ""))
