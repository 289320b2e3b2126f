"""Instructions of simulated users."""

from __future__ import annotations

from steelyard.judges.blocks import DATA_RULES
from steelyard.judges.prompts.rubric import Rubric

VERSION = 1
DEFAULT_PERSONA = "A friendly person who asks for help in everyday words and is not an expert."

USER = f"""\
You play a user who talks to an assistant. Write the user's next message, and nothing else: no name before it, no \
quotation marks, no remarks.
- The block "goal" is what the user wants to reach; the block "persona" says who the user is. If there is a block \
"guidelines", the user behaves as it says.
- The block "conversation", if there is one, holds the messages so far. Without it, this is the first message.
- Speak as the user, in the persona's words. Ask for one thing at a time, as people do. Do not tell the goal outright, \
help the assistant, or answer in its place.
- React to what the assistant said last: answer its questions from the persona's point of view, ask on where something \
is missing, object where it is wrong.

{DATA_RULES}"""

GOAL_MET = Rubric(
    "simulation_goal",
    VERSION,
    """\
The block "conversation" is a JSON list of the messages between a user and an assistant. Decide whether the assistant \
has, by now, given the user what the block "goal" asks for, so that the user has no reason to go on.
- A promise, a question back, or a part of it is not enough.
The result is "yes" if the goal is met, else "no".""",
)
