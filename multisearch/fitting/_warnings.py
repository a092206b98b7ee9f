"""Warnings caught on a worker, per thread, so that they can be given again where the user sees them."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from multisearch._records import CaughtWarning

_lock = threading.Lock()
_local = threading.local()
_watchers = 0
_original: tuple[Any, Any] | None = None


@contextmanager
def collected_warnings(filters: Sequence[tuple[Any, ...]]) -> Iterator[list[CaughtWarning]]:
    """Collect what this thread warns about, under the given filters; equal warnings are collected once.

    Python's filters and its ``showwarning`` are one for all threads of a process (3.14 makes them a context's own), so
    that the first to enter puts them in place and the last to leave puts them back.
    """
    caught: list[CaughtWarning] = []
    outer = getattr(_local, "caught", None)
    _enter(filters)
    _local.caught = caught
    try:
        yield caught
    finally:
        _local.caught = outer
        _leave()


def _enter(filters: Sequence[tuple[Any, ...]]) -> None:
    global _watchers, _original
    with _lock:
        _watchers += 1
        if _original is None:
            _original = (list(warnings.filters), warnings.showwarning)
            warnings.showwarning = _collect
        # "once per place" is a matter for the process that shows them: here every warning of every fit counts
        every = [(_every_time(action), *rest) for action, *rest in filters]
        with_defaults = [*every, ("always", None, Warning, None, 0)]
        warnings.filters[:] = with_defaults  # type: ignore[index]
        _forget_seen()


def _leave() -> None:
    global _watchers, _original
    with _lock:
        _watchers -= 1
        if _watchers == 0 and _original is not None:
            warnings.filters[:], warnings.showwarning = _original  # type: ignore[index]
            _original = None
            _forget_seen()


def _every_time(action: str) -> str:
    return action if action in {"error", "ignore"} else "always"


def _forget_seen() -> None:
    """Tell Python that the filters have changed, so that it consults them again."""
    warnings._filters_mutated()  # type: ignore[attr-defined]


def _collect(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    caught = getattr(_local, "caught", None)
    if caught is None:
        if _original is not None:
            _original[1](message, category, filename, lineno, file, line)
        return
    warning = CaughtWarning(str(message), category, filename, lineno)
    if warning not in caught:
        caught.append(warning)
