"""The scorer of a monitor, made of what is registered: here if it is settings and words, in a process of its own if it
is code.

Rules about passing and summing up (``pass_if``, ``aggregations``) are left away: they may be code, and a monitor needs
neither.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from steelyard.errors import DataError, NotFound, StoreTooNew, UntrustedModel
from steelyard.judges.registering import scorer_from
from steelyard.monitor.isolating import IsolatedScorer, Isolates
from steelyard.records import Store
from steelyard.records.monitor import Monitor
from steelyard.records.registered_scorer import RegisteredScorer
from steelyard.scorers import EnsembleScorer, Scorer
from steelyard.scorers.ensembles import BUILTIN_ENSEMBLES
from steelyard.scorers.kept_code import ALLOW_VARIABLE, is_code_allowed
from steelyard.tracking.monitor_checks import check_watchable

_CODE = ("call_source", "class_scorer_data", "object_scorer_data")
_LEFT_AWAY = ("pass_if", "aggregations")
_FRESH_SECONDS = 5.0
_BACKTRACKS = "RegexMatch"  # its pattern may hold up the whole process, for Python's matcher lets nobody else work


class CannotScore(Exception):
    """A monitor's scorer cannot be made; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Made:
    """A scorer that is ready.

    Args:
        scorer: it.
        version: which registered version it is.
        inline: whether it is quick: neither asks a model nor runs in another process.
    """

    scorer: Scorer
    version: int
    inline: bool


class Makers:
    """Makes the scorers of monitors, each version once.

    Args:
        store: where they are registered.
        isolates: the processes of those that are code.
        allow_code: whether code of the store may be run; None asks ``STEELYARD_ALLOW_CODE_SCORERS``.
        seconds: the clock.
    """

    def __init__(
        self, store: Store, isolates: Isolates, *, allow_code: bool | None, seconds: Callable[[], float]
    ) -> None:
        self._store = store
        self._isolates = isolates
        self._allow_code = allow_code
        self._seconds = seconds
        self._made: dict[str, tuple[float, tuple[int, str, bool], Made]] = {}

    def made(self, monitor: Monitor, *, within: float = _FRESH_SECONDS) -> Made:
        """Return the scorer of a monitor: that of its version, or of the newest.

        Args:
            monitor: whose.
            within: the store is asked whether there is a newer one if it was asked longer ago than so many seconds.

        Raises:
            CannotScore: there is none, or it may not be run.
        """
        now, allowed = self._seconds(), is_code_allowed(self._allow_code)
        known = self._made.get(monitor.monitor_id)
        if known is not None and now - known[0] < within and known[1][2] == allowed:
            return known[2]
        registered = self._registered(monitor)
        key = registered.version, registered.digest, allowed
        made = known[2] if known is not None and known[1] == key else self._make(monitor, registered, allowed)
        self._made[monitor.monitor_id] = now, key, made
        return made

    def forget(self, monitor_id: str) -> None:
        """Forget a monitor's scorer, so that it is made anew."""
        self._made.pop(monitor_id, None)

    def _registered(self, monitor: Monitor) -> RegisteredScorer:
        try:
            return self._store.scorers.get(monitor.experiment_id, monitor.name, version=monitor.version)
        except NotFound as error:
            raise CannotScore(f"Its scorer is no longer registered. {error} Register it again, then resume.") from error

    def _make(self, monitor: Monitor, registered: RegisteredScorer, allowed: bool) -> Made:
        try:
            definition = _bare(json.loads(registered.definition))
            scorer = self._scorer(monitor.monitor_id, definition, allowed)
            check_watchable(scorer)
        except UntrustedModel as error:
            raise CannotScore(_not_allowed(monitor.name, str(error), allowed)) from error
        except (DataError, StoreTooNew, ValueError) as error:
            raise CannotScore(str(error)) from error
        if scorer.is_session_level_scorer != (monitor.level == "session"):
            raise CannotScore(
                f"Version {registered.version} of scorer {monitor.name!r} judges each "
                f"{'session' if scorer.is_session_level_scorer else 'trace'}, and its monitor was started for each "
                f"{monitor.level}. Start it again."
            )
        scorer.known_as(registered.version, experiment_id=monitor.experiment_id)
        inline = not scorer.is_async and not _holds_isolated(scorer)
        return Made(scorer, registered.version, inline)

    def _scorer(self, place: str, definition: Mapping[str, Any], allowed: bool) -> Scorer:
        """Make a scorer; of an ensemble that asks models, only the members that are code go into the other process."""
        code = _has(definition, _is_code)
        if code and not (allowed and _stands_alone(definition)):
            return scorer_from(json.dumps(definition), allow_code=False)  # that of this process, if it has it
        if not code and not _has(definition, _backtracks):
            return scorer_from(json.dumps(definition), allow_code=False)
        ensemble = definition.get("ensemble_scorer_data")
        if ensemble is None or not _has(definition, _asks_models):
            return self._isolated(place, definition)
        combine = ensemble["ensemble_fn"]
        if not isinstance(combine, str):
            raise DataError(
                f"Ensemble {definition['name']!r} asks models and puts their verdicts together by code of its own, "
                "which gets no keys where it runs. Use a function that comes with Steelyard "
                f"({', '.join(BUILTIN_ENSEMBLES)})."
            )
        members = [self._scorer(place, each, allowed) for each in ensemble["scorers"]]
        head = {name: definition.get(name) for name in ("name", "description", "timeout", "session_level")}
        return EnsembleScorer(members, BUILTIN_ENSEMBLES[combine], **head)

    def _isolated(self, place: str, definition: Mapping[str, Any]) -> Scorer:
        if _has(definition, _asks_models):
            raise DataError(
                f"Scorer {definition['name']!r} is code that asks models, and code gets no keys where it runs. Make it "
                "a judge (make_judge), or an ensemble of judges and code."
            )
        text = json.dumps(definition)
        code = _has(definition, _is_code)
        scorer = IsolatedScorer(
            name=str(definition["name"]),
            description=definition.get("description"),
            timeout=definition.get("timeout"),
            session_level=bool(definition.get("is_session_level_scorer")),
            definition=text,
            takes=_parameters(definition) if code else scorer_from(text, allow_code=False).needs,
        )
        scorer.runs_in(self._isolates.of(place))
        return scorer


