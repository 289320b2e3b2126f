"""Label schemas under the names of ``mlflow.genai.label_schemas``: made, found, changed, deleted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import steelyard
from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.genai import label_schemas
from steelyard.genai.label_schemas import (
    InputCategorical,
    InputNumeric,
    InputPassFail,
    InputText,
    create_label_schema,
    delete_label_schema,
    get_label_schema,
    list_label_schemas,
    update_label_schema,
)
from steelyard.genai.review_queues import create_review_queue

FORMS = [
    InputPassFail("Good", "Bad"),
    InputCategorical(("a", "b"), multi_select=True),
    InputNumeric(1, 5),
    InputText(200),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.kind)
def test_a_schema_comes_back_as_it_was_made(form: label_schemas.InputPassFail) -> None:
    made = create_label_schema("said", type="expectation", input=form, instruction="Read twice.", enable_comment=True)
    assert (made.input, made.type, made.instruction, made.enable_comment) == (form, "expectation", "Read twice.", True)
    assert (made.version, made.experiment_id) == (1, "0")
    assert made.created_by
    assert get_label_schema("said") == get_label_schema(schema_id=made.schema_id) == made
    assert get_label_schema(made.schema_id) == made


def test_options_may_come_in_a_list_as_with_mlflow() -> None:
    made = create_label_schema("topic", input=InputCategorical(options=["b", "a"]))  # type: ignore[arg-type]
    assert made.input == InputCategorical(("b", "a"))
    assert made.type == label_schemas.LabelSchemaType.FEEDBACK


def test_schemas_are_listed_by_name_in_their_experiment() -> None:
    for name in ("b", "a", "c"):
        create_label_schema(name, input=InputPassFail())
    other = steelyard.create_experiment("other")
    create_label_schema("elsewhere", input=InputPassFail(), experiment_id=other)
    assert [one.name for one in list_label_schemas()] == ["a", "b", "c"]
    assert [one.name for one in list_label_schemas(other)] == ["elsewhere"]
    first = list_label_schemas(max_results=2)
    rest = list_label_schemas(max_results=2, page_token=first.token)
    assert ([one.name for one in first], [one.name for one in rest], rest.token) == (["a", "b"], ["c"], None)
    with pytest.raises(InvalidArgument, match="token"):
        list_label_schemas(page_token="none")


def test_another_input_makes_the_next_version_and_nothing_else_does() -> None:
    made = create_label_schema("stars", input=InputNumeric(1, 5))
    worded = update_label_schema("stars", instruction="Of five.", enable_comment=True)
    assert (worded.version, worded.instruction) == (1, "Of five.")
    longer = update_label_schema(made.schema_id, input=InputNumeric(1, 10))
    assert (longer.version, longer.instruction, longer.input) == (2, "Of five.", InputNumeric(1, 10))
    renamed = update_label_schema(longer, name="points")
    assert get_label_schema("points") == renamed
    assert renamed.schema_id == made.schema_id


def test_a_schema_is_deleted_by_name_id_or_itself_unless_a_queue_asks_it() -> None:
    made = [create_label_schema(name, input=InputPassFail()) for name in ("a", "b", "c", "asked")]
    delete_label_schema("a")
    delete_label_schema(schema_id=made[1].schema_id)
    delete_label_schema(made[2])
    delete_label_schema(schema_id=made[1].schema_id)  # as with MLflow: gone is gone
    create_review_queue("queue", schema_ids=["asked"])
    with pytest.raises(InvalidArgument, match="queue"):
        delete_label_schema("asked")
    assert [one.name for one in list_label_schemas()] == ["asked"]


def test_what_cannot_be_is_refused_with_a_reason() -> None:
    create_label_schema("ok", input=InputPassFail())
    with pytest.raises(AlreadyExists):
        create_label_schema("ok", input=InputPassFail())
    with pytest.raises(InvalidArgument, match="one of InputPassFail"):
        create_label_schema("bad", input="yes or no")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="'feedback' or 'expectation'"):
        create_label_schema("bad", type="opinion", input=InputPassFail())
    with pytest.raises(NotFound, match=r"no label schema 'none'.*it has 'ok'"):
        get_label_schema("none")
    for call in (get_label_schema, delete_label_schema):
        with pytest.raises(InvalidArgument, match="not both"):
            call()
        with pytest.raises(InvalidArgument, match="not both"):
            call("ok", schema_id="ls-1")


def test_mlflows_own_imports_find_both_rooms(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import mlflow\n"
        "from mlflow.genai.label_schemas import InputPassFail, create_label_schema\n"
        "from mlflow.genai.review_queues import create_review_queue, list_review_queue_items\n"
        "from mlflow.genai.review_queues import ReviewItemType, ReviewQueueType, ReviewStatus\n"
        "mlflow.set_tracking_uri('sqlite:///mine.db')\n"
        "schema = create_label_schema('ok', type='feedback', input=InputPassFail())\n"
        "queue = create_review_queue('q', queue_type='custom', schema_ids=[schema.schema_id])\n"
        "print(mlflow.genai.review_queues.get_review_queue(queue.queue_id).name, schema.type, ReviewStatus.COMPLETE)\n"
        "print(list_review_queue_items(queue.queue_id, status='pending'))\n"
    )
    command = [sys.executable, "-m", "steelyard.mlflow", str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["q", "feedback", "complete", "[]"], "")
