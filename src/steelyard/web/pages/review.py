"""``/review/{queue}``: one item after another. An answer is saved and the next item shown in one request."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import Conflict, InvalidArgument, NotFound
from steelyard.records import Store
from steelyard.records.review import (
    AnswerDraft,
    AnswerKind,
    ReviewAnswer,
    ReviewItem,
    ReviewItemType,
    ReviewQueue,
    ReviewStatus,
)
from steelyard.web import links
from steelyard.web.contexts.review import Progress, Question, ReviewPage, Stage, StepsPage
from steelyard.web.faces import Crumb, Shell, respond, wants_fragment
from steelyard.web.pages import store_of
from steelyard.web.pages.trace import REVIEWER, reviewer_of
from steelyard.web.questioning import is_swapped, preference, questions_of, read_answers, typed_again, with_problems
from steelyard.web.reviewing import beside, counted_on, known_of, progress_of, schemas_of, sides_of, told_of

_YEAR = 31_536_000
_TRAIL = 20
_GONE = 50
_LONGEST = 2_000
_ITEM = re.compile(r"[\w-]{1,80}")
_KINDS: dict[str, AnswerKind] = {"answered": "answered", "skipped": "skipped", "flagged": "flagged"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """What the request that leads to a page has done, and what the page must keep of it."""

    trail: tuple[str, ...] = ()
    progress: Progress | None = None
    notice: str = ""
    problem: str = ""
    form: FormData | None = None
    problems: dict[int, str] | None = None
    status: int = 200


def show(request: Request) -> Response:
    """Show the next item, or the one that ``item`` names."""
    store = store_of(request)
    queue = store.reviews.get(request.path_params["queue_id"])
    trail = _trail(request.query_params.get("trail", ""))
    return _page(
        request,
        store,
        queue,
        reviewer_of(request),
        _Before(trail=trail, notice=_notice(request.query_params.get("told", ""))),
        item_id=request.query_params.get("item", ""),
    )


def show_steps(request: Request) -> Response:
    """Show the trace of an item beside it."""
    store = store_of(request)
    item = store.reviews.item(request.path_params["item_id"])
    queue = store.reviews.get(item.queue_id)
    ids = [one for one in (item.trace_id, item.other_trace_id) if one]
    if len(ids) > 1 and is_swapped(item.item_id, reviewer_of(request)):
        ids.reverse()
    labels = "AB" if len(ids) > 1 else ("",)
    traces = tuple(beside(store, trace_id, label=label) for label, trace_id in zip(labels, ids, strict=True))
    return respond(
        request,
        "reviewsteps.html",
        StepsPage(item_id=item.item_id, traces=traces),
        queue_shell(store, queue, last="Steps"),
    )


def name_reviewer(request: Request, form: FormData) -> Response:
    """Remember who reviews, then show what the form stood on."""
    name = " ".join(str(form.get("reviewer", "")).split())[:100]
    if not name:
        raise InvalidArgument("Write a name: answers are kept under it.")
    queue_id, experiment_id = str(form.get("queue", "")), str(form.get("experiment", ""))
    answer = RedirectResponse(links.queue(queue_id) if queue_id else links.queues(experiment_id), 303)
    answer.set_cookie(REVIEWER, quote(name), max_age=_YEAR, samesite="strict", httponly=True)
    return answer


def answer(request: Request, form: FormData) -> Response:
    """Keep what a reviewer says to an item, or take the last answer back; then show what comes next."""
    store = store_of(request)
    queue = store.reviews.get(request.path_params["queue_id"])
    reviewer = str(form.get("reviewer", "")).strip()[:100] or reviewer_of(request)
    item_id = str(form.get("item", ""))
    if not reviewer or not _ITEM.fullmatch(item_id):
        return _page(request, store, queue, reviewer, _Before())
    if form.get("action") == "undo":
        return _undo(request, store, queue, reviewer, form)
    return _answer(request, store, queue, reviewer, form)


def _answer(request: Request, store: Store, queue: ReviewQueue, reviewer: str, form: FormData) -> Response:
    item_id, trail, progress = str(form["item"]), _trail(str(form.get("trail", ""))), _progress(form)
    kept = _Before(trail=trail, progress=progress, form=form)
    problems: dict[int, str] = {}
    try:
        _check_is_here(store, queue, item_id)
        draft, problems = _draft(store, queue, reviewer, form)
        if draft is not None:
            store.reviews.answer(draft)
            return _next(request, store, queue, reviewer, draft, kept)
        problem = problems.get(-1, "Not saved yet: see beside the question.")
        return _page(request, store, queue, reviewer, replace(kept, problem=problem, problems=problems, status=400),
                     item_id=item_id)  # fmt: skip
    except Conflict:
        problem = "The question was changed while this item was before you. Nothing was saved: look at it again."
        return _page(request, store, queue, reviewer, replace(kept, problem=problem, status=409), item_id=item_id)
    except NotFound:
        return _lost(request, store, queue, reviewer, replace(kept, form=None))
    except InvalidArgument as error:
        refused = replace(kept, problem=f"Not saved: {error}", status=400)
        return _page(request, store, queue, reviewer, refused, item_id=item_id)


def _check_is_here(store: Store, queue: ReviewQueue, item_id: str) -> None:
    if store.reviews.item(item_id).queue_id != queue.queue_id:
        raise NotFound(f"The queue {queue.name!r} has no item {item_id!r}.")


def _next(
    request: Request, store: Store, queue: ReviewQueue, reviewer: str, draft: AnswerDraft, before: _Before
) -> Response:
    trail = (*[one for one in before.trail if one != draft.item_id], draft.item_id)[-_TRAIL:]
    if not wants_fragment(request):
        return RedirectResponse(links.queue(queue.queue_id, trail=".".join(trail)), 303)
    waits = store.reviews.item(draft.item_id).status == ReviewStatus.PENDING
    queue = store.reviews.get(queue.queue_id)
    progress = before.progress and counted_on(before.progress, queue, done=1, waiting=int(waits), seconds=draft.seconds)
    return _clean(_page(request, store, queue, reviewer, _Before(trail=trail, progress=progress)), queue)


def _undo(request: Request, store: Store, queue: ReviewQueue, reviewer: str, form: FormData) -> Response:
    trail, progress = _trail(str(form.get("trail", ""))), _progress(form)
    if not trail:
        return _page(request, store, queue, reviewer, _Before(progress=progress), item_id=str(form["item"]))
    last, trail = trail[-1], trail[:-1]
    try:
        _check_is_here(store, queue, last)
        waited = store.reviews.item(last).status == ReviewStatus.PENDING
        told = [one for one in store.reviews.answers(last) if one.reviewer == reviewer and not one.decides]
        store.reviews.withdraw(last, reviewer)
    except NotFound:
        notice = "That item is no longer in the queue, so its answer cannot be taken back here."
        return _page(request, store, queue, reviewer, _Before(trail=trail, notice=notice), item_id=str(form["item"]))
    if not wants_fragment(request):
        return RedirectResponse(links.queue(queue.queue_id, item=last, trail=".".join(trail), told="undone"), 303)
    queue = store.reviews.get(queue.queue_id)
    back = progress and counted_on(progress, queue, done=-1, waiting=-int(waited))
    notice = "Taken back. You had said: " + "; ".join(_words(store, queue, one, reviewer) for one in told) + "."
    before = _Before(trail=trail, progress=back, notice=notice if told else _NOTICES["undone"])
    return _page(request, store, queue, reviewer, before, item_id=last)


def _words(store: Store, queue: ReviewQueue, one: ReviewAnswer, reviewer: str) -> str:
    told = told_of(one, schemas_of(store, queue), swapped=is_swapped(one.item_id, reviewer))
    if told.kind != "answered":
        return told.kind
    said = ", ".join(f"{name}: {value}" if len(told.values) > 1 else value for name, value in told.values)
    return f"{said} ({'; '.join(told.comments)})" if told.comments else said


def _lost(request: Request, store: Store, queue: ReviewQueue, reviewer: str, before: _Before) -> Response:
    if not wants_fragment(request):
        return RedirectResponse(links.queue(queue.queue_id, trail=".".join(before.trail), told="gone"), 303)
    queue = store.reviews.get(queue.queue_id)
    progress = before.progress and counted_on(before.progress, queue, done=0, waiting=0)
    return _page(request, store, queue, reviewer, replace(before, progress=progress, notice=_NOTICES["gone"]))


_NOTICES = {
    "undone": "Taken back: answer it anew.",
    "gone": "What you answered is no longer there: its trace was deleted, or the item was taken out of the queue. "
    "Your answer had no place to go; this is the next item.",
}


def _notice(told: str) -> str:
    return _NOTICES.get(told, "")


def _clean(response: Response, queue: ReviewQueue) -> Response:
    """Let the address name the queue alone again, once the item that it named has been answered."""
    response.headers["HX-Replace-Url"] = links.queue(queue.queue_id)
    return response


def _draft(
    store: Store, queue: ReviewQueue, reviewer: str, form: FormData
) -> tuple[AnswerDraft | None, dict[int, str]]:
    """Read a form; without a draft it says what is wrong by question, -1 being the reason."""
    item_id = str(form["item"])
    kind = _KINDS.get(str(form.get("action", "")), "answered")
    swapped = queue.item_type == ReviewItemType.PAIR and is_swapped(item_id, reviewer)
    draft = AnswerDraft(
        item_id=item_id,
        reviewer=reviewer,
        kind=kind,
        comment=str(form.get("reason", "")).strip()[:_LONGEST],
        submission_id=str(form.get("submission_id", ""))[:100],
        seconds=_seconds(form),
        swapped=swapped,
    )
    if kind == "skipped":
        return draft, {}
    if kind == "flagged":
        return (draft, {}) if draft.comment else (None, {-1: "Say what is wrong with it."})
    labels, problems = read_answers(_questions(store, queue, swapped=swapped), form)
    return (None, dict(problems)) if problems else (replace(draft, labels=labels, comment=""), {})


def _questions(store: Store, queue: ReviewQueue, *, swapped: bool) -> tuple[Question, ...]:
    if queue.item_type == ReviewItemType.PAIR:
        return (preference(swapped=swapped),)
    return questions_of(tuple(schemas_of(store, queue).values()))


def _page(
    request: Request, store: Store, queue: ReviewQueue, reviewer: str, before: _Before, *, item_id: str = ""
) -> Response:
    """Show an item with what is kept from before; why there is none, where there is none."""
    page = ReviewPage(
        queue=queue,
        experiment_name=store.experiments.get(queue.experiment_id).name,
        reviewer=reviewer,
        stage="who",
        trail=before.trail,
        notice=before.notice,
        problem=before.problem,
        reason=str(before.form.get("reason", "")) if before.form else "",
    )
    if reviewer:
        page = _filled(store, page, before, item_id)
    response = respond(request, "review.html", page, queue_shell(store, queue), status=before.status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _filled(store: Store, page: ReviewPage, before: _Before, item_id: str) -> ReviewPage:
    queue, reviewer = page.queue, page.reviewer
    if queue.users and reviewer not in queue.users:
        return replace(page, stage="stranger")
    page = replace(page, progress=before.progress or progress_of(store, queue, reviewer))
    item, notice = _item(store, queue, reviewer, item_id)
    page = replace(page, notice=" ".join(filter(None, (page.notice, notice))))
    if item is None:
        stage: Stage = "done" if queue.counts.items else "empty"
        return replace(page, stage=stage)
    return _with_item(store, page, item, before)


def _item(store: Store, queue: ReviewQueue, reviewer: str, item_id: str) -> tuple[ReviewItem | None, str]:
    """Return the item to show. Those whose trace was deleted meanwhile are closed, and that is said."""
    gone = 0
    item = _named(store, queue, item_id)
    while item is None and gone < _GONE:
        item = store.reviews.next(queue.queue_id, reviewer)
        if item is None:
            break
        ids = [one for one in (item.trace_id, item.other_trace_id) if one]
        if len(store.traces.infos(ids)) < len(set(ids)):
            store.reviews.set_status(
                item.item_id, ReviewStatus.DECLINED, reason="its trace was deleted", by="steelyard"
            )
            item, gone = None, gone + 1
    if not gone:
        return item, ""
    told = "1 item was closed: its trace was" if gone == 1 else f"{gone} items were closed: their traces were"
    return item, f"{told} deleted meanwhile."


def _named(store: Store, queue: ReviewQueue, item_id: str) -> ReviewItem | None:
    if not item_id:
        return None
    try:
        item = store.reviews.item(item_id)
    except NotFound:
        return None
    there = store.traces.infos([one for one in (item.trace_id, item.other_trace_id) if one])
    return item if item.queue_id == queue.queue_id and item.trace_id in there else None


def _with_item(store: Store, page: ReviewPage, item: ReviewItem, before: _Before) -> ReviewPage:
    queue, reviewer = page.queue, page.reviewer
    swapped = queue.item_type == ReviewItemType.PAIR and is_swapped(item.item_id, reviewer)
    questions = _questions(store, queue, swapped=swapped)
    if before.form is not None and before.form.get("item") == item.item_id:
        questions = typed_again(questions, before.form)
    expected, said = known_of(store, queue, item, questions)
    answers = store.reviews.answers(item.item_id) if item.answers or item.flagged else ()
    schemas = schemas_of(store, queue) if answers else {}
    own = next((one for one in answers if one.reviewer == reviewer and not one.decides), None)
    seen = [one for one in answers if one is not own] if own or not queue.rules.blind else []
    return replace(
        page,
        stage="item",
        item=item,
        sides=sides_of(store, queue, item, swapped=swapped),
        swapped=swapped,
        questions=with_problems(questions, before.problems or {}),
        expectations=expected,
        said=said,
        before=told_of(own, schemas, swapped=swapped) if own else None,
        others=tuple(told_of(one, schemas, swapped=swapped) for one in seen),
        submission_id=_submission(before, item),
        shown_at=int(time.time() * 1000),
    )


def _submission(before: _Before, item: ReviewItem) -> str:
    """Return the id of the answer to come: that of the form which was refused, else a new one."""
    if before.form is not None and before.form.get("item") == item.item_id and before.form.get("submission_id"):
        return str(before.form["submission_id"])[:100]
    return uuid.uuid4().hex


def _trail(text: str) -> tuple[str, ...]:
    return tuple(one for one in text.split(".") if _ITEM.fullmatch(one))[-_TRAIL:]


def _progress(form: FormData) -> Progress | None:
    """Return how far the reviewer was, as the page that was answered told it."""
    parts = str(form.get("progress", "")).split(":")
    try:
        done, waiting, pace = int(parts[0]), int(parts[1]), float(parts[2])
    except (ValueError, IndexError):
        return None
    if not (0 <= done < 10**9 and 0 <= waiting < 10**9 and 0 <= pace < 10**6):
        return None
    return Progress(done=done, waiting=waiting, pace=pace)


def _seconds(form: FormData) -> float:
    """Return how long the item was before the reviewer: as the page measured it, else since it was made."""
    try:
        told = float(str(form.get("seconds", "")) or "nan")
        since = time.time() - int(str(form.get("shown_at", "0"))) / 1000
    except ValueError:
        return 0.0
    seconds = told if told == told else since
    return round(seconds, 2) if 0 < seconds < 86_400 else 0.0


def queue_shell(store: Store, queue: ReviewQueue, *, last: str = "", more: Sequence[Crumb] = ()) -> Shell:
    """Return what stands around a page of a queue."""
    experiment = store.experiments.get(queue.experiment_id)
    crumbs = [
        Crumb(label="Experiments", href=links.EXPERIMENTS),
        Crumb(label=experiment.name, href=links.runs(experiment.experiment_id)),
        Crumb(label="Review", href=links.queues(experiment.experiment_id)),
        Crumb(label=queue.name[:60], href=links.queue(queue.queue_id)),
        *more,
    ]
    if last:
        crumbs.append(Crumb(label=last))
    return Shell(
        title=f"{last} of {queue.name[:60]}" if last else f"Review {queue.name[:60]}",
        crumbs=tuple(crumbs),
        section="review",
        experiment_id=experiment.experiment_id,
        experiment_name=experiment.name,
    )
