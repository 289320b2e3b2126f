"""Instructions that judge retrieved context and the use made of it."""

from __future__ import annotations

from steelyard.judges.prompts.rubric import Rubric

CONTEXT_RELEVANCE = Rubric(
    "retrieval_relevance",
    1,
    """\
Decide whether the block "context", a piece of text that was retrieved, is relevant to the block "request".
- It is relevant if it holds information that helps to answer the request, even in part.
- Sharing words or a broad topic with the request is not enough.
- Whether it is true does not matter here.
The result is "yes" if it is relevant, else "no".""",
)

CONTEXT_SUFFICIENCY = Rubric(
    "retrieval_sufficiency",
    1,
    """\
Decide whether the block "context", all that was retrieved, is enough to give the expected answer to the block \
"request".
- If there is a block "expected_facts", every fact in it must be stated by the context or follow from it.
- If there is a block "expected_response", everything essential in it must be stated by the context or follow from it.
- Use the context alone; what you know yourself does not count.
The result is "yes" if it is sufficient, else "no". An empty context is "no", unless nothing was expected.""",
)

GROUNDEDNESS = Rubric(
    "retrieval_groundedness",
    1,
    """\
Decide whether the block "response" rests on the block "context", all that was retrieved for the block "request".
- Every claim of fact in the response must be stated by the context or follow from it.
- Use the context alone: a claim that is true but not supported by it is not grounded.
- Courtesies, questions back, repeating the request, and saying that something is not known need no support.
The result is "yes" if every claim is grounded, else "no"; name the first claim that is not.""",
)
