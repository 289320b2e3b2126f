"""promptfoo's tests: variables, and assertions from which ground truth is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from steelyard.data.json_values import evident
from steelyard.data.shapes.parts import EXPECTED_RESPONSE, Parts, Raw, Shape, rest
from steelyard.errors import DataError

_ANSWERS = ("equals", "similar", "factuality", "model-graded-factuality", "levenshtein", "rouge-n", "bleu", "gleu",
            "meteor", "context-recall")  # fmt: skip
_RULES = ("llm-rubric", "g-eval", "model-graded-closedqa")
_FACTS = ("contains", "icontains", "contains-all", "icontains-all")
_TYPED = re.compile(r"^(?P<type>(?:not-)?[a-z][a-z0-9-]*)(?:\((?P<threshold>[\d.]+)\))?:\s*(?P<value>.*)$", re.DOTALL)
_SHORT = {"grade": "llm-rubric", "fn": "javascript", "eval": "javascript"}
_TYPES = {
    *_ANSWERS, *_RULES, *_FACTS, *_SHORT, "contains-any", "icontains-any", "starts-with", "regex", "javascript",
    "python", "is-json", "contains-json", "is-valid-openai-tools-call", "latency", "cost", "perplexity", "webhook",
    "classifier", "answer-relevance", "context-faithfulness", "context-relevance", "moderation", "is-sql", "is-xml",
    "contains-xml",
}  # fmt: skip


def _promptfoo(keys: Raw) -> bool:
    return "vars" in keys or any(isinstance(k, str) and k.startswith("__expected") for k in keys)


def _read(raw: Raw) -> Parts:
    if "vars" not in raw:
        return _read_line(raw)
    variables = evident(raw["vars"]) if raw["vars"] is not None else {}
    if not isinstance(variables, Mapping):
        message = f"vars is a {type(variables).__name__}: give a mapping of variables."
        raise DataError(message)
    asserts = [dict(evident(found)) for found in raw.get("assert") or ()]
    return Parts(
        inputs=dict(variables),
        expectations=_expectations(asserts),
        tags=raw.get("tags"),
        metadata=rest(raw, ("vars", "tags")),
    )


def _read_line(raw: Raw) -> Parts:
    """Read a line of a CSV file, whose columns are variables but for those that begin with two underscores."""
    asserts = [
        _assertion(str(value))
        for key, value in sorted(raw.items())
        if key.startswith("__expected") and value not in (None, "")
    ]
    metadata: dict[str, Any] = {}
    for key, value in raw.items():
        if key.startswith("__") and not key.startswith("__expected") and value is not None:
            metadata[key.removeprefix("__").removeprefix("metadata:")] = value
    if asserts:
        metadata["assert"] = asserts
    return Parts(
        inputs={k: v for k, v in raw.items() if not k.startswith("__")},
        expectations=_expectations(asserts),
        metadata=metadata,
    )


def _assertion(text: str) -> dict[str, Any]:
    """Read ``type: value`` or ``type(threshold): value``; anything else must be equalled.

    Examples:
        >>> _assertion("contains: Paris")
        {'type': 'contains', 'value': 'Paris'}
        >>> _assertion("similar(0.8): Paris")
        {'type': 'similar', 'value': 'Paris', 'threshold': 0.8}
        >>> _assertion("The time: noon")
        {'type': 'equals', 'value': 'The time: noon'}
    """
    found = _TYPED.match(text.strip())
    if found is None or found["type"].removeprefix("not-") not in _TYPES:
        return {"type": "equals", "value": text}
    kind = found["type"]
    read: dict[str, Any] = {"type": _SHORT.get(kind, kind), "value": found["value"]}
    if read["type"].removeprefix("not-").endswith(("-all", "-any")):
        read["value"] = [part.strip() for part in found["value"].split(",")]
    if found["threshold"]:
        read["threshold"] = float(found["threshold"])
    return read


def _expectations(asserts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the assertions say about the right answer; all of them stay under ``assert``.

    A negated one (``not-``) says nothing about it.
    """
    asserts = list(asserts)
    found: dict[str, Any] = {}
    answers = [a for kind in _ANSWERS for a in asserts if a.get("type") == kind and a.get("value") is not None]
    if answers:
        found[EXPECTED_RESPONSE] = answers[0]["value"]
    for name, kinds in (("expected_facts", _FACTS), ("guidelines", _RULES)):
        values = [a.get("value") for a in asserts if a.get("type") in kinds]
        flat = [text for v in values for text in (v if isinstance(v, list) else [v]) if text is not None]
        if flat:
            found[name] = flat
    if asserts:
        found["assert"] = asserts
    return found


PROMPTFOO = Shape(name="promptfoo", needs=(), fits=_promptfoo, read=_read, ids=("id", "__id"))
