"""Rooms import only from floors below them, and the contract that says so bites."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def lint_imports(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports_command as main; main()"
    command = [sys.executable, "-c", program, "--no-cache", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_every_room_keeps_to_its_floor() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_planted_upward_import_is_caught(tmp_path: Path) -> None:
    for room in ("upstairs", "downstairs"):
        (tmp_path / "planted" / room).mkdir(parents=True)
        (tmp_path / "planted" / room / "__init__.py").write_text("")
    (tmp_path / "planted" / "__init__.py").write_text("")
    (tmp_path / "planted" / "downstairs" / "climber.py").write_text("import planted.upstairs\n")
    (tmp_path / "contract.toml").write_text(
        '[tool.importlinter]\nroot_package = "planted"\n'
        '[[tool.importlinter.contracts]]\nname = "floors"\ntype = "layers"\ncontainers = ["planted"]\n'
        'exhaustive = true\nlayers = ["upstairs", "downstairs"]\n'
    )
    done = lint_imports(tmp_path, "--config", "contract.toml")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "planted.downstairs.climber" in done.stdout
