"""Where stores can be: databases at hand, and beyond them a server."""

from __future__ import annotations

import pytest

DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))

AT_HAND = pytest.mark.parametrize("store_url", DATABASES, indirect=True)
"""For a test that looks into the database or onto its disk: it runs on databases only, not against a server."""
