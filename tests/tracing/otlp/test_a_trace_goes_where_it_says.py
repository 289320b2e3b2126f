"""What a resource or a span says of its trace: experiment, run, session, user and tags."""

from __future__ import annotations

from typing import Any

import pytest
from tests.tracing.otlp.sent import TRACE, TRACE_ID, received, sdk_span


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        ({}, (None, None, None)),
        ({"service.name": "shop"}, (None, None, None)),
        ({"steelyard.experiment.id": "7", "steelyard.run.id": "r"}, ("7", None, "r")),
        ({"steelyard.experiment.name": "shop"}, (None, "shop", None)),
        ({"mlflow.experimentId": 7, "mlflow.sourceRun": "r"}, ("7", None, "r")),
        ({"mlflow.experimentId": '"7"', "mlflow.runId": '"r"'}, ("7", None, "r")),
        ({"mlflow.experiment.name": "shop"}, (None, "shop", None)),
        ({"openinference.project.name": "shop"}, (None, "shop", None)),
        ({"openinference.project.name": ""}, (None, None, None)),
    ],
    ids=str,
)
def test_a_resource_says_where_its_traces_belong(resource: dict[str, Any], where: tuple[str | None, ...]) -> None:
    (part,) = received(sdk_span(resource=resource)).parts
    assert (part.experiment_id, part.experiment_name, part.run_id) == where


def test_a_span_of_mlflow_says_it_where_its_resource_does_not() -> None:
    root = {"mlflow.experimentId": "5", "mlflow.spanType": '"CHAIN"'}
    (part,) = received(sdk_span(2, parent=1), sdk_span(1, attributes=root)).parts
    assert (part.experiment_id, len(part.spans)) == ("5", 2)
    (part,) = received(sdk_span(attributes=root, resource={"openinference.project.name": "shop"})).parts
    assert (part.experiment_id, part.experiment_name) == (None, "shop")


def test_spans_are_put_together_by_trace_and_destination() -> None:
    shop, lab = {"steelyard.experiment.id": "1"}, {"steelyard.experiment.id": "2"}
    decoded = received(
        sdk_span(1, resource=shop),
        sdk_span(2, resource=lab),
        sdk_span(3, resource=shop),
        sdk_span(4, resource=shop, trace_id=5),
        sdk_span(5, resource={**shop, "service.name": "till"}),
    )
    found = {(part.trace_id, part.experiment_id): len(part.spans) for part in decoded.parts}
    assert found == {(TRACE_ID, "1"): 3, (TRACE_ID, "2"): 1, (f"tr-{5:032x}", "1"): 1}


def test_spans_tell_of_their_traces_session_and_user() -> None:
    told: list[dict[str, Any]] = [
        {"session.id": "s", "user.id": "u"},
        {"mlflow.trace.session": "s", "mlflow.trace.user": "u", "mlflow.spanType": '"CHAIN"'},
        {"mlflow.trace.session": '"s"', "mlflow.trace.user": '"u"'},
        {"gen_ai.conversation.id": "s", "enduser.id": "u"},
        {"traceloop.association.properties.session_id": "s", "traceloop.association.properties.user_id": "u"},
    ]
    for attributes in told:
        (part,) = received(sdk_span(1, trace_id=TRACE), sdk_span(2, parent=1, attributes=attributes)).parts
        assert part.metadata == {"mlflow.trace.session": "s", "mlflow.trace.user": "u"}, attributes


def test_spans_of_mlflow_tell_of_their_traces_name_and_tags() -> None:
    attributes = {"mlflow.traceName": "checkout", "mlflow.traceTag.team": "red", "mlflow.traceTag.a.b": "c"}
    (part,) = received(sdk_span(attributes=attributes)).parts
    assert part.tags == {"mlflow.traceName": "checkout", "team": "red", "a.b": "c"}
