"""Datasets are changed on pages: records in place, versions compared and brought back, files seen before import."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from steelyard.records import DatasetSchema, RecordDraft, Store
from steelyard.server import create_app

from .conftest import live, quiet

HOSTILE = "<script>window.__pwned=1</script>\"'"


@pytest.fixture
def client(own_store: Store) -> Iterator[TestClient]:
    with TestClient(create_app(own_store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


@pytest.fixture
def made(own_store: Store) -> str:
    dataset_id = own_store.datasets.create("capitals").dataset_id
    drafts = [RecordDraft(inputs={"question": f"Capital {n}?"}, expectations={"answer": f"City {n}"}) for n in range(3)]
    own_store.datasets.merge(dataset_id, drafts, by="ada")
    return dataset_id


def texts(**parts: Any) -> dict[str, str]:
    return {name: part if isinstance(part, str) else json.dumps(part) for name, part in parts.items()}


def test_a_record_is_changed_in_its_place_by_whoever_looks_at_it(
    client: TestClient, own_store: Store, made: str
) -> None:
    record = own_store.datasets.records(made).items[1]
    path = f"/datasets/{made}/records/{record.dataset_record_id}"
    assert "City 1" in client.get(path).text
    client.cookies.set("steelyard-reviewer", "grace")
    form = texts(inputs=record.inputs, expectations={"answer": "Rome"}, outputs="", tags={}, digest=record.digest)
    answer = client.post(path, data={**form, "message": "wrong city"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?saved=yes")
    after = own_store.datasets.records(made).items
    assert [one.expectations["answer"] for one in after] == ["City 0", "Rome", "City 2"]
    page = unescape(client.get(answer.headers["location"]).text)
    for text in ("Kept, as version 2", "grace", "wrong city", "City 1", "Rome"):
        assert text in page
    again = client.post(path, data={**form, "expectations": '{"answer": "Paris"}'})
    assert again.status_code == 400
    assert "changed meanwhile" in again.text
    assert "Paris" in again.text
    inline = client.post(path, data={**form, "digest": after[1].digest, "back": "inline=yes&find=Capital&evil=1"})
    assert inline.headers["location"] == f"/datasets/{made}?inline=yes&find=Capital&saved=yes"


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("inputs", "{", "inputs cannot be read as JSON"),
        ("inputs", "[1]", "inputs are named values"),
        ("inputs", "", "needs inputs"),
        ("expectations", "7", "expectations are named values"),
        ("tags", '{"a": 1}', "is not a text"),
        ("inputs", '{"question": "Capital 2?"}', "has these inputs"),
    ],
    ids=["no JSON", "no names", "nothing", "a number", "a tag of a number", "those of another"],
)
def test_what_cannot_be_kept_is_said_beside_its_field(
    client: TestClient, own_store: Store, made: str, field: str, typed: str, said: str
) -> None:
    record = own_store.datasets.records(made).items[0]
    form = {**texts(inputs=record.inputs, expectations={}, outputs="", tags=""), field: typed}
    answer = client.post(f"/datasets/{made}/records/{record.dataset_record_id}", data=form)
    assert answer.status_code == 400
    assert said in unescape(answer.text)
    assert f'id="{field}-err"' in answer.text
    assert own_store.datasets.get(made).version == 1


def test_a_record_is_added_and_removed_and_the_version_brought_back(
    client: TestClient, own_store: Store, made: str
) -> None:
    answer = client.post(f"/datasets/{made}/records/new", data=texts(inputs={"question": "Why?"}, outputs="So."))
    assert answer.status_code == 400
    answer = client.post(f"/datasets/{made}/records/new", data=texts(inputs={"question": "Why?"}, outputs='"So."'))
    assert "inserted=1" in answer.headers["location"]
    first = own_store.datasets.records(made).items[0].dataset_record_id
    removed = client.post(f"/datasets/{made}/change", data={"action": "remove", "records": first})
    assert "1 record is no longer" in client.get(removed.headers["location"]).text
    old = client.get(f"/datasets/{made}?version=1").text
    assert "Bring it back" in old
    client.post(f"/datasets/{made}/change", data={"action": "restore", "version": "1"})
    assert own_store.datasets.get(made).version == 4
    assert own_store.datasets.diff(made, 1, 4) == own_store.datasets.diff(made, 1, 1)
    assert client.post(f"/datasets/{made}/change", data={"action": "restore", "version": "9"}).status_code == 404


def test_two_versions_are_compared_record_by_record(client: TestClient, own_store: Store, made: str) -> None:
    items = own_store.datasets.records(made).items
    own_store.datasets.remove(made, [items[0].dataset_record_id])
    own_store.datasets.merge(made, [RecordDraft(inputs=items[1].inputs, expectations={"answer": HOSTILE})])
    found = client.get(f"/datasets/{made}/diff.json?before=1&after=3").json()
    assert (found["added"], found["removed"], found["changed"]) == (0, 1, 1)
    assert [one["kind"] for one in found["changes"]] == ["removed", "changed"]
    assert found["changes"][1]["texts"][0][0] == "expectations"
    page = client.get(f"/datasets/{made}/diff?before=1&after=3").text
    assert "data-before" in page
    assert "<script>window" not in page
    assert "Nothing differs" in client.get(f"/datasets/{made}/diff?before=3&after=3").text


def test_a_file_is_looked_at_before_all_of_it_is_imported(client: TestClient, own_store: Store, made: str) -> None:
    lines = [json.dumps({"input": f"Capital {n}?", "expected": f"City {n}"}) for n in range(5)]
    file = {"file": ("../../rows.jsonl", "\n".join(lines).encode())}
    asked = client.post("/datasets/upload", data={"dataset": made}, files=file)
    assert asked.status_code == 303
    seen = client.get(asked.headers["location"].replace("/import?", "/import.json?")).json()["seen"]
    assert (seen["shape"], seen["n_rows"], seen["inserted"], seen["name"]) == ("Braintrust", 5, 5, "rows.jsonl")
    assert own_store.datasets.get(made).version == 1
    columns = {"column:input": "inputs.question", "column:expected": "expectations.answer"}
    path = f"/datasets/{made}/import"
    by_hand = {"file": seen["token"], "by_hand": "yes", **columns}
    again = client.post(path, data=by_hand).text
    assert "2 records would be new" in again
    assert "3 would stay as they are" in again
    done = client.post(path, data={**by_hand, "do": "import"})
    assert "inserted=2" in done.headers["location"]
    assert own_store.datasets.versions(made)[0].message == "imported from rows.jsonl"
    assert client.post(path, data=by_hand).status_code == 400


def test_rows_that_are_one_record_are_told(client: TestClient, made: str) -> None:
    text = "".join(json.dumps({"input": "Capital?", "expected": f"City {n}"}) + "\n" for n in range(3))
    asked = client.post("/datasets/upload", data={"dataset": made, "text": text}, files={})
    page = client.get(asked.headers["location"]).text
    assert "1 record would be new" in page
    assert "2 rows are the same record as another." in page


def test_a_file_with_a_wrong_row_changes_nothing_and_says_which(
    client: TestClient, own_store: Store, made: str
) -> None:
    own_store.datasets.set_schema(made, DatasetSchema(inputs={"required": ["question"]}))
    rows = [{"inputs": {"question": "Why?"}}, {"inputs": {"q": HOSTILE}}]
    asked = client.post("/datasets/upload", data={"dataset": made, "text": json.dumps(rows)})
    page = client.get(asked.headers["location"])
    assert "1 row cannot be imported" in page.text
    assert "disabled" in page.text
    token = asked.headers["location"].split("file=")[1]
    done = client.post(f"/datasets/{made}/import", data={"file": token, "do": "import"})
    assert done.status_code == 400
    assert own_store.datasets.get(made).version == 1


@pytest.mark.parametrize("name", ["rows.exe", "rows", "rows.jsonl.gz"])
def test_a_file_that_cannot_be_read_is_refused(client: TestClient, made: str, name: str) -> None:
    answer = client.post("/datasets/upload", data={"dataset": made}, files={"file": (name, b"{}")})
    assert answer.status_code == 400
    assert "cannot be read" in answer.text


def test_another_site_may_not_upload(client: TestClient, made: str) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    answer = client.post("/datasets/upload", data={"dataset": made, "text": "[]"}, headers=headers)
    assert answer.status_code == 403


def test_a_version_is_downloaded_in_every_format(client: TestClient, made: str) -> None:
    for form in ("csv", "jsonl", "json", "parquet"):
        answer = client.get(f"/datasets/{made}/export?format={form}&version=1")
        assert answer.status_code == 200
        assert f'filename="capitals-v1.{form}"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(client.get(f"/datasets/{made}/export?format=csv").text)))
    assert len(rows) == 3
    assert client.get(f"/datasets/{made}/export?format=exe").status_code == 400


def test_records_that_nearly_equal_another_are_shown(client: TestClient, own_store: Store, made: str) -> None:
    words = "please send the money for the second router back to my account before the end of this week"
    drafts = [RecordDraft(inputs={"question": words}), RecordDraft(inputs={"question": f"{words}!"})]
    own_store.datasets.merge(made, drafts)
    found = client.get(f"/datasets/{made}/near.json").json()
    assert found["n"] == 1
    assert "Nearly the same" in client.get(f"/datasets/{made}/near").text


def test_a_dataset_is_made_on_its_page(client: TestClient, own_store: Store) -> None:
    answer = client.post("/datasets", data={"name": "fresh", "experiment": "0"})
    found = own_store.datasets.find("fresh")
    assert found is not None
    assert answer.headers["location"] == f"/datasets/{found.dataset_id}"
    assert client.post("/datasets", data={"name": "fresh"}).status_code == 409
    assert client.post("/datasets", data={"name": ""}).status_code == 400


@pytest.mark.browser
def test_a_record_is_changed_inside_the_list(own_store: Store, made: str, chromium: Any) -> None:
    with live(own_store) as address, quiet(chromium, address) as open_:
        for width, scheme in ((1440, "light"), (390, "dark")):
            page = open_(f"/datasets/{made}", width=width, scheme=scheme)
            page.locator("td details summary").first.click()
            page.get_by_role("link", name="Change it").first.click()
            page.get_by_label("Expected").fill(json.dumps({"answer": f"Rome at {width}"}))
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            page.get_by_role("button", name="Keep the change").click()
            page.get_by_role("status").first.wait_for()
    assert own_store.datasets.records(made).items[0].expectations == {"answer": "Rome at 390"}
    assert own_store.datasets.get(made).version == 3
