"""``steelyard monitors``: registered scorers on live traffic, and a worker that scores it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steelyard.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from steelyard.records import Store
    from steelyard.records.monitor import Monitor, MonitorStanding

monitors = typer.Typer(no_args_is_help=True, help="Monitors: scorers on live traffic.", rich_markup_mode=None)

ExperimentOption = Annotated[str, typer.Option("--experiment", metavar="NAME", help="The experiment, by name or id.")]
NameArgument = Annotated[str, typer.Argument(help="The name that the scorer is registered under.")]


@monitors.command(name="list", short_help="List monitors with what waits, what was done, and what it cost.")
def list_monitors(
    experiment: Annotated[
        str | None, typer.Option("--experiment", metavar="NAME", help="Of one experiment, by name or id.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List monitors, those of all experiments unless told."""
    from steelyard.cli.options import open_chosen
    from steelyard.cli.text import print_json

    opened = open_chosen(store, to_read=True)
    found = opened.monitors.list([] if experiment is None else [_experiment(opened, experiment)])
    standing = opened.monitors.standing([one.monitor_id for one in found], now_ms=_now()) if found else {}
    if as_json:
        print_json([_record(one, standing[one.monitor_id]) for one in found])
        return
    for one in found:
        typer.echo(_line(one, standing[one.monitor_id]))
    if not found:
        typer.echo("No monitor. `steelyard monitors start NAME` has a registered scorer watch.")


@monitors.command(short_help="Have a registered scorer watch live traffic.")
def start(
    name: NameArgument,
    experiment: ExperimentOption = "Default",
    rate: Annotated[float, typer.Option(help="The share of traces that is scored.", min=0, max=1)] = 1.0,
    filter_string: Annotated[
        str, typer.Option("--filter", metavar="TEXT", help="Only these, such as \"tags.tier = 'paid'\".")
    ] = "",
    settle: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Score what has not changed for so long.", min=0)
    ] = None,
    max_cost: Annotated[float | None, typer.Option(metavar="USD", help="US dollars a day.", min=0)] = None,
    max_scorings: Annotated[int | None, typer.Option(metavar="N", help="Scorings a day.", min=0)] = None,
    store: StoreOption = None,
) -> None:
    """Have a registered scorer watch live traffic, or go on with these settings."""
    from steelyard.cli.options import open_chosen
    from steelyard.records.monitor import ScorerSamplingConfig
    from steelyard.tracking.scorers import start_registered

    opened = open_chosen(store, to_read=True)
    config = ScorerSamplingConfig(rate, filter_string, settle, max_cost, max_scorings)
    monitor = start_registered(name, experiment_id=_experiment(opened, experiment), config=config)
    typer.echo(_told(monitor))


@monitors.command(short_help="Have a monitor stop; what waits is kept.")
def stop(name: NameArgument, experiment: ExperimentOption = "Default", store: StoreOption = None) -> None:
    """Have a monitor stop; what waits is kept."""
    from steelyard.cli.options import open_chosen
    from steelyard.tracking.monitors import stop_monitor

    opened = open_chosen(store, to_read=True)
    typer.echo(_told(stop_monitor(name, experiment_id=_experiment(opened, experiment))))


@monitors.command(short_help="Have a monitor go on that stopped or paused.")
def resume(name: NameArgument, experiment: ExperimentOption = "Default", store: StoreOption = None) -> None:
    """Have a monitor go on that was stopped, or that paused by itself."""
    from steelyard.cli.options import open_chosen
    from steelyard.tracking import monitors as known

    opened = open_chosen(store, to_read=True)
    typer.echo(_told(known.resume(name, experiment_id=_experiment(opened, experiment))))


@monitors.command(short_help="Score a past window too.")
def backfill(
    name: NameArgument,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="Such as 2026-08-01 or 2026-08-01T12:00, UTC.")],
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Until then; now unless told.")] = None,
    experiment: ExperimentOption = "Default",
    store: StoreOption = None,
) -> None:
    """Have a monitor score the traces of a past window too; those that it has scored are not scored again."""
    from steelyard.cli.options import open_chosen
    from steelyard.tracking import monitors as known

    opened = open_chosen(store, to_read=True)
    place = _experiment(opened, experiment)
    last = None if end is None else _moment(end, "--to")
    made = known.backfill(name, _moment(start, "--from"), last, experiment_id=place)
    typer.echo(f"{name} scores the traces of {_shown(made.start_ms)} to {_shown(made.end_ms)} too.")


@monitors.command(short_help="Score live traffic until Ctrl-C or SIGTERM.")
def work(
    store: StoreOption = None,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, and end.")] = False,
) -> None:
    """Be a worker: score what is due and look at alarms, for any store, until Ctrl-C or SIGTERM.

    What is in hand is finished first. Servers do the same, unless they were started with --no-workers.
    """
    import signal
    import threading

    from steelyard.cli.options import open_chosen

    opened = open_chosen(store, to_read=True)
    from steelyard.server.watching import Watching, watch_once

    if once:
        watch_once(opened)
        return

    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    watching = Watching(opened)
    watching.start()
    typer.echo(f"Scoring the live traffic of {opened.url}. Ctrl-C ends it after what is in hand.", err=True)
    ending.wait()
    watching.stop()


def _experiment(store: Store, name: str) -> str:
    from steelyard._lib.names import nearest
    from steelyard.cli.options import all_experiments
    from steelyard.errors import NotFound

    every = all_experiments(store)
    for one in every:
        if name in (one.name, one.experiment_id):
            return one.experiment_id
    close = nearest(name, [one.name for one in every])
    raise NotFound(f"There is no experiment {name!r}." + (f" Did you mean {close!r}?" if close else ""))


def _moment(text: str, option: str) -> datetime:
    from steelyard.errors import InvalidArgument

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidArgument(f"{option} {text!r} is no time: write 2026-08-01 or 2026-08-01T12:00.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _told(monitor: Monitor) -> str:
    from steelyard.cli.text import visible

    share = "every" if monitor.sample_rate == 1 else f"{monitor.sample_rate:.4g} of each"
    which = f" that matches {visible(monitor.filter_string)}" if monitor.filter_string else ""
    if monitor.state == "active":
        return f"{visible(monitor.name)} watches: {share} {monitor.level}{which}."
    return f"{visible(monitor.name)} is {monitor.state}. What waits is kept."


def _line(monitor: Monitor, standing: MonitorStanding) -> str:
    from steelyard.cli.text import visible

    done = sum(standing.done.values())
    parts = [
        visible(monitor.name),
        monitor.state,
        f"rate {monitor.sample_rate:.4g}",
        f"{standing.waiting:,} waiting ({standing.due:,} due)",
        f"{done:,} done",
        f"today {standing.today:,} for ${standing.cost_today:,.4f}",
    ]
    if standing.delay_ms is not None:
        parts.append(f"delay {standing.delay_ms / 1000:,.1f} s")
    why = monitor.reason or (monitor.held_reason if monitor.held_until_ms else "")
    return "  ".join(parts) + (f"\n    {visible(why)}" if why else "")


def _record(monitor: Monitor, standing: MonitorStanding) -> dict[str, Any]:
    from dataclasses import asdict

    told = asdict(standing)
    return {**asdict(monitor), **told, "done": dict(standing.done)}


def _shown(when_ms: int) -> str:
    return datetime.fromtimestamp(when_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _now() -> int:
    import time

    return int(time.time() * 1000)
