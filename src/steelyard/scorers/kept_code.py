"""Functions as text that can be kept, and back again: never run from there unless somebody says so.

The text is the body of the function, beside its signature and its name, as MLflow keeps them; with it, what it needs
of its module (imported names and plain constants), and the digest of its bytecode and values. What is made of the text
is used only if it has that digest: code that leans on anything else would not be the same code.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import sys
import textwrap
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any

from steelyard.errors import InvalidArgument, UntrustedModel
from steelyard.scorers.fingerprints import fingerprint, global_names
from steelyard.scorers.living import living_functions

ALLOW_VARIABLE = "STEELYARD_ALLOW_CODE_SCORERS"
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_PLAIN = (bool, int, float, str, type(None))


def is_code_allowed(allow_code: bool | None) -> bool:
    """Return whether code from a store may be run: as the caller says, else as the environment does."""
    if allow_code is not None:
        return allow_code
    return os.environ.get(ALLOW_VARIABLE, "").strip().lower() in ("1", "true", "yes", "on")


def kept_function(function: Callable[..., Any]) -> dict[str, Any]:
    """Return a function as JSON. One whose source cannot be had (a lambda, a partial) has an empty ``call_source``."""
    kept: dict[str, Any] = {
        "original_func_name": getattr(function, "__name__", type(function).__name__),
        "call_signature": _signature(function),
        "call_source": "",
        "call_digest": fingerprint(function),
        "call_python": _PYTHON,
    }
    if isinstance(function, FunctionType):
        kept.update(call_source=_body(function), call_needs=_needs(function))
        kept["call_is_async"] = inspect.iscoroutinefunction(function)
    return kept


def function_of(kept: Mapping[str, Any], *, what: str, allow_code: bool | None) -> Callable[..., Any]:
    """Return the function: that of this process which is the same, else one made of the text if that is allowed.

    Args:
        kept: as :func:`kept_function` gave it.
        what: whose it is, for errors.
        allow_code: whether the text may be run; None asks ``STEELYARD_ALLOW_CODE_SCORERS``.

    Raises:
        UntrustedModel: no function here is the same, and the text may not be run, or would not be the same code.
    """
    for function in living_functions():
        if fingerprint(function) == kept["call_digest"]:
            return function
    if not is_code_allowed(allow_code):
        raise UntrustedModel(
            f"{what} is code, and no scorer that was made in this process has the same code. Import the module that "
            f"defines it and ask again; or, if you trust everybody who can write to this store, let its text be run "
            f"with allow_code=True or {ALLOW_VARIABLE}=1."
        )
    return _made(kept, what=what)


def _made(kept: Mapping[str, Any], *, what: str) -> Callable[..., Any]:
    name, source = str(kept["original_func_name"]), str(kept["call_source"])
    if not source:
        raise UntrustedModel(
            f"{what} was kept without its text (a lambda or an object has none that stands alone): "
            "define it in this process."
        )
    start = "async def" if kept.get("call_is_async") else "def"
    body = textwrap.indent(source, "    ")
    needs: dict[str, Mapping[str, Any]] = kept.get("call_needs") or {}
    imports = "".join(map(_import_line, needs, needs.values()))
    text = f"from __future__ import annotations\n{imports}{start} {name}{kept['call_signature']}:\n{body}\n"
    scope: dict[str, Any] = {"__name__": "steelyard_registered_code"}
    scope.update((needed, how["value"]) for needed, how in needs.items() if "value" in how)
    try:
        exec(compile(text, f"<registered {what}>", "exec"), scope)  # noqa: S102 - the caller has allowed it
        function = scope[name]
    except (SyntaxError, NameError, KeyError, ImportError) as error:  # a default that is an object, say
        raise UntrustedModel(
            f"{what} cannot be made of its text alone ({error}): define it in this process."
        ) from error
    if fingerprint(function) != kept["call_digest"] and kept.get("call_python") == _PYTHON:
        raise UntrustedModel(
            f"{what} leans on something outside itself that is not kept with it (a closure, an object or a function "
            "of its module), so that its text alone would not judge as it did. Define it in this process."
        )
    return function


def _signature(function: Callable[..., Any]) -> str:
    try:
        return str(inspect.signature(function))
    except (TypeError, ValueError):  # a function of C that does not say
        return "(*args, **kwargs)"


def _body(function: FunctionType) -> str:
    """Return a function's body without its indentation; an empty text if there is no definition of it alone."""
    try:
        lines = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(lines)
    except (OSError, TypeError, SyntaxError, IndentationError):
        return ""
    found = tree.body[0] if tree.body else None
    if not isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)) or found.name != function.__name__:
        return ""
    first, last = found.body[0], found.body[-1]
    text = lines.splitlines()[first.lineno - 1 : last.end_lineno]
    text[0] = " " * first.col_offset + text[0].encode()[first.col_offset :].decode()
    return textwrap.dedent("\n".join(text))


def _needs(function: FunctionType) -> dict[str, Any]:
    """Return what a function names of its module, as far as it can be found again or written down."""
    needs: dict[str, Any] = {}
    for name in sorted(global_names(function.__code__)):
        if name not in function.__globals__:
            continue
        value = function.__globals__[name]
        if isinstance(value, ModuleType):
            needs[name] = {"module": value.__name__}
        elif isinstance(value, (type, FunctionType)) and value.__module__ != function.__module__:
            needs[name] = {"module": value.__module__, "name": value.__qualname__}
        elif type(value) in _PLAIN:
            needs[name] = {"value": value}
    return needs


def _import_line(name: str, how: Mapping[str, Any]) -> str:
    """Return the line that brings a name: what is imported is compiled to other bytecode than what is merely there."""
    if "value" in how:
        return ""
    return (
        f"from {how['module']} import {how['name']} as {name}\n"
        if "name" in how
        else f"import {how['module']} as {name}\n"
    )


def checked_json(value: Any, what: str) -> Any:
    """Return a value as it will come back from JSON.

    Raises:
        InvalidArgument: it would not come back.
    """
    try:
        return json.loads(json.dumps(value, allow_nan=True))
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{what} cannot be registered: it is no JSON value ({error}).") from error
