"""One door to every model: ask a question, get an answer that fits, within limits, a budget and a cache.

The client library behind it (extra ``llm``) is imported when the first question is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.llm.around import Calling, Count, Patience, calling, current_calling
    from steelyard.llm.asking import ask, ask_sync
    from steelyard.llm.budget import Budget, Reservation
    from steelyard.llm.cache import MemoryCache
    from steelyard.llm.limits import Limiter, Limits, Slot
    from steelyard.llm.models import ModelName, default_judge_model, parse_model
    from steelyard.llm.prices import Price, Prices
    from steelyard.llm.question import Answer, Message, Question, Tool, ToolCall
    from steelyard.llm.schemas import check, check_schema

_HOMES = {
    "asking": ("ask", "ask_sync"),
    "budget": ("Budget", "Reservation"),
    "cache": ("MemoryCache",),
    "around": ("Calling", "Count", "Patience", "calling", "current_calling"),
    "limits": ("Limiter", "Limits", "Slot"),
    "models": ("ModelName", "default_judge_model", "parse_model"),
    "prices": ("Price", "Prices"),
    "question": ("Answer", "Message", "Question", "Tool", "ToolCall"),
    "schemas": ("check", "check_schema"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Answer",
    "Budget",
    "Calling",
    "Count",
    "Limiter",
    "Limits",
    "MemoryCache",
    "Message",
    "ModelName",
    "Patience",
    "Price",
    "Prices",
    "Question",
    "Reservation",
    "Slot",
    "Tool",
    "ToolCall",
    "ask",
    "ask_sync",
    "calling",
    "check",
    "check_schema",
    "current_calling",
    "default_judge_model",
    "parse_model",
]

__getattr__ = lazy_names(__name__, _HOME_OF)
