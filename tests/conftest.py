"""What holds for all tests: a busy machine is slow, not wrong, so Hypothesis has no clock."""

from __future__ import annotations

import os

from hypothesis import settings

if not os.environ.get("CI"):  # there, Hypothesis's own profile has no deadline and always draws the same cases
    settings.register_profile("steelyard", deadline=None)
    settings.load_profile("steelyard")
