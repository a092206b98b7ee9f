"""Tasks of one plan through an engine: handed over in order, and again where they were lost, until all are done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from multisearch._plan import Plan
from multisearch._records import Batch, BatchResult, Evaluation, Lost, Outcome, SharedStep, Task
from multisearch.engines import Engine
from multisearch.planning import Costs, Recovery, Schedule, next_on_path


class TaskLoop:
    """Runs what a plan needs.

    Parameters
    ----------
    engine : Engine
        Started with the problem.
    plan : Plan
    costs : Costs
        What evaluations were measured to take.
    """

    def __init__(self, engine: Engine, plan: Plan, costs: Costs) -> None:
        self._engine = engine
        self._schedule = Schedule(plan.trees, costs)
        self._recovery = Recovery()
        self._running = 0
        self._failed_steps: dict[str, Lost] = {}

    def results(self) -> Iterator[tuple[Batch, BatchResult]]:
        """Yield the outcomes of batches as they arrive, until every evaluation has one."""
        while True:
            while (task := self._next_task()) is not None:
                lost = None if task.parent is None else self._failed_steps.get(task.parent)
                if lost is not None:
                    yield from self._failed(task, lost)
                else:
                    self._engine.submit(task)
                    self._running += 1
            if not self._running:
                return
            for task, result in self._engine.results():
                self._running -= 1
                yield from self._arrived(task, result)

    def _next_task(self) -> Task | None:
        if self._running >= self._engine.queue_length:
            return None
        again = self._recovery.next_task(self._running)
        if again is not None or self._recovery.keeps_others_waiting:
            return again
        while (task := self._schedule.next_task(self._engine.capacity)) is not None:
            harmless = self._recovery.without_guilty(task)
            if harmless is not None:
                return harmless
        return self._recovery.next_task(self._running)

    def _arrived(self, task: Task, result: object) -> Iterator[tuple[Batch, BatchResult]]:
        if isinstance(result, Lost):
            if result.is_certain or self._recovery.lost(task):
                yield from self._failed(task, result)
            return
        if isinstance(task, Batch) and isinstance(result, BatchResult):
            left = _not_reached(task, result)
            if left:
                self._recovery.left_over(task, left)
            yield task, result
        self._finish(task)

    def _failed(self, task: Task, lost: Lost) -> Iterator[tuple[Batch, BatchResult]]:
        """Let a task have failed, without running it again; what stands on a shared step fails with it."""
        if isinstance(task, SharedStep):
            self._failed_steps[task.key] = lost
        if isinstance(task, Batch):
            nothing = Outcome(0, 0, 0.0, 0.0, 0.0, failure=lost.failure, worker=lost.worker)
            outcomes = (
                replace(nothing, candidate=candidate.index, fold=one.fold)
                for one in task.evaluations
                for candidate in (one.candidate, *one.shorter)
            )
            yield task, BatchResult(tuple(outcomes))
        self._finish(task)

    def _finish(self, task: Task) -> None:
        done = self._recovery.done(task)
        if done is not None:
            for key in self._schedule.finish(done):
                self._engine.release(key)


def _not_reached(batch: Batch, result: BatchResult) -> list[Evaluation]:
    """Return the evaluations that have no outcome, without the candidates that have one."""
    reached = {outcome.candidate for outcome in result.outcomes}
    left = []
    for evaluation in batch.evaluations:
        rest = evaluation
        while rest.candidate.index in reached and rest.shorter:
            rest = next_on_path(rest)
        if rest.candidate.index not in reached:
            left.append(rest)
    return left
