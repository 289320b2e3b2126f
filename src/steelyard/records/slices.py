"""A slice is a named part of the rows: a tuple of (dimension, value) pairs. The empty tuple is all rows."""

from __future__ import annotations

from dataclasses import dataclass

SliceKey = tuple[tuple[str, str], ...]

ALL_ROWS: SliceKey = ()


def slice_name(key: SliceKey) -> str:
    """Return a slice's name for people and for storage.

    Examples:
        >>> slice_name((("category", "billing"), ("channel", "web")))
        'category=billing, channel=web'
        >>> slice_name(())
        ''
    """
    return ", ".join(f"{dimension}={value}" for dimension, value in key)


@dataclass(frozen=True, slots=True)
class SliceInfo:
    """One slice of an evaluation: its rows, and whether there are too few of them to say much."""

    key: SliceKey
    n: int
    missing: int = 0
    small: bool = False

    @property
    def name(self) -> str:
        return slice_name(self.key)

    @property
    def dimension(self) -> str:
        """The dimensions that this slice belongs to, such as ``category`` or ``category × channel``."""
        return " × ".join(dimension for dimension, _ in self.key)

    @property
    def label(self) -> str:
        """The slice's values without their dimensions, such as ``billing`` or ``billing × web``."""
        return " × ".join(value for _, value in self.key)
