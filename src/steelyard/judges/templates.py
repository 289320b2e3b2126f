"""Instructions with variables: which there are, and what stands in their place.

A variable is replaced by a *reference* to a block of data, never by the data, and only the instructions are scanned:
judged text that contains ``{{ outputs }}`` or any other template syntax is text.
"""

from __future__ import annotations

import re

from steelyard._lib.names import nearest
from steelyard.errors import InvalidArgument

VARIABLES = ("inputs", "outputs", "expectations", "trace", "conversation")

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][^{}]*?)\s*\}\}")


def template_variables(instructions: str) -> tuple[str, ...]:
    """Return the variables of some instructions, each once, in the order of :data:`VARIABLES`.

    Raises:
        InvalidArgument: a variable is not one of the five, there is none, or two do not go together.

    Examples:
        >>> template_variables("Does {{ outputs }} answer {{inputs}}?")
        ('inputs', 'outputs')
    """
    named = {match.group(1) for match in _VARIABLE.finditer(instructions)}
    for unknown in sorted(named.difference(VARIABLES)):
        raise InvalidArgument(_unknown(unknown))
    if not named:
        raise InvalidArgument(
            "The instructions of a judge must name what is judged, with at least one of "
            f"{_listed()}. Example: 'Is {{{{ outputs }}}} a polite answer to {{{{ inputs }}}}?'"
        )
    if "conversation" in named and named - {"conversation", "expectations"}:
        others = ", ".join(sorted(named - {"conversation", "expectations"}))
        raise InvalidArgument(
            "{{ conversation }} judges a whole session and goes only with {{ expectations }}, "
            f"not with {others}."
        )
    return tuple(name for name in VARIABLES if name in named)


def with_references(instructions: str) -> str:
    """Replace each variable by the name of its block, in one pass.

    Examples:
        >>> with_references("Is {{ outputs }} polite?")
        'Is the data block "outputs" polite?'
    """
    return _VARIABLE.sub(lambda match: _reference(match.group(1)), instructions)


def _reference(name: str) -> str:
    return "the trace (read it with your tools)" if name == "trace" else f'the data block "{name}"'


def _unknown(name: str) -> str:
    root = re.split(r"\W", name, maxsplit=1)[0]
    if root in VARIABLES:
        return (
            f"{{{{ {name} }}}} is more than a variable's name. Write {{{{ {root} }}}} and say in words which part "
            "of it is meant."
        )
    close = nearest(root, VARIABLES)
    hint = f" Did you mean {{{{ {close} }}}}?" if close else ""
    return (
        f"There is no variable {{{{ {name} }}}} in a judge's instructions.{hint} The variables are {_listed()}; "
        "fields of your own belong into inputs, outputs or expectations."
    )


def _listed() -> str:
    return ", ".join(f"{{{{ {name} }}}}" for name in VARIABLES)
