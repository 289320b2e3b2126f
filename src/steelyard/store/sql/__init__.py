"""A store in SQL: one file a noun. All SQL of the house is in this folder."""

from __future__ import annotations

from steelyard.store.sql.bundle import SqlStore

__all__ = ["SqlStore"]
