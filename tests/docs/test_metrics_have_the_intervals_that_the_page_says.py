"""docs/metrics.md against evaluations of every kind: what is logged is described, with the method that it has."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import steelyard

ROOT = Path(__file__).resolve().parents[2]
_ROW = re.compile(r"^\| `([^`]+)` \|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$", re.MULTILINE)
PAGE = {m[1]: m[4].strip() for m in _ROW.finditer((ROOT / "docs" / "metrics.md").read_text(encoding="utf-8"))}


def _binary(draw: random.Random) -> dict[str, Any]:
    rows = [{"y": draw.random() < 0.4, "p": round(draw.random(), 3)} for _ in range(200)]
    return {"data": rows, "targets": "y", "probabilities": "p", "model_type": "classifier"}


def _multiclass(draw: random.Random) -> dict[str, Any]:
    rows = [{"n": i, "y": draw.choice("abc"), "a": draw.choice([0.2, 0.6])} for i in range(200)]
    rows = [{**r, "b": (1 - r["a"]) / 2, "c": (1 - r["a"]) / 2} for r in rows]
    return {"data": rows, "targets": "y", "probabilities": ["a", "b", "c"], "model_type": "classifier"}


def _multilabel(draw: random.Random) -> dict[str, Any]:
    rows = [{k: draw.random() < 0.5 for k in ("x", "y", "px", "py")} | {"n": i} for i in range(200)]
    return {"data": rows, "targets": ["x", "y"], "predictions": ["px", "py"], "model_type": "multilabel"}


def _regressor(draw: random.Random) -> dict[str, Any]:
    rows = [{"y": draw.gauss(5, 2), "p": draw.gauss(5, 2)} for _ in range(200)]
    return {"data": rows, "targets": "y", "predictions": "p", "model_type": "regressor"}


def _texts(draw: random.Random, model_type: str) -> dict[str, Any]:
    words = ["a fine day", "the long road home", "nothing new. Really nothing", "one two three four five"]
    rows = [{"n": i, "y": f"{draw.choice(words)} {i}", "p": draw.choice(words)} for i in range(60)]
    rows += [{"n": 60 + i, "y": "the same", "p": "the same"} for i in range(10)]
    return {"data": rows, "targets": "y", "predictions": "p", "model_type": model_type}


def _retriever(draw: random.Random) -> dict[str, Any]:
    ids = list("abcdef")
    rows = [{"n": i, "y": draw.sample(ids, 2), "p": draw.sample(ids, 4)} for i in range(60)]
    return {"data": rows, "targets": "y", "predictions": "p", "model_type": "retriever"}


def _ranker(draw: random.Random) -> dict[str, Any]:
    rows = [{"n": i, "q": i // 5, "y": int(draw.random() < 0.4), "p": draw.random()} for i in range(300)]
    return {"data": rows, "targets": "y", "predictions": "p", "clusters": "q", "model_type": "ranker"}


KINDS: dict[str, Callable[[random.Random], dict[str, Any]]] = {
    "binary": _binary,
    "multiclass": _multiclass,
    "multilabel": _multilabel,
    "regressor": _regressor,
    "question-answering": lambda draw: _texts(draw, "question-answering"),
    "text-summarization": lambda draw: _texts(draw, "text-summarization"),
    "retriever": _retriever,
    "ranker": _ranker,
}


def _described(logged: str) -> tuple[str, str]:
    """Return a logged name as the page has it, and what of its scores it is."""
    name = logged if logged in PAGE else re.sub(r"_at_\d+(?=/|$)", "_at_k", logged)
    base, _, part = name.rpartition("/")
    return (base, part) if part in ("mean", "variance", "p90") else (name, "")


def _differences(result: Any, kind: str) -> Iterator[str]:
    for info in result.summary.metrics:
        name, part = _described(info.name)
        if name not in PAGE:
            yield f"{info.name} is not on the page"
            continue
        wanted = PAGE[name]
        if kind in ("multiclass", "multilabel") and "averaged:" in wanted:
            wanted = wanted.partition("averaged:")[2].strip()
        wanted = {"variance": "bootstrap", "p90": "order statistics"}.get(part, wanted.partition(";")[0])
        if kind == "ranker" and part:
            wanted = "clustered bootstrap"
        method = result.estimates[info.name].method
        if method != wanted and not method.startswith("no interval"):
            yield f"{info.name}: the page says {wanted!r}, the estimate {method!r}"


@pytest.mark.parametrize("kind", KINDS)
def test_logged_metrics_are_on_the_page_with_their_method(kind: str, project: Path) -> None:
    result = steelyard.evaluate(**KINDS[kind](random.Random(5)))
    assert list(_differences(result, kind)) == []
