"""Tasks of one plan through an engine: handed over in order, and again where they were lost, until all are done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from multisearch._records import Batch, BatchResult, Evaluation, Lost, Outcome, SharedStep, Task
from multisearch.engines import Engine
from multisearch.loop._recovery import Recovery, next_on_path
from multisearch.planning import Costs, Plan, Schedule, Slots


class SpareTasks(Protocol):
    """Has work that nobody waits for, for slots that would be idle."""

    def next_task(self, slots: Slots) -> Batch | None:
        """Return a batch that should be handed over now; None if there is none."""

    def ended(self, batch: Batch, result: BatchResult | None) -> None:
        """Take note of what came of a batch; None where it was lost, which is nobody's fault."""


class TaskLoop:
    """Runs what a plan needs.

    Parameters
    ----------
    engine : Engine
        Started with the problem.
    plan : Plan
    costs : Costs
        What evaluations were measured to take.
    spare : SpareTasks or None, default=None
        Is asked for more to do.
    """

    def __init__(self, engine: Engine, plan: Plan, costs: Costs, spare: SpareTasks | None = None) -> None:
        self._engine = engine
        self._plan = plan
        self._spare = spare
        self._spare_keys: set[str] = set()
        self._schedule = Schedule(plan.trees, costs)
        self._recovery = Recovery()
        self._running = 0
        self._failed_steps: dict[str, Lost] = {}

    def results(self) -> Iterator[tuple[Batch, BatchResult]]:
        """Yield the outcomes of batches as they arrive, until every evaluation has one and no slot is used any more."""
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
                if task.key in self._spare_keys:
                    self._spare_has_ended(task, result)
                else:
                    yield from self._arrived(task, result)

    def _next_task(self) -> Task | None:
        if self._running >= self._engine.queue_length:
            return None
        again = self._recovery.next_task(self._running)
        if again is not None or self._recovery.keeps_others_waiting:
            return again
        spare = self._spare_task(is_idle=False)
        if spare is not None:
            return spare
        while (task := self._schedule.next_task(self._engine.capacity)) is not None:
            harmless = self._recovery.without_guilty(self._marked(task))
            if harmless is not None:
                return harmless
        again = self._recovery.next_task(self._running)
        if again is not None or self._recovery.keeps_others_waiting or self._running >= self._engine.capacity:
            return again
        return self._spare_task(is_idle=True)

    def _spare_task(self, *, is_idle: bool) -> Batch | None:
        if self._spare is None:
            return None
        capacity = self._engine.capacity
        task = self._spare.next_task(Slots(capacity, self._schedule.seconds_ahead(capacity), is_idle))
        if task is not None:
            self._spare_keys.add(task.key)
        return task

    def _spare_has_ended(self, task: Task, result: object) -> None:
        self._spare_keys.remove(task.key)
        if self._spare is not None and isinstance(task, Batch):
            self._spare.ended(task, result if isinstance(result, BatchResult) else None)

    def _marked(self, task: Task) -> Task:
        """Say in a batch how its plan is to be carried out."""
        plan = self._plan
        if isinstance(task, Batch) and (plan.plain or plan.again):
            return replace(task, plain=plan.plain, again=plan.again)
        return task

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
