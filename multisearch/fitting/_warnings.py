"""Warnings caught on a worker, per thread, so that they can be given again where the user sees them."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from multisearch._records import CaughtWarning

Filters = Sequence[tuple[Any, ...]]


@contextmanager
def collected_warnings(filters: Filters) -> Iterator[list[CaughtWarning]]:
    """Collect what this thread warns about, under the given filters; equal warnings are collected once."""
    with _COLLECTOR.watching(filters) as caught:
        yield caught


class _Collector:
    """Collects warnings by thread.

    Python's filters and its ``showwarning`` are one for all threads of a process (3.14 makes them a context's own), so
    that the first thread to watch puts ours in place and the last to end puts the process's back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._local = threading.local()
        self._watchers = 0
        self._before = warnings.catch_warnings()
        self._show: Callable[..., None] = warnings.showwarning

    @contextmanager
    def watching(self, filters: Filters) -> Iterator[list[CaughtWarning]]:
        caught: list[CaughtWarning] = []
        outer = getattr(self._local, "caught", None)
        self._begin(filters)
        self._local.caught = caught
        try:
            yield caught
        finally:
            self._local.caught = outer
            self._end()

    def _begin(self, filters: Filters) -> None:
        with self._lock:
            self._watchers += 1
            if self._watchers == 1:
                self._before = warnings.catch_warnings()
                self._before.__enter__()
                self._show = warnings.showwarning
                warnings.showwarning = self._collect
            warnings.filters[:] = [(_every_time(action), *rest) for action, *rest in filters]  # type: ignore[index]
            # What no filter names is collected; this call also makes Python look at the filters again
            warnings.simplefilter("always", append=True)

    def _end(self) -> None:
        with self._lock:
            self._watchers -= 1
            if self._watchers == 0:
                self._before.__exit__(None, None, None)

    def _collect(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        caught: list[CaughtWarning] | None = getattr(self._local, "caught", None)
        if caught is None:
            self._show(message, category, filename, lineno, file, line)
            return
        warning = CaughtWarning(str(message), category, filename, lineno)
        if warning not in caught:
            caught.append(warning)


def _every_time(action: str) -> str:
    """Leave "once per place" to the process that shows the warnings: here those of every fit count."""
    return action if action in {"error", "ignore"} else "always"


_COLLECTOR = _Collector()
