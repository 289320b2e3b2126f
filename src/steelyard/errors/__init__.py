"""One error tree. Each class owns its advice: what is wrong, where, and what to do about it.

SteelyardError
├── InvalidArgument        (also ValueError)    a call's argument cannot be used
├── DataError              (also ValueError)    the data cannot be evaluated as it is
│   ├── ColumnNotFound     (also KeyError)      a named column is not in the table
│   └── UnreadableFile     (also OSError)       a file is damaged, truncated or of another format
├── StoreError                                  the store cannot do what was asked
│   ├── NotFound           (also LookupError)   no such experiment, run, artifact or model
│   ├── AlreadyExists                           a name is taken, or a write-once value would change
│   ├── Conflict                                what was asked rests on something that has changed meanwhile
│   ├── StoreUnavailable                        disk full, read-only, locked, or the server is away
│   ├── StoreTooNew                             written by a newer Steelyard
│   └── FilterError        (also ValueError)    a filter or an order_by does not parse
├── ModelError                                  a model cannot be called, saved or loaded
│   └── UntrustedModel                          loading would run code that nobody has allowed
├── LLMError                                    a language model did not give an answer that can be used
│   ├── LLMUnavailable                          away, refusing the key or the request, or still failing after retries
│   ├── LLMRateLimited                          too many requests; ``retry_after`` says how long to wait
│   ├── AnswerRefused                           the model or its provider's filter declined
│   └── AnswerUnreadable                        an answer came and does not have the form that was asked for
├── OverBudget                                  the next call could go beyond max_cost, max_tokens or max_seconds
├── ModelValidationFailed                       a gate did not pass (validate_evaluation_results)
└── MissingDependency      (also ImportError)   an optional package is needed
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "AlreadyExists",
    "AnswerRefused",
    "AnswerUnreadable",
    "ColumnNotFound",
    "Conflict",
    "DataError",
    "FilterError",
    "InvalidArgument",
    "LLMError",
    "LLMRateLimited",
    "LLMUnavailable",
    "MissingDependency",
    "ModelError",
    "ModelValidationFailed",
    "NotFound",
    "OverBudget",
    "SteelyardError",
    "StoreError",
    "StoreTooNew",
    "StoreUnavailable",
    "UnreadableFile",
    "UntrustedModel",
]


class SteelyardError(Exception):
    """The root of every error that Steelyard raises on purpose."""

    error_code = "INTERNAL_ERROR"
    """The name of this error on the wire, as MLflow's clients know it."""

    def __str__(self) -> str:  # KeyError would show the message with quotes around it
        return str(self.args[0]) if self.args else self.__class__.__name__


class InvalidArgument(SteelyardError, ValueError):
    """A call's argument cannot be used."""

    error_code = "INVALID_PARAMETER_VALUE"


class DataError(SteelyardError, ValueError):
    """The data cannot be evaluated as it is."""

    error_code = "INVALID_PARAMETER_VALUE"


class ColumnNotFound(DataError, KeyError):
    """A named column is not in the table.

    Args:
        column: the name that was asked for.
        columns: the names that are there.
        argument: the argument that named it, such as ``targets``.
    """

    def __init__(self, column: str, columns: Iterable[str], *, argument: str | None = None) -> None:
        from steelyard._lib.names import nearest

        names = list(columns)
        close = nearest(column, names)
        hint = f" Did you mean {close!r}?" if close else ""
        where = f" ({argument}={column!r})" if argument else ""
        shown = ", ".join(repr(n) for n in names[:20]) + (", …" if len(names) > 20 else "")
        super().__init__(f"There is no column {column!r}{where} in the data.{hint} The columns are: {shown or 'none'}.")
        self.column = column


class UnreadableFile(DataError, OSError):
    """A file is damaged, truncated or of another format."""


class StoreError(SteelyardError):
    """The store cannot do what was asked."""


class NotFound(StoreError, LookupError):
    """There is no such experiment, run, artifact or model."""

    error_code = "RESOURCE_DOES_NOT_EXIST"


class AlreadyExists(StoreError):
    """A name is taken, or a write-once value would change."""

    error_code = "RESOURCE_ALREADY_EXISTS"


class Conflict(StoreError):
    """What was asked rests on something that has changed meanwhile: look again, then ask again."""

    error_code = "RESOURCE_CONFLICT"


class StoreUnavailable(StoreError):
    """The store cannot be reached or written: disk full, read-only, locked, server away."""

    error_code = "TEMPORARILY_UNAVAILABLE"


class StoreTooNew(StoreError):
    """The store was written by a newer Steelyard than this one."""


class FilterError(StoreError, ValueError):
    """A filter string or an ``order_by`` does not parse."""

    error_code = "INVALID_PARAMETER_VALUE"


class ModelError(SteelyardError):
    """A model cannot be called, saved or loaded."""


class UntrustedModel(ModelError):
    """Loading this model would run code that nobody has allowed."""


class LLMError(SteelyardError):
    """A language model did not give an answer that can be used."""


class LLMUnavailable(LLMError):
    """A model is away, refuses the key or the request, or still fails after every retry."""

    error_code = "TEMPORARILY_UNAVAILABLE"


class LLMRateLimited(LLMError):
    """A model's provider says that there were too many requests.

    Args:
        message: what happened.
        retry_after: how long to wait, in seconds; None if the provider did not say.
    """

    error_code = "REQUEST_LIMIT_EXCEEDED"

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AnswerRefused(LLMError):
    """The model, or its provider's filter, declined to answer."""


class AnswerUnreadable(LLMError):
    """An answer came and does not have the form that was asked for.

    Args:
        message: what is wrong with it.
        text: the answer, as far as it came.
    """

    def __init__(self, message: str, *, text: str = "") -> None:
        super().__init__(message)
        self.text = text


class OverBudget(SteelyardError):
    """The next call could go beyond ``max_cost``, ``max_tokens`` or ``max_seconds``; it was not made."""


class ModelValidationFailed(SteelyardError):
    """A gate did not pass; the message lists each failure."""


class MissingDependency(SteelyardError, ImportError):
    """An optional package is needed for this.

    Args:
        package: the package's name on the index, such as ``scikit-learn``.
        extra: the extra of ours that brings it, such as ``ml``; None if none does.
        purpose: what it is needed for, ending a sentence that begins "To".
    """

    def __init__(self, package: str, *, extra: str | None, purpose: str) -> None:
        wanted = package if extra is None else f"'steelyard[{extra}]'"
        super().__init__(f"To {purpose}, install {package}: pip install {wanted}.")
