"""``/judges``: the judges of an experiment, and one of them: held against people, its means, its versions, on trial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.datastructures import FormData, ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from steelyard.errors import FilterError, InvalidArgument, NotFound, SteelyardError, StoreUnavailable
from steelyard.feedback import JudgeReport, judge_against_people, plan_more
from steelyard.records import Experiment, Store
from steelyard.web import links
from steelyard.web.contexts.judges import JudgePage, JudgeRow, JudgesPage, Scope, TrialForm
from steelyard.web.contexts.runs import Problem
from steelyard.web.faces import Crumb, Shell, respond
from steelyard.web.judgeanchors import RefusedAnchors, anchors_view, hold_to
from steelyard.web.judgedefinitions import version_of
from steelyard.web.judgelabels import Wanted, labelling, planned, threshold_of
from steelyard.web.judgelist import judge_rows, newest
from steelyard.web.judgereport import FIRST, MOST, against_people
from steelyard.web.judgetrials import MOST as MOST_TRIED
from steelyard.web.judgetrials import chosen_traces, offered, tried
from steelyard.web.pages import store_of
from steelyard.web.pages.trace import reviewer_of
from steelyard.web.scales import Scale, nice_scale

PEOPLE, LABELS, VERSIONS, ANCHORS, TRY = VIEWS = ("people", "labels", "versions", "anchors", "try")
MOST_READ = 10_000
"""How many traces a page reads; of more, the newest."""

_Fields = ImmutableMultiDict[str, str] | FormData


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What a page of a judge is about."""

    experiment: Experiment
    scope: Scope
    problem: Problem | None = None


def show_all(request: Request) -> Response:
    """Show the judges of an experiment."""
    store = store_of(request)
    wanted = request.query_params.get("experiment", "")
    experiment = store.experiments.get(wanted) if wanted else None
    rows, read = judge_rows(store, experiment.experiment_id) if experiment else ((), 0)
    context = JudgesPage(
        experiment_id=experiment.experiment_id if experiment else "",
        experiment_name=experiment.name if experiment else "",
        judges=rows,
        scale=_scale(rows),
        read=read,
        traces=store.traces.count([experiment.experiment_id]) if experiment else 0,
    )
    return respond(request, "judges.html", context, _shell(experiment, "Judges"))


def _scale(rows: Sequence[JudgeRow]) -> Scale:
    told = [row.agreement for row in rows if row.agreement is not None and row.agreement.value is not None]
    ends = [end for found in told for end in (found.low, found.value, 1.0) if end is not None]
    return nice_scale(ends, within=(-1.0, 1.0)) if ends else Scale(0.0, 1.0, (0.0, 0.5, 1.0))


def show(request: Request) -> Response:
    """Show a judge in the view that is asked for."""
    store, query = store_of(request), request.query_params
    place = _place(store, query)
    view = query.get("view", "") if query.get("view") in VIEWS else PEOPLE
    return _page(request, store, place, view, query)


def draw(request: Request, form: FormData) -> Response:
    """Draw items for people to label into a new queue, or more of them into one that was drawn."""
    store = store_of(request)
    name = _judge_named(form)
    place = _place(store, form)
    try:
        wanted = Wanted(n=str(form.get("n", "")), target=str(form.get("target", "")))
        if queue_id := str(form.get("queue", "")):
            store.reviews.get(queue_id)
            plan, queue = plan_more(queue_id, wanted.labels, store=store), queue_id
        else:
            plan = planned(store, name, place.scope, wanted)
            queue = " ".join(str(form.get("queue_name", "")).split())[:200]
            if not queue:
                raise InvalidArgument("The queue needs a name.")
            if queue.startswith("rq-") or store.reviews.find(place.experiment.experiment_id, queue):
                raise InvalidArgument(f"There is a queue {queue!r} already. Give this one another name.")
        added = plan.add_to(queue)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        return _page(request, store, place, LABELS, form, name=name, problem=Problem(field="plan", message=str(error)))
    if not queue_id:
        queue_id = added[0].queue_id
    return RedirectResponse(links.queue_part(queue_id, "items", added=str(len(added)), there="0"), 303)


