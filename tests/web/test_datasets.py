"""Datasets in the pages: listed, read at any version, searched; and traces of a list that are put into one."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from steelyard.records import DatasetRecordSource, Expectation, RecordDraft, Store
from steelyard.server import create_app

from .conftest import live, quiet
from .sample_traces import NOON, fill, made_trace

HOSTILE = "<script>window.__pwned=1</script>\"'"


@pytest.fixture
def client(own_store: Store) -> Iterator[TestClient]:
    with TestClient(create_app(own_store), base_url="http://localhost", follow_redirects=False) as opened:
        yield opened


def dataset(store: Store, n: int = 3, name: str = "capitals") -> str:
    made = store.datasets.create(name, experiment_ids=["0"], tags={"team": "maps"}, by="ada")
    drafts = [RecordDraft(inputs={"question": f"Capital {i}?"}, expectations={"answer": f"City {i}"}) for i in range(n)]
    store.datasets.merge(made.dataset_id, drafts, by="ada", message="by hand")
    return made.dataset_id


def told(location: str) -> dict[str, str]:
    return {key: value[0] for key, value in parse_qs(urlsplit(location).query).items()}


def test_datasets_are_listed_and_found_by_name(client: TestClient, own_store: Store) -> None:
    assert "No datasets yet" in client.get("/datasets").text
    dataset(own_store)
    own_store.datasets.create("100% parcels")
    page = client.get("/datasets").text
    assert "capitals" in page
    assert 'aria-current="page"' in page
    assert [one["name"] for one in client.get("/datasets.json?find=0%25").json()["datasets"]] == ["100% parcels"]
    assert [one["name"] for one in client.get("/datasets.json?find=CAPI").json()["datasets"]] == ["capitals"]
    assert [one["name"] for one in client.get("/datasets.json?experiment=0").json()["datasets"]] == ["capitals"]
    assert "No dataset has such a name" in client.get("/datasets?find=o'brien").text
    assert client.get("/datasets?experiment=99").status_code == 404


def test_a_dataset_shows_its_records_at_any_version(client: TestClient, own_store: Store) -> None:
    dataset_id = dataset(own_store)
    own_store.datasets.merge(dataset_id, [RecordDraft(inputs={"question": "Capital 1?"}, tags={"split": "test"})])
    page = unescape(client.get(f"/datasets/{dataset_id}").text)
    for text in ("3 records", "version 2", "by hand", "1 updated", "City 2", "split"):
        assert text in page
    old = client.get(f"/datasets/{dataset_id}.json?version=1").json()
    assert [one["record"]["tags"] for one in old["records"]] == [{}, {}, {}]
    assert old["records"][1]["inputs_line"] == "Capital 1?"
    assert old["records"][1]["expected_line"] == "City 1"
    assert [one["number"] for one in old["versions"]] == [2, 1, 0]
    assert "This is an older version" in client.get(f"/datasets/{dataset_id}?version=1").text
    assert "No records" in client.get(f"/datasets/{dataset_id}?version=0").text
    for missing in (f"/datasets/{dataset_id}?version=3", f"/datasets/{dataset_id}?version=x", "/datasets/d-nobody"):
        assert client.get(missing).status_code == 404


def test_records_are_paged_and_searched(client: TestClient, own_store: Store) -> None:
    dataset_id = dataset(own_store, 120)
    first = client.get(f"/datasets/{dataset_id}.json").json()
    assert len(first["records"]) == 50
    second = client.get(f"/datasets/{dataset_id}.json", params={"page_token": first["next_page_token"]}).json()
    assert second["records"][0]["inputs_line"] == "Capital 50?"
    found = client.get(f"/datasets/{dataset_id}.json", params={"find": "city 11"}).json()
    assert (found["n"], found["records"][0]["inputs_line"]) == (11, "Capital 11?")
    assert "No record holds that" in client.get(f"/datasets/{dataset_id}?find=zzz").text


def test_what_records_hold_is_text_and_never_markup(client: TestClient, own_store: Store) -> None:
    made = own_store.datasets.create(HOSTILE, tags={"t": HOSTILE}).dataset_id
    record = RecordDraft(
        inputs={HOSTILE: HOSTILE},
        outputs=HOSTILE,
        expectations={"x": {"y": HOSTILE}},
        tags={"k": HOSTILE},
        source=DatasetRecordSource("TRACE", {"trace_id": "../evil?x=1"}),
    )
    own_store.datasets.merge(made, [record], message=HOSTILE, by=HOSTILE[:20])
    for path in ("/datasets", f"/datasets/{made}", f"/datasets/{made}?find=<script>"):
        text = client.get(path).text
        assert "<script>window" not in text
    assert 'href="/traces/..%2Fevil%3Fx%3D1"' in client.get(f"/datasets/{made}").text


def test_traces_go_into_a_new_dataset(client: TestClient, own_store: Store) -> None:
    traces = [made_trace(n, "0", at=NOON, question=f"Question {n}?") for n in (1, 2, 3)]
    own_store.traces.put(traces)
    own_store.assessments.add([Expectation("expected_response", "So.", trace_id=traces[0].info.trace_id)])
    ids = [trace.info.trace_id for trace in traces]
    asked = client.post("/traces/dataset", data={"traces": ids, "view": "experiment=0"})
    assert asked.status_code == 200
    assert "Add 3 traces to a dataset" in asked.text
    form = {"ids": ",".join(ids), "view": "experiment=0", "name": "regressions", "dataset": "", "add": "yes"}
    answer = client.post("/traces/dataset", data=form)
    assert answer.status_code == 303
    found = own_store.datasets.find("regressions")
    assert found is not None
    assert found.experiment_ids == ("0",)
    assert urlsplit(answer.headers["location"]).path == f"/datasets/{found.dataset_id}"
    assert told(answer.headers["location"]) == {"inserted": "3", "updated": "0", "unchanged": "0", "without": "0"}
    records = own_store.datasets.records(found.dataset_id).items
    assert [one.source_id for one in records] == ids
    assert [one.expectations for one in records] == [{"expected_response": "So."}, {}, {}]
    page = unescape(client.get(answer.headers["location"]).text)
    assert "3 records are new" in page
    assert f'href="/traces/{ids[0]}"' in page


def test_traces_go_into_a_dataset_that_is_there_and_it_is_said_what_was_new(
    client: TestClient, own_store: Store
) -> None:
    traces = [made_trace(n, "0", at=NOON, question=f"Question {n}?") for n in (1, 2, 3)]
    own_store.traces.put(traces)
    ids = [trace.info.trace_id for trace in traces]
    made = own_store.datasets.create("there").dataset_id

    def add(ids: list[str]) -> dict[str, str]:
        form = {"ids": ",".join(ids), "view": "experiment=0", "dataset": made, "name": "", "add": "yes"}
        return told(client.post("/traces/dataset", data=form).headers["location"])

    assert add(ids[:2]) == {"inserted": "2", "updated": "0", "unchanged": "0", "without": "0"}
    own_store.assessments.add([Expectation("expected_response", "So.", trace_id=ids[0])])
    gone = "tr-" + "f" * 32
    assert add([*ids, gone]) == {"inserted": "1", "updated": "1", "unchanged": "1", "without": "1"}
    assert add(ids) == {"inserted": "0", "updated": "0", "unchanged": "3", "without": "0"}
    assert own_store.datasets.get(made).version == 2


def test_all_that_match_go_in(client: TestClient, own_store: Store) -> None:
    fill(own_store, "0", 40)
    asked = unescape(client.post("/traces/dataset", data={"everything": "yes", "view": "experiment=0"}).text)
    assert "Add 40 traces to a dataset" in asked


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "one of the two"),
        ({"name": "x", "dataset": "d-1"}, "one of the two"),
        ({"name": "there"}, "already a dataset named 'there'"),
        ({"dataset": "d-nobody"}, "no dataset with id 'd-nobody'"),
        ({"name": "x", "ids": "tr-" + "f" * 32}, "None of these traces has inputs"),
    ],
    ids=["neither", "both", "taken", "gone", "no inputs"],
)
def test_what_cannot_be_added_is_told_and_leaves_nothing(
    client: TestClient, own_store: Store, form: dict[str, str], said: str
) -> None:
    own_store.traces.put([made_trace(1, "0", at=NOON)])
    own_store.datasets.create("there")
    full: dict[str, Any] = {"ids": f"tr-{1:032x}", "view": "experiment=0", "add": "yes", **form}
    answer = client.post("/traces/dataset", data=full)
    assert answer.status_code in (400, 404)
    assert said in unescape(answer.text)
    assert [one.name for one in own_store.datasets.search().items] == ["there"]
    assert own_store.datasets.search().items[0].version == 0


def test_a_page_of_another_site_adds_nothing(client: TestClient, own_store: Store) -> None:
    own_store.traces.put([made_trace(1, "0", at=NOON)])
    form = {"ids": f"tr-{1:032x}", "view": "experiment=0", "name": "x", "add": "yes"}
    answer = client.post("/traces/dataset", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert own_store.datasets.find("x") is None


def test_the_run_page_leads_to_the_version_that_was_evaluated(
    client: TestClient, own_store: Store, settings_of_nobody: None, tmp_path: Any
) -> None:
    import steelyard
    from steelyard.genai import datasets, evaluate, scorer

    steelyard.set_tracking_uri(tmp_path)
    made = datasets.create_dataset("squares").merge_records(
        [{"inputs": {"n": n}, "expectations": {"expected_response": n * n}} for n in range(5)]
    )
    exact = scorer(lambda outputs, expectations: outputs == expectations["expected_response"], name="exact")
    run_id = evaluate(made, [exact], lambda n: n * n, progress=False).run_id
    page = unescape(client.get(f"/runs/{run_id}").text)
    assert f'<a href="/datasets/{made.dataset_id}?version=1">squares, version 1</a>' in page


@pytest.mark.browser
def test_traces_are_put_into_a_dataset_by_hand(own_store: Store, chromium: Any) -> None:
    own_store.traces.put([made_trace(n, "0", at=NOON, question=f"Question {n}?") for n in range(1, 9)])
    with live(own_store) as address, quiet(chromium, address) as open_:
        for width, scheme, name in ((1440, "light", "wide"), (390, "dark", "narrow")):
            page = open_("/traces?experiment=0", width=width, scheme=scheme)
            for box in page.locator("tbody input[type=checkbox]").all()[:3]:
                box.check()
            page.get_by_role("button", name="Add to dataset").click()
            page.get_by_label("Name of a new dataset").fill(name)
            page.get_by_role("button", name="Add 3 traces").click()
            page.get_by_role("heading", name="Records").wait_for()
            assert "3 records are new" in page.get_by_role("status").first.inner_text()
            page.locator("td details summary").first.click()
            assert "Question" in page.locator("json-view pre").first.text_content()
            page.locator("json-view").first.wait_for()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            page.get_by_role("link", name="trace", exact=True).first.click()
            page.wait_for_url("**/traces/tr-*")
    found = own_store.datasets.search(order_by=["name"]).items
    assert [(one.name, one.n_records) for one in found] == [("narrow", 3), ("wide", 3)]
