"""What a scorer has to do with the store: it is registered there, and told to watch live traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, PrivateAttr

if TYPE_CHECKING:
    from steelyard.records.monitor import ScorerSamplingConfig
    from steelyard.scorers.watching import ScorerStatus, Watched


class Registered(BaseModel):
    """What may be registered under a name, and watch live traffic."""

    _version: int | None = PrivateAttr(default=None)
    _experiment: str | None = PrivateAttr(default=None)
    _watched: Any = PrivateAttr(default=None)

    @property
    def registered_in(self) -> str | None:
        """The experiment where it was registered, if that is known."""
        return self._experiment

    def known_as(self, version: int, *, experiment_id: str | None = None) -> None:
        """Note which version in the store it is, and of which experiment."""
        self._version = version
        self._experiment = experiment_id or self._experiment

    @property
    def watched(self) -> Watched | None:
        """How it watches live traffic, as of the call that returned it; None if it never began to."""
        return self._watched

    def watching(self, watched: Watched | None) -> None:
        """Note how it watches live traffic."""
        self._watched = watched

    @property
    def sample_rate(self) -> float | None:
        """The share of live traffic that it scores, 0 to 1; 0 if it was stopped, None if it never began to."""
        return None if self._watched is None else self._watched.sample_rate

    @property
    def filter_string(self) -> str | None:
        """Which live traffic it scores; None if any, or if it never began to."""
        return None if self._watched is None else self._watched.filter_string

    @property
    def status(self) -> ScorerStatus:
        """Whether it scores live traffic, as of the call that returned it."""
        from steelyard.scorers.watching import status_of

        return status_of(self)

    def register(self, name: str | None = None, experiment_id: str | None = None) -> Any:
        """Keep it in the store, under a name, as that name's next version.

        What is the same as the newest version is that version. Headers for a model are never kept, for they may hold
        keys; the model that a judge asks by default now is kept as its own.

        Args:
            name: its own unless told. Feedback gets this name.
            experiment_id: the current one unless told.

        Returns:
            The scorer as it was registered; itself if it keeps its name.

        Raises:
            InvalidArgument: it holds something that cannot be kept, such as an object.
        """
        from steelyard.scorers.registry import registry

        return registry().register(self, name=name, experiment_id=experiment_id)

    def start(
        self,
        *,
        name: str | None = None,
        experiment_id: str | None = None,
        sampling_config: ScorerSamplingConfig | None = None,
    ) -> Any:
        """Score live traffic from now on, or again; it is registered if it is not yet.

        The newest version of the name watches, unless this scorer was read from the store as an older one.

        Args:
            name: of the registered scorer; its own unless told.
            experiment_id: whose traffic; where it was registered unless told, else the current one.
            sampling_config: how much of the traffic, and which. None is as it was before it was stopped, and all of it
                the first time.

        Returns:
            The scorer as it watches.

        Raises:
            InvalidArgument: it cannot score live traffic, or a setting cannot be used.
            FilterError: the filter does not parse.
        """
        from steelyard.scorers.registry import registry

        return registry().start(self, name=name, experiment_id=experiment_id, config=sampling_config)

    def update(
        self, *, name: str | None = None, experiment_id: str | None = None, sampling_config: ScorerSamplingConfig
    ) -> Any:
        """Score other live traffic, or another share of it; what the configuration leaves out stays.

        As in MLflow, a rate of 0 stops it, and a rate above 0 starts it again if it was stopped.

        Args:
            name, experiment_id: as for :meth:`start`.
            sampling_config: what changes.

        Raises:
            NotFound: it never began to watch.
        """
        from steelyard.scorers.registry import registry

        return registry().update(self, name=name, experiment_id=experiment_id, config=sampling_config)

    def stop(self, *, name: str | None = None, experiment_id: str | None = None) -> Any:
        """Score no more live traffic; what waits is kept, and goes on with :meth:`start`.

        ``start`` without a configuration, and ``steelyard.monitor.resume(name)``, go on with the settings there were.

        Args:
            name, experiment_id: as for :meth:`start`.

        Raises:
            NotFound: it never began to watch.
        """
        from steelyard.scorers.registry import registry

        return registry().stop(self, name=name, experiment_id=experiment_id)
