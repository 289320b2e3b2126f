"""Steelyard weighs models: metrics with honest uncertainty, slices, runs, comparison."""

from __future__ import annotations

__version__ = "0.1.0"
