"""From a registered version to what people read of it. It is read as text: nothing of it is made or run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from steelyard.records import Estimate, RegisteredScorer
from steelyard.web.contexts.judges import Aligned, Version
from steelyard.web.messages import plain

_LONGEST = 40_000
_FACT, _FACTS = 2_000, 30
_TOLD = ("instructions", "revised_instructions", "call_source", "model", "name", "serialization_version")


def version_of(registered: RegisteredScorer) -> Version:
    """Return a registered version as a page tells it."""
    kept = _read(registered.definition)
    own = _own(kept)
    align = registered.notes.get("align")
    notes = {key: value for key, value in registered.notes.items() if key != "align"}
    return Version(
        version=registered.version,
        kind=registered.kind,
        digest=registered.digest,
        created_by=registered.created_by,
        created=registered.created_time,
        model=model_of(kept),
        instructions=_text(own.get("revised_instructions")) or _text(own.get("instructions")),
        code=_text(kept.get("call_source")),
        facts=tuple(_facts({**_head(kept), **own})),
        notes=tuple(_facts(notes)),
        aligned=_aligned(align) if isinstance(align, Mapping) else None,
        definition=(json.dumps(kept, indent=2, ensure_ascii=False) if kept else registered.definition)[:_LONGEST],
    )


def model_of_definition(definition: str) -> str:
    """Return the model that a definition asks; of a jury, all of them."""
    return model_of(_read(definition))


def model_of(kept: Mapping[str, Any]) -> str:
    """Return the model that a definition asks; of a jury, all of them."""
    return ", ".join(dict.fromkeys(_models(kept)))[:300]


def _read(definition: str) -> dict[str, Any]:
    try:
        kept = json.loads(definition)
    except (ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _own(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is a scorer's own, beside what every scorer has."""
    found: dict[str, Any] = {}
    for key, value in kept.items():
        if key.endswith("_data") and isinstance(value, Mapping):
            found.update(value)
        elif key == "builtin_scorer_class":
            found["class"] = value
    return found


def _head(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in kept.items() if not key.endswith("_data") and key not in ("builtin_scorer_class",)
    }


def _facts(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    told = [(key, value) for key, value in found.items() if key not in _TOLD and value not in (None, "", [], {}, False)]
    for key, value in told[:_FACTS]:
        yield str(key)[:200], plain(value, longest=_FACT)


def _models(kept: Any) -> Iterator[str]:
    if isinstance(kept, Mapping):
        for key, value in kept.items():
            if key == "model" and isinstance(value, str) and value:
                yield value
            elif isinstance(value, (Mapping, list)):
                yield from _models(value)
    elif isinstance(kept, list):
        for value in kept:
            yield from _models(value)


def _aligned(note: Mapping[str, Any]) -> Aligned | None:
    before, after = _estimate(note.get("before")), _estimate(note.get("after"))
    if before is None or after is None:
        return None
    told = note.get("n_train")
    return Aligned(
        before=before,
        after=after,
        difference=_estimate(note.get("difference")),
        verdict=_text(note.get("verdict")),
        warning=_text(note.get("warning")),
        optimizer=_text(note.get("optimizer")),
        learnt_from=told if isinstance(told, int) else 0,
    )


def _estimate(told: Any) -> Estimate | None:
    """Return an estimate of a note, which may be a number alone."""
    if isinstance(told, (int, float)) and not isinstance(told, bool):
        return Estimate(float(told), 0)
    if not isinstance(told, Mapping) or not isinstance(told.get("value"), (int, float)):
        return None
    ends = [float(end) if isinstance(end := told.get(key), (int, float)) else None for key in ("low", "high")]
    n = told.get("n")
    return Estimate(float(told["value"]), n if isinstance(n, int) else 0, low=ends[0], high=ends[1])


def _text(told: Any) -> str:
    return told[:_LONGEST] if isinstance(told, str) else ""
