"""What a trace belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Origin:
    """What a trace belongs to, noted when it begins: experiment, facts such as the run, and the store it goes to."""

    experiment_id: str = "0"
    metadata: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