def try_on(request: Request, form: FormData) -> Response:
    """Ask versions of a judge about some traces, and show what each said."""
    store = store_of(request)
    name = _judge_named(form)
    return _page(request, store, _place(store, form), TRY, form, name=name, posted=True)


def hold(request: Request, form: FormData) -> Response:
    """Make the anchor set of a judge, have it read, or change it; what cannot be used is told beside its field."""
    store = store_of(request)
    name, place = _judge_named(form), _place(store, form)
    experiment_id = place.experiment.experiment_id
    try:
        done = hold_to(store, experiment_id, name, form, by=reviewer_of(request))
    except RefusedAnchors as error:
        problem = Problem(field=error.args[1], message=error.args[0])
        return _page(request, store, place, ANCHORS, form, name=name, posted=True, problem=problem)
    return RedirectResponse(links.judge(name, experiment_id, view=ANCHORS, saved=done), 303)


def _judge_named(form: FormData) -> str:
    name = str(form.get("judge", ""))
    if not name.strip():
        raise InvalidArgument("The form names no judge. Load the page again.")
    return name


def _page(
    request: Request,
    store: Store,
    place: _Place,
    view: str,
    fields: _Fields,
    *,
    name: str = "",
    posted: bool = False,
    problem: Problem | None = None,
) -> Response:
    name = name or request.path_params["name"]
    experiment_id = place.experiment.experiment_id
    registered = store.scorers.versions(experiment_id, name)
    context = JudgePage(
        name=name,
        scope=place.scope,
        view=view,
        newest=version_of(registered[0]) if registered else None,
        questions=tuple(schema.name for schema in store.label_schemas.list(experiment_id)),
        problem=problem or place.problem,
    )
    if view == VERSIONS:
        context = replace(context, versions=tuple(map(version_of, registered)))
    elif view == ANCHORS:
        first = registered[0] if registered else None
        context = replace(context, anchors=anchors_view(store, experiment_id, first, name, fields, posted=posted))
    elif view == TRY:
        context = _tried(store, place, context, fields, posted=posted)
    elif place.problem is None:
        context = _held(store, place, context, fields)
    if not registered and view in (PEOPLE, LABELS) and not context.sources:
        context = _check_known(store, place, context)
    shell = _shell(place.experiment, name, of=name)
    return respond(request, "judge.html", context, shell, status=400 if context.problem else 200)


def _held(store: Store, place: _Place, context: JudgePage, fields: _Fields) -> JudgePage:
    try:
        report = _report(store, context.name, place.scope)
    except InvalidArgument as error:
        return replace(context, problem=Problem(field="scope", message=str(error)))
    context = replace(context, sources=_sources(report, place.scope))
    if context.view == LABELS:
        wanted = Wanted(n=str(fields.get("n", "")), target=str(fields.get("target", "")))
        return replace(context, labelling=labelling(store, place.experiment, report, place.scope, wanted))
    most = MOST if fields.get("show") == "all" else FIRST
    return replace(context, people=against_people(store, report, most=most))


def _report(store: Store, name: str, scope: Scope) -> JudgeReport:
    given = None
    if scope.read < scope.traces:
        found = newest(store, scope.experiment_id, scope.read, scope.filter, scope.run_id)
        given = [info.trace_id for info in found]
    return judge_against_people(
        name,
        traces=given,
        run_id=None if given else scope.run_id or None,
        experiment_ids=() if given or scope.run_id else (scope.experiment_id,),
        filter_string="" if given else scope.filter,
        store=store,
        human_name=scope.labels or None,
        judge_source=scope.source or None,
        threshold=threshold_of(scope.threshold),
    )


