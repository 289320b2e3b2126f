from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from steelyard import __version__, cli

from .conftest import COLUMNS, Command


def test_help_loads_nothing_heavy_and_is_quick(shell: Command) -> None:
    began = time.perf_counter()
    ended = shell("--help", PYTHONPROFILEIMPORTTIME="1")
    took = time.perf_counter() - began
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in ended.err.splitlines()}
    assert ended.code == 0
    assert not loaded & {"numpy", "sqlalchemy", "pyarrow", "pandas", "sklearn", "uvicorn", "starlette", "msgspec"}
    assert all(command in ended.out for command in ("ui", "demo", "evaluate", "runs", "compare"))
    assert took < 2  # alone it takes 0.15 s; the rest is for a crowded machine


def test_each_command_explains_itself(steelyard: Command) -> None:
    for command in ("ui", "demo", "evaluate", "runs", "compare"):
        ended = steelyard(command, "--help")
        assert (ended.code, ended.err) == (0, "")
        assert "Usage: steelyard" in ended.out
        assert "list[str]" not in ended.out


def test_version_is_told(steelyard: Command) -> None:
    assert steelyard("--version").out == f"steelyard {__version__}\n"


def test_unknown_commands_and_options_end_with_two(steelyard: Command) -> None:
    for arguments in (("weigh",), ("runs", "--nothing"), ("ui", "--port", "99999"), ()):
        assert steelyard(*arguments).code == 2


def test_debug_shows_where_an_error_arose_and_keeps_its_code(
    steelyard: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEELYARD_DEBUG", "1")
    ended = steelyard("runs", "--store", "nowhere")
    assert ended.code == 2
    assert "Traceback" in ended.err
    monkeypatch.setenv("STEELYARD_DEBUG", "0")
    assert "Traceback" not in steelyard("runs", "--store", "nowhere").err


def test_a_crash_is_not_taken_for_a_failed_gate(steelyard: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr("steelyard.cli.options.open_chosen", crash)
    ended = steelyard("runs")
    assert ended.code == cli.CRASH
    assert "a wheel came off" in ended.err


def test_ctrl_c_ends_a_command_quietly(steelyard: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("steelyard.cli.options.open_chosen", interrupted)
    ended = steelyard("runs")
    assert (ended.code, ended.out, ended.err) == (130, "", "")


def test_ui_serves_until_ctrl_c_and_ends_quietly(store: Path) -> None:
    port = _free_port()
    command = [sys.executable, "-m", "steelyard.cli", "ui", "--port", str(port), "--store", str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        assert f"http://127.0.0.1:{port} shows {store}" in server.stderr.readline()
        assert f"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{port}\n" in server.stderr.readline()
        _wait_for(f"http://127.0.0.1:{port}/health", server)
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=20)
    assert (server.returncode, out, err) == (130, "", "")


def test_ui_refuses_a_port_in_use_and_suggests_another(steelyard: Command) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = steelyard("ui", "--port", port, "--store", "s")
    assert ended.code == 2
    assert f"Port {port} on 127.0.0.1" in ended.err
    assert "try --port" in ended.err


def test_ui_refuses_an_open_address_before_it_says_that_it_serves(steelyard: Command) -> None:
    ended = steelyard("ui", "--host", "0.0.0.0", "--store", "s")
    assert ended.code == 2
    assert "--allow-remote" in ended.err
    assert "http://" not in ended.err


def test_demo_hands_its_options_over(steelyard: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import ModuleType

    asked: list[list[str]] = []
    door = ModuleType("steelyard.demo.__main__")
    door.main = lambda arguments: asked.append(arguments)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "steelyard.demo.__main__", door)
    assert steelyard("demo", "--port", "5001", "--folder", "elsewhere", "--no-ui").code == 0
    assert asked == [["--folder", "elsewhere", "--port", "5001", "--no-ui"]]


def test_a_reader_that_leaves_early_causes_no_noise(store: Path) -> None:
    for arguments in (("runs", "--json"), ("compare", "good", "poor")):
        command = [sys.executable, "-m", "steelyard.cli", *arguments, "--store", str(store)]
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
        os.close(writing)
        assert (done.returncode, done.stderr) == (141, b"")


def test_a_minus_stays_a_minus_where_the_encoding_has_no_other(shell: Command, store: Path) -> None:
    chosen = ("--metric", "accuracy_score", "--store", store)
    ended = shell("compare", "poor", "good", *chosen, PYTHONIOENCODING="ascii")
    assert ended.code == 0
    row = next(line for line in ended.out.splitlines() if line.startswith("|accuracy_score"))
    assert " -0." in row
    assert "[-0." in row
    assert "?" not in row
    assert "v worse" in row


@pytest.mark.parametrize("asked", [(), ("--json",)])
def test_progress_is_drawn_on_a_terminals_standard_error_only(data: Path, tmp_path: Path, asked: tuple[str]) -> None:
    command = [sys.executable, "-m", "steelyard.cli", "evaluate", str(data / "good.csv"), *COLUMNS, *asked]
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=False,
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "", "CI": ""},
        )  # fmt: skip
    finally:
        os.close(theirs)
    told = _drain(ours)
    assert done.returncode == 0
    assert b"240/240" not in done.stdout
    assert told == "" if asked else "240/240" in told
    if asked:
        assert json.loads(done.stdout)["passed"] is True


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("CI", "true"), ("TERM", "dumb"), (None, "")])
def test_no_progress_is_drawn_where_it_is_unwanted(
    monkeypatch: pytest.MonkeyPatch, name: str | None, value: str
) -> None:
    from steelyard.cli.display import progress

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    if name is not None:
        monkeypatch.setenv(name, value)
    with progress(quiet=name is None) as show:
        assert show is None


def test_no_progress_is_drawn_in_a_file(steelyard: Command, data: Path) -> None:
    assert steelyard("evaluate", data / "good.csv", *COLUMNS, "--store", "s").err == ""


def _drain(terminal: int) -> str:
    parts = []
    try:
        while part := os.read(terminal, 65536):
            parts.append(part)
    except OSError:  # a pseudo-terminal whose other end is closed ends so
        pass
    finally:
        os.close(terminal)
    return b"".join(parts).decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(address: str, server: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            continue
    pytest.fail(f"{address} did not answer")
