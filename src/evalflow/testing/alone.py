"""Rules are asked alone: without a clock, files, the network, or chance."""

from __future__ import annotations

import builtins
import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock


@contextmanager
def alone() -> Iterator[None]:
    """Let nothing of the world be looked at."""

    def nothing(*_: object, **__: object) -> Any:
        raise AssertionError("it looked at a clock, a file, the network or chance")

    with (
        mock.patch.object(time, "time", nothing),
        mock.patch.object(time, "time_ns", nothing),
        mock.patch.object(random, "random", nothing),
        mock.patch.object(random, "randint", nothing),
        mock.patch.object(socket.socket, "connect", nothing),
        mock.patch.object(builtins, "open", nothing),
    ):
        yield