def _bare(kept: Any) -> Any:
    """Return a definition without the rules that a monitor does not need, its members' too."""
    if isinstance(kept, list):
        return [_bare(each) for each in kept]
    if not isinstance(kept, Mapping):
        return kept
    left_away = _LEFT_AWAY if "serialization_version" in kept else ()
    return {key: _bare(value) for key, value in kept.items() if key not in left_away}


def _has(kept: Any, what: Callable[[Mapping[str, Any]], bool]) -> bool:
    """Whether a definition, or one within it, is something."""
    if isinstance(kept, list):
        return any(_has(each, what) for each in kept)
    return isinstance(kept, Mapping) and (what(kept) or any(_has(each, what) for each in kept.values()))


def _is_code(kept: Mapping[str, Any]) -> bool:
    return any(key in kept for key in _CODE)


def _backtracks(kept: Mapping[str, Any]) -> bool:
    return kept.get("builtin_scorer_class") == _BACKTRACKS


def _asks_models(kept: Mapping[str, Any]) -> bool:
    from steelyard import judges

    return "instructions_judge_pydantic_data" in kept or kept.get("builtin_scorer_class") in judges.__all__


def _stands_alone(kept: Any) -> bool:
    """Whether code can be made of its text: an object's, or a lambda's, was not kept."""
    if isinstance(kept, list):
        return all(map(_stands_alone, kept))
    if not isinstance(kept, Mapping):
        return True
    absent = "object_scorer_data" in kept or kept.get("call_source") == ""
    return not absent and all(map(_stands_alone, kept.values()))


def _parameters(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names in the signature of code, as far as it was kept."""
    try:
        (function,) = ast.parse(f"def f{definition.get('call_signature', '()')}: ...").body
    except (SyntaxError, ValueError):
        return ()
    if not isinstance(function, ast.FunctionDef):
        return ()
    arguments = function.args
    return tuple(each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs))


def _holds_isolated(scorer: Scorer) -> bool:
    return isinstance(scorer, IsolatedScorer) or any(map(_holds_isolated, scorer.members))


def _not_allowed(name: str, why: str, allowed: bool) -> str:
    if allowed:
        return why
    return (
        f"Scorer {name!r} is code, and this worker runs no code of the store. If you trust everybody who can write to "
        f"the store, start the worker with {ALLOW_VARIABLE}=1, then resume; the code runs in a process of its own, "
        f"with limits. ({why})"
    )
