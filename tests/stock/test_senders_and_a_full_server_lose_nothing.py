"""A server that is full says so, and OpenTelemetry's SDK, today's and last year's, sends again until all is stored."""

from __future__ import annotations

import json
import queue
from pathlib import Path

import pytest

from .receiving import Receiver, receiving
from .sending import LAST_YEAR, TODAY, Sender, finish

N_REQUESTS = 100


def _stored(receiver: Receiver, experiment_id: str) -> set[str]:
    infos = receiver.store.traces.search([experiment_id], max_results=1000).items
    spans = receiver.store.traces.spans([info.trace_id for info in infos])
    assert all(len(each) == 3 for each in spans.values())
    return {info.tags["mlflow.traceName"] for info in infos}


def test_what_a_full_server_refused_is_sent_again(tmp_path: Path) -> None:
    with receiving(tmp_path / "store") as receiver:
        intake = receiver.app.state.intake
        place = intake.admit(intake.limits.waiting_bytes)  # as if so much were being written
        senders, experiments = {}, {}
        for environment in (TODAY, LAST_YEAR):
            experiments[environment] = receiver.store.experiments.create(environment).experiment_id
            senders[environment] = Sender("plain_spans.py", ("http/protobuf", str(N_REQUESTS)), environment=environment)
        running = {
            environment: sender.start(
                tmp_path,
                {
                    "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
                    "OTEL_EXPORTER_OTLP_HEADERS": f"x-steelyard-experiment-id={experiments[environment]}",
                    "OTEL_EXPORTER_OTLP_TIMEOUT": "60",
                },
            )
            for environment, sender in senders.items()
        }
        assert [receiver.answers.get(timeout=300) for _ in running] == [503, 503]
        place.release()
        for environment, process in running.items():
            told = json.loads(finish(process).splitlines()[-1])
            assert told["flushed"]
            assert _stored(receiver, experiments[environment]) == {f"request {n}" for n in range(N_REQUESTS)}


@pytest.mark.parametrize("environment", [TODAY, LAST_YEAR])
def test_spans_that_cannot_be_placed_are_refused_for_good(tmp_path: Path, environment: str) -> None:
    with receiving(tmp_path / "store", create_experiments=False) as receiver:
        sender = Sender("plain_spans.py", ("http/protobuf", "1"), environment=environment)
        settings = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_RESOURCE_ATTRIBUTES": "openinference.project.name=nowhere",
        }
        finish(sender.start(tmp_path, settings))
        assert receiver.answers.get_nowait() == 200  # of OTLP's partial success: what was rejected, and why
        with pytest.raises(queue.Empty):
            receiver.answers.get_nowait()  # it is not sent again
        assert receiver.store.traces.search(["0"]).items == ()
