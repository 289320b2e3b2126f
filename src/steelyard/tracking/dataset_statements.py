"""Who said what is expected of a record: on traces, and by merging."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from steelyard.records.dataset import SAID_BY, RecordStep, Statement


def all_statements(steps: Sequence[RecordStep], told: Iterable[Statement]) -> list[Statement]:
    """Return statements in the order in which they came; the last of a name is the one that counts.

    Args:
        steps: the record's history: an expectation that a version brought was said by whoever made it.
        told: what the store kept: what was said on traces, and what a merge overruled itself; it is known better.
    """
    found = list(told)
    known = {(one.version, one.name, repr(one.value)) for one in found}
    for step in steps:
        before = {} if step.before is None else step.before.expectations
        after = {} if step.after is None else step.after.expectations
        for name, value in after.items():
            if name in before and before[name] == value:
                continue
            if (step.version.number, name, repr(value)) in known:
                continue
            kind = step.after.source_type if step.after is not None else "HUMAN"
            found.append(
                Statement(
                    name=name,
                    value=value,
                    by=step.version.created_by,
                    source_type=SAID_BY.get(kind, kind),
                    time=step.version.created_time,
                    version=step.version.number,
                )
            )
    current = steps[-1].after.expectations if steps and steps[-1].after is not None else {}
    return sorted(
        found, key=lambda one: (one.version, one.name in current and current[one.name] == one.value, one.time)
    )
