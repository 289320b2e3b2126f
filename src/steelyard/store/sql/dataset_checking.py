"""Records held against JSON schemas: what a dataset asks for, and each record that does not have it.

Schemas are those of the JSON Schema specification, draft 2020-12 unless a schema names another
(https://json-schema.org/specification). Nothing is ever fetched: a schema refers to itself alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from steelyard.errors import InvalidArgument
from steelyard.records.dataset import DatasetSchema, RecordProblem
from steelyard.store.sql.dataset_rows import ContentRow
from steelyard.store.sql.json_text import from_json, to_json

_PARTS = ("inputs", "outputs", "expectations")
_SHOWN = 20
_LONGEST = 300
_MOST_SCHEMA = 1_000_000  # characters
_PER_RECORD = 5


class Checker:
    """Holds records against a dataset's schemas; without any, every record passes.

    Args:
        schema: what is asked for.

    Raises:
        InvalidArgument: it is no JSON schema, or refers to something outside of itself.
    """

    def __init__(self, schema: DatasetSchema | None) -> None:
        self.number = schema.number if schema else 0
        told = {} if schema is None else {part: getattr(schema, part) for part in _PARTS}
        self._validators = {part: _validator(one, part) for part, one in told.items() if one is not None}
        self._passed: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._validators)

    def look(self, rows: Iterable[ContentRow]) -> None:
        """Note which rows pass, so that these are not looked at again."""
        if self:
            self._passed.update(row.digest for row in rows if next(self._wrong(row), None) is None)

    def problems(self, rows: Iterable[tuple[int, ContentRow]]) -> list[RecordProblem]:
        """Return what is wrong with rows, by their places.

        Args:
            rows: each with its place among what was given.
        """
        if not self:
            return []
        return [
            RecordProblem(index=index, path=path, reason=reason)
            for index, row in rows
            if row.digest not in self._passed
            for path, reason in self._wrong(row)
        ]

    def _wrong(self, row: ContentRow) -> Iterator[tuple[str, str]]:
        for part, validator in self._validators.items():
            value = from_json(getattr(row, part))
            if part == "outputs" and value is None:
                continue  # nothing was said
            for n, error in enumerate(validator.iter_errors(value)):
                if n == _PER_RECORD:
                    break
                yield _path(part, error.absolute_path), _short(error.message)


def check_schema(schema: DatasetSchema) -> None:
    """Refuse what is no schema."""
    Checker(schema)


def refuse(problems: list[RecordProblem], what: str = "Nothing was merged") -> None:
    """Raise an error that names the records, if there is anything wrong with them.

    Raises:
        InvalidArgument: with the first 20 problems.
    """
    if not problems:
        return
    lines = [f"  record {one.index}, {one.path}: {one.reason}" for one in problems[:_SHOWN]]
    more = f"\n  … and {len(problems) - _SHOWN:,} more" if len(problems) > _SHOWN else ""
    records = len({one.index for one in problems})
    raise InvalidArgument(
        f"{what}: {records:,} {'record does' if records == 1 else 'records do'} not conform to the dataset's schema.\n"
        + "\n".join(lines)
        + more
    )


def _validator(schema: Mapping[str, Any], part: str) -> Any:
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for
    from referencing import Registry

    if not isinstance(schema, Mapping):
        raise InvalidArgument(f"The schema of {part} is a {type(schema).__name__}: give a dict, such as {{'type': …}}.")
    text = to_json(schema, f"schema of {part}") or "{}"
    if len(text) > _MOST_SCHEMA:
        raise InvalidArgument(f"The schema of {part} has {len(text):,} characters; at most {_MOST_SCHEMA:,} are kept.")
    plain = from_json(text)
    outside = next((one for one in _references(plain) if not one.startswith("#")), None)
    if outside is not None:
        raise InvalidArgument(
            f"The schema of {part} refers to {outside!r}. Nothing is fetched: put it under '$defs' and refer to it "
            "with '#/$defs/…'."
        )
    kind = validator_for(plain, default=_newest())
    try:
        kind.check_schema(plain)
    except SchemaError as error:
        raise InvalidArgument(
            f"The schema of {part} is no JSON schema: {_short(error.message)} (at {_path(part, error.absolute_path)})."
        ) from error
    nowhere: Any = Registry()
    return kind(plain, registry=nowhere)


def _newest() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            if key in ("$ref", "$dynamicRef", "$recursiveRef") and isinstance(one, str):
                yield one
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


def _path(part: str, path: Iterable[Any]) -> str:
    return part + "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in path)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
