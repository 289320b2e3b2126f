"""Which experiment and run a request's spans belong to: by header, by resource, or the default experiment."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from steelyard.errors import AlreadyExists, InvalidArgument, NotFound
from steelyard.records import Store
from steelyard.wires.otlp.refusals import malformed

DEFAULT_EXPERIMENT = "0"
EXPERIMENT_NAME_HEADER = "x-steelyard-experiment"
EXPERIMENT_ID_HEADERS = ("x-steelyard-experiment-id", "x-mlflow-experiment-id")
RUN_ID_HEADERS = ("x-steelyard-run-id", "x-mlflow-run-id")

_KNOWN_SECONDS = 5.0
_UNKNOWN_SECONDS = 1.0
_MOST_REMEMBERED = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where spans go. An experiment that nobody told is None."""

    experiment_id: str | None = None
    run_id: str | None = None


class Unplaced(Exception):
    """There is no such place; the message says why."""


class Destinations:
    """Finds experiments and runs, and remembers them for a few seconds.

    Args:
        store: where they are.
        create: whether a name that is not there yet becomes an experiment.
    """

    def __init__(self, store: Store, *, create: bool) -> None:
        self._store = store
        self._create = create
        self._lock = threading.Lock()
        self._remembered: dict[tuple[str, str], tuple[float, str | Unplaced]] = {}

    def by_headers(self, headers: Mapping[str, str]) -> Place:
        """Return the place that a request's headers name.

        Args:
            headers: names in lower case.

        Raises:
            Refusal: there is no such place.
        """
        experiment_id, run_id = _first(headers, EXPERIMENT_ID_HEADERS), _first(headers, RUN_ID_HEADERS)
        name = headers.get(EXPERIMENT_NAME_HEADER, "").strip()
        if not (name or experiment_id or run_id):
            return Place()
        try:
            return self._place(name, experiment_id, run_id, Making(1))
        except Unplaced as problem:
            raise malformed(f"{problem} (told by a header)") from None

    def of(
        self,
        told: Place,
        *,
        name: str | None,
        experiment_id: str | None,
        run_id: str | None,
        making: Making,
    ) -> tuple[str, str | None]:
        """Return the experiment and the run of spans.

        Args:
            told: what the headers said; it goes before what the spans say.
            name, experiment_id, run_id: what the spans say.
            making: how many experiments the request may still create.

        Raises:
            Unplaced: there is no such place.
        """
        if told.experiment_id is not None:
            own = self._place("", "", told.run_id or run_id or "", making)
            return told.experiment_id, own.run_id
        own = self._place(name or "", experiment_id or "", told.run_id or run_id or "", making)
        return own.experiment_id or DEFAULT_EXPERIMENT, own.run_id

    def _place(self, name: str, experiment_id: str, run_id: str, making: Making) -> Place:
        home = self._remember(("run", run_id), making) if run_id else None
        if name:
            return Place(self._remember(("name", name), making), run_id or None)
        if experiment_id:
            return Place(self._remember(("id", experiment_id), making), run_id or None)
        return Place(home, run_id or None)

    def _remember(self, asked: tuple[str, str], making: Making) -> str:
        now = time.monotonic()
        known = self._remembered.get(asked)
        if known is None or known[0] < now:
            known = self._find(asked, making, now)
        if isinstance(known[1], Unplaced):
            raise Unplaced(*known[1].args)
        return known[1]

    def _find(self, asked: tuple[str, str], making: Making, now: float) -> tuple[float, str | Unplaced]:
        kind, value = asked
        finder = {"name": self._by_name, "id": self._by_id, "run": self._by_run}[kind]
        try:
            known: tuple[float, str | Unplaced] = (now + _KNOWN_SECONDS, finder(value, making))
        except (NotFound, InvalidArgument) as problem:
            known = (now + _UNKNOWN_SECONDS, Unplaced(str(problem)))
        with self._lock:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[asked] = known
        return known

    def _by_name(self, name: str, making: Making) -> str:
        found = self._store.experiments.find(name)
        if found is None:
            if not self._create:
                raise NotFound(
                    f"There is no experiment named {name!r}, and this server creates none: make it first, "
                    "or start the server without --no-create-experiments."
                )
            making.one_more(name)
            try:
                found = self._store.experiments.create(name)
            except AlreadyExists:  # somebody was quicker
                found = self._store.experiments.find(name)
        if found is None:
            raise NotFound(f"There is no experiment named {name!r}.")
        return _living(found.experiment_id, found.lifecycle_stage, f"The experiment {name!r}")

    def _by_id(self, experiment_id: str, _: Making) -> str:
        found = self._store.experiments.get(experiment_id)
        return _living(experiment_id, found.lifecycle_stage, f"The experiment {experiment_id!r}")

    def _by_run(self, run_id: str, _: Making) -> str:
        info = self._store.runs.get(run_id).info
        return _living(info.experiment_id, info.lifecycle_stage, f"The run {run_id!r}")


class Making:
    """How many experiments a request may still create."""

    def __init__(self, left: int) -> None:
        self._left = left

    def one_more(self, name: str) -> None:
        if self._left <= 0:
            raise Unplaced(f"The experiment {name!r} is not there, and this request has created too many already.")
        self._left -= 1


def _living(experiment_id: str, stage: str, what: str) -> str:
    if stage != "active":
        raise InvalidArgument(f"{what} is deleted. Restore it, or send to another.")
    return experiment_id


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := headers.get(name, "").strip())), "")
