"""Two processes find the same tests under the same names, or they could not share the work."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Another process, with another hash of texts, on another day: what a name may not depend on.
TOMORROW = """
import sys, time
now = time.time
time.time = lambda: now() + 86_400.5
import pytest
sys.exit(pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *sys.argv[1:]]))
"""


def names_tomorrow(request: pytest.FixtureRequest) -> set[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTHONHASHSEED"] = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    done = subprocess.run(
        [sys.executable, "-c", TOMORROW, *request.config.args],
        cwd=request.config.invocation_params.dir,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return {line for line in done.stdout.splitlines() if "::" in line}


@pytest.mark.slow
def test_another_process_finds_the_same_tests_on_another_day(request: pytest.FixtureRequest) -> None:
    """Those of this call, whatever part of the suite it runs; ``-k`` and ``-m`` may have left some of them out."""
    here = {item.nodeid for item in request.session.items}
    assert here - names_tomorrow(request) == set()
