"""A limit to how long one piece of work may take."""

from __future__ import annotations

import contextvars
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from multisearch.fitting._settings import for_another_thread

_T = TypeVar("_T")

_A_MOMENT = 0.1
"""Seconds between two looks whether there is still any use in waiting."""


class FitTimeoutError(Exception):
    """Some work has not ended in time, and goes on in a thread that nobody waits for; tells where that is."""


def within(seconds: float | None, work: Callable[[], _T], *, is_in_vain: Callable[[], bool] | None = None) -> _T:
    """Do some work, and return what it returns.

    Parameters
    ----------
    seconds : float or None
        How long it may take. None is no limit, and does the work in this thread.
    work : callable
    is_in_vain : callable or None, default=None
        Asked every tenth of a second whether there is no use in waiting any longer; None waits for all of the time.

    Raises
    ------
    FitTimeoutError
        Where time is up. The work cannot be stopped, but by ending the process.
    """
    if seconds is None:
        return work()
    context, settings_of_this_thread = contextvars.copy_context(), for_another_thread()

    def in_these_surroundings() -> _T:
        with settings_of_this_thread():
            return context.run(work)

    helper: _Helper = _own.__dict__.pop("helper", None) or _Helper()
    done: tuple[_T, BaseException | None] = helper.do(in_these_surroundings, seconds, is_in_vain)
    _own.helper = helper  # only now: while its work is not done, it is of no use to anybody else
    result, error = done
    if error is not None:
        raise error
    return result


class _Helper:
    """A thread that does one piece of work after the other, so that libraries find their thread's state again."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._is_abandoned = False
        # A daemon, because the process must be able to end while some work never does
        self._thread = threading.Thread(target=self._serve, name="multisearch-fit", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            work = self._asked.get()
            done: tuple[Any, BaseException | None]
            try:
                done = (work(), None)
            except BaseException as error:  # noqa: BLE001 - to be raised where the work was asked for
                done = (None, error)
            if self._is_abandoned:
                return
            self._done.put(done)
            del work, done

    def do(
        self, work: Callable[[], Any], seconds: float, is_in_vain: Callable[[], bool] | None
    ) -> tuple[Any, BaseException | None]:
        self._asked.put(work)
        try:
            return self._answer(seconds, is_in_vain)
        except BaseException:
            self._is_abandoned = True
            raise

    def _answer(self, seconds: float, is_in_vain: Callable[[], bool] | None) -> tuple[Any, BaseException | None]:
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            try:
                return self._done.get(timeout=left if is_in_vain is None else min(left, _A_MOMENT))
            except queue.Empty:
                if time.monotonic() >= deadline or (is_in_vain is not None and is_in_vain()):
                    raise FitTimeoutError(self._where()) from None

    def _where(self) -> str:
        frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001 - Python's only way to look into a thread
        return "" if frame is None else "".join(traceback.format_stack(frame))


_own = threading.local()
