"""What the process that runs a task adds to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from multisearch._interrupts import Interrupts
from multisearch._records import CaughtWarning


@contextmanager
def _unwatched() -> Iterator[list[CaughtWarning]]:
    yield []


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the process that runs a task adds to it.

    Attributes
    ----------
    native_threads : int or None
        Threads that a library may take for one fit; None leaves it to the library.
    watch : callable
        Returns a context that collects warnings; by default they go their usual way.
    interrupts : callable
        Returns a context that tells which errors are no outcome but the user's, and end the process's work; by default
        those of `Interrupts`.
    worker : str or None
        What outcomes are to name as the place where they were made.
    is_abandoned : callable
        Says whether nobody waits for results any more.
    is_alone : bool
        Whether nothing else runs in this process at the same time.
    """

    native_threads: int | None = None
    watch: Callable[[], AbstractContextManager[list[CaughtWarning]]] = _unwatched
    interrupts: Callable[[], AbstractContextManager[Callable[[BaseException], bool]]] = Interrupts
    worker: str | None = None
    is_abandoned: Callable[[], bool] = bool
    is_alone: bool = True
