"""The demonstration: models trained on real data, weighed by slice, compared, and shown in the browser."""

from __future__ import annotations

from steelyard.demo.report import DemoReport
from steelyard.demo.running import run_demo

__all__ = ["DemoReport", "run_demo"]
