"""The build hook: fetch the front-end packages and lay their files beside ours.

Run by hatchling when a wheel or an sdist is built, and for an editable install that has none of them yet. By hand:

    python hatch_build.py            make the files if they are not those of the lock file
    python hatch_build.py --force    make them again

What it needs is Node's npm and the registry that npm is set to. An sdist already holds the result, so that building a
wheel from it needs neither; nor does installing a wheel. There is no bundler: files are copied as their authors publish
them, but for one import line of vega-interpreter, which is published for bundlers only.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "frontend"
VENDOR = ROOT / "src" / "steelyard" / "web" / "static" / "vendor"
MANIFEST = "manifest.json"

FILES = {
    "htmx.min.js": ("htmx.org", "dist/htmx.min.js"),
    "vega.min.js": ("vega", "build/vega.min.js"),
    "vega-lite.min.js": ("vega-lite", "build/vega-lite.min.js"),
    "vega-interpreter.js": ("vega-interpreter", "build/vega-interpreter.js"),
}

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, where hatchling need not be installed
    BuildHookInterface = object  # type: ignore[assignment, misc]  # only the name is needed then


class FrontEndBuildHook(BuildHookInterface):
    """Makes the files before hatchling collects them."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Make the files for a wheel or an sdist; for an editable install only if there are none."""
        del build_data
        if version != "editable":
            build()
            return
        if (VENDOR / MANIFEST).exists():
            return
        if shutil.which("npm") is None:
            self.app.display_warning("npm is not installed: pages will have no interactive charts. See hatch_build.py.")
            return
        build()


def build(*, force: bool = False) -> bool:
    """Lay the front-end files into the package; return whether there was anything to do."""
    if not force and is_current():
        return False
    npm = shutil.which("npm")
    if npm is None:
        msg = "The front-end files are missing, and npm, which fetches them, is not installed. Install Node.js 20."
        raise RuntimeError(msg)
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FRONTEND, check=True)
    copy_files(FRONTEND / "node_modules")
    return True


def is_current() -> bool:
    """Whether the files are those that the lock file names (an sdist holds the files, whatever it holds of ours)."""
    manifest = VENDOR / MANIFEST
    if not manifest.exists() or any(not (VENDOR / name).exists() for name in FILES):
        return False
    return json.loads(manifest.read_text("utf-8"))["lock"] == lock_digest()


def lock_digest() -> str:
    return hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()


def copy_files(modules: Path) -> None:
    """Copy the published files and every licence, then the manifest, which says that all is there."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    versions = {}
    for name, (package, path) in FILES.items():
        text = (modules / package / path).read_text("utf-8")
        if name == "vega-interpreter.js":
            text = without_import(text)
        (VENDOR / name).write_text(text.replace("//# sourceMappingURL=", "// source map: "), "utf-8")
        versions[name] = f"{package} {json.loads((modules / package / 'package.json').read_text('utf-8'))['version']}"
    (VENDOR / "LICENSES.txt").write_text(licences(modules), "utf-8")
    manifest = {"lock": lock_digest(), "files": versions}
    (VENDOR / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def without_import(text: str) -> str:
    """Take what vega-interpreter imports from the global that vega's own file defines."""
    head, _, rest = text.partition("\n")
    if not (head.startswith("import {") and head.endswith("from 'vega-util';")) or "\nimport " in rest:
        msg = "vega-interpreter no longer has the one import line that hatch_build.py knows how to replace."
        raise RuntimeError(msg)
    names = head[head.index("{") : head.index("}") + 1]
    return f"const {names} = globalThis.vega;\n{rest}"


def licences(modules: Path) -> str:
    """The licence of every package in the tree (Vega's file holds d3 and others), each under its name."""
    parts = ["The licences of the packages in this folder and of those inside their files.\n"]
    for manifest in sorted([*modules.glob("*/package.json"), *modules.glob("@*/*/package.json")]):
        package = json.loads(manifest.read_text("utf-8"))
        texts = [
            path for path in sorted(manifest.parent.iterdir()) if path.name.lower().startswith(("licen", "copying"))
        ]
        title = f"{package['name']} {package['version']} ({package.get('license', 'see below')})"
        body = "\n".join(path.read_text("utf-8", errors="replace").strip() for path in texts)
        parts.append(f"{title}\n{'-' * len(title)}\n{body}\n")
    return "\n\n".join(parts)


if __name__ == "__main__":
    made = build(force="--force" in sys.argv[1:])
    where = VENDOR.relative_to(ROOT)
    sys.stdout.write(f"{'Made' if made else 'Current'}: {', '.join(FILES)} in {where}\n")
