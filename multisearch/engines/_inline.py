"""In this process, one task after the other: the reference for every other engine, and where a debugger works."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from multisearch._lazy import in_memory
from multisearch._records import BatchResult, RefitResult, SharedStep, Task
from multisearch.engines._draws import let_dask_draw_elsewhere
from multisearch.fitting import Problem, StepResult, Surroundings, run_task


class InlineEngine:
    """Runs every task when its result is asked for."""

    capacity = 1
    queue_length = 1

    def __init__(self) -> None:
        self._problem: Problem | None = None
        self._waiting: deque[Task] = deque()
        self._shared: dict[str, StepResult] = {}

    def start(self, problem: Problem) -> None:
        if problem.fit_timeout is not None:
            raise ValueError(
                f"fit_timeout={problem.fit_timeout} needs processes that can be ended, but this search runs in the "
                "user's own; set n_jobs or scheduler='local' for local workers, or leave fit_timeout=None"
            )
        let_dask_draw_elsewhere()  # there may be a Client, whose thread goes on meanwhile
        self._problem = replace(problem, X=in_memory(problem.X))

    def compute(self, collection: Any) -> Any:
        return collection.compute()

    def submit(self, task: Task) -> None:
        self._waiting.append(task)

    def results(self) -> Iterator[tuple[Task, BatchResult | RefitResult | None]]:
        if self._problem is None:
            raise RuntimeError("start the engine before asking for results")
        task = self._waiting.popleft()
        shared = None if task.parent is None else self._shared[task.parent]
        result = run_task(self._problem, task, shared, Surroundings())
        if isinstance(task, SharedStep) and isinstance(result, StepResult):
            self._shared[task.key] = result
            yield task, None
        elif not isinstance(result, StepResult):
            yield task, result
            if isinstance(result, BatchResult) and result.interrupt is not None:
                raise result.interrupt

    def release(self, key: str) -> None:
        del self._shared[key]

    def stop(self) -> None:
        self._waiting.clear()
        self._shared.clear()
