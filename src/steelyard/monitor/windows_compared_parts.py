"""How much of a change each slice explains: parts that add up to the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.monitor.windows_compared_cells import Cell


@dataclass(frozen=True, slots=True)
class Part:
    """One slice's part of a change.

    Args:
        weight_before, weight_after: its share of the rows.
        within: what its own change does to the whole.
        mix: what its growing or shrinking does, for slices are not alike.
    """

    weight_before: float
    weight_after: float
    within: float
    mix: float

    @property
    def contribution(self) -> float:
        return self.within + self.mix

    @property
    def weight(self) -> float:
        """Its share of the rows, on average of both windows."""
        return (self.weight_before + self.weight_after) / 2.0


def parts_of(before: Mapping[str, Cell], after: Mapping[str, Cell]) -> dict[str, Part]:
    """Return the part of each slice in the change of a mean or a share.

    With the weights w and the values m of the slices the whole is Σ w m, and its change is
    Σ w̄ (m₁ − m₀) + Σ (w₁ − w₀)(m̄ − M̄), a bar meaning the average of both windows (Kitagawa 1955; the whole's M̄ may
    be taken off since weights add up to 1). The parts add up exactly; there is no residual. A slice that one window
    lacks has not changed within: all it does is come or go.

    Args:
        before, after: the slices of each window, each row in one of them.

    Examples:
        >>> old = {"a": Cell(shape="mean", n=50, value=1.0), "b": Cell(shape="mean", n=50, value=3.0)}
        >>> new = {"a": Cell(shape="mean", n=50, value=1.0), "b": Cell(shape="mean", n=50, value=4.0)}
        >>> {name: part.contribution for name, part in parts_of(old, new).items()}
        {'a': 0.0, 'b': 0.5}
    """
    n_before, n_after = sum(cell.n for cell in before.values()), sum(cell.n for cell in after.values())
    if not n_before or not n_after:
        return {}
    middle = (
        sum(cell.total for cell in before.values()) / n_before + sum(cell.total for cell in after.values()) / n_after
    ) / 2.0
    found = {}
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        w0, w1 = (old.n / n_before if old else 0.0), (new.n / n_after if new else 0.0)
        m0 = old.value if old else new.value if new else 0.0
        m1 = new.value if new else m0
        found[name] = Part(w0, w1, (w0 + w1) / 2.0 * (m1 - m0), (w1 - w0) * ((m0 + m1) / 2.0 - middle))
    return found
