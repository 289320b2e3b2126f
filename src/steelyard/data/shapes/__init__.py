"""The shapes in which people write rows, and what becomes of them.

The first rows decide, by their keys; then every row must have that shape. MLflow's own always wins. Fields that are
named nowhere here go to the row's metadata under their own names, and so do the keys of a ``metadata`` mapping; fields
marked * are also kept there, so that a scorer of that library finds them by its own names. Each shape is a ``Shape``.

| whose | known by | inputs | outputs | expectations | ids |
|---|---|---|---|---|---|
| MLflow | inputs or trace | inputs | outputs | expectations | request_id, id, dataset_record_id |
| LangSmith, examples | inputs and dataset_id, split, source_run_id, or id + metadata + outputs as a mapping | inputs | | outputs (kept as reference_outputs*) | id |
| LangSmith, runs | inputs and run_type | inputs | outputs | | reference_example_id, id |
| Braintrust | input | input | output | expected* | id |
| Langfuse | input and expected_output | input | output | expected_output* | id |
| Phoenix | input and output as mappings, and metadata | input | | output (kept as expected*, reference*) | external_id, id |
| Opik | execution_policy, or source with trace_id or evaluators | every free field | | expected_output*, expected*, reference*, ground_truth* | id |
| DeepEval | input and actual_output, retrieval_context, expected_tools … | input | actual_output | expected_output*; expected_tools* → expected_tool_calls; context* → expected_documents | name |
| DeepEval, conversations | scenario, or turns and expected_outcome | turns → messages, else scenario | | expected_outcome* | name |
| Ragas | user_input | user_input | response | reference*; reference_tool_calls* → expected_tool_calls; reference_context_ids or reference_contexts* → expected_documents; reference_topics* | id |
| Ragas before 0.2 | question and contexts or ground_truth | question | answer | ground_truth* | id |
| pydantic-evals | inputs and expected_output or evaluators | inputs | | expected_output* | name |
| promptfoo | vars | vars | | assert*: equals, similar … → expected_response; contains … → expected_facts; llm-rubric … → guidelines | id |
| promptfoo, CSV | __expected … | other columns | | __expected, __expected1 …, as assert | |
| Inspect | input and target | input, choices | output's completion | target* | id |
| OpenAI evals | input and ideal | input | | ideal* | id |
| lm-eval, samples | doc and doc_id | prompt: the text of the first of arguments; else doc | filtered_resps | target* | doc_id |
| chats | messages, or ShareGPT's conversations | messages but for a last one by the assistant | | that last one*, its tool_calls → expected_tool_calls | prompt_id |
| preferences | chosen and rejected | prompt | | chosen* | prompt_id |
| questions | question | question, context, choices | | answer*, answers*, answerKey* | id |
| prompts | prompt | prompt | | completion*, response*, output* | prompt_id |

An input that is a mapping gives the function its keys; messages become ``messages``; anything else goes by the
vendor's own name. Ground truth is ``expected_response``; a mapping keeps its keys as well (``shapes.parts.expected``).
"""  # noqa: E501  a table

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard._lib.lazy import lazy_names

if TYPE_CHECKING:
    from steelyard.data.shapes.catalogue import SHAPES, shape_of
    from steelyard.data.shapes.parts import Parts, Shape

__all__ = ["SHAPES", "Parts", "Shape", "shape_of"]

__getattr__ = lazy_names(__name__, {"SHAPES": "catalogue", "Parts": "parts", "Shape": "parts", "shape_of": "catalogue"})
