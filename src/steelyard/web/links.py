"""The addresses of pages. Templates and handlers take them from here, so that every part is quoted once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode

EXPERIMENTS = "/experiments"


def runs(experiment_id: str) -> str:
    return f"/experiments/{_part(experiment_id)}/runs"


def baseline(experiment_id: str) -> str:
    return f"/experiments/{_part(experiment_id)}/baseline"


def run(run_id: str) -> str:
    return f"/runs/{_part(run_id)}"


def rows(run_id: str, **query: str) -> str:
    return f"/runs/{_part(run_id)}/rows{_query(query)}"


def row(run_id: str, index: int, **query: str) -> str:
    return f"/runs/{_part(run_id)}/rows/{index}{_query(query)}"


def progress(run_id: str, **query: str) -> str:
    return f"/runs/{_part(run_id)}/progress{_query(query)}"


def dashboard(experiment_id: str, **query: str) -> str:
    return f"/experiments/{_part(experiment_id)}/dashboard{_query(query)}"


def monitors(experiment_id: str, **query: str) -> str:
    return f"/experiments/{_part(experiment_id)}/monitors{_query(query)}"


def monitor(experiment_id: str, name: str, **query: str) -> str:
    return f"/experiments/{_part(experiment_id)}/monitors/{_part(name)}{_query(query)}"


def alarms(experiment_id: str, **query: str) -> str:
    return f"/experiments/{_part(experiment_id)}/alarms{_query(query)}"


def alarm(alarm_id: str, **query: str) -> str:
    return f"/alarms/{_part(alarm_id)}{_query(query)}"


def alarm_rules(experiment_id: str, **query: str) -> str:
    return f"/experiments/{_part(experiment_id)}/alarms/rules{_query(query)}"


def alarm_rule(experiment_id: str, rule_id: str = "new", **query: str) -> str:
    """Return the address of a rule, or of the form of a new one."""
    return f"/experiments/{_part(experiment_id)}/alarms/rules/{_part(rule_id)}{_query(query)}"


def alarm_channels(experiment_id: str) -> str:
    return f"/experiments/{_part(experiment_id)}/alarms/channels"


def changes(experiment_id: str, **query: str) -> str:
    return f"/experiments/{_part(experiment_id)}/changes{_query(query)}"


def models(experiment_id: str, **query: str) -> str:
    return f"/experiments/{_part(experiment_id)}/models{_query(query)}"


def model(experiment_id: str, name: str, **query: str) -> str:
    return f"/experiments/{_part(experiment_id)}/models/{_part(name)}{_query(query)}"


def keeping(experiment_id: str, **query: str) -> str:
    return f"/experiments/{_part(experiment_id)}/keeping{_query(query)}"


def scoring(run_id: str) -> str:
    return f"/runs/{_part(run_id)}/scoring"


def otlp(trace_id: str) -> str:
    return f"/traces/{_part(trace_id)}/otlp.json"


def traces(experiment_id: str = "", **query: str) -> str:
    return f"/traces{_query({'experiment': experiment_id, **query})}"


def sessions(experiment_id: str = "", **query: str) -> str:
    return f"/sessions{_query({'experiment': experiment_id, **query})}"


def session(experiment_id: str, session_id: str, **query: str) -> str:
    return f"/session{_query({'experiment': experiment_id, 'id': session_id, **query})}"


def users(experiment_id: str = "", **query: str) -> str:
    return f"/users{_query({'experiment': experiment_id, **query})}"


def trace(trace_id: str, **query: str) -> str:
    return f"/traces/{_part(trace_id)}{_query(query)}"


def spans(trace_id: str) -> str:
    return f"/traces/{_part(trace_id)}/spans"


def span(trace_id: str, span_id: str) -> str:
    return f"/traces/{_part(trace_id)}/spans/{_part(span_id)}"


def value(trace_id: str, span_id: str, part: str, key: str = "") -> str:
    return f"/traces/{_part(trace_id)}/spans/{_part(span_id)}/value{_query({'of': part, 'key': key})}"


def feedback(trace_id: str) -> str:
    return f"/traces/{_part(trace_id)}/feedback"


def trace_tags(trace_id: str) -> str:
    return f"/traces/{_part(trace_id)}/tags"


def trace_state(trace_id: str) -> str:
    return f"/traces/{_part(trace_id)}/state"


def artifacts(run_id: str, path: str = "") -> str:
    return f"/runs/{_part(run_id)}/artifacts/{quote(path)}"


def raw(run_id: str, path: str) -> str:
    return f"/runs/{_part(run_id)}/files/{quote(path)}"


def compare(run_ids: Iterable[str], *, baseline_id: str = "", **query: str) -> str:
    asked = {"runs": ",".join(run_ids), **({"baseline": baseline_id} if baseline_id else {}), **query}
    return f"/compare{_query(asked)}"


def datasets(experiment_id: str = "", **query: str) -> str:
    return f"/datasets{_query({'experiment': experiment_id, **query})}"


def dataset(dataset_id: str, **query: str) -> str:
    return f"/datasets/{_part(dataset_id)}{_query(query)}"


def record(dataset_id: str, record_id: str, **query: str) -> str:
    return f"/datasets/{_part(dataset_id)}/records/{_part(record_id)}{_query(query)}"


def dataset_part(dataset_id: str, part: str, **query: str) -> str:
    """Return the address of a page or a form of a dataset, such as its ``diff``, ``change`` or ``import``."""
    return f"/datasets/{_part(dataset_id)}/{part}{_query(query)}"


def queues(experiment_id: str = "", **query: str) -> str:
    return f"/review{_query({'experiment': experiment_id, **query})}"


def new_queue(experiment_id: str = "") -> str:
    return f"/review/new{_query({'experiment': experiment_id})}"


def questions(experiment_id: str, **query: str) -> str:
    return f"/review/questions{_query({'experiment': experiment_id, **query})}"


def queue(queue_id: str, **query: str) -> str:
    return f"/review/{_part(queue_id)}{_query(query)}"


def queue_part(queue_id: str, part: str, **query: str) -> str:
    """Return the address of a page or a form of a queue, such as its ``board``, ``items`` or ``answers``."""
    return f"/review/{_part(queue_id)}/{part}{_query(query)}"


def judges(experiment_id: str = "") -> str:
    return f"/judges{_query({'experiment': experiment_id})}"


def judge(name: str, experiment_id: str, **query: str) -> str:
    return f"/judges/{_part(name)}{_query({'experiment': experiment_id, **query})}"


def steps(queue_id: str, item_id: str) -> str:
    return f"/review/{_part(queue_id)}/steps/{_part(item_id)}"


def _part(text: str) -> str:
    return quote(text, safe="")


def _query(values: Mapping[str, str]) -> str:
    return f"?{urlencode({k: v for k, v in values.items() if v})}" if any(values.values()) else ""


class Query:
    """The part of an address after ``?``, as pages vary it: every view has an address of its own.

    Examples:
        >>> here = Query([("filter", "a = 1"), ("after", "t")])
        >>> here.with_(order="name").without("after").text
        '?filter=a+%3D+1&order=name'
        >>> Query([]).text
        '?'
    """

    __slots__ = ("pairs",)

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = tuple((key, value) for key, value in pairs if value)

    def with_(self, **values: str | None) -> Query:
        """Return these with some replaced, each standing once; None takes one out."""
        kept = [(key, value) for key, value in self.pairs if key not in values]
        return Query([*kept, *((key, str(value)) for key, value in values.items() if value is not None)])

    def plus(self, key: str, value: str) -> Query:
        """Return these and one more, beside others of its key."""
        return Query([*self.pairs, (key, value)])

    def without(self, *keys: str, value: str | None = None) -> Query:
        """Return these without some keys, or only without those that have this value."""
        return Query([(k, v) for k, v in self.pairs if k not in keys or (value is not None and v != value)])

    def get(self, key: str) -> str:
        return next((value for name, value in self.pairs if name == key), "")

    @property
    def text(self) -> str:
        return f"?{urlencode(self.pairs)}"
