from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import pytest

from steelyard.errors import InvalidArgument, MissingDependency, StoreUnavailable
from steelyard.wires.otlp import Intake, Limits, start_grpc
from steelyard.wires.otlp.grpc_service import check_grpc

from .requests import RememberingStore, body_protobuf

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
def start(remembering: RememberingStore) -> Iterator[Callable[..., tuple[Any, Intake]]]:
    """Return a stub that calls a server of ours as any client does, and the server's intake."""
    with ExitStack() as ends:

        def begin(**limits: Any) -> tuple[Any, Intake]:
            intake = Intake(remembering, limits=Limits(**limits))
            ends.callback(intake.close)
            service = start_grpc(intake, port=0)
            ends.callback(service.stop, 5)
            channel = ends.enter_context(grpc.insecure_channel(f"127.0.0.1:{service.port}"))
            return channel.unary_unary(METHOD), intake

        yield begin


def _refused(export: Any, body: bytes, **more: Any) -> Any:
    with pytest.raises(grpc.RpcError) as refusal:
        export(body, timeout=60, **more)
    return refusal.value


def test_spans_are_kept_where_the_metadata_says(start: Callable[..., Any], remembering: RememberingStore):
    export, _ = start()
    assert export(body_protobuf(7, 3), metadata=(("x-steelyard-experiment", "shop"),)) == b""
    assert len(remembering.kept) == 3
    assert {arrival.experiment_id for arrival in remembering.kept.values()} == {remembering.names["shop"].experiment_id}


def test_gzip_is_read(start: Callable[..., Any], remembering: RememberingStore):
    export, _ = start()
    assert export(body_protobuf(7, 300), compression=grpc.Compression.Gzip) == b""
    assert len(remembering.kept) == 300


def test_what_cannot_be_read_is_an_invalid_argument(start: Callable[..., Any]):
    export, _ = start()
    assert _refused(export, b"\xff\xff\xff").code() is grpc.StatusCode.INVALID_ARGUMENT
    assert export(body_protobuf()) == b""


def test_a_full_server_is_unavailable_and_says_when_to_come_again(
    start: Callable[..., Any], remembering: RememberingStore
):
    def away(_: object) -> None:
        raise StoreUnavailable("The disk is full.")

    export, _ = start()
    remembering.refuse = away
    refusal = _refused(export, body_protobuf())
    assert refusal.code() is grpc.StatusCode.UNAVAILABLE
    details = dict(refusal.trailing_metadata())["grpc-status-details-bin"]
    assert b"type.googleapis.com/google.rpc.RetryInfo" in details


@pytest.mark.parametrize("compression", ["NoCompression", "Gzip"])
def test_a_message_over_the_limit_is_refused_for_good(
    start: Callable[..., Any], remembering: RememberingStore, compression: str
):
    export, _ = start(body_bytes=100_000)
    refusal = _refused(export, bytes(2**20), compression=getattr(grpc.Compression, compression))
    assert refusal.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert remembering.calls == []


def test_a_server_that_stops_takes_no_more(start: Callable[..., Any]):
    export, intake = start()
    intake.stop_admitting()
    assert _refused(export, body_protobuf()).code() is grpc.StatusCode.UNAVAILABLE


def test_a_port_that_is_taken_is_said(remembering: RememberingStore):
    intake = Intake(remembering)
    first = start_grpc(intake, port=0)
    with pytest.raises(InvalidArgument, match="--grpc-port"):
        start_grpc(intake, port=first.port)
    first.stop(0)
    intake.close()


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(MissingDependency, match=r"steelyard\[grpc\]"):
        check_grpc()
