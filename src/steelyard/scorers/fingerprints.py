"""What makes two scorers the same: the bytecode and the values that decide what they say, hashed.

Comments, line numbers and formatting do not count, nor do memory addresses or the order of a set, so that the same
scorer has the same digest in another process. Another version of Python may compile other bytecode; then a resumed
evaluation scores again, which is the safe side.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import re
from collections.abc import Iterator, Mapping, MutableMapping, MutableSequence, MutableSet, Sequence, Set
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_DEEPEST = 12

Seen = dict[int, tuple[int, Any]]
"""What was met, by address, with its number. Each is held, for the address of what is gone is soon another's."""


def fingerprint(*values: Any) -> str:
    """Return 32 hexadecimal digits that stand for these values.

    >>> fingerprint(0.5, "a") == fingerprint(0.5, "a")
    True
    >>> fingerprint({"b", "a"}) == fingerprint({"a", "b"})
    True
    """
    described = _describe(values, {}, 0)
    return hashlib.sha256(described.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _describe(value: Any, seen: Seen, depth: int) -> str:
    """Return a text that two equal values share in any process. ``seen`` breaks cycles."""
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        return f"{type(value).__name__}:{value!r}"
    if depth > _DEEPEST:
        return f"deep:{type(value).__qualname__}"
    if id(value) in seen:
        return f"seen:{seen[id(value)][0]}"
    seen[id(value)] = (len(seen), value)
    return f"{type(value).__qualname__}({','.join(_parts(value, seen, depth + 1))})"


def _parts(value: Any, seen: Seen, depth: int) -> Iterator[str]:
    if isinstance(value, FunctionType):
        yield from _function(value, seen, depth)
    elif isinstance(value, MethodType):
        yield _describe(value.__func__, seen, depth)
        yield _describe(value.__self__, seen, depth)
    elif isinstance(value, CodeType):
        yield from _code(value, seen, depth)
    elif isinstance(value, partial):
        yield _describe((value.func, value.args, value.keywords), seen, depth)
    elif isinstance(value, (type, BuiltinFunctionType)):
        yield f"{value.__module__}.{value.__qualname__}"
    elif isinstance(value, ModuleType):
        yield value.__name__
    elif isinstance(value, enum.Enum):
        yield value.name
    elif isinstance(value, re.Pattern):
        yield repr((value.pattern, value.flags))
    elif isinstance(value, Mapping):
        pairs = [(_describe(key, seen, depth), _describe(item, seen, depth)) for key, item in value.items()]
        yield from (f"{key}={item}" for key, item in sorted(pairs))
    elif isinstance(value, Set):
        yield from sorted(_describe(item, {}, depth) for item in value)
    elif isinstance(value, Sequence):
        yield from (_describe(item, seen, depth) for item in value)
    else:
        yield from _object(value, seen, depth)


def _function(function: FunctionType, seen: Seen, depth: int) -> Iterator[str]:
    """Describe what a function does: its code, defaults, closure, and the globals of its module that it names."""
    code = function.__code__
    yield function.__qualname__.rpartition("<locals>.")[2]
    yield _describe(code, seen, depth)
    yield _describe((function.__defaults__, function.__kwdefaults__), seen, depth)
    for cell in function.__closure__ or ():
        try:
            yield _held(cell.cell_contents, seen, depth)
        except ValueError:  # a cell that is filled later
            yield "empty"
    for name in sorted(global_names(code)):
        if name in function.__globals__:
            yield f"{name}={_global(function.__globals__[name], function.__module__, seen, depth)}"


def _global(value: Any, module: str, seen: Seen, depth: int) -> str:
    """Describe a global by its content if it is plain or of the same module, else by its name alone."""
    if isinstance(value, FunctionType) and value.__module__ != module:
        return f"{value.__module__}.{value.__qualname__}"
    plain = (bool, int, float, str, bytes, tuple, list, dict, set, frozenset, FunctionType, type, re.Pattern)
    if value is None or isinstance(value, plain):
        return _held(value, seen, depth)
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _held(value: Any, seen: Seen, depth: int) -> str:
    """Describe what a function finds outside itself; a container that may change while it works counts by its kind.

    It is a cache, a counter or a log more often than a setting, and what it holds is not what the function is.
    """
    if isinstance(value, (MutableMapping, MutableSequence, MutableSet)):
        return f"changing:{type(value).__qualname__}"
    return _describe(value, seen, depth)


def global_names(code: CodeType) -> set[str]:
    """Return the names outside itself that code uses, attributes among them."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= global_names(constant)
    return names


def _code(code: CodeType, seen: Seen, depth: int) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr((code.co_names, code.co_varnames, code.co_freevars))
    # A docstring is a constant too, and so are the frozen sets whose order differs between processes.
    yield from (_describe(constant, {}, depth) for constant in code.co_consts)


def _object(value: Any, seen: Seen, depth: int) -> Iterator[str]:
    """Describe any other object: arrays, dataclasses and models by content, the rest by the text that it has itself.

    A client or a lock has no text of its own but an address; it does not decide what is said, and only its type counts.
    """
    kind = type(value)
    yield kind.__module__
    if hasattr(value, "tobytes") and hasattr(value, "shape"):  # an array, whose text would be shortened
        yield f"{value.shape}:{getattr(value, 'dtype', '')}:{hashlib.sha256(value.tobytes()).hexdigest()}"
    elif dataclasses.is_dataclass(value):
        names = [each.name for each in dataclasses.fields(value)]
        yield _describe({name: getattr(value, name, None) for name in names}, seen, depth)
    elif isinstance(getattr(kind, "model_fields", None), Mapping):
        yield _describe({name: getattr(value, name, None) for name in kind.model_fields}, seen, depth)
    elif kind.__repr__ is not object.__repr__:
        try:
            yield _ADDRESS.sub("", repr(value))
        except Exception:
            yield "(its text cannot be told)"


def methods_of(cls: type, *, until: type) -> dict[str, Any]:
    """Return the functions that a class and its bases below ``until`` define, by qualified name.

    Bases of other packages than the class's own do not count; what they do is told by their name.
    """
    methods: dict[str, Any] = dict.fromkeys((base.__qualname__ for base in cls.__mro__), "base")
    package = cls.__module__.partition(".")[0]
    for base in cls.__mro__:
        if base is until:
            break
        if base.__module__.partition(".")[0] != package:
            continue
        for name, member in vars(base).items():
            function = getattr(member, "__func__", member)  # inside a staticmethod or a classmethod
            function = getattr(function, "fget", function)  # inside a property
            if isinstance(function, FunctionType) and not name.startswith("__pydantic"):
                methods[f"{base.__qualname__}.{name}"] = function
    return methods
