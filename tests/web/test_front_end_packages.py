from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "src" / "steelyard" / "web"


def test_the_lock_file_names_no_registry():
    lock = (ROOT / "frontend" / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock
    assert all(package.get("integrity") for name, package in json.loads(lock)["packages"].items() if name)


def test_the_files_in_use_are_those_of_the_lock_with_their_licences():
    import importlib.util

    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.is_current(), "run: python hatch_build.py"
    licences = (module.VENDOR / "LICENSES.txt").read_text("utf-8")
    for package in ("htmx.org", "vega ", "vega-lite", "vega-interpreter", "d3-scale"):
        assert f"\n{package}" in licences


def test_no_template_script_or_style_names_another_host():
    files = [*WEB.glob("templates/**/*.html"), *WEB.glob("static/*.js"), *WEB.glob("static/*.css")]
    assert len(files) > 12
    for path in files:
        found = re.findall(r"https?://[^\s\"')]+", path.read_text("utf-8"))
        assert not found, path


def test_no_template_holds_an_inline_style_handler_or_script():
    for path in WEB.glob("templates/**/*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"\sstyle=|\son\w+=|<style|\|\s*safe|autoescape false", text), path
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), path


def test_islands_stay_small():
    for path in WEB.glob("static/*.js"):
        assert len(path.read_text("utf-8").splitlines()) <= 300, path
