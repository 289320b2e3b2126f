"""The names of ``mlflow.genai.simulators``: users that a model plays, to make conversations that can be evaluated."""

from __future__ import annotations

from steelyard.judges import BaseSimulatedUserAgent, ConversationSimulator, SimulatedUserAgent, SimulatorContext

__all__ = ["BaseSimulatedUserAgent", "ConversationSimulator", "SimulatedUserAgent", "SimulatorContext"]
