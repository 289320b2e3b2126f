"""A call's arguments under the names of the function's parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

ArgumentReader = Callable[[tuple[Any, ...], dict[str, Any]], Mapping[str, Any]]

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def argument_reader(function: Callable[..., Any]) -> ArgumentReader:
    """Return a function that names the arguments of a call, defaults included, ``self`` and ``cls`` left out.

    What the function takes as ``**kwargs`` stands beside the other arguments, under its own names.

    Examples:
        >>> def ask(question, k=3, **options): ...
        >>> argument_reader(ask)(("why?",), {"lang": "en"})
        {'question': 'why?', 'k': 3, 'lang': 'en'}
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # built into the interpreter
        return _unnamed
    parameters = list(signature.parameters.values())
    if any(parameter.kind in _VARIADIC for parameter in parameters):
        return _careful(signature)
    names = [parameter.name for parameter in parameters if parameter.kind is not inspect.Parameter.KEYWORD_ONLY]
    defaults = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
    bound = names[0] if names and names[0] in ("self", "cls") else None

    def quick(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, Any]:
        found = dict(zip(names, args, strict=False))
        found.update(kwargs)
        for name in defaults:
            if name not in found:
                found[name] = defaults[name]
        if bound is not None:
            found.pop(bound, None)
        return found

    return quick


def _careful(signature: inspect.Signature) -> ArgumentReader:
    rest = next((p.name for p in signature.parameters.values() if p.kind is inspect.Parameter.VAR_KEYWORD), None)
    first = next(iter(signature.parameters), None)

    def read(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, Any]:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:  # the call itself is wrong, and will say so
            return _unnamed(args, kwargs)
        bound.apply_defaults()
        found = dict(bound.arguments)
        if first in ("self", "cls"):
            found.pop(first)
        more = found.pop(rest, {}) if rest is not None else {}
        return {**found, **more}

    return read


def _unnamed(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, Any]:
    return {**({"args": list(args)} if args else {}), **kwargs}
