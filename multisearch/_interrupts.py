"""What the user has interrupted some work with, as against what the work has raised itself."""

from __future__ import annotations

import functools
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any, Self

_TIMERS = {"SIGALRM": "ITIMER_REAL", "SIGVTALRM": "ITIMER_VIRTUAL", "SIGPROF": "ITIMER_PROF"}
_local = threading.local()


class Interrupts:
    """Tells, while some work is done in this thread, which errors are the user's.

    A KeyboardInterrupt is, and so is what the user's own signal handlers raise: that comes up wherever the process
    happens to be, and says nothing about the fit that happens to run. The alarm of a timer that was not running when
    the work began is the work's own, such as the limit that an estimator sets for its fit.
    """

    def __init__(self) -> None:
        self._outer: Callable[[BaseException], bool] | None = None
        self._of_the_work: frozenset[int] = frozenset()

    def __enter__(self) -> Self:
        """Begin the work."""
        self._of_the_work = _signals_of_idle_timers()
        self._outer = getattr(_local, "current", None)
        _local.current = self
        return self

    def __exit__(self, *_: object) -> None:
        """End the work."""
        _local.current = self._outer

    def __call__(self, error: BaseException) -> bool:
        """Say whether an error is the user's, or was made from such a one."""
        handlers = self._handlers()
        return any(
            isinstance(one, KeyboardInterrupt)
            or any(frame.f_code in handlers for frame, _ in traceback.walk_tb(one.__traceback__))
            for one in _with_causes(error)
        )

    def _handlers(self) -> frozenset[CodeType]:
        numbers = signal.valid_signals() - self._of_the_work
        codes = (_code_of(signal.getsignal(number)) for number in numbers)
        return frozenset(code for code in codes if code is not None)


@contextmanager
def uninterrupted() -> Iterator[Callable[[BaseException], bool]]:
    """Do work that no user can interrupt, since it is done in a process or thread that signals do not come to."""
    outer = getattr(_local, "current", None)
    _local.current = _is_nobodys
    try:
        yield _is_nobodys
    finally:
        _local.current = outer


def _is_nobodys(_: BaseException) -> bool:
    return False


def raise_interrupt(error: BaseException) -> None:
    """Raise an error again if the user has interrupted this thread with it, for whoever would do without."""
    current: Callable[[BaseException], bool] = getattr(_local, "current", None) or Interrupts()
    if current(error):
        raise error


def _signals_of_idle_timers() -> frozenset[int]:
    idle = (
        getattr(signal, name)
        for name, timer in _TIMERS.items()
        if hasattr(signal, timer) and not any(signal.getitimer(getattr(signal, timer)))
    )
    return frozenset(idle)


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it was raised from; what it was raised during may be long past."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__


def _code_of(handler: Any) -> CodeType | None:
    while isinstance(handler, functools.partial):
        handler = handler.func
    if not hasattr(handler, "__code__") and callable(handler):  # an object, or a method, which has a function
        handler = getattr(handler, "__func__", type(handler).__call__)
    return getattr(handler, "__code__", None)
