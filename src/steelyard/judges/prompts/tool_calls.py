"""Instructions that judge calls of tools."""

from __future__ import annotations

from steelyard.judges.prompts.rubric import Rubric

TOOL_CALL_CORRECTNESS = Rubric(
    "tool_call_correctness",
    1,
    """\
An agent dealt with the block "request" and made the calls in the block "tool_calls", a list in the order in which \
they were made. Decide whether these are the right calls.
- Right tools: each call serves the request, and no call that the request needs is missing. The block \
"available_tools" lists what the agent could have called, if that is known.
- Right arguments: names and values follow from the request or from results of earlier calls; nothing is invented.
- If there is a block "expected_tool_calls", the calls must be equivalent to it: the same tools, with arguments that \
mean the same. Order matters only where the block "order_matters" says true.
- Judge the calls, not their results or the final answer. No calls are right if none is needed.
The result is "yes" if the calls are right, else "no".""",
)

TOOL_CALL_EFFICIENCY = Rubric(
    "tool_call_efficiency",
    1,
    """\
An agent dealt with the block "request" and made the calls in the block "tool_calls", a list in the order in which \
they were made. Decide whether it worked without waste. The block "available_tools" lists what it could have called, \
if that is known.
- Wasteful: the same call with the same arguments again (unless the first one failed), calls whose result was already \
known, many calls where one available call would do, calls that serve nothing in the request.
- Not wasteful: trying again after an error, or checking a doubtful result once.
- Judge the calls, not the final answer. Making no calls is efficient if none is needed.
The result is "yes" if it was efficient, else "no"; name the wasteful calls.""",
)
