"""Which request is being answered: what a host calls it, in every line that evalflow logs.

evalflow logs to the standard library's logger `evalflow` and those below it, and handles nothing
itself. Each record has a `request_id`: that of the surrounding `request`, or None.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from evalflow.errors import InvalidInput
from evalflow.model import ids

_current: ContextVar[str | None] = ContextVar("evalflow_request", default=None)

logging.getLogger("evalflow").addHandler(logging.NullHandler())


@contextmanager
def request(id: str) -> Iterator[None]:
    """Run the block as part of the host's request of this id, in this thread or task: log records
    carry it as `request_id`, and plugins that are told of entries receive it.

    Raises:
        InvalidInput: it is no id: one line of at most 200 characters that are all seen.
    """
    if problem := ids.fault(id, "id"):
        raise InvalidInput([problem])
    before = _current.set(id)
    try:
        yield
    finally:
        _current.reset(before)


def request_id() -> str | None:
    """Return the id of the request that is being handled, or None outside of any."""
    return _current.get()


class _Logger(logging.LoggerAdapter[logging.Logger]):
    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        kwargs["extra"] = {**(kwargs.get("extra") or {}), "request_id": request_id()}
        return msg, kwargs


def logger(name: str) -> logging.LoggerAdapter[logging.Logger]:
    """Return the logger of this name, whose records bear the request's id."""
    return _Logger(logging.getLogger(name), {})
