from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from .sample_runs import HOSTILE, Sample

PATHS = (
    "../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%252e%252e%252fetc%252fpasswd",
    "/etc/passwd",
    "//etc/passwd",
    "notes/../../x",
    "..\\..\\etc\\passwd",
    "C:\\windows\\win.ini",
    "notes/%00",
    "file:///etc/passwd",
    "notes;/../x",
    ".",
    "..",
    "notes/./readme.md",
)


@pytest.mark.parametrize("name", ["page.html", "picture.svg", "table.csv", "evaluation.json"])
def test_a_file_is_an_attachment_in_a_sandbox_whatever_it_holds(client: TestClient, sample: Sample, name: str):
    answer = client.get(f"/runs/{sample.hostile}/files/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-security-policy"].endswith("sandbox")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"].split(";")[0] in ("application/octet-stream", "application/json")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("route", ["files", "artifacts"])
def test_a_path_that_points_elsewhere_finds_nothing(client: TestClient, sample: Sample, route: str, path: str):
    answer = client.get(f"/runs/{sample.plain}/{route}/{path}")
    assert "root:" not in answer.text
    assert answer.status_code in (400, 404) or path in (
        "notes;/../x",
        "notes/../../x",
        "..",
        ".",
        "../../../etc/passwd",
        "notes/./readme.md",
    )


def test_previews_are_escaped_text(client: TestClient, sample: Sample):
    for name in ("page.html", "table.csv", "picture.svg", "evaluation.json"):
        page = client.get(f"/runs/{sample.hostile}/artifacts/{name}").text
        assert "<script>window" not in page
        assert "<svg/onload" not in page
        assert "onload=&#34;window.__pwned" in page or name != "picture.svg"


def test_an_artifact_named_like_a_json_face_is_shown_as_a_page(client: TestClient, sample: Sample):
    answer = client.get(f"/runs/{sample.candidate}/artifacts/evaluation.json")
    assert answer.headers["content-type"].startswith("text/html")


def test_folders_list_their_files(client: TestClient, sample: Sample):
    assert "readme.md" in client.get(f"/runs/{sample.plain}/artifacts/notes").text
    preview = client.get(f"/runs/{sample.plain}/artifacts/notes/readme.md").text
    assert "Nothing to see." in preview


def test_no_stored_string_becomes_markup_on_any_page(client: TestClient, sample: Sample):
    experiment = client.get(f"/runs/{sample.hostile}.json").json()["experiment_id"]
    paths = [
        "/",
        f"/experiments/{experiment}/runs",
        f"/runs/{sample.hostile}",
        f"/runs/{sample.hostile}/rows",
        f"/runs/{sample.hostile}/rows/2",
        f"/runs/{sample.hostile}/artifacts",
        f"/compare?runs={sample.hostile},{sample.text}",
        f"/experiments/{experiment}/runs?filter={HOSTILE[0]}",
        f"/runs/{sample.hostile}/rows?where={HOSTILE[1]}&contains={HOSTILE[0]}",
    ]
    for path in paths:
        page = client.get(path).text
        assert "<script>window" not in page, path
        assert "<img src=x" not in page, path
        assert "<svg/onload" not in page, path
        assert "49" not in page.partition("7 * 7")[2][:12], path
