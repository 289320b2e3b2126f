"""A comparison of two runs, and what it can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, get_args

from steelyard._lib.names import nearest
from steelyard.compare.alignment import KINDS, Alignment
from steelyard.compare.results import Difference, McNemar, RowChanges, RowKind, Verdict
from steelyard.compare.words import change, rows_sentence
from steelyard.errors import InvalidArgument
from steelyard.records import SliceInfo, SliceKey, slice_name

if TYPE_CHECKING:
    import pyarrow as pa

MODEL_COLUMNS = ("prediction", "probability", "outcome", "correct", "loss", "error", "abs_error")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunName:
    """Which run it was: its id, and its name for people."""

    run_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Candidate against baseline: verdicts, differences with their intervals, and what became of the rows.

    Args:
        candidate: the run that is judged.
        baseline: the run it is judged against.
        differences: by metric, on all rows.
        slices: by slice name, then by metric.
        rows: what became of the rows; None when they are not right or wrong, or a run keeps none.
        mcnemar: the test of the rows that the two split; None with ``rows``.
        warnings: what stands between the two runs, in sentences.
        confidence: nominal coverage of the intervals.
        correction: how slice verdicts allow for many looks: ``bh``, ``holm`` or None.
        n_slice_tests: how many slice cells were looked at.
    """

    candidate: RunName
    baseline: RunName
    differences: Mapping[str, Difference]
    slices: Mapping[str, Mapping[str, Difference]]
    rows: RowChanges | None = None
    mcnemar: McNemar | None = None
    warnings: tuple[str, ...] = ()
    confidence: float = 0.95
    correction: str | None = "bh"
    n_slice_tests: int = 0
    alignment: Alignment | None = field(default=None, repr=False, compare=False)
    slice_infos: tuple[SliceInfo, ...] = field(default=(), repr=False, compare=False)

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdict on each metric that has a good direction, on all rows."""
        return {name: d.verdict for name, d in self.differences.items() if d.verdict is not None}

    def row_changes(
        self,
        kind: RowKind = "broken",
        *,
        slice: str | SliceKey = (),  # noqa: A002  (the word for it everywhere)
        offset: int = 0,
        limit: int = 100,
    ) -> pa.Table:
        """Return a page of the rows that something became of, in the candidate's order.

        Args:
            kind: ``fixed``, ``broken``, ``still_wrong``, ``still_right``, ``only_candidate`` or ``only_baseline``.
            slice: a slice's name or key; all rows unless given.
            offset: rows to pass over.
            limit: rows to return at most.

        Returns:
            An Arrow table: the row's id, inputs, target and slices, and each run's own columns with ``candidate_`` or
            ``baseline_`` before their names.

        Raises:
            InvalidArgument: an unknown kind or slice, or runs without rows to look at.
        """
        if kind not in get_args(RowKind):
            message = f"kind must be one of {', '.join(get_args(RowKind))}; it is {kind!r}."
            raise InvalidArgument(message)
        if offset < 0 or limit < 0:
            raise InvalidArgument("offset and limit count rows: they cannot be negative.")
        alignment = self.alignment
        if alignment is None:
            raise InvalidArgument("One of the runs keeps no rows (rows.parquet); evaluate again with rows to see them.")
        about = self._slice(slice)
        if kind in ("only_candidate", "only_baseline"):
            return _page_of_one(alignment, kind, about, offset, limit)
        kinds = alignment.kinds
        if kinds is None:
            raise InvalidArgument("Rows of this task are not right or wrong, so none is fixed or broken.")
        chosen = kinds == KINDS[kind]
        if about is not None:
            chosen &= alignment.members(about)
        return _page(alignment, chosen.nonzero()[0][offset : offset + limit])

    def summary(self) -> str:
        """Return the comparison in words: headline verdicts, slices that changed, rows, and what to mind."""
        lines = [f"{self.candidate.name} against {self.baseline.name}"]
        lines += [f"  {d.sentence}" for d in self.differences.values() if d.verdict is not None]
        changed = [d for cells in self.slices.values() for d in cells.values() if d.verdict in ("worse", "better")]
        if self.n_slice_tests:
            held = {"bh": "false discovery rate held", "holm": "family-wise error held"}.get(self.correction or "")
            lines.append(
                f"  Slices: {self.n_slice_tests:,} cells{f', {held} at {1 - self.confidence:.0%}' if held else ''}."
            )
        lines += [f"    {d.sentence}" for d in sorted(changed, key=lambda d: (d.verdict == "better", d.p_value or 0.0))]
        if self.rows is not None and self.rows.all.compared:
            lines.append(f"  {rows_sentence(self.rows.all, self.mcnemar.p_value if self.mcnemar else None)}")
        lines += [f"  Mind: {warning}" for warning in self.warnings]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain values, ready for JSON."""
        return {
            "candidate": asdict(self.candidate),
            "baseline": asdict(self.baseline),
            "confidence": self.confidence,
            "correction": self.correction,
            "n_slice_tests": self.n_slice_tests,
            "verdicts": self.verdicts,
            "differences": {name: _plain(d) for name, d in self.differences.items()},
            "slices": {name: {m: _plain(d) for m, d in cells.items()} for name, cells in self.slices.items()},
            "rows": None if self.rows is None else asdict(self.rows),
            "mcnemar": None if self.mcnemar is None else asdict(self.mcnemar),
            "warnings": list(self.warnings),
        }

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        head = "<tr><th>Metric</th><th>Baseline</th><th>Candidate</th><th>Difference</th><th>Verdict</th></tr>"
        body = "".join(
            f"<tr><td>{escape(d.title)}</td><td>{_value(d.baseline.value)}</td><td>{_value(d.candidate.value)}</td>"
            f"<td>{escape(change(d))}</td><td>{escape(d.verdict or '')}</td></tr>"
            for d in self.differences.values()
        )
        caption = escape(f"{self.candidate.name} against {self.baseline.name}")
        notes = "".join(f"<li>{escape(warning)}</li>" for warning in self.warnings)
        return f"<table><caption>{caption}</caption>{head}{body}</table>" + (f"<ul>{notes}</ul>" if notes else "")

    def _slice(self, wanted: str | SliceKey) -> SliceInfo | None:
        name = wanted if isinstance(wanted, str) else slice_name(wanted)
        if not name:
            return None
        found = next((info for info in self.slice_infos if info.name == name), None)
        if found is None:
            names = [info.name for info in self.slice_infos]
            close = nearest(name, names)
            message = f"There is no slice {name!r} that both runs have.{f' Did you mean {close!r}?' if close else ''}"
            raise InvalidArgument(message)
        return found


def _page(alignment: Alignment, shared: Any) -> pa.Table:
    ours = alignment.candidate.take(alignment.at_candidate[shared])
    own = [name for name in alignment.baseline.names if _is_model_column(name)]
    theirs = alignment.baseline.take(alignment.at_baseline[shared], own)
    table = ours.rename_columns([f"candidate_{n}" if _is_model_column(n) else n for n in ours.column_names])
    for name in own:
        table = table.append_column(f"baseline_{name}", theirs.column(name))
    return table


def _page_of_one(alignment: Alignment, kind: str, about: SliceInfo | None, offset: int, limit: int) -> pa.Table:
    rows, at = alignment.baseline, alignment.only_baseline
    if kind == "only_candidate":
        rows, at = alignment.candidate, alignment.only_candidate
    if about is not None:
        from steelyard.compare.alignment import Grouping

        at = at[Grouping.read(rows, about.dimension).members(about, at)]
    return rows.take(at[offset : offset + limit])


def _is_model_column(name: str) -> bool:
    return name in MODEL_COLUMNS or name.startswith("probability:") or name.endswith("/score")


def _value(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4g}"


def _plain(difference: Difference) -> dict[str, Any]:
    return {**asdict(difference), "slice": [list(part) for part in difference.slice]}
