"""Monitors by name: which there are, having one go on, and past windows."""

from __future__ import annotations

from steelyard.tracking.monitors import backfill, find_monitor, list_monitors, resume

__all__ = ["backfill", "find_monitor", "list_monitors", "resume"]
