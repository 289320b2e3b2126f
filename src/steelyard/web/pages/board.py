"""``/review/{queue}/board``: how far people agree; disputed items are decided in place."""

from __future__ import annotations

from dataclasses import replace

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import Conflict, InvalidArgument, NotFound
from steelyard.records import Store
from steelyard.records.review import PREFERENCE, AnswerDraft, ReviewItemType, ReviewQueue
from steelyard.web import links
from steelyard.web.boardview import agreement_scale, disputes, flagged, question_board, ranking_view, worker
from steelyard.web.contexts.board import BoardPage
from steelyard.web.contexts.review import Question
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import respond
from steelyard.web.pages import store_of
from steelyard.web.pages.review import queue_shell
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.questioning import is_swapped, preference, questions_of, read_answers
from steelyard.web.reviewing import schemas_of

_QUESTIONS = 20


def show(request: Request) -> Response:
    """Show the board."""
    store = store_of(request)
    queue = store.reviews.get(request.path_params["queue_id"])
    return _page(request, store, queue)


def _page(request: Request, store: Store, queue: ReviewQueue, *, problem: Problem | None = None) -> Response:
    from steelyard.feedback import agreement_board

    board, reviewer = agreement_board(store, queue.queue_id), reviewer_of(request)
    reviewed, schemas = store.reviews.reviewed(queue.queue_id), schemas_of(store, queue)
    named = {schema.name: schema for schema in schemas.values()}
    scale = agreement_scale(board.questions)
    context = BoardPage(
        queue=board.queue,
        experiment_name=store.experiments.get(queue.experiment_id).name,
        reviewer=reviewer,
        minutes=board.progress.minutes_left,
        answers_left=board.progress.answers_left,
        questions=tuple(question_board(one, named.get(one.name), scale=scale) for one in board.questions),
        people=tuple(worker(one) for one in board.reviewers),
        disputed=disputes(store, queue, reviewed, schemas, viewer=reviewer),
        flagged=flagged(store, reviewed, viewer=reviewer),
        ranking=ranking_view(board.ranking) if board.ranking else None,
        outdated=board.outdated,
        decided=request.query_params.get("decided") == "yes",
        problem=problem,
    )
    shell = queue_shell(store, queue, last="Agreement board")
    return respond(request, "board.html", context, shell, status=400 if problem else 200)


def decide(request: Request, form: FormData) -> Response:
    """Keep an adjudicator's last word on an item."""
    store = store_of(request)
    queue = store.reviews.get(request.path_params["queue_id"])
    reviewer = " ".join(str(form.get("reviewer", "")).split())[:100] or reviewer_of(request)
    item_id = str(form.get("item", ""))
    try:
        if not reviewer:
            raise InvalidArgument("Write your name: who decides is kept with the answer.")
        labels, problems = read_answers(_asked(store, queue, item_id, reviewer_of(request), form), form)
        if problems:
            raise InvalidArgument(next(iter(problems.values())))
        store.reviews.answer(
            AnswerDraft(
                item_id=item_id,
                reviewer=reviewer,
                labels=labels,
                submission_id=str(form.get("submission_id", ""))[:100],
                decides=True,
            )
        )
    except (Conflict, NotFound, InvalidArgument) as error:
        return _page(request, store, queue, problem=Problem(field=item_id, message=str(error)))
    return RedirectResponse(f"{links.queue_part(queue.queue_id, 'board', decided='yes')}#disputed", 303)


def _asked(store: Store, queue: ReviewQueue, item_id: str, viewer: str, form: FormData) -> tuple[Question, ...]:
    """Return the questions that a form decides, in its order."""
    if queue.item_type == ReviewItemType.PAIR:
        return (preference(swapped=is_swapped(item_id, viewer)),)
    known = {q.schema_id: q for q in questions_of(tuple(schemas_of(store, queue).values()))}
    wanted = [str(form.get(f"q{n}.schema")) for n in range(_QUESTIONS) if f"q{n}.schema" in form]
    if not wanted or any(one not in known or one == PREFERENCE for one in wanted):
        raise Conflict("The questions of this queue have changed meanwhile. Look at the item again.")
    return tuple(replace(known[one], number=n) for n, one in enumerate(wanted))
