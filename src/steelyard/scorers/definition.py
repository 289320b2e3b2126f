"""The scorer: MLflow's class and decorator, whose parameters may have any of the field's names."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, overload
from weakref import WeakValueDictionary

from pydantic import ConfigDict, PrivateAttr, field_validator

from steelyard.errors import InvalidArgument
from steelyard.records.case import Case
from steelyard.scorers.binding import Binding, binding_of
from steelyard.scorers.fingerprints import fingerprint, methods_of
from steelyard.scorers.meanings import MISSING, SESSION_NAMES
from steelyard.scorers.registered import Registered

AGGREGATIONS = ("min", "max", "mean", "median", "variance", "p90")
DEFAULT_TIMEOUT = 300.0

Aggregation = str | Callable[[list[float]], Any]
_MLFLOW_NAMES = ("inputs", "outputs", "expectations", "trace", "session")
_NOT_IN_DIGEST = ("aggregations", "pass_if", "timeout")  # they do not change what is said of a row

alive: WeakValueDictionary[int, Any] = WeakValueDictionary()
"""The scorers that were made in this process, for as long as they live (see :mod:`steelyard.scorers.living`)."""


class Scorer(Registered):
    """Something that says how good a row is.

    Subclass it with fields of your own and ``__call__``, sync or async, whose parameters are bound by name (see
    :mod:`steelyard.scorers.meanings`); or decorate a function with :func:`scorer`.

    Args:
        name: names its feedback, its metrics and its columns.
        aggregations: of its values over the rows: ``min``, ``max``, ``mean``, ``median``, ``variance``, ``p90`` or
            functions of a list of numbers. None means the mean.
        description: what it is for.
        timeout: seconds for one row. None is 300; 0 is no limit.
        session_level: whether it judges whole sessions. None means: if it takes ``session`` or ``conversation``.
        pass_if: when a value passes: a function of the value, a collection of good values, or the good value. None
            means ``yes`` and True.

    >>> class Short(Scorer):
    ...     name: str = "short"
    ...     limit: int = 10
    ...     def __call__(self, *, outputs):
    ...         return len(outputs) <= self.limit
    >>> Short(limit=3).run(inputs={}, outputs="four")
    False
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    name: str
    aggregations: list[Any] | None = None
    description: str | None = None
    timeout: float | None = None
    session_level: bool | None = None
    pass_if: Any = None

    _bound: Binding | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        super().model_post_init(context)
        alive[id(self)] = self

    @field_validator("name")
    @classmethod
    def _has_a_name(cls, name: str) -> str:
        if not name.strip():
            message = f"The name of a {cls.__name__} is empty."
            raise ValueError(message)
        return name

    @field_validator("aggregations")
    @classmethod
    def _are_known(cls, aggregations: list[Any] | None) -> list[Any] | None:
        unknown = [each for each in aggregations or () if each not in AGGREGATIONS and not callable(each)]
        if unknown:
            message = f"Unknown aggregation {unknown[0]!r}; use {', '.join(AGGREGATIONS)} or a function."
            raise ValueError(message)
        return aggregations

    @field_validator("timeout")
    @classmethod
    def _is_a_duration(cls, timeout: float | None) -> float | None:
        if timeout is not None and not 0 <= timeout < float("inf"):
            message = f"timeout={timeout!r} is not a number of seconds; 0 means no limit."
            raise ValueError(message)
        return timeout

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        message = f"{type(self).__name__} does not say how it scores: define __call__(self, *, inputs, outputs, …)."
        raise InvalidArgument(message)

    def run(self, **given: Any) -> Any:
        """Call it with those of the given that it takes.

        Args:
            **given: ``inputs``, ``outputs``, ``expectations``, ``trace``, ``session``, or any name of a parameter.

        Returns:
            What the scorer returns; a coroutine if it is async.

        Raises:
            DataError: if a parameter without a default cannot be filled.
        """
        case = case_of(given)
        absent = [name for name in _MLFLOW_NAMES if given.get(name) is None]
        asked = [each for each in self.binding.parameters if each.name in absent and each.required]
        if any(each.by_position for each in self.binding.parameters):
            args, named = self.binding.fill(case, scorer=self.name)
            return self(*args, **named)
        known = Binding(tuple(each for each in self.binding.parameters if each not in asked), self.binding.takes_rest)
        _, named = known.fill(case, scorer=self.name)
        for each in asked:  # MLflow gives None for what the caller left out
            found = each.find(case)
            named[each.name] = None if found is MISSING else found
        named.update((name, value) for name, value in given.items() if name in self.binding.names)
        return self(**named)

    @property
    def binding(self) -> Binding:
        """How it is called with a case."""
        if self._bound is None:
            self._bound = binding_of(self._asked(), scorer=self.name)
        return self._bound

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of its parameters."""
        return self.binding.names

    @property
    def members(self) -> tuple[Scorer, ...]:
        """The scorers that it asks, if it is an ensemble."""
        return ()

    @property
    def is_async(self) -> bool:
        """Whether a call of it must be awaited."""
        return is_async(self._asked())

    @property
    def is_session_level_scorer(self) -> bool:
        """Whether it judges whole sessions rather than rows."""
        if self.session_level is not None:
            return self.session_level
        return not SESSION_NAMES.isdisjoint(self.needs)

    @property
    def time_limit(self) -> float | None:
        """Seconds for one row; None if there is no limit."""
        return DEFAULT_TIMEOUT if self.timeout is None else self.timeout or None

    @property
    def digest(self) -> str:
        """What it would say, as 32 hexadecimal digits: the same in every process while its code and fields are."""
        fields = {name: getattr(self, name) for name in type(self).model_fields if name not in _NOT_IN_DIGEST}
        return fingerprint(type(self).__qualname__, fields, *self._code())

    @property
    def code_digest(self) -> str:
        """What its code is, whatever it is called, as 32 hexadecimal digits."""
        return fingerprint(*self._code())

    @property
    def registered_version(self) -> int | None:
        """The version that it is in the store, if it was registered or read from there; its feedback names it."""
        return self._version

    @property
    def scoring_functions(self) -> tuple[Callable[..., Any], ...]:
        """The functions that it was made of."""
        return ()

    def passes(self, value: Any) -> bool:
        """Return whether a value of it is good.

        Other types than yes/no and bool never pass without ``pass_if``.
        """
        rule = self.pass_if
        if rule is None:
            return value is True or (isinstance(value, str) and value.strip().lower() == "yes")
        if callable(rule):
            return bool(rule(value))
        if isinstance(rule, Collection) and not isinstance(rule, (str, bytes, Mapping)):
            return value in rule
        return bool(value == rule)

    def _asked(self) -> Callable[..., Any]:
        """Return the function whose parameters count."""
        return self.__call__

    def _code(self) -> tuple[Any, ...]:
        """Return what says how it scores, for the digest."""
        return (methods_of(type(self), until=Scorer),)


def case_of(given: Mapping[str, Any]) -> Case:
    """Return the case that MLflow's arguments of a scorer describe; other names become fields of the row."""
    session = given.get("session")
    return Case(
        inputs=given.get("inputs"),
        outputs=given.get("outputs"),
        trace=given.get("trace"),
        expectations=given.get("expectations") or {},
        tags=given.get("tags") or {},
        metadata={name: value for name, value in given.items() if name not in _MLFLOW_NAMES},
        session=None if session is None else tuple(session),
    )


