"""The protocol between the search and whoever runs its tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from multisearch._records import BatchResult, Lost, RefitResult, Task
from multisearch.fitting import Problem


class Engine(Protocol):
    """Runs tasks of one problem; used by one thread, for one search."""

    @property
    def capacity(self) -> int:
        """How many tasks can run at the same time; on a cluster that grows or shrinks it changes."""

    @property
    def queue_length(self) -> int:
        """How many tasks are worth handing over at the same time, so that none of the slots waits for the next."""

    def start(self, problem: Problem) -> None:
        """Put the problem where the tasks will run, after a look at whether they can run there."""

    def compute(self, collection: Any) -> Any:
        """Return the values of a dask collection, computed where the tasks will run."""

    def submit(self, task: Task) -> None:
        """Hand over a task; the result of its parent must have been announced and not been released."""

    def results(self) -> Iterator[tuple[Task, BatchResult | RefitResult | Lost | None]]:
        """Yield the tasks that have ended since the last call, waiting for at least one; None for shared steps.

        A shared step that was lost is as if it had been released.
        """

    def release(self, key: str) -> None:
        """Forget a shared step's result."""

    def stop(self) -> None:
        """Forget everything of this search, and cancel what has not run."""
