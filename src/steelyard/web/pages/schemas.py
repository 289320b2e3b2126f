"""``/review/questions``: what the queues of an experiment ask; made, changed and deleted in place."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import InvalidArgument, SteelyardError, StoreUnavailable
from steelyard.records import Experiment, Store
from steelyard.web import links
from steelyard.web.contexts.queues import NewQuestion, SchemaRow, SchemasPage
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, respond
from steelyard.web.pages import store_of
from steelyard.web.pages.queues import list_shell
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.queuefields import input_of, label_kind, question_of, question_typed


def show(request: Request) -> Response:
    """Show the questions; ``edit`` names the one whose form stands open."""
    store, query = store_of(request), request.query_params
    experiment = _experiment(store, query.get("experiment", ""))
    editing = query.get("edit", "")
    question = question_of(store.label_schemas.get(editing)) if editing else NewQuestion()
    return _page(request, store, experiment, question, editing=editing)


def change(request: Request, form: FormData) -> Response:
    """Make a question, change one, or delete one that no queue asks."""
    store = store_of(request)
    experiment = _experiment(store, str(form.get("experiment", "")))
    question, schema_id, by = question_typed(form), str(form.get("schema", "")), reviewer_of(request)
    try:
        if form.get("action") == "delete":
            store.label_schemas.delete(schema_id)
        else:
            _keep(store, experiment, schema_id, question, by=by)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        problem = Problem(field="question", message=str(error))
        return _page(request, store, experiment, question, editing=schema_id, problem=problem)
    return RedirectResponse(links.questions(experiment.experiment_id), 303)


def _keep(store: Store, experiment: Experiment, schema_id: str, question: NewQuestion, *, by: str) -> None:
    if not question.name:
        raise InvalidArgument("A question needs a name: answers are kept under it.")
    if schema_id:
        store.label_schemas.update(
            schema_id,
            name=question.name,
            input=input_of(question),
            instruction=question.instruction,
            enable_comment=question.comment,
            by=by,
        )
        return
    store.label_schemas.create(
        experiment.experiment_id,
        question.name,
        input=input_of(question),
        kind=label_kind(question),
        instruction=question.instruction,
        enable_comment=question.comment,
        by=by,
    )


def _page(
    request: Request,
    store: Store,
    experiment: Experiment,
    question: NewQuestion,
    *,
    editing: str = "",
    problem: Problem | None = None,
) -> Response:
    queues = store.reviews.list([experiment.experiment_id])
    context = SchemasPage(
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
        schemas=tuple(
            SchemaRow(schema=schema, queues=tuple(queue for queue in queues if schema.schema_id in queue.schema_ids))
            for schema in store.label_schemas.list(experiment.experiment_id)
        ),
        question=question,
        editing=editing,
        problem=problem,
    )
    crumbs = (Crumb(label="Review", href=links.queues(experiment.experiment_id)), Crumb(label="Questions"))
    shell = list_shell(experiment, "Questions", more=crumbs)
    return respond(request, "questions.html", context, shell, status=400 if problem else 200)


def _experiment(store: Store, experiment_id: str) -> Experiment:
    if not experiment_id:
        raise InvalidArgument("Choose an experiment first: questions belong to one.")
    return store.experiments.get(experiment_id)