class CodeScorer(Scorer):
    """A function as a scorer; :func:`scorer` and ``as_scorer`` make them."""

    _function: Callable[..., Any] = PrivateAttr()

    def __init__(self, function: Callable[..., Any], **fields: Any) -> None:
        super().__init__(**fields)
        self._function = function
        self.__doc__ = getattr(function, "__doc__", None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._function(*args, **kwargs)

    @property
    def scoring_functions(self) -> tuple[Callable[..., Any], ...]:
        return (self._function,)

    def _asked(self) -> Callable[..., Any]:
        return self._function

    def _code(self) -> tuple[Any, ...]:
        return (self._function,)


@overload
def scorer(func: Callable[..., Any], /) -> CodeScorer: ...
@overload
def scorer(
    func: None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    aggregations: list[Aggregation] | None = None,
    pass_if: Any = None,
    timeout: float | None = None,
    session_level: bool | None = None,
) -> Callable[[Callable[..., Any]], CodeScorer]: ...
def scorer(
    func: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    aggregations: list[Aggregation] | None = None,
    pass_if: Any = None,
    timeout: float | None = None,
    session_level: bool | None = None,
) -> CodeScorer | Callable[[Callable[..., Any]], CodeScorer]:
    """Make a scorer of a function, sync or async.

    Args:
        func: what is decorated.
        name: the function's own unless told.
        description, aggregations, pass_if, timeout, session_level: as for :class:`Scorer`.

    >>> @scorer
    ... def polite(outputs):
    ...     return "please" in outputs
    >>> polite.name, polite(outputs="please wait")
    ('polite', True)
    """
    if func is None:
        return functools.partial(
            _from_function,
            name=name,
            description=description,
            aggregations=aggregations,
            pass_if=pass_if,
            timeout=timeout,
            session_level=session_level,
        )
    if not callable(func):
        message = f"@scorer decorates a function, not {type(func).__name__}; give its settings by name."
        raise InvalidArgument(message)
    return _from_function(
        func,
        name=name,
        description=description,
        aggregations=aggregations,
        pass_if=pass_if,
        timeout=timeout,
        session_level=session_level,
    )


def _from_function(func: Callable[..., Any], *, name: str | None = None, **fields: Any) -> CodeScorer:
    return CodeScorer(func, name=name or name_of(func), **fields)


def name_of(function: Any) -> str:
    """Return a callable's name: its own, that of what a partial calls, or that of its class."""
    if isinstance(function, functools.partial):
        return name_of(function.func)
    name = getattr(function, "__name__", None)
    if not isinstance(name, str):
        name = type(function).__name__
    return name.strip("<>")  # a lambda's is in angle brackets


def is_async(function: Any) -> bool:
    """Return whether calling it gives a coroutine, as far as can be known beforehand."""
    if isinstance(function, functools.partial):
        return is_async(function.func)
    if inspect.iscoroutinefunction(function):
        return True
    return not inspect.isroutine(function) and inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004