def _sources(report: JudgeReport, scope: Scope) -> tuple[tuple[str, int], ...]:
    counted = Counter(
        one.source_id
        for trace in report.traces
        for one in (*((trace.verdict,) if trace.verdict else ()), *trace.others)
    )
    if scope.source:
        counted.setdefault(scope.source, 0)
    return tuple(counted.most_common(12))


def _check_known(store: Store, place: _Place, context: JudgePage) -> JudgePage:
    """Say so if nobody has heard of a judge: no scorer of its name, and no verdict anywhere in the experiment."""
    if context.problem is None and not (place.scope.filter or place.scope.run_id or place.scope.source):
        matching = context.people.matching if context.people else None
        if matching is not None and not matching.labelled and not matching.judged:
            raise NotFound(
                f"Experiment {place.experiment.name!r} has no judge {context.name!r}: no scorer of this name is "
                "registered, and no trace has a verdict of it."
            )
    return context


def _tried(store: Store, place: _Place, context: JudgePage, fields: _Fields, *, posted: bool) -> JudgePage:
    known = store.scorers.versions(place.experiment.experiment_id, context.name)
    chosen = [
        int(one) for one in map(str, fields.getlist("version")) if one.isascii() and one.isdigit() and len(one) < 9
    ]
    form = TrialForm(
        versions=offered(known, chosen),
        traces=str(fields.get("traces", "")) or "disagreements",
        most=str(fields.get("most", "")) or "10",
        filter=str(fields.get("trace_filter", "")),
        ids=str(fields.get("ids", ""))[:5_000],
        keep=fields.get("keep") == "yes",
        limit=MOST_TRIED,
    )
    context = replace(context, form=form)
    if not posted:
        return context
    try:
        ids = chosen_traces(store, context.name, place.scope, form)
        trial = tried(store, context.name, place.scope, chosen, ids, keep=form.keep)
    except StoreUnavailable:
        raise
    except SteelyardError as error:
        return replace(context, problem=Problem(field="try", message=str(error)))
    return replace(context, trial=trial)


def _place(store: Store, fields: _Fields) -> _Place:
    run_id = str(fields.get("run", ""))
    run = store.runs.get(run_id) if run_id else None
    experiment_id = run.info.experiment_id if run else str(fields.get("experiment", ""))
    if not experiment_id:
        raise InvalidArgument("Choose an experiment first: a judge is told of by the experiment of its traces.")
    experiment = store.experiments.get(experiment_id)
    kept = str(fields.get("filter", "")).strip()
    traces, problem = 0, None
    try:
        traces = store.traces.count([experiment_id], kept, run_id=run_id or None)
    except FilterError as error:
        problem = Problem(field="filter", message=str(error))
    scope = Scope(
        experiment_id=experiment_id,
        experiment_name=experiment.name,
        run_id=run_id,
        run_name=(run.info.run_name or run_id[:8]) if run else "",
        filter=kept,
        source=str(fields.get("source", "")),
        labels=str(fields.get("labels", "")).strip(),
        threshold=str(fields.get("threshold", "")).strip(),
        traces=traces,
        read=min(traces, MOST_READ),
    )
    return _Place(experiment=experiment, scope=scope, problem=problem)


def _shell(experiment: Experiment | None, title: str, *, of: str = "") -> Shell:
    experiment_id, name = (experiment.experiment_id, experiment.name) if experiment else ("", "")
    crumbs = [Crumb(label="Experiments", href=links.EXPERIMENTS)]
    if experiment:
        crumbs.append(Crumb(label=name, href=links.runs(experiment_id)))
    crumbs.append(Crumb(label="Judges", href=links.judges(experiment_id)))
    if of:
        crumbs.append(Crumb(label=of[:80]))
    return Shell(
        title=title[:120],
        crumbs=tuple(crumbs),
        section="judges",
        experiment_id=experiment_id,
        experiment_name=name,
    )
