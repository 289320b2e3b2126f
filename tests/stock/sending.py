"""Running other people's senders, each in the environment that has it, as a program of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SENDERS = Path(__file__).parent / "senders"
TODAY, LAST_YEAR = "today", "last-year"
_OF_THE_MACHINE = (
    "OTEL_",
    "OPENAI_",
    "ANTHROPIC_",
    "MLFLOW_",
    "STEELYARD_",
    "LANGCHAIN_",
    "LANGSMITH_",
    "TRACELOOP_",
    "PYTHON",
)


@dataclass(frozen=True)
class Sender:
    """A program that sends traces.

    Args:
        script: its file in ``senders/``.
        arguments: for it.
        settings: environment variables of its own.
        environment: which packages it runs with.
    """

    script: str
    arguments: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    environment: str = TODAY

    def start(self, folder: Path, settings: Mapping[str, str]) -> subprocess.Popen[str]:
        """Start it in a folder, with further settings that are those of every sender."""
        python = Path(sys.prefix) / "stock" / self.environment / "bin" / "python"
        if not python.exists():
            raise FileNotFoundError(f"{python} is not there: run `make setup`, which installs the senders.")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_THE_MACHINE)}
        return subprocess.Popen(
            [str(python), str(SENDERS / self.script), *self.arguments],
            cwd=folder,
            env={**kept, **settings, **self.settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a sender, and return what it printed.

    Raises:
        AssertionError: it failed.
    """
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0, f"{process.args} ended with {process.returncode}:\n{printed}"
    return printed
