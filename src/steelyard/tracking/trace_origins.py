"""What a trace that begins here belongs to, found without asking a store: a trace begins whether it answers or not."""

from __future__ import annotations

import os

from steelyard.records import RUN_KEY
from steelyard.tracing import Origin
from steelyard.tracking.environment import setting
from steelyard.tracking.experiments import active_experiment_id, check_name, chosen_experiment
from steelyard.tracking.runs import active_run
from steelyard.tracking.stores import get_tracking_uri, store_address

NAMED = "name:"
"""Before the name of an experiment whose id is not known yet. It is looked up when the trace is delivered."""


class Origins:
    """Remembers what it has worked out, for each tracking URI, folder and setting."""

    def __init__(self) -> None:
        self._addresses: dict[tuple[str, str], str] = {}
        self._found: dict[tuple[str, object], Origin] = {}

    def here(self) -> Origin:
        """Return the experiment, the run and the store that are active here and now."""
        run = active_run()
        here = self._without_run()
        if run is None:
            return here
        return Origin(run.info.experiment_id, {RUN_KEY: run.info.run_id}, run.store_uri or here.address)

    def address_here(self) -> str:
        """Return the address of the store that is in use here and now."""
        place = (get_tracking_uri(), os.getcwd())  # noqa: PTH109 - only compared
        address = self._addresses.get(place)
        if address is None:
            address = self._addresses[place] = store_address()
        return address

    def _without_run(self) -> Origin:
        chosen = chosen_experiment()
        address = self.address_here()
        named: object = chosen
        if chosen is None or chosen[0] != address:
            named = (setting("EXPERIMENT_NAME"), setting("EXPERIMENT_ID"))
        found = self._found.get((address, named))
        if found is None:
            name = None if named is chosen else setting("EXPERIMENT_NAME")
            experiment = f"{NAMED}{check_name(name)}" if name else active_experiment_id()
            found = self._found[address, named] = Origin(experiment, {}, address)
        return found
