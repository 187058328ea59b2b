"""Errors as HTTP statuses: one table, for our service and for hosts' own."""

from __future__ import annotations

from collections.abc import Mapping

from evalflow.decision.decide import Explanation
from evalflow.errors import (
    Conflict,
    EvalflowError,
    Forbidden,
    InvalidInput,
    NotFound,
    PluginError,
    Refused,
    StorageError,
    Undeliverable,
)

BY_CHECK: Mapping[str, int] = {
    "state": 409,
    "role": 403,
    "unit": 403,
    "duties": 403,
    "guards": 409,
    "input": 422,
}
"""The status of a refusal, by the first check of the gate that fails."""

BY_ERROR: Mapping[type[EvalflowError], int] = {
    Conflict: 409,
    InvalidInput: 422,
    NotFound: 404,
    Forbidden: 403,
    StorageError: 503,
    PluginError: 502,
    Undeliverable: 502,
}
"""The status of every other error, also of the kinds below each."""


def http_status(error: BaseException | Explanation, *, if_match: bool = False) -> int:
    """Return the HTTP status with which a service answers an error of evalflow, or an explanation
    of what is not allowed (allowed: 200).

    A refusal is told by the first check that fails: 403 for who acts (role, unit, separation of
    duties), 422 for what is handed in, 409 for how things stand. A conflict is 409, or 412 where
    the request said by `If-Match` which version it had seen (`if_match`). An actor whom the plan's
    directory does not have is 403: the person is known, and may do nothing. What is no error of
    evalflow is 500.
    """
    if isinstance(error, Explanation):
        failed = next((check.name for check in error.checks if check.reasons), None)
        return 200 if failed is None else BY_CHECK[failed]
    if isinstance(error, Refused):
        return 409 if error.check is None else BY_CHECK[error.check]
    if isinstance(error, Conflict) and if_match:
        return 412
    if isinstance(error, NotFound) and error.what == "actor":
        return 403
    return next((status for kind, status in BY_ERROR.items() if isinstance(error, kind)), 500)
