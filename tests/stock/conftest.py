"""What all the senders sent: they run once, together, and the tests read the store that our server wrote."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from steelyard.records import Span, Store, Trace
from steelyard.store import open_store

from .provider import provider
from .receiving import Receiver, receiving
from .sending import LAST_YEAR, Sender, finish

GEN_AI = {
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_only",
}
SENDERS = {
    "OpenInference": Sender("openai_calls.py", ("openinference",)),
    "OpenLLMetry": Sender("openai_calls.py", ("openllmetry",)),
    "OpenLLMetry of last year": Sender("openai_calls.py", ("openllmetry",), environment=LAST_YEAR),
    "gen_ai": Sender("openai_calls.py", ("gen_ai",), settings=GEN_AI),
    "MLflow": Sender("openai_calls.py", ("mlflow",)),
    "MLflow as gen_ai": Sender("openai_calls.py", ("mlflow",), settings={"MLFLOW_ENABLE_OTEL_GENAI_SEMCONV": "true"}),
    "Anthropic": Sender("anthropic_calls.py"),
    "LangChain": Sender("langchain_app.py"),
    "SDK": Sender("plain_spans.py", ("http/protobuf", "2")),
    "SDK of last year": Sender("plain_spans.py", ("http/protobuf", "2"), environment=LAST_YEAR),
    "SDK with JSON": Sender("plain_spans.py", ("http/json", "2")),
    "SDK over gRPC": Sender("plain_spans.py", ("grpc", "2")),
}
"""By the experiment that each sends to."""

AT_ONCE = 3


@dataclass(frozen=True)
class Sent:
    """What came.

    Args:
        store: it is here.
    """

    store: Store

    def traces(self, sender: str) -> Mapping[str, Trace]:
        """Return what a sender's traces hold, by their names."""
        found = self.store.experiments.find(sender)
        assert found is not None, f"nothing came to the experiment {sender!r}"
        infos = self.store.traces.search([found.experiment_id]).items
        traces = [self.store.traces.get(info.trace_id) for info in infos]
        named = {trace.info.tags["mlflow.traceName"]: trace for trace in traces}
        assert len(named) == len(traces)
        return named

    def calls(self, sender: str, way: str) -> list[Span]:
        """Return the spans below the root of one trace."""
        return [span for span in self.traces(sender)[way].data.spans if span.parent_id is not None]


@pytest.fixture(scope="session")
def sent(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Sent]:
    """The store with everything; processes of one test run share it, and the first fills it."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "stock"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "filled").exists():
            _fill(folder)
            (folder / "filled").touch()
    store = open_store(folder / "store")
    yield Sent(store)
    store.close()


def _fill(folder: Path) -> None:
    (folder / "empty").mkdir(exist_ok=True)
    with provider() as models, receiving(folder / "store") as receiver, ThreadPoolExecutor(AT_ONCE) as pool:
        settings = {
            "OPENAI_BASE_URL": models.url,
            "OPENAI_API_KEY": "no-real-key",
            "ANTHROPIC_BASE_URL": models.root,
            "ANTHROPIC_API_KEY": "no-real-key",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_TRACKING_URI": receiver.url,
        }

        def run(name: str) -> str:
            destination = _destination(name, receiver)
            return finish(SENDERS[name].start(folder / "empty", settings | destination))

        for printed in pool.map(run, SENDERS):
            assert "Failed to" not in printed, printed


def _destination(name: str, receiver: Receiver) -> dict[str, str]:
    """Return the settings that any exporter of OpenTelemetry reads."""
    if name == "SDK over gRPC":
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.grpc,
            "OTEL_EXPORTER_OTLP_HEADERS": f"x-steelyard-experiment={quote(name)}",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        }
    if name.startswith("MLflow"):
        experiment = receiver.store.experiments.create(name)
        return {
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{receiver.url}/v1/traces",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_HEADERS": f"x-mlflow-experiment-id={experiment.experiment_id}",
        }
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-steelyard-experiment={quote(name)}",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
    }
