"""``python -m steelyard.cli``."""

from __future__ import annotations

from steelyard.cli import main

main()
