"""``steelyard demo``: the main job on real data, ending in the browser."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    port: Annotated[int, typer.Option(help="The port of the pages.", min=1, max=65535)] = 5000,
    folder: Annotated[str, typer.Option(help="Where the data and the runs are kept.")] = ".demo",
    no_ui: Annotated[bool, typer.Option("--no-ui", help="End after printing, without serving the pages.")] = False,
) -> None:
    """Train a baseline and a candidate on real data, weigh them by slice, compare them, and show it."""
    from steelyard.demo.__main__ import main

    arguments = ["--folder", folder, "--port", str(port), *(["--no-ui"] if no_ui else [])]
    raise typer.Exit(main(arguments) or 0)
