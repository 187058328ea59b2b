"""Running what may hang: other people's code that does not answer in time is given up."""

from __future__ import annotations

import contextvars
import datetime as dt
import threading
from collections.abc import Callable
from typing import Any


class NoAnswer(TimeoutError):
    """A plugin's function did not answer in time."""

    def __init__(self, ko: str, en: str) -> None:
        super().__init__(en)
        self.ko = ko


class Patience:
    """Runs what may hang, and remembers what still does."""

    def __init__(self) -> None:
        self._hanging: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def call(self, within: dt.timedelta, key: str, function: Callable[[], Any]) -> Any:
        """Return what the function returns within this time.

        Raises:
            NoAnswer: it gave none in time, or hangs since an earlier call.
        """
        seconds = within.total_seconds()
        with self._lock:
            earlier = self._hanging.get(key)
            if earlier is not None and not earlier.is_set():
                raise NoAnswer(
                    "이전 요청의 응답이 아직 없습니다", "no answer yet to an earlier call"
                )
        ended = threading.Event()
        answers: list[Any] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                answers.append(function())
            except BaseException as error:  # raised again by the caller
                errors.append(error)
            finally:
                ended.set()

        # The thread sees the caller's context, as the function would without it.
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(run,), name=f"evalflow-{key}", daemon=True
        ).start()
        if not ended.wait(seconds):
            with self._lock:
                self._hanging[key] = ended
            raise NoAnswer(
                f"{seconds:g}초 안에 답이 없습니다", f"no answer within {seconds:g} seconds"
            )
        if errors:
            raise errors[0]
        return answers[0]
