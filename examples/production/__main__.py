"""Is a fault in one slice of production seen, and named? ``python -m examples.production``

A classifier files posts on boards and sends a trace of each. Two weeks of traffic are played back in a minute or two.
In the midst of them a release goes out that cuts the texts of one team. A scorer watches the traffic, rules watch the
scorer, and what somebody on call would have seen is told. Exit status: 0 if the alarm's first slice is that team.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import steelyard
from examples.production.material import open_material
from examples.production.playing import play
from examples.production.serving import server
from examples.production.telling import tell
from examples.production.traffic import DAY_MS, Plan
from steelyard.tracking import get_store

QUICK = Plan(start_ms=0, days=5, baseline_days=2, planted_day=3, requests_a_day=240, look_hours=4, label_days=1)
DATA = Path.home() / ".cache" / "steelyard" / "examples"


def say(line: str) -> None:
    """Print a line at once, also where a program reads it."""
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play two weeks back, and say what was seen."""
    given = _options().parse_args(arguments)
    plan = _until_midnight(QUICK if given.quick else Plan(start_ms=0))
    with ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="production-")))
        material = open_material(given.data, seed=given.seed, offline=given.offline or given.quick, say=say)
        say(
            f"{len(material.learned):,} of {material.name} to learn from, {len(material.asked):,} to be asked; "
            f"{plan.days} days from {datetime.fromtimestamp(plan.start_ms / 1000, UTC):%Y-%m-%d} on."
        )
        url = stack.enter_context(server(folder / "store", port=given.port))
        _send_to(url, stack)
        played = play(material, plan, seed=given.seed, rate=given.rate, say=say)
        named = tell(get_store(), plan, played, team=material.broken_team, url=url, say=say)
        if not given.no_serve:
            _wait()
    return 0 if named else 1


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m examples.production", description="Play production back.")
    options.add_argument("--quick", action="store_true", help="five days of scikit-learn's digits, fewer a day")
    options.add_argument("--no-serve", action="store_true", help="end when all is told, rather than go on serving")
    options.add_argument("--offline", action="store_true", help="file scikit-learn's digits: downloads nothing")
    options.add_argument("--seed", type=int, default=0, help="of traffic and model; 0 unless told")
    options.add_argument(
        "--rate",
        type=float,
        default=1.0,
        help="share of the traffic that is scored; all unless told (of a part it is chance which: ids are)",
    )
    options.add_argument("--port", type=int, default=0, help="of the server; a free one unless told")
    options.add_argument("--folder", type=Path, help="for what is kept; one that is deleted afterwards unless told")
    options.add_argument("--data", type=Path, default=DATA, help="for downloads")
    return options


def _until_midnight(plan: Plan) -> Plan:
    """Return a plan that ends with the last whole day, UTC."""
    today = int(time.time() * 1000) // DAY_MS * DAY_MS
    return replace(plan, start_ms=today - plan.days * DAY_MS)


def _send_to(url: str, stack: ExitStack) -> None:
    """Send all to this server, until the block ends."""
    before = steelyard.get_tracking_uri() if steelyard.is_tracking_uri_set() else ""
    stack.callback(steelyard.set_tracking_uri, before)
    steelyard.set_tracking_uri(url)


def _wait() -> None:
    say("\nCtrl-C ends the server.")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    raise SystemExit(main())
