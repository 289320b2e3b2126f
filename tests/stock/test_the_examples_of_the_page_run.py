"""docs/otlp.md: each example, run with the settings that the page names, arrives as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.code_blocks import ELSEWHERE, blocks

from .provider import provider
from .receiving import receiving
from .sending import ROOT, Sender, finish

PAGE = ROOT / "docs" / "otlp.md"


def _examples() -> dict[str, tuple[str, dict[str, str]]]:
    """Return by heading each example and the settings above it."""
    page = PAGE.read_text(encoding="utf-8")
    headings = [(page.count("\n", 0, m.start()) + 1, m[1]) for m in re.finditer(r"^## (.+)$", page, re.MULTILINE)]
    found: dict[str, tuple[str, dict[str, str]]] = {}
    settings: dict[str, str] = {}
    for block in blocks(PAGE):
        if block.kind == ELSEWHERE:
            heading = [name for line, name in headings if line < block.line][-1]
            found[heading] = (block.text, settings)
        else:
            settings = dict(re.findall(r"^export (\w+)=(\S+)$", block.text, re.MULTILINE))
    return found


EXAMPLES = _examples()


@pytest.mark.parametrize("heading", list(EXAMPLES))
def test_an_example_arrives(heading: str, tmp_path: Path) -> None:
    program, settings = EXAMPLES[heading]
    script = tmp_path / "example.py"
    script.write_text(program, encoding="utf-8")
    with provider() as models, receiving(tmp_path / "store") as receiver:
        here = {
            name: value.replace("http://127.0.0.1:5000", receiver.url).replace("http://127.0.0.1:4317", receiver.grpc)
            for name, value in settings.items()
        }
        others = {"OPENAI_BASE_URL": models.url, "OPENAI_API_KEY": "no-real-key", "MLFLOW_DISABLE_TELEMETRY": "true"}
        finish(Sender(str(script)).start(tmp_path, here | others))
        experiment = receiver.store.experiments.find("shop")
        assert experiment is not None
        (info,) = receiver.store.traces.search([experiment.experiment_id]).items
        spans = receiver.store.traces.get(info.trace_id).data.spans
    if "openai" in program:
        assert [span.model for span in spans if span.span_type == "CHAT_MODEL"] == ["gpt-4o-mini-2024-07-18"]
        assert "Are you open?" in str(spans[-1].inputs)
    if "monday" in program:
        assert (info.session, info.user) == ("monday", "anna")
