from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from steelyard import cli, tracking

HOSTILE = "[red]x[/red]\x1b]0;owned\x07\u202e"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


def write_predictions(path: Path, right: float, *, rows: int = 240, cities: tuple[str, ...] = ("Oslo", "Rome")) -> Path:
    """Write a table whose predictions are right this often; the rows are the same every time."""
    made = random.Random(7)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "age", "city", "label", "pred", "p"))
        for i in range(rows):
            label = int(made.random() < 0.4)
            guess = label if made.random() < right else 1 - label
            age = made.randint(18, 90)
            writer.writerow((i, age, cities[i % len(cities)], label, guess, 0.8 if guess else 0.3))
    return path


COLUMNS = ("--targets", "label", "--predictions", "pred", "--id", "id", "--replicates", "40")


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "STEELYARD_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    for name in [n for n in os.environ if n.endswith("TRACKING_URI")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    yield
    tracking.set_tracking_uri("")


@pytest.fixture
def steelyard(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in this process, as the console script does."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["steelyard", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, told.out, told.err)

    return run


@pytest.fixture
def shell() -> Command:
    """Run the command line in a process of its own, where streams and signals matter."""

    def run(*arguments: object, **surroundings: str) -> Ended:
        command = [sys.executable, "-m", "steelyard.cli", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, env={**os.environ, **surroundings}, timeout=60, check=False)
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with good.csv, poor.csv and hostile.csv."""
    folder = tmp_path_factory.mktemp("data")
    write_predictions(folder / "good.csv", 0.95)
    write_predictions(folder / "poor.csv", 0.7)
    write_predictions(folder / "hostile.csv", 0.9, cities=("Oslo", HOSTILE))
    return folder


@pytest.fixture(scope="session")
def store(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with the runs good and poor, for reading only."""
    from steelyard.evaluation import evaluate
    from steelyard.tracking.stores import close_stores

    folder = tmp_path_factory.mktemp("store")
    tracking.set_tracking_uri(folder)
    for name in ("good", "poor"):
        evaluate(
            None, str(data / f"{name}.csv"), model_type="classifier", targets="label", predictions="pred",
            probabilities="p", id_column="id", slices=["city"], run_name=name, replicates=60,
        )  # fmt: skip
    tracking.set_tracking_uri("")
    yield folder
    close_stores()
