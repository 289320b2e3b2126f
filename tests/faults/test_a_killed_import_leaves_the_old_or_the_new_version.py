"""A change of a dataset that is killed half way leaves the old version or the new one, and can be done again."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from tests.faults.importing import NAME
from tests.faults.processes import Zygote

from steelyard.records import DatasetRecord, Store
from steelyard.store import open_store

ROWS = 800
HALVES = {
    "members of a version that is not there": "SELECT count(*) FROM dataset_members m JOIN evaluation_datasets d"
    " ON d.id = m.dataset WHERE m.since > d.version",
    "contents that the dataset does not know of": "SELECT count(*) FROM dataset_contents c JOIN evaluation_datasets d"
    " ON d.id = c.dataset WHERE c.number >= d.next_content",
    "statements of a version that is not there": "SELECT count(*) FROM dataset_statements s JOIN evaluation_datasets d"
    " ON d.id = s.dataset WHERE s.version > d.version",
    "versions that are not there": "SELECT count(*) FROM dataset_versions v JOIN evaluation_datasets d"
    " ON d.id = v.dataset WHERE v.number > d.version",
}


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with Zygote("importing.py") as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data, and in ``store`` a dataset of three versions."""
    folder = tmp_path_factory.mktemp("imports")
    write(folder / "first.jsonl", rows(range(ROWS)))
    write(folder / "next.jsonl", rows(range(ROWS // 4, ROWS + ROWS // 4), changed=5))
    write(folder / "another.jsonl", rows(range(50)))
    import steelyard
    from steelyard.genai import datasets
    from steelyard.tracking.stores import close_stores

    steelyard.set_tracking_uri(folder / "store")
    dataset = datasets.create_dataset(NAME)
    dataset.import_records(folder / "first.jsonl")
    dataset.import_records(folder / "another.jsonl")
    dataset.delete_records([one.dataset_record_id for one in dataset.records[::10]])
    steelyard.set_tracking_uri("")
    close_stores()
    return folder


def rows(numbers: Iterable[int], *, changed: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "inputs": {"question": f"What is {n} squared? {'Please. ' * (n % 9)}", "n": n},
            "expectations": {"expected_response": str(n * n + (1 if changed and n % changed == 0 else 0))},
            "tags": {"size": "größer" if n > 500 else "small"},
        }
        for n in numbers
    ]


def write(path: Path, made: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")


def digest_of(records: Sequence[DatasetRecord]) -> str:
    """The digest of a version from what its records hold, by what the documentation says of it."""

    def text(value: Any) -> str:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    digests = []
    for one in records:
        outputs = "" if one.outputs is None else text(one.outputs)
        source = text([one.source.source_type, dict(one.source.source_data)])
        parts = (text(one.inputs), outputs, text(one.expectations), text(one.tags), source)
        digests.append(hashlib.sha256("\x1f".join(parts).encode()).hexdigest())
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def standing(store: Store, name: str) -> tuple[int, str]:
    """The version of a dataset and its digest, both as they follow from its records; ``(0, "")`` if there is none."""
    found = store.datasets.find(name)
    if found is None:
        return 0, ""
    records = store.datasets.records(found.dataset_id, max_results=50_000).items
    assert len(records) == found.n_records
    assert digest_of(records) == found.digest
    assert [one.number for one in store.datasets.versions(found.dataset_id)] == list(range(found.version, -1, -1))
    return found.version, found.digest


def whole(folder: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{folder}/steelyard.db")
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("PRAGMA integrity_check")).scalar() == "ok"
        assert connection.execute(sqlalchemy.text("PRAGMA foreign_key_check")).all() == []
        halves = {what: connection.execute(sqlalchemy.text(sql)).scalar() for what, sql in HALVES.items()}
    engine.dispose()
    assert halves == dict.fromkeys(HALVES, 0)


def copied(files: Path, folder: Path) -> Path:
    shutil.copytree(files / "store", folder)
    return folder


def killed(zygote: Zygote, files: Path, folder: Path, how: str, *, trials: int, seed: int) -> list[str]:
    """Kill a change at random moments; return whether each left the old version or the new one."""
    chance, name = random.Random(seed), "another" if how == "first import" else NAME
    undisturbed = copied(files, folder / "undisturbed")
    with open_store(undisturbed) as store:
        old = standing(store, name)
    child = zygote.start(undisturbed, how, file=str(files / "next.jsonl"))
    child.wait_for_calls(1)
    began = time.monotonic()
    assert child.ended() == 0, child.err
    took = time.monotonic() - began
    with open_store(undisturbed) as store:
        new = standing(store, name)
    assert old != new
    left = []
    for trial in range(trials):
        place = copied(files, folder / f"trial {trial}")
        child = zygote.start(place, how, file=str(files / "next.jsonl"))
        child.wait_for_calls(1)
        threading.Event().wait(chance.uniform(0, took * 1.1))
        with suppress(ProcessLookupError):  # it has ended already
            os.kill(child.pid, signal.SIGKILL)
        child.ended()
        with open_store(place) as store:
            now = standing(store, name)
        whole(place)
        empty = (0, hashlib.sha256(b"").hexdigest())  # created, and nothing imported yet
        assert now in ((old, empty, new) if how == "first import" else (old, new))
        left.append("new" if now == new else "old")
        if how != "remove":  # done again it would remove others
            assert zygote.start(place, how, file=str(files / "next.jsonl")).ended() == 0
            with open_store(place) as store:
                assert standing(store, name) == new
            whole(place)
        shutil.rmtree(place)
    return left


@pytest.mark.parametrize("how", ["import", "first import"])
def test_a_few_kills_leave_nothing_half_done(zygote: Zygote, files: Path, tmp_path: Path, how: str) -> None:
    assert len(killed(zygote, files, tmp_path, how, trials=2, seed=1)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("how", ["import", "first import", "split", "remove", "restore"])
def test_forty_kills_leave_nothing_half_done(zygote: Zygote, files: Path, tmp_path: Path, how: str) -> None:
    left = killed(zygote, files, tmp_path, how, trials=40, seed=2)
    assert "old" in left
